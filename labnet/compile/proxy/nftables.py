"""kube-proxy's nftables mode: the tables `ip kube-proxy` and `ip6 kube-proxy` of every node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from labnet.compile.parts import Part
from labnet.compile.proxy.endpoints import ChosenEndpoints, endpoint_choice
from labnet.compile.proxy.nftables_base import Setting, base_blocks, node_blocks, set_headers
from labnet.compile.proxy.nftables_port import PortParts, port_parts
from labnet.compile.proxy.node import local_traffic, node_port_addresses, primary_addresses
from labnet.compile.proxy.service_port import ServicePortInfo, service_ports
from labnet.model import Cluster, Family, Node
from labnet.state import NftBlock, NftTable, sorted_blocks


TABLE = "kube-proxy"
_HEADER = ('comment "rules for kube-proxy"',)


def compile_nftables(cluster: Cluster, family: Family) -> Iterator[Part]:
    """The table of every node in one family."""
    ports = service_ports(cluster, family)
    ledger = _Ledger([(info, endpoint_choice(info, endpoints)) for info, endpoints in ports])
    node_ports = node_port_addresses(cluster, family)
    for node in cluster.nodes:
        setting = _setting(cluster, node, family)
        own = node_blocks(setting, node_ports[node.name])
        blocks = sorted_blocks((*own, *base_blocks(setting), *ledger.blocks(node, setting)))
        yield Part(NftTable(node.netns, family, TABLE, blocks, _HEADER), "rules of kube-proxy")


def _setting(cluster: Cluster, node: Node, family: Family) -> Setting:
    """What is the same for all nodes, unless pods are told by the node's own podCIDR."""
    settings = cluster.lab.kube_proxy
    subnets = cluster.lab.networking.service_subnets
    return Setting(
        family=family,
        local=local_traffic(cluster, node, family),
        masquerade_all=settings.masquerade_all,
        mark=f"0x{1 << settings.masquerade_bit:08x}",
        service_cidrs=tuple(str(subnet) for subnet in subnets if subnet.version == family),
    )


@dataclass(slots=True)
class _Ledger:
    """Every port with its choice of endpoints, and what has been made of it for other nodes.

    Which endpoints a node uses is mostly the same for all nodes, and then they share the blocks.
    """

    ports: Sequence[tuple[ServicePortInfo, Callable[[Node], ChosenEndpoints]]]
    parts: dict[Setting, dict[tuple[int, int, bool], PortParts]] = field(default_factory=dict)
    made: dict[tuple[Setting, tuple[int, ...]], list[NftBlock]] = field(default_factory=dict)

    def blocks(self, node: Node, setting: Setting) -> list[NftBlock]:
        """The sets and maps of all ports on a node, and the chains that they lead to."""
        known = self.parts.setdefault(setting, {})
        parts = []
        for number, (info, choice) in enumerate(self.ports):
            chosen = choice(node)
            inside = bool(info.source_ranges) and _is_inside(node, info.source_ranges)
            key = number, id(chosen), inside  # a choice is kept for as long as it is asked
            if key not in known:
                known[key] = port_parts(info, chosen, setting, node_in_ranges=inside)
            parts.append(known[key])
        whole = setting, tuple(id(one) for one in parts)
        if whole not in self.made:
            self.made[whole] = list(_merged(parts, setting))
        return self.made[whole]


def _is_inside(node: Node, ranges: Iterable[str]) -> bool:
    """Whether any of the ranges, which are of one family, holds the node's address."""
    networks = [ip_network(text) for text in ranges]
    return any(ip in network for ip in primary_addresses(node) for network in networks)


def _merged(parts: Iterable[PortParts], setting: Setting) -> Iterator[NftBlock]:
    """The sets and maps with the elements of all ports, and each shared chain once."""
    headers = set_headers(setting)
    contents: dict[str, dict[str, str]] = {name: {} for name in headers}
    ways = {}
    for part in parts:
        yield from part.blocks
        ways.update(dict.fromkeys(part.ways))
        for container, key, text in part.elements:
            contents.setdefault(container, {}).setdefault(key, text)
    for way in {way for one in ways for way in (one, one.balance)}:
        yield way.block(setting)
        headers |= {used.name: used.header(setting) for used in way.maps}
    for name, header in headers.items():
        members = tuple(sorted(contents.get(name, {}).values()))
        yield NftBlock("map" if " : " in header[0] else "set", name, header, members)
