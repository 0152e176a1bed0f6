"""Short ways to write a topology, for the tests of resolve."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from labnet.model import (
    BridgeContainer,
    ContainerSpec,
    Family,
    HostSpec,
    IPNetwork,
    Lab,
    LoadBalancer,
    Networking,
    NodeSpec,
    Pod,
    PodSpec,
    PodTemplate,
    Service,
    ServicePort,
    Source,
    Topology,
    Workload,
)
from labnet.resolve import Facts, pod_key, resolve, service_key


IPV4 = ("10.244.0.0/16", "10.96.0.0/16", "172.18.0.0/24")
IPV6 = ("fd00:10:244::/56", "fd00:10:96::/112", "fc00:f853:ccd:e793::/64")


def at(line: int = 1) -> Source:
    """A line of the file."""
    return Source("lab.yaml", line)


def networking(families: Sequence[Family] = (4,), **other: Any) -> Networking:
    """Kind's default subnets; `pods`, `services` and `nodes` replace those of all families."""
    subnets: list[list[IPNetwork]] = [[], [], []]
    for family in families:
        for index, text in enumerate(IPV4 if family == 4 else IPV6):
            subnets[index].append(ip_network(text))
    pods_, services, nodes = (
        tuple(ip_network(text) for text in other.pop(name, ())) or tuple(default)
        for name, default in zip(("pods", "services", "nodes"), subnets, strict=True)
    )
    return Networking(tuple(families), pods_, services, nodes, **other)


def node(name: str, line: int = 1, *, addresses: Sequence[str] = (), **other: Any) -> NodeSpec:
    """A node; `cidrs` is its podCIDR."""
    cidrs = tuple(ip_network(text) for text in other.pop("cidrs", ()))
    found = tuple(ip_address(text) for text in addresses)
    return NodeSpec(name, at(line), found, cidrs, **other)


def host(name: str, *addresses: str, line: int = 1) -> HostSpec:
    """A host."""
    return HostSpec(name, at(line), tuple(ip_address(text) for text in addresses))


def lab(
    *nodes: NodeSpec,
    net: Networking | None = None,
    hosts: Sequence[HostSpec] = (),
    pool: Sequence[tuple[str, str]] = (),
) -> Lab:
    """A lab named `lab` of `nodes`, or of node1 and node2."""
    ranges = tuple((ip_address(low), ip_address(high)) for low, high in pool)
    return Lab(
        "lab",
        at(),
        net or networking(),
        nodes or (node("node1"), node("node2")),
        tuple(hosts),
        load_balancer=LoadBalancer(pool=ranges),
    )


def container(image: str = "pause", **fields: Any) -> ContainerSpec:
    """A container named `main`, unless it says otherwise."""
    return ContainerSpec(fields.pop("name", "main"), image, fields.pop("source", at(7)), **fields)


def workload(kind: Any, name: str, *containers: ContainerSpec, **fields: Any) -> Workload:
    """A workload; what is not a field of the workload or of its template is one of the PodSpec."""
    outer = ("namespace", "source", "replicas", "selector", "service_name", "ordinals_start")
    given = {key: fields.pop(key) for key in outer if key in fields}
    given.setdefault("namespace", "default")
    given.setdefault("source", at(5))
    template = PodTemplate(
        PodSpec(containers or (container(),), **fields.pop("spec", {})),
        fields.pop("labels", {"app": name}),
        fields.pop("annotations", {}),
        tuple(ip_address(text) for text in fields.pop("addresses", ())),
    )
    assert not fields, fields
    return Workload(kind=kind, name=name, template=template, **given)


def pod(name: str, *containers: ContainerSpec, **fields: Any) -> Workload:
    """A bare pod."""
    return workload("Pod", name, *containers, **fields)


def docker(name: str, image: str = "pause", **fields: Any) -> BridgeContainer:
    """A `kind: Container`."""
    spec = fields.pop("container", container(image, name=name))
    return BridgeContainer(name, fields.pop("source", at(9)), spec, **fields)


def service(name: str, *numbers: int, **fields: Any) -> Service:
    """A Service with ports of these numbers (or `ports`), whose clusterIPs are `ips`."""
    fields.setdefault("namespace", "default")
    fields.setdefault("source", at(20))
    named = len(numbers) > 1
    ports = [ServicePort(number, f"p{number}" if named else "") for number in numbers or (80,)]
    return Service(
        name=name,
        ports=tuple(fields.pop("ports", ports)),
        cluster_ips=tuple(ip_address(text) for text in fields.pop("ips", ())),
        **fields,
    )


def topology(
    *workloads: Workload,
    of: Lab | None = None,
    containers: Sequence[BridgeContainer] = (),
    services: Sequence[Service] = (),
    **other: Any,
) -> Topology:
    """A topology of `workloads` in the lab `of`, or in one of two nodes."""
    return Topology(
        of or lab(),
        workloads=workloads,
        containers=tuple(containers),
        services=tuple(services),
        **other,
    )


def services_of(given: Topology, facts: Facts | None = None) -> dict[str, Service]:
    """The resolved Services by their key, less `default/`, without the API server's own."""
    cluster = resolve(given, facts or Facts())
    found = {service_key(one).removeprefix("default/"): one for one in cluster.services}
    del found["kubernetes"]
    return found


def pods(given: Topology, facts: Facts | None = None) -> dict[str, Pod]:
    """The resolved pods by their key, less `pod/default/` and `container/`."""
    cluster = resolve(given, facts or Facts())
    return {
        pod_key(one).removeprefix("pod/default/").removeprefix("container/"): one
        for one in cluster.pods
    }


def ips(one: Pod) -> list[str]:
    """The addresses of a pod with their prefixes, as text."""
    return [str(interface) for interface in one.addresses]
