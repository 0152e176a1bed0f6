"""What kube-proxy's nftables table holds whatever Services there are: chains with hooks and checks.

Names, hooks, priorities and comments are those of Kubernetes' pkg/proxy/nftables (proxier.go).
Rules are as `nft -nn` prints them: `ct state 0x8` is new, `ct status 0x20` dnat, `fib ... type 2`
local; the protocols of Services are 6 (TCP), 17 (UDP) and 132 (SCTP).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from labnet.compile.proxy.node import LocalTraffic, NodePortAddresses
from labnet.model import Family
from labnet.state import NftBlock


PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
NEW, LOCAL = "ct state 0x8", "type 2"
REJECT = "reject-chain"

_HOOKS = {
    "filter-prerouting-pre-dnat": ("filter", "prerouting", -110, ("firewall-check",)),
    "filter-output-pre-dnat": ("filter", "output", -110, ("firewall-check",)),
    "nat-prerouting": ("nat", "prerouting", -100, ("services",)),
    "nat-output": ("nat", "output", -100, ("services",)),
    "filter-input": ("filter", "input", 0, ("nodeport-endpoints-check", "service-endpoints-check")),
    "filter-forward": ("filter", "forward", 0, ("service-endpoints-check", "cluster-ips-check")),
    "filter-output": ("filter", "output", 0, ("service-endpoints-check", "cluster-ips-check")),
    "nat-postrouting": ("nat", "postrouting", 100, ("masquerading",)),
}
"""Type, hook and priority of each base chain, and where it jumps to."""

_DESTINATIONS = {
    "firewall-ips": "destinations that are subject to LoadBalancerSourceRanges",
    "no-endpoint-services": "vmap to drop or reject packets to services with no endpoints",
    "service-ips": "ClusterIP, ExternalIP and LoadBalancer IP traffic",
}
_NODE_PORTS = {
    "no-endpoint-nodeports": (
        "vmap to drop or reject packets to service nodeports with no endpoints"
    ),
    "service-nodeports": "NodePort traffic",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rules of all nodes have in common that tell local pods alike.

    `mark` is kube-proxy's bit of the mark as nft prints it, `service_cidrs` those of the family.
    """

    family: Family
    local: LocalTraffic | None
    masquerade_all: bool
    mark: str
    service_cidrs: tuple[str, ...]

    @property
    def ip(self) -> Literal["ip", "ip6"]:
        """What nft calls the network header."""
        return "ip" if self.family == 4 else "ip6"

    @property
    def address(self) -> str:
        """What nft calls the type of an address."""
        return f"ipv{self.family}_addr"

    @property
    def masquerade(self) -> str:
        """The statement that has a packet masqueraded at postrouting."""
        return f"meta mark set meta mark | {self.mark}"

    def from_pod(self, *, negated: bool = False) -> str:
        """The match of a local pod's packets, or of all others; empty if nothing tells them."""
        if self.local is None:
            return ""
        unequal = "!= " if negated else ""
        if self.local.cidr:
            single = "/32" if self.family == 4 else "/128"
            return f"{self.ip} saddr {unequal}{self.local.cidr.removesuffix(single)}"
        name = self.local.interface.replace("+", "*")
        return f'iifname {unequal}"{name}"'


def base_blocks(setting: Setting) -> Iterator[NftBlock]:
    """The chains that are the same for all nodes."""
    for name, (type_, hook, priority, targets) in _HOOKS.items():
        header = f"type {type_} hook {hook} priority {priority}", "policy accept"
        only = f"{NEW} " if type_ == "filter" else ""
        yield NftBlock("chain", name, header, tuple(f"{only}jump {target}" for target in targets))
    to = f"{setting.ip} daddr . meta l4proto . th dport vmap"
    comment = 'comment "helper for @no-endpoint-services / @no-endpoint-nodeports"'
    yield NftBlock("chain", "cluster-ips-check", members=tuple(_cluster_ips_check(setting)))
    yield NftBlock("chain", "firewall-check", members=(f"{to} @firewall-ips",))
    yield NftBlock("chain", "masquerading", members=tuple(_masquerading(setting)))
    yield NftBlock("chain", REJECT, (comment,), ("reject",))
    yield NftBlock("chain", "service-endpoints-check", members=(f"{to} @no-endpoint-services",))


def _cluster_ips_check(setting: Setting) -> Iterator[str]:
    """What still has a cluster IP after DNAT is meant for no port of it, or for nobody at all."""
    to = f"{setting.ip} daddr"
    yield f'{to} @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"'
    cidrs = ", ".join(setting.service_cidrs)
    if cidrs:
        among = f"{{ {cidrs} }}" if len(setting.service_cidrs) > 1 else cidrs
        yield f'{to} {among} drop comment "Drop traffic to unallocated ClusterIPs"'


def _masquerading(setting: Setting) -> Iterator[str]:
    """What was marked, and what goes back to where it comes from, which would answer directly."""
    ip, mark = setting.ip, setting.mark
    marked = f"meta mark & {mark} != 0x00000000 meta mark set meta mark ^ {mark}"
    connection = f"{ip} saddr . {ip} daddr . meta l4proto . th dport"
    yield f"{marked} masquerade fully-random"
    yield f"ct status 0x20 {connection} @hairpin-connections masquerade fully-random"


def node_blocks(setting: Setting, node_ports: NodePortAddresses) -> Iterator[NftBlock]:
    """Where this node takes NodePorts, and the dispatch of all that is for a Service.

    NodePorts are never taken on loopback, not even if somebody asks for it.
    """
    ip, port = setting.ip, "meta l4proto . th dport vmap"
    none = {4: "127.0.0.0/8", 6: "::1"}[setting.family]
    if node_ports.match_all:
        refused = f"{ip} daddr != {none}"
        taken = f"fib daddr {LOCAL} {refused}"
    else:
        taken = refused = f"{ip} daddr @nodeport-ips"
        header = f"type {setting.address}", 'comment "IPs that accept NodePort traffic"'
        addresses = [a for a in node_ports.addresses if a != "::1" and not a.startswith("127.")]
        yield NftBlock("set", "nodeport-ips", header, tuple(sorted(addresses)))
    check = f"{refused} {port} @no-endpoint-nodeports"
    yield NftBlock("chain", "nodeport-endpoints-check", members=(check,))
    dispatch = f"{ip} daddr . meta l4proto . th dport vmap @service-ips"
    rules = (*_from_outside(setting), dispatch, f"{taken} {port} @service-nodeports")
    yield NftBlock("chain", "services", members=rules)


def _from_outside(setting: Setting) -> Iterator[str]:
    """What comes to a cluster IP from elsewhere than a pod goes on in the node's name."""
    to = f"{setting.ip} daddr @cluster-ips"
    other = setting.from_pod(negated=True)
    if setting.masquerade_all:
        yield f'{to} {setting.masquerade} comment "masquerade all ClusterIP traffic"'
    elif other:
        what = "masquerade clusterIP traffic from outside cluster"
        yield f'{to} {other} {setting.masquerade} comment "{what}"'


def set_headers(setting: Setting) -> dict[str, tuple[str, ...]]:
    """The properties of every set and map that is there even if nothing is in it."""
    address, port = setting.address, "inet_proto . inet_service"
    headers: dict[str, tuple[str, ...]] = {
        "cluster-ips": (f"type {address}", 'comment "Active ClusterIPs"'),
        "hairpin-connections": (
            f"type {address} . {address} . {port}",
            'comment "service hairpin connections"',
        ),
    }
    for name, what in _DESTINATIONS.items():
        headers[name] = f"type {address} . {port} : verdict", f'comment "{what}"'
    for name, what in _NODE_PORTS.items():
        headers[name] = f"type {port} : verdict", f'comment "{what}"'
    return headers
