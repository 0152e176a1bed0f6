"""What kube-proxy knows of the node that it runs on: its addresses, and which traffic is local."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from itertools import chain
from typing import NamedTuple

from labnet.compile.cni import compile_cni
from labnet.compile.docker import compile_docker
from labnet.compile.underlay import compile_underlay
from labnet.model import Cluster, Family, IPAddress, IPNetwork, Node
from labnet.state import Address


PRIMARY = "primary"
"""The word of `nodePortAddresses` for the addresses that Kubernetes knows the node by."""
_LOOPBACK = {4: "127.0.0.1/8", 6: "::1/128"}
_LOOPBACK_NETWORK = ip_network("127.0.0.0/8")


class LocalTraffic(NamedTuple):
    """How packets from the node's own pods are told: by their source, or where they came in.

    One of the two is set. `interface` may end in `+`, which stands for any rest of the name.
    """

    cidr: str = ""
    interface: str = ""


def local_traffic(cluster: Cluster, node: Node, family: Family) -> LocalTraffic | None:
    """`detectLocalMode`; None if it says nothing for this family, and so no packet is local."""
    settings = cluster.lab.kube_proxy
    match settings.detect_local_mode:
        case "BridgeInterface" if settings.bridge_interface:
            return LocalTraffic(interface=settings.bridge_interface)
        case "InterfaceNamePrefix" if settings.interface_name_prefix:
            return LocalTraffic(interface=f"{settings.interface_name_prefix}+")
        case "NodeCIDR":
            cidrs = node.pod_cidrs
        case "ClusterCIDR":
            cidrs = settings.cluster_cidrs
        case _:
            return None
    return next((LocalTraffic(str(cidr)) for cidr in cidrs if cidr.version == family), None)


@dataclass(frozen=True, slots=True)
class NodePortAddresses:
    """Where a node takes NodePort traffic in one family.

    `match_all` is any address of the node, and then `addresses` is empty; else they are those of
    the node that were selected, sorted. `loopback` says that any of 127.0.0.0/8 was asked for.
    """

    match_all: bool
    addresses: tuple[str, ...] = ()
    loopback: bool = False


def node_port_addresses(cluster: Cluster, family: Family) -> Mapping[str, NodePortAddresses]:
    """`nodePortAddresses` of every node, by the node's name.

    Empty means `primary` with nftables and all addresses with iptables, as does a list without any
    entry of this family (pkg/proxy/util/nodeport_addresses.go).
    """
    settings = cluster.lab.kube_proxy
    words = settings.node_port_addresses
    if not words and settings.mode == "nftables":
        words = (PRIMARY,)
    wanted = {node.name: list(_cidrs(words, node, family)) for node in cluster.nodes}
    some = any(cidrs and all(cidr.prefixlen for cidr in cidrs) for cidrs in wanted.values())
    held = _held(cluster, family) if some else {}
    return {
        node.name: _selected(wanted[node.name], held.get(node.netns, ())) for node in cluster.nodes
    }


def localhost_node_ports(cluster: Cluster, addresses: NodePortAddresses) -> bool:
    """Whether NodePorts answer on 127.0.0.1; they never do on ::1."""
    settings = cluster.lab.kube_proxy
    return settings.mode == "iptables" and settings.localhost_node_ports and addresses.loopback


def _cidrs(words: Iterable[str], node: Node, family: Family) -> Iterator[IPNetwork]:
    """The prefixes of a family that were asked for on a node."""
    for word in words:
        own = [str(ip) for ip in primary_addresses(node)] if word == PRIMARY else [word]
        yield from (cidr for text in own if (cidr := ip_network(text)).version == family)


def primary_addresses(node: Node) -> tuple[IPAddress, ...]:
    """The addresses that Kubernetes knows the node by (`status.addresses`, InternalIP)."""
    return tuple(interface.ip for interface in node.addresses)


def is_inside(node: Node, ranges: Iterable[str]) -> bool:
    """Whether any of the ranges, which are of one family, holds the node's address."""
    networks = [ip_network(text) for text in ranges]
    return any(ip in network for ip in primary_addresses(node) for network in networks)


def _selected(cidrs: Iterable[IPNetwork], held: Iterable[IPAddress]) -> NodePortAddresses:
    """Those of the addresses that a node holds which are in one of the prefixes."""
    wanted = list(cidrs)
    if not all(cidr.prefixlen for cidr in wanted) or not wanted:
        return NodePortAddresses(match_all=True, loopback=True)
    found = sorted({ip for ip in held if any(ip in cidr for cidr in wanted)}, key=int)
    loopback = any(cidr.overlaps(_LOOPBACK_NETWORK) for cidr in wanted if cidr.version == 4)
    return NodePortAddresses(False, tuple(str(ip) for ip in found), loopback)


def _held(cluster: Cluster, family: Family) -> dict[str, set[IPAddress]]:
    """What the interfaces of every namespace hold, loopback included.

    The addresses that the kernel gives by itself, link-local ones, are not known here.
    """
    held: dict[str, set[IPAddress]] = {
        node.netns: {ip_interface(_LOOPBACK[family]).ip} for node in cluster.nodes
    }
    parts = chain(compile_underlay(cluster), compile_cni(cluster), compile_docker(cluster))
    for part in parts:
        if isinstance(part.item, Address) and part.item.netns in held:
            ip = ip_interface(part.item.address).ip
            if ip.version == family:
                held[part.item.netns].add(ip)
    return held
