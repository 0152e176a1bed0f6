"""What a person wrote: one lab and the manifests in it, validated but not yet resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from labnet.model.net import Family, IPAddress, IPNetwork, Source
from labnet.model.service import Endpoints, EndpointSlice, Service


CONTROLLERS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, slots=True)
class Networking:
    """`spec.networking` of a Lab; the tuples have one entry for each of `families`, in its order.

    `cni` is `host-gw`, `vxlan` or `kubenet`; `mtu` is that of the segment between the nodes, in
    bytes. The first family is the cluster's primary one, as in a dual-stack Kubernetes.
    """

    families: tuple[Family, ...]
    pod_subnets: tuple[IPNetwork, ...]
    service_subnets: tuple[IPNetwork, ...]
    node_subnets: tuple[IPNetwork, ...]
    node_port_range: tuple[int, int] = (30000, 32767)
    cluster_domain: str = "cluster.local"
    cni: str = "host-gw"
    mtu: int = 1500


@dataclass(frozen=True, slots=True)
class Conntrack:
    """`conntrack` of KubeProxyConfiguration, in seconds; 0 leaves what the kernel has."""

    tcp_established: int = 86400
    tcp_close_wait: int = 3600
    tcp_be_liberal: bool = False
    udp: int = 0
    udp_stream: int = 0


@dataclass(frozen=True, slots=True)
class KubeProxy:
    """`spec.kubeProxy` of a Lab: the fields of KubeProxyConfiguration that concern packets.

    `masquerade_all` and `masquerade_bit` are those of the mode (`iptables` or `nftables`).
    """

    mode: Literal["iptables", "nftables"] = "iptables"
    cluster_cidrs: tuple[IPNetwork, ...] = ()
    detect_local_mode: str = "ClusterCIDR"
    bridge_interface: str = ""
    interface_name_prefix: str = ""
    node_port_addresses: tuple[str, ...] = ()
    masquerade_all: bool = False
    masquerade_bit: int = 14
    localhost_node_ports: bool = True
    conntrack: Conntrack = Conntrack()


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """`spec.loadBalancer` of a Lab; `pool` holds inclusive ranges of addresses."""

    provider: Literal["cloud", "l2", "none"] = "cloud"
    pool: tuple[tuple[IPAddress, IPAddress], ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A machine of the cluster; no address or podCIDR means that `resolve` chooses one."""

    name: str
    source: Source
    addresses: tuple[IPAddress, ...] = ()
    pod_cidrs: tuple[IPNetwork, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A machine outside the cluster on the node segment; its address may be outside nodeSubnet."""

    name: str
    source: Source
    addresses: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Lab:
    """`kind: Lab`: the machines and the wires."""

    name: str
    source: Source
    networking: Networking
    nodes: tuple[NodeSpec, ...]
    hosts: tuple[HostSpec, ...] = ()
    kube_proxy: KubeProxy = KubeProxy()
    load_balancer: LoadBalancer = LoadBalancer()


@dataclass(frozen=True, slots=True)
class Namespace:
    """`kind: Namespace`, Kubernetes' own."""

    name: str
    source: Source
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """`kind: ConfigMap` or `kind: Secret`; `data` is text by key (a Secret's is decoded)."""

    kind: Literal["ConfigMap", "Secret"]
    namespace: str
    name: str
    source: Source
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A key of a ConfigMap or Secret of the pod's namespace; no key means all of them."""

    kind: Literal["ConfigMap", "Secret"]
    name: str
    key: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One `env` entry (a value, a field or a key), or one `envFrom` entry (`name` is its prefix).

    `field_path` is the downward API's (`status.podIP`); it and `key` are never both set.
    """

    name: str
    value: str = ""
    field_path: str = ""
    key: KeyRef | None = None


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """`ports[]` of a container: what it says that it listens on, which a Service may name."""

    container_port: int
    name: str = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    host_port: int = 0
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """`volumeMounts[]` of a container."""

    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container of a pod as it was written; `command` and `args` override the image's."""

    name: str
    image: str
    source: Source
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvVar, ...] = ()
    working_dir: str = ""
    ports: tuple[ContainerPort, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()


@dataclass(frozen=True, slots=True)
class HostAlias:
    """`hostAliases[]`: a line of the pod's /etc/hosts."""

    ip: str
    hostnames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """`volumes[]`: an emptyDir (`ref` is None), or the keys of a ConfigMap or Secret as files.

    `items` renames keys to paths; empty means every key under its own name.
    """

    name: str
    ref: KeyRef | None = None
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PodSpec:
    """`spec` of a pod or of a template."""

    containers: tuple[ContainerSpec, ...]
    init_containers: tuple[ContainerSpec, ...] = ()
    node_name: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    hostname: str = ""
    subdomain: str = ""
    host_network: bool = False
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    termination_grace_period_seconds: int = 30
    host_aliases: tuple[HostAlias, ...] = ()
    dns_policy: str = "ClusterFirst"
    dns_nameservers: tuple[str, ...] = ()
    dns_searches: tuple[str, ...] = ()
    dns_options: tuple[tuple[str, str], ...] = ()
    volumes: tuple[Volume, ...] = ()
    enable_service_links: bool = True


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """Metadata and spec of the pods of a workload; `addresses` are static (`labnet.dev/ip`)."""

    spec: PodSpec
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A Pod, or a controller of pods (`CONTROLLERS`); `replicas` is 1 for a Pod.

    `selector` is `spec.selector.matchLabels`. `ordinals_start` and `service_name` are a
    StatefulSet's. A DaemonSet ignores `replicas`.
    """

    kind: Literal["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]
    namespace: str
    name: str
    source: Source
    template: PodTemplate
    replicas: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    service_name: str = ""
    ordinals_start: int = 0


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """`publish[]` of a Container, docker's -p: `[HOST_IP:]HOST_PORT:CONTAINER_PORT[/PROTOCOL]`."""

    host_port: int
    container_port: int
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class BridgeContainer:
    """`kind: Container`, labnet's own: what `docker run` makes on a node.

    `network` is `bridge` (docker0), `host` (the node's), `none` (only lo) or `container:NAME`.
    """

    name: str
    source: Source
    container: ContainerSpec
    node: str = ""
    publish: tuple[PublishedPort, ...] = ()
    network: str = "bridge"


@dataclass(frozen=True, slots=True)
class Topology:
    """All that the files say, in the order of the files."""

    lab: Lab
    namespaces: tuple[Namespace, ...] = ()
    workloads: tuple[Workload, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    containers: tuple[BridgeContainer, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    endpoints: tuple[Endpoints, ...] = ()
