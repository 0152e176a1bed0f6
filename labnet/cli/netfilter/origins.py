"""Where the rules of a node come from: the component that wrote one, and what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from labnet.compile import compile_parts
from labnet.compile.parts import TablePart
from labnet.compile.proxy.nftables_base import PROTOCOLS
from labnet.compile.proxy.service_port import (
    ServicePortEndpoints,
    ServicePortInfo,
    service_ports,
)
from labnet.model import Cluster, Node, Pod
from labnet.names import nft_endpoint_chain, nft_service_chain, service_chain
from labnet.state import NftTable


STRANGER = "not labnet's"
PROXY = "kube-proxy"
_OF_ONE_POD = ("CNI-DN-", "KUBE-HP-")  # hostPort, by portmap and by kubelet
_NAMED = 3  # objects that share a line
_COMMENT = re.compile(r'--comment "?([^" ]+)')
_ADDRESS = re.compile(r"(?<![\w.:])(\d+\.\d+\.\d+\.\d+|\[?[0-9a-f]*:[0-9a-f:]+)")


class Origin(NamedTuple):
    """What a rule comes from.

    `component` is what would have written it on a real node (`kube-proxy`, `flannel`, `docker`…),
    or `STRANGER`. `kind` and `name` are the object that it is for, if it is for one (`Service`
    and `default/web:http`, `Pod` and `default/web-1`, `Container` and `cache`; names of several
    have commas), `endpoint` and `pod` what is behind it.
    """

    component: str
    kind: str = ""
    name: str = ""
    protocol: str = ""
    endpoint: str = ""
    pod: str = ""

    def __str__(self) -> str:
        """`Service default/web:http`, or the component of what is for all.

        What somebody has put into a Service's chain is not the Service's.
        """
        if not self.kind or self.component == STRANGER:
            return self.component
        names = self.name.split(", ")
        more = f" + {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{self.kind} {', '.join(names[:_NAMED])}{more}"

    @property
    def backend(self) -> str:
        """`endpoint 10.244.0.2:80, pod web-1`, or nothing."""
        if not self.endpoint:
            return ""
        return f"endpoint {self.endpoint}" + (f", pod {self.pod}" if self.pod else "")


@dataclass(frozen=True, slots=True)
class Origins:
    """Everything that says where a rule of one node comes from.

    `components` is keyed by family, table and the rule's text; `chains` are those of Services and
    endpoints in either mode; `ports` are Services by the names that comments have, with or without
    a port; `pods` are the node's by address, or by a chain that is for one of them only;
    `backends` are the names of the pods of endpoints by address; `hairpins` are the endpoints of a
    destination, `10.244.0.2 . 6 . 80`.
    """

    components: Mapping[tuple[int, str, str], str] = field(default_factory=dict)
    tables: Mapping[tuple[int, str], NftTable] = field(default_factory=dict)
    chains: Mapping[str, Origin] = field(default_factory=dict)
    ports: Mapping[str, Origin] = field(default_factory=dict)
    pods: Mapping[str, Pod] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    hairpins: Mapping[str, Origin] = field(default_factory=dict)

    def of_rule(self, family: int, table: str, rule: str, target: str) -> Origin:
        """Where an iptables rule comes from; `target` is the chain that it leads to, if any."""
        component = self.components.get((family, table, rule), STRANGER)
        if component in (STRANGER, PROXY):
            found = self._of_service(rule, target)
            return found._replace(component=component) if found else Origin(component)
        words = (*addresses(rule), target, rule.split(" ", 2)[1])
        pod = next(filter(None, map(self.pods.get, words)), None)
        if pod is None:
            return Origin(component)
        name = pod.name if pod.kind == "Container" else f"{pod.namespace}/{pod.name}"
        return Origin(component, pod.kind, name)

    def _of_service(self, rule: str, target: str) -> Origin | None:
        """By the chain that the rule leads to, the one that it stands in, or its comment."""
        there = self.chains.get(target)
        here = self.chains.get(rule.split(" ", 2)[1])
        if there or here:
            return there if there and (there.endpoint or not here) else here
        comment = _COMMENT.search(rule)
        return self.ports.get(comment[1]) if comment else None

    def with_endpoint(self, origin: Origin, ip: str, port: str) -> Origin:
        """What is behind an element of a map that leads to an endpoint."""
        text = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        return origin._replace(endpoint=text, pod=self.backends.get(ip, ""))


def addresses(text: str) -> Iterator[str]:
    """Every IP address in a rule, without prefix or port."""
    return (found.strip("[]") for found in _ADDRESS.findall(text))


def table_parts(cluster: Cluster, node: Node) -> list[TablePart | NftTable]:
    """What each component makes of a node's rules."""
    items = (part.item for part in compile_parts(cluster))
    return [
        item
        for item in items
        if isinstance(item, TablePart | NftTable) and item.netns == node.netns
    ]


def origins(cluster: Cluster, node: Node, parts: Iterable[TablePart | NftTable]) -> Origins:
    """All origins of the rules of a node, of which `parts` are all that labnet makes."""
    components: dict[tuple[int, str, str], str] = {}
    tables: dict[tuple[int, str], NftTable] = {}
    for item in parts:
        if isinstance(item, NftTable):
            tables[item.family, item.name] = item
            continue
        rules = (*item.rules, *item.prepended)
        components |= {(item.family, item.table, rule): item.component for rule in rules}
    pods = {
        str(ip): pod
        for pod in cluster.pods
        if pod.node == node.name and pod.network != "host"
        for ip in pod.ips
    }
    pods |= _pods_of_chains((rule for _, _, rule in components), pods)
    return replace(service_origins(cluster), components=components, tables=tables, pods=pods)


def service_origins(cluster: Cluster) -> Origins:
    """What is known of Services, which is the same on all nodes."""
    services = [
        one for family in cluster.lab.networking.families for one in service_ports(cluster, family)
    ]
    chains = _chains if cluster.lab.kube_proxy.mode == "iptables" else _nft_chains
    backends = endpoint_pods(cluster)
    return Origins(
        chains=dict(chains(services, backends)),
        ports=dict(_ports(services)),
        backends=backends,
        hairpins=_hairpins(services),
    )


def _pods_of_chains(rules: Iterable[str], pods: Mapping[str, Pod]) -> dict[str, Pod]:
    """The pod behind each chain that is for the hostPorts of one pod only."""
    found: dict[str, list[Pod]] = {}
    for rule in rules:
        if " -j DNAT " in rule:
            there = [pods[ip] for ip in addresses(rule.partition(" -j DNAT ")[2]) if ip in pods]
            found.setdefault(rule.split(" ", 2)[1], []).extend(there)
    chains = {name: some for name, some in found.items() if name.startswith(_OF_ONE_POD)}
    return {name: some[0] for name, some in chains.items() if some}


def _origin(info: ServicePortInfo) -> Origin:
    return Origin(PROXY, "Service", str(info.name), info.protocol)


def _ports(services: Iterable[ServicePortEndpoints]) -> Iterator[tuple[str, Origin]]:
    """Services with all their ports, then each port, whose name may be that of its Service."""
    infos = [info for info, _ in services]
    for info in infos:
        name = f"{info.name.namespace}/{info.name.name}"
        yield name, Origin(PROXY, "Service", name)
    for info in infos:
        yield str(info.name), _origin(info)


def _chains(
    services: Iterable[ServicePortEndpoints], backends: Mapping[str, str]
) -> Iterator[tuple[str, Origin]]:
    """Every iptables chain that kube-proxy could have for a port or an endpoint of a Service."""
    for info, endpoints in services:
        port = _origin(info)
        name = service_chain("SVC", port.name, port.protocol)
        digest = name.rpartition("-")[2]
        for kind in ("SVC", "SVL", "EXT", "FW"):
            yield f"KUBE-{kind}-{digest}", port
        for one in endpoints:
            origin = port._replace(endpoint=one.text, pod=backends.get(one.ip, ""))
            yield service_chain("SEP", port.name, port.protocol, one.text), origin


def _nft_chains(
    services: Iterable[ServicePortEndpoints], backends: Mapping[str, str]
) -> Iterator[tuple[str, Origin]]:
    """The same of nftables, with the sets of clients that endpoints have."""
    for info, endpoints in services:
        port, name = _origin(info), info.name
        words = name.namespace, name.name, info.protocol, name.port
        for kind in ("service", "local", "external", "firewall"):
            yield nft_service_chain(kind, *words), port
        for one in endpoints if info.affinity_seconds else ():
            origin = port._replace(endpoint=one.text, pod=backends.get(one.ip, ""))
            for kind in ("endpoint", "affinity"):
                yield nft_endpoint_chain(kind, *words, (one.ip, one.port)), origin


def _hairpins(services: Iterable[ServicePortEndpoints]) -> dict[str, Origin]:
    """Endpoints by address, protocol and port; several Services may share one."""
    found: dict[str, Origin] = {}
    for info, endpoints in services:
        number = PROTOCOLS[info.protocol]
        for one in endpoints:
            key, origin = f"{one.ip} . {number} . {one.port}", _origin(info)
            known = found.get(key)
            names = f"{known.name}, {origin.name}" if known else origin.name
            found[key] = origin._replace(name=names, endpoint=one.text)
    return found


def endpoint_pods(cluster: Cluster) -> dict[str, str]:
    """The pod behind each address, as one would type it: `web-1`, `shop/web-1`.

    Of pods that share their node's address, the first one.
    """
    found: dict[str, str] = {}
    targets = (
        (address, one.target.removeprefix("pod/"))
        for item in cluster.endpoint_slices
        for one in item.endpoints
        if one.target
        for address in one.addresses
    )
    placed = (
        (str(ip), f"{pod.namespace}/{pod.name}")
        for pod in cluster.pods
        if pod.network == "cni"
        for ip in pod.ips
    )
    for address, name in chain(targets, placed):
        found.setdefault(address, name.removeprefix("default/"))
    return found
