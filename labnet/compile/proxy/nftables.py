"""kube-proxy's nftables mode as flat maps: `ip kube-proxy` and `ip6 kube-proxy` of every node.

kube-proxy makes a chain for each port of a Service, and up to 1.35 one for each endpoint too. Here
all ports with so many endpoints share one chain, which draws a number and looks the endpoint up by
what was asked for and that number. Whom a packet meets is the same; 5,000 Services with 3 endpoints
each load 20 times faster, and what a new endpoint costs is a few elements. Names and comments
of what both have are kube-proxy's (Kubernetes' pkg/proxy/nftables), and every element says in a
comment whose it is. `nft list table ip kube-proxy` reads so:

    kube-proxy                        here
    base chains, `*-check`, services  the same, with the hooks and priorities of 1.36
    cluster-ips, nodeport-ips,        the same
      hairpin-connections,
      service-ips, service-nodeports,
      firewall-ips, no-endpoint-*
    service-HASH-NS/NAME/PROTO/PORT   `balance-PROTO-N` with the port's part of `endpoints-PROTO`,
                                      of N endpoints each with probability 1/N
    external-..., Cluster             `external-PROTO-N` marks, then `balance-PROTO-N`
    external-..., Local               `external-local-PROTO-N-M`: pods and the node itself go on to
                                      `balance-PROTO-N`, all others to one of M on the node in
                                      `local-endpoints-PROTO`, or on to no-endpoint-services
    local-..., of a cluster IP        `balance-PROTO-M`: its part of `endpoints-PROTO` is the node's
    the same from a NodePort          `nodeport-...`: a packet is looked up by port and number only
    endpoint-..., hairpin             `hairpin-connections` at postrouting, as in 1.36
    mark-for-masquerade               the mark is set where kube-proxy jumps there, as in 1.36;
                                      for cluster IPs that is once, in `services`
    endpoint-..., affinity-...        the same, and so are service-, local- and external-..., for
                                      Services with affinity only: clients are kept by endpoint
    firewall-...                      the same, for Services with source ranges only
    mark, masquerading                the same
    chains deleted a second later     at once

What differs from the iptables mode is what differs in kube-proxy: NodePorts are taken on the node's
primary addresses unless `nodePortAddresses` says otherwise, and never on loopback; a cluster IP
refuses ports that it does not have (and ICMP), and what is sent to an address of the service subnet
that no Service has is dropped; nobody is let through a firewall of others, nothing is dropped for
being INVALID; who comes from outside `loadBalancerSourceRanges` is dropped before DNAT, by rules of
new connections only; a host gets its refusal on the way out, also from an external IP. The
affinity list holds 4,096 clients instead of 100 (kube-proxy's 65,535).

Of two Services that claim one address and port, the first by name has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from labnet.compile.parts import Part
from labnet.compile.proxy.endpoints import ChosenEndpoints, endpoint_choice
from labnet.compile.proxy.nftables_base import Setting, base_blocks, node_blocks, set_headers
from labnet.compile.proxy.nftables_port import PortParts, port_parts
from labnet.compile.proxy.node import is_inside, local_traffic, node_port_addresses
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
            inside = bool(info.source_ranges) and is_inside(node, info.source_ranges)
            key = number, id(chosen), inside  # a choice is kept for as long as it is asked
            if key not in known:
                known[key] = port_parts(info, chosen, setting, node_in_ranges=inside)
            parts.append(known[key])
        whole = setting, tuple(id(one) for one in parts)
        if whole not in self.made:
            self.made[whole] = list(_merged(parts, setting))
        return self.made[whole]


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
