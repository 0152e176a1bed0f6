"""What follows from a Topology: every name, address, place and command is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from labnet.model.net import IPAddress, IPInterface, IPNetwork, Source
from labnet.model.service import EndpointSlice, Service
from labnet.model.topology import ContainerPort, Lab, Namespace, PublishedPort, Workload


@dataclass(frozen=True, slots=True)
class Container:
    """A container that is to run: `argv` and `env` are final, `files` lie in its own root.

    `builtin` names a program of `labnet.images` that runs without an exec (`agnhost`), with `argv`
    as its arguments; a container with neither is a `pause`: it costs no process.
    `program` names one that lies in its root as an executable, whatever runs (`/agnhost`).
    `volumes` maps a mount path to the name of a folder of the pod, which its containers share (a
    subPath follows the name: `cache/a/b`). Folders are mounted first and hide what the machine has
    there; `files` are written after that.
    """

    name: str
    image: str
    argv: tuple[str, ...] = ()
    builtin: str = ""
    program: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    files: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[ContainerPort, ...] = ()
    init: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster; `addresses` carry the node subnet's prefix, one for each family."""

    name: str
    netns: str
    source: Source
    addresses: tuple[IPInterface, ...]
    pod_cidrs: tuple[IPNetwork, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine outside the cluster; `on_link` are the prefixes it reaches without a gateway.

    An address outside the node subnet has a full-length prefix, and the node subnet is on link.
    """

    name: str
    netns: str
    source: Source
    addresses: tuple[IPInterface, ...]
    on_link: tuple[IPNetwork, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod in its place.

    `kind` is `Pod`, or `Container` for labnet's own, which lives on docker0 (`bridge`). `network`
    is `cni`, `bridge`, `host` (the node's namespace) or `none`; one that joins another's namespace
    (`container:NAME`) has that one's `netns` and addresses and the network `container`.
    `addresses` carry the prefix of the subnet of the bridge. `owner` is the workload it came from
    (None for labnet's own), and `replica_set` the ReplicaSet that owns it, if one does. One that is
    not `ready` (its condition Ready) is no endpoint that Services use.
    """

    kind: Literal["Pod", "Container"]
    namespace: str
    name: str
    netns: str
    node: str
    source: Source
    network: Literal["cni", "bridge", "host", "none", "container"]
    addresses: tuple[IPInterface, ...]
    containers: tuple[Container, ...]
    hostname: str
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    termination_grace_period_seconds: int = 30
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: Workload | None = None
    replica_set: str = ""
    publish: tuple[PublishedPort, ...] = ()
    ready: bool = True

    @property
    def ips(self) -> tuple[IPAddress, ...]:
        """`status.podIPs`: the addresses without their prefix."""
        return tuple(interface.ip for interface in self.addresses)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that `compile` needs.

    The nodes are in the order of the file, which their addresses follow; the rest is sorted by
    name, and pods and workloads by their Kubernetes namespace first.
    """

    lab: Lab
    nodes: tuple[Node, ...]
    hosts: tuple[Host, ...] = ()
    pods: tuple[Pod, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.lab.name
