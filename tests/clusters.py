"""Clusters with Services, made by hand: what `resolve` would make, and nothing that it decides."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from labnet.compile import compile_state
from labnet.model import (
    Cluster,
    Container,
    ContainerPort,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Family,
    IPNetwork,
    KubeProxy,
    Lab,
    LoadBalancerIngress,
    Networking,
    Node,
    Pod,
    Service,
    ServicePort,
    Source,
)
from labnet.state import Object, Ruleset


SOURCE = Source("lab.yaml", 1)
LAB = "t"
POD_SUBNETS: dict[Family, str] = {4: "10.244.0.0/16", 6: "fd00:10:244::/56"}
SERVICE_SUBNETS: dict[Family, str] = {4: "10.96.0.0/16", 6: "fd00:10:96::/112"}
NODE_SUBNETS: dict[Family, str] = {4: "172.18.0.0/24", 6: "fd00:172:18::/64"}
DUAL: tuple[Family, ...] = (4, 6)


def kube_proxy(**fields: Any) -> KubeProxy:
    """Settings of kube-proxy, with the pods' subnets as cluster CIDRs where none are given."""
    given: dict[str, Any] = {"cluster_cidrs": networks(*POD_SUBNETS.values()), **fields}
    return KubeProxy(**given)


def networks(*texts: str) -> tuple[IPNetwork, ...]:
    """Prefixes as values."""
    return tuple(map(ip_network, texts))


def node(number: int, *, zone: str = "", families: Iterable[Family] = (4,)) -> Node:
    """`nodeN` with the addresses and pod CIDRs of its number."""
    addresses = {4: f"172.18.0.{number}/24", 6: f"fd00:172:18::{number:x}/64"}
    cidrs = {4: f"10.244.{number}.0/24", 6: f"fd00:10:244:{number:x}::/64"}
    return Node(
        name=f"node{number}",
        netns=f"{LAB}.node{number}",
        source=SOURCE,
        addresses=tuple(ip_interface(addresses[family]) for family in families),
        pod_cidrs=networks(*(cidrs[family] for family in families)),
        zone=zone,
    )


def cluster(
    *services: Service,
    slices: Iterable[EndpointSlice] = (),
    nodes: Iterable[Node] = (),
    pods: Iterable[Pod] = (),
    families: tuple[Family, ...] = (4,),
    cni: str = "host-gw",
    proxy: KubeProxy | None = None,
) -> Cluster:
    """A cluster of two nodes, if no others are given."""
    networking = Networking(
        families=families,
        pod_subnets=networks(*(POD_SUBNETS[family] for family in families)),
        service_subnets=networks(*(SERVICE_SUBNETS[family] for family in families)),
        node_subnets=networks(*(NODE_SUBNETS[family] for family in families)),
        cni=cni,
    )
    two = tuple(node(number, families=families) for number in (1, 2))
    return Cluster(
        lab=Lab(LAB, SOURCE, networking, (), kube_proxy=proxy or kube_proxy()),
        nodes=tuple(nodes) or two,
        pods=tuple(pods),
        services=services,
        endpoint_slices=tuple(slices),
    )


def pod(name: str, ip: str, *ports: ContainerPort, on: str = "node1", network: Any = "cni") -> Pod:
    """A pod of one container; `ip` may be several, with blanks."""
    lengths = {4: 24, 6: 64}
    addresses = [f"{one}/{lengths[ip_address(one).version]}" for one in ip.split()]
    return Pod(
        kind="Pod",
        namespace="default",
        name=name,
        netns=f"{LAB}.{name}",
        node=on,
        source=SOURCE,
        network=network,
        addresses=tuple(map(ip_interface, addresses)),
        containers=(Container("c", "pause", ports=ports),),
        hostname=name,
    )


def port(number: int = 80, name: str = "p", **fields: Any) -> ServicePort:
    """A port of a Service, TCP if nothing else is said."""
    return ServicePort(number, name, **fields)


def service(name: str, ip: str = "10.96.0.10", **fields: Any) -> Service:
    """A Service `NAME` or `NAMESPACE/NAME` of one port 80 named `p`.

    `ip` are its cluster IPs with blanks between them; `external`, `vips` and `ranges` are its
    external IPs, the load balancer's and the source ranges, in the same way.
    """
    namespace, _, rest = name.rpartition("/")
    given: dict[str, Any] = {
        "ports": (port(),),
        "cluster_ips": tuple(map(ip_address, ip.split())),
        "external_ips": tuple(map(ip_address, fields.pop("external", "").split())),
        "load_balancer_source_ranges": networks(*fields.pop("ranges", "").split()),
        "ingress": tuple(
            LoadBalancerIngress(ip_address(vip)) for vip in fields.pop("vips", "").split()
        ),
        **fields,
    }
    return Service(namespace or "default", rest, SOURCE, **given)


def endpoint(ip: str, on: str = "", **fields: Any) -> Endpoint:
    """An endpoint; without more it is ready and on no node."""
    return Endpoint((ip,), node_name=on, **fields)


def draining(ip: str, on: str = "", **fields: Any) -> Endpoint:
    """An endpoint that terminates, and still serves."""
    return endpoint(ip, on, ready=False, terminating=True, **fields)


def slice_of(name: str, *endpoints: Endpoint, number: int = 80, **fields: Any) -> EndpointSlice:
    """The endpoints of the port `p` of a Service `NAME` or `NAMESPACE/NAME`."""
    namespace, _, rest = name.rpartition("/")
    family = "IPv6" if endpoints and ":" in endpoints[0].addresses[0] else "IPv4"
    given: dict[str, Any] = {
        "service": rest,
        "address_type": family,
        "endpoints": endpoints,
        "ports": (EndpointPort(number, "p"),),
        **fields,
    }
    return EndpointSlice(namespace or "default", f"{rest}-{family.lower()}", SOURCE, **given)


def made(lab: Cluster, machine: str = "node1") -> list[Object]:
    """What a node's namespace holds, in the order of its keys."""
    here = [item for item in compile_state(lab) if item.home == f"{LAB}.{machine}"]
    return sorted(here, key=lambda item: item.key)


def rulesets(lab: Cluster, machine: str = "node1") -> list[Ruleset]:
    """The iptables tables of a node."""
    return [item for item in made(lab, machine) if isinstance(item, Ruleset)]


def rules(
    lab: Cluster, chain: str, table: str = "nat", *, machine: str = "node1", family: Family = 4
) -> list[str]:
    """What a chain of a node holds, without `-A CHAIN`."""
    start = f"-A {chain} "
    return [
        rule.removeprefix(start)
        for ruleset in rulesets(lab, machine)
        if (ruleset.table, ruleset.family) == (table, family)
        for rule in ruleset.rules
        if rule.startswith(start)
    ]
