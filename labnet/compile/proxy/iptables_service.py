"""The iptables rules of one port of a Service on a node, as kube-proxy writes them.

The order within a chain, the comments and the marks are those of Kubernetes' pkg/proxy/iptables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from labnet.compile.proxy.endpoints import ChosenEndpoints, Endpoints
from labnet.compile.proxy.iptables_rule import (
    comment,
    host,
    one_of,
    recent_check,
    recent_set,
    reject,
    to_any,
    to_port,
)
from labnet.compile.proxy.node import LocalTraffic
from labnet.compile.proxy.service_port import EndpointInfo, ServicePortInfo
from labnet.model import Family
from labnet.names import service_chain


MARK_MASQ = "KUBE-MARK-MASQ"
_FROM_NODE = "-m addrtype --src-type LOCAL"


class Setting(NamedTuple):
    """What the rules of every port of a node have in common.

    `large` says that endpoint rules go without comments, as they do in large clusters.
    """

    family: Family
    local: LocalTraffic | None
    masquerade_all: bool
    large: bool


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """A port's own chains in the nat table, and its rules there and in the filter table."""

    chains: tuple[str, ...]
    nat: tuple[str, ...]
    filter: tuple[str, ...]


def service_rules(
    info: ServicePortInfo, chosen: ChosenEndpoints, setting: Setting, *, node_in_ranges: bool
) -> ServiceRules:
    """Everything for one port; `node_in_ranges` says that its source ranges hold the node."""
    port = _Port(info, chosen, setting)
    nat = (
        *port.portals(),
        *port.internal(),
        *port.external(),
        *port.firewall(node_in_ranges=node_in_ranges),
        *port.balanced(port.svc, chosen.cluster),
        *port.balanced(port.svl, chosen.local),
        *(rule for endpoint in chosen.everywhere for rule in port.to_endpoint(endpoint)),
    )
    return ServiceRules(tuple(port.chains()), nat, tuple(port.filters()))


class _Port:
    """The words that the rules of one port share."""

    def __init__(self, info: ServicePortInfo, chosen: ChosenEndpoints, setting: Setting) -> None:
        self.info, self.chosen, self.setting = info, chosen, setting
        self.name, self.protocol = str(info.name), info.protocol
        svc = service_chain("SVC", self.name, self.protocol)
        digest = svc.removeprefix("KUBE-SVC-")
        self.svc, self.svl = svc, f"KUBE-SVL-{digest}"
        self.ext, self.fw = f"KUBE-EXT-{digest}", f"KUBE-FW-{digest}"
        ranges = bool(info.load_balancer_vips and info.source_ranges)
        self.uses_fw = chosen.has_endpoints and ranges
        self.uses_ext = chosen.has_endpoints and info.externally_accessible
        self.seps = {
            endpoint.text: service_chain("SEP", self.name, self.protocol, endpoint.text)
            for endpoint in chosen.everywhere
        }

    def chains(self) -> Iterator[str]:
        """The chains of this port's own."""
        used = (self.uses_ext, self.uses_fw, self.chosen.cluster, self.chosen.local)
        names = (self.ext, self.fw, self.svc, self.svl)
        yield from (name for name, is_used in zip(names, used, strict=True) if is_used)
        yield from self.seps.values()

    def portals(self) -> Iterator[str]:
        """The way into this port's chains from KUBE-SERVICES and KUBE-NODEPORTS."""
        info, chosen = self.info, self.chosen
        if chosen.has_internal:
            chain = self.svl if info.internal_local else self.svc
            yield f"-A KUBE-SERVICES {self._to(info.cluster_ip, 'cluster IP')} -j {chain}"
        if not chosen.has_endpoints:
            return
        for ip in info.external_ips:
            yield f"-A KUBE-SERVICES {self._to(ip, 'external IP')} -j {self.ext}"
        for ip in info.load_balancer_vips:
            chain = self.fw if self.uses_fw else self.ext
            yield f"-A KUBE-SERVICES {self._to(ip, 'loadbalancer IP')} -j {chain}"
        if info.node_port:
            match = to_any(self.protocol, info.node_port, self.name)
            yield f"-A KUBE-NODEPORTS {match} -j {self.ext}"

    def internal(self) -> Iterator[str]:
        """What comes to the cluster IP from elsewhere than a pod goes on in the node's name.

        Only that: what else comes through this chain has been looked at already.
        """
        if not self.chosen.has_internal:
            return
        chain = self.svl if self.info.internal_local else self.svc
        destination = f"-d {host(self.info.cluster_ip)}"
        port = to_any(self.protocol, self.info.port, f"{self.name} cluster IP")
        local = self.setting.local
        if self.setting.masquerade_all:
            yield f"-A {chain} {destination} {port} -j {MARK_MASQ}"
        elif local and local.cidr:
            yield f"-A {chain} ! -s {local.cidr} {destination} {port} -j {MARK_MASQ}"
        elif local:
            yield f"-A {chain} {destination} ! -i {local.interface} {port} -j {MARK_MASQ}"

    def external(self) -> Iterator[str]:
        """What comes to any other destination.

        With policy Local, pods and the node itself are let through to all endpoints, as if they
        had gone out to a load balancer and come back in at the right node.
        """
        if not self.uses_ext:
            return
        chain, local = self.ext, self.setting.local
        if not self.info.external_local:
            yield f"-A {chain} {self._external('masquerade traffic')} -j {MARK_MASQ}"
            yield f"-A {chain} -j {self.svc}"
            return
        if local:
            match = f"-s {local.cidr}" if local.cidr else f"-i {local.interface}"
            yield f"-A {chain} {match} {self._external('pod traffic')} -j {self.svc}"
        masquerade, route = self._external("masquerade LOCAL traffic"), "route LOCAL traffic"
        yield f"-A {chain} {masquerade} {_FROM_NODE} -j {MARK_MASQ}"
        yield f"-A {chain} {self._external(route)} {_FROM_NODE} -j {self.svc}"
        if self.chosen.has_external:
            yield f"-A {chain} -j {self.svl}"

    def firewall(self, *, node_in_ranges: bool) -> Iterator[str]:
        """Source ranges of a load balancer; who is in none is not DNATed, and dropped later.

        A node that holds the VIP itself speaks with the VIP as its source.
        """
        if not self.uses_fw:
            return
        vips = [host(vip) for vip in self.info.load_balancer_vips] if node_in_ranges else []
        for source in (*self.info.source_ranges, *vips):
            words = comment(f"{self.name} loadbalancer IP")
            yield f"-A {self.fw} -s {source} {words} -j {self.ext}"
        other = f"other traffic to {self.name} will be dropped by KUBE-PROXY-FIREWALL"
        yield f"-A {self.fw} {comment(other)}"

    def balanced(self, chain: str, endpoints: Endpoints) -> Iterator[str]:
        """Back to the endpoint that a client has had, else to any of them with equal chance."""
        family, seconds = self.setting.family, self.info.affinity_seconds
        starts = [
            (f"-A {chain} {self._endpoint(f'{self.name} -> {one.text}')}", self.seps[one.text])
            for one in endpoints
        ]
        if seconds:
            for start, sep in starts:
                yield f"{start}{recent_check(family, sep, seconds)} -j {sep}"
        for left, (start, sep) in zip(range(len(starts), 0, -1), starts, strict=True):
            chance = f"{one_of(left)} " if left > 1 else ""
            yield f"{start}{chance}-j {sep}"

    def to_endpoint(self, endpoint: EndpointInfo) -> Iterator[str]:
        """An endpoint that reaches itself is masqueraded; the rest is DNAT."""
        sep, words = self.seps[endpoint.text], self._endpoint(self.name)
        yield f"-A {sep} -s {host(endpoint.ip)} {words}-j {MARK_MASQ}"
        remember = f"{recent_set(self.setting.family, sep)} " if self.info.affinity_seconds else ""
        match = f"-p {self.protocol} {words}{remember}-m {self.protocol}"
        yield f"-A {sep} {match} -j DNAT --to-destination {endpoint.text}"

    def filters(self) -> Iterator[str]:
        """What is refused because there is no endpoint at all, or dropped for want of a local one.

        Then the rule that drops what the firewall chain has left as it was, and the one that
        lets health checks in.
        """
        info, chosen = self.info, self.chosen
        if not chosen.has_internal:
            yield f"-A KUBE-SERVICES {self._to(info.cluster_ip, self._lack)} -j {self._refusal}"
        vips = info.load_balancer_vips
        if not chosen.has_external:
            for ip in (*info.external_ips, *vips):
                match = self._to(ip, self._lack)
                yield f"-A KUBE-EXTERNAL-SERVICES {match} -j {self._refusal}"
            if info.node_port:
                yield f"-A KUBE-EXTERNAL-SERVICES {self._to_node_port} -j {self._refusal}"
        for ip in vips if self.uses_fw else ():
            match = self._to(ip, f"traffic not accepted by {self.fw}")
            yield f"-A KUBE-PROXY-FIREWALL {match} -j DROP"
        if info.health_check_node_port:
            words = f"{self.name} health check node port"
            match = to_any("tcp", info.health_check_node_port, words)
            yield f"-A KUBE-NODEPORTS {match} -j ACCEPT"

    @property
    def _lack(self) -> str:
        return "has no local endpoints" if self.chosen.has_endpoints else "has no endpoints"

    @property
    def _refusal(self) -> str:
        return "DROP" if self.chosen.has_endpoints else reject(self.setting.family)

    @property
    def _to_node_port(self) -> str:
        """The nodePort on any address of the node, whatever `nodePortAddresses` says."""
        protocol, words = self.protocol, comment(f"{self.name} {self._lack}")
        local = "-m addrtype --dst-type LOCAL"
        return f"-p {protocol} {words} {local} -m {protocol} --dport {self.info.node_port}"

    def _to(self, ip: str, words: str) -> str:
        return to_port(self.protocol, ip, self.info.port, f"{self.name} {words}")

    def _external(self, what: str) -> str:
        return comment(f"{what} for {self.name} external destinations")

    def _endpoint(self, text: str) -> str:
        return "" if self.setting.large else f"{comment(text)} "
