"""kube-proxy's iptables mode: its share of the nat, filter and mangle tables of every node.

The rules are those of Kubernetes 1.33 (pkg/proxy/iptables/proxier.go) on a machine whose iptables
knows `--random-fully` and whose kernel has no nfacct, without which kube-proxy leaves two counting
rules out. It writes for the families of the lab only, where the real one serves both that the
machine has. The jumps from built-in chains are prepended, as kube-proxy does it, so they stand
above those of whoever was there before; KUBE-FIREWALL and its jumps are kubelet's, which starts
first and writes the same rule.

Which endpoints a node uses is mostly the same for all nodes, and then they share the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from labnet.compile.parts import Part, TablePart
from labnet.compile.proxy.endpoints import ChosenEndpoints, endpoint_choice
from labnet.compile.proxy.iptables_rule import comment, host
from labnet.compile.proxy.iptables_service import (
    MARK_MASQ,
    ServiceRules,
    Setting,
    service_rules,
)
from labnet.compile.proxy.node import (
    NodePortAddresses,
    is_inside,
    local_traffic,
    localhost_node_ports,
    node_port_addresses,
)
from labnet.compile.proxy.service_port import ServicePortInfo, service_ports
from labnet.model import Cluster, Family, Node


LARGE = 1000
"""How many endpoints a cluster may have before endpoint rules lose their comments."""

_COMPONENT = "kube-proxy"
_CANARY = "KUBE-PROXY-CANARY"
_NEW = "-m conntrack --ctstate NEW"
_LAST = "kubernetes service nodeports; NOTE: this must be the last rule in this chain"
_FIREWALL = f"{_NEW} {comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL"
_PORTALS = f"{comment('kubernetes service portals')} -j KUBE-SERVICES"
_EXTERNAL = comment("kubernetes externally-visible service portals")
_TO_EXTERNAL = f"{_NEW} {_EXTERNAL} -j KUBE-EXTERNAL-SERVICES"

_FILTER_JUMPS = (
    f"-A INPUT {_FIREWALL}",
    f"-A INPUT {comment('kubernetes health check service ports')} -j KUBE-NODEPORTS",
    f"-A INPUT {_TO_EXTERNAL}",
    f"-A FORWARD {_FIREWALL}",
    f"-A FORWARD {comment('kubernetes forwarding rules')} -j KUBE-FORWARD",
    f"-A FORWARD {_NEW} {_PORTALS}",
    f"-A FORWARD {_TO_EXTERNAL}",
    f"-A OUTPUT {_FIREWALL}",
    f"-A OUTPUT {_NEW} {_PORTALS}",
)
_NAT_JUMPS = (
    f"-A PREROUTING {_PORTALS}",
    f"-A OUTPUT {_PORTALS}",
    f"-A POSTROUTING {comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING",
)
_FILTER_CHAINS = (
    "KUBE-EXTERNAL-SERVICES",
    "KUBE-FORWARD",
    "KUBE-NODEPORTS",
    "KUBE-PROXY-FIREWALL",
    "KUBE-SERVICES",
    _CANARY,
)
_NAT_CHAINS = ("KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES", MARK_MASQ, _CANARY)


def compile_iptables(cluster: Cluster, family: Family) -> Iterator[Part]:
    """The three tables of every node in one family."""
    ports = service_ports(cluster, family)
    large = sum(len(endpoints) for _, endpoints in ports) > LARGE
    ledger = _Ledger([(info, endpoint_choice(info, endpoints)) for info, endpoints in ports])
    node_ports = node_port_addresses(cluster, family)
    masquerade_all = cluster.lab.kube_proxy.masquerade_all
    for node in cluster.nodes:
        local = local_traffic(cluster, node, family)
        services = ledger.of(node, Setting(family, local, masquerade_all, large))
        yield Part(_nat(cluster, node, family, services, node_ports[node.name]), "")
        yield Part(_filter(cluster, node, family, services), "")
        yield Part(TablePart(node.netns, family, "mangle", _COMPONENT, (_CANARY,), ()), "")


@dataclass(slots=True)
class _Ledger:
    """Every port with its choice of endpoints, and the rules that have been written for one."""

    ports: Sequence[tuple[ServicePortInfo, Callable[[Node], ChosenEndpoints]]]
    written: dict[Setting, dict[tuple[int, int, bool], ServiceRules]] = field(default_factory=dict)

    def of(self, node: Node, setting: Setting) -> list[ServiceRules]:
        """The rules of all ports on a node."""
        known = self.written.setdefault(setting, {})
        found = []
        for number, (info, choice) in enumerate(self.ports):
            chosen = choice(node)
            inside = bool(info.source_ranges) and is_inside(node, info.source_ranges)
            key = number, id(chosen), inside  # a choice is kept for as long as it is asked
            if key not in known:
                known[key] = service_rules(info, chosen, setting, node_in_ranges=inside)
            found.append(known[key])
        return found


def _nat(
    cluster: Cluster,
    node: Node,
    family: Family,
    services: Iterable[ServiceRules],
    node_ports: NodePortAddresses,
) -> TablePart:
    """The portals, every port's own chains, and masquerading of what was marked for it."""
    mark = hex(1 << cluster.lab.kube_proxy.masquerade_bit)
    snat = comment("kubernetes service traffic requiring SNAT")
    chains = [*_NAT_CHAINS]
    rules = [
        f"-A KUBE-POSTROUTING -m mark ! --mark {mark}/{mark} -j RETURN",
        f"-A KUBE-POSTROUTING -j MARK --set-xmark {mark}/0x0",
        f"-A KUBE-POSTROUTING {snat} -j MASQUERADE --random-fully",
        f"-A {MARK_MASQ} -j MARK --set-xmark {mark}/{mark}",
    ]
    for service in services:
        chains += service.chains
        rules += service.nat
    localhost = localhost_node_ports(cluster, node_ports)
    rules += _last(family, node_ports, localhost=localhost)
    return TablePart(node.netns, family, "nat", _COMPONENT, tuple(chains), tuple(rules), _NAT_JUMPS)


def _last(family: Family, node_ports: NodePortAddresses, *, localhost: bool) -> Iterator[str]:
    """The end of KUBE-SERVICES: what is sent to the node itself may be sent to a NodePort."""
    if node_ports.match_all:
        loopback = {4: "" if localhost else "! -d 127.0.0.0/8 ", 6: "! -d ::1/128 "}[family]
        local = "-m addrtype --dst-type LOCAL"
        yield f"-A KUBE-SERVICES {loopback}{comment(_LAST)} {local} -j KUBE-NODEPORTS"
        return
    for ip in node_ports.addresses:
        if localhost or not (ip == "::1" or ip.startswith("127.")):
            yield f"-A KUBE-SERVICES -d {host(ip)} {comment(_LAST)} -j KUBE-NODEPORTS"


def _filter(
    cluster: Cluster, node: Node, family: Family, services: Iterable[ServiceRules]
) -> TablePart:
    """Refusals, source ranges, and what may be forwarded whatever FORWARD's policy is."""
    settings = cluster.lab.kube_proxy
    mark = hex(1 << settings.masquerade_bit)
    forward, related = "kubernetes forwarding rules", "kubernetes forwarding conntrack rule"
    rules = [rule for service in services for rule in service.filter]
    if not settings.conntrack.tcp_be_liberal:
        rules.append("-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP")
    established = "-m conntrack --ctstate RELATED,ESTABLISHED"
    rules += [
        f"-A KUBE-FORWARD {comment(forward)} -m mark --mark {mark}/{mark} -j ACCEPT",
        f"-A KUBE-FORWARD {comment(related)} {established} -j ACCEPT",
    ]
    own, share = _FILTER_CHAINS, tuple(rules)
    return TablePart(node.netns, family, "filter", _COMPONENT, own, share, _FILTER_JUMPS)
