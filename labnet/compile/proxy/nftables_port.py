"""What one port of a Service is on a node: elements of the maps, and the chains they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from labnet.compile.proxy.endpoints import ChosenEndpoints
from labnet.compile.proxy.nftables_base import PROTOCOLS, REJECT, Setting
from labnet.compile.proxy.nftables_chains import AffinityChains, firewall_block
from labnet.compile.proxy.nftables_way import EndpointMap, Way
from labnet.compile.proxy.service_port import EndpointInfo, ServicePortInfo
from labnet.state import NftBlock


_COMMENT = 128
"""How long nft lets a comment be."""


class Element(NamedTuple):
    """An element of a set or map; of two with one key, the first one counts."""

    container: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class PortParts:
    """Everything that a port adds to the table: elements, shared chains, and chains of its own."""

    elements: tuple[Element, ...]
    ways: tuple[Way, ...]
    blocks: tuple[NftBlock, ...]


def port_parts(
    info: ServicePortInfo, chosen: ChosenEndpoints, setting: Setting, *, node_in_ranges: bool
) -> PortParts:
    """The parts of one port; `node_in_ranges` says that its source ranges hold the node."""
    port = _Port(info, chosen, AffinityChains(info, setting) if info.affinity_seconds else None)
    elements = [*port.elements()]
    blocks = [*port.own.blocks(chosen)] if port.own else []
    if info.load_balancer_vips and info.source_ranges:
        firewall = firewall_block(info, setting, node_in_ranges=node_in_ranges)
        blocks.append(firewall)
        elements += port.guarded(firewall.name)
    return PortParts(tuple(elements), tuple(port.ways()), tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Port:
    """A port, the endpoints of a node, and its own chains if it has affinity."""

    info: ServicePortInfo
    chosen: ChosenEndpoints
    own: AffinityChains | None

    def ways(self) -> Iterator[Way]:
        """The shared chains that it leads to."""
        if self.own:
            return
        if self.chosen.has_internal:
            yield self._internal_way
        if self.chosen.has_endpoints:
            if self._external_ips():
                yield self._external_way(node_port=False)
            if self.info.node_port:
                yield self._external_way(node_port=True)

    @property
    def _internal_way(self) -> Way:
        endpoints = self.chosen.local if self.info.internal_local else self.chosen.cluster
        return Way("balance", self.info.protocol, node_port=False, total=len(endpoints))

    def _external_way(self, *, node_port: bool) -> Way:
        protocol, total = self.info.protocol, len(self.chosen.cluster)
        if self.info.external_local:
            return Way("external-local", protocol, node_port, total, len(self.chosen.local))
        return Way("external", protocol, node_port, total)

    def _external_ips(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.info.external_ips, *self.info.load_balancer_vips)))

    def elements(self) -> Iterator[Element]:
        """What it is in the sets and maps that all ports share."""
        info = self.info
        number, ip = PROTOCOLS[info.protocol], info.cluster_ip
        whose = _comment(f"{info.name.namespace}/{info.name.name}")
        yield Element("cluster-ips", ip, f"{ip}{whose}")
        for endpoint in self.chosen.everywhere:
            key = f"{endpoint.ip} . {endpoint.ip} . {number} . {endpoint.port}"
            yield Element("hairpin-connections", key, key)
        yield from self._internal(f"{ip} . {number} . {info.port}")
        for ip in self._external_ips():
            key = f"{ip} . {number} . {info.port}"
            yield from self._external(key, f"{ip} . {info.port}", node_port=False)
        if info.node_port:
            key = f"{number} . {info.node_port}"
            yield from self._external(key, f"{info.node_port}", node_port=True)

    def guarded(self, chain: str) -> Iterator[Element]:
        """What source ranges are for: the load balancer's addresses, and no NodePort."""
        for ip in self.info.load_balancer_vips:
            key = f"{ip} . {PROTOCOLS[self.info.protocol]} . {self.info.port}"
            yield self._to("firewall-ips", key, f"goto {chain}")

    def _to(self, container: str, key: str, value: str) -> Element:
        return Element(container, key, f"{key}{_comment(str(self.info.name))} : {value}")

    def _refused(self, container: str, key: str) -> Element:
        """Refused if there is no endpoint at all, dropped if only none that may be used here."""
        verdict = "drop" if self.chosen.has_endpoints else f"goto {REJECT}"
        return self._to(container, key, verdict)

    def _internal(self, key: str) -> Iterator[Element]:
        """What comes to the cluster IP."""
        info, chosen = self.info, self.chosen
        if not chosen.has_internal:
            yield self._refused("no-endpoint-services", key)
        elif self.own:
            chain = self.own.local if info.internal_local else self.own.service
            yield self._to("service-ips", key, f"goto {chain}")
        else:
            way, endpoints = self._internal_way, chosen.cluster
            if info.internal_local:
                endpoints = chosen.local
            yield self._to("service-ips", key, f"goto {way.name}")
            yield from self._numbered(way.maps[0], f"{info.cluster_ip} . {info.port}", endpoints)

    def _external(self, key: str, asked: str, *, node_port: bool) -> Iterator[Element]:
        """What comes to another address, or to a NodePort; with Local also what finds no way.

        Pods and the node itself do find one as long as there is an endpoint anywhere.
        """
        chosen = self.chosen
        if not chosen.has_external:
            none = "no-endpoint-nodeports" if node_port else "no-endpoint-services"
            yield self._refused(none, key)
        if not chosen.has_endpoints:
            return
        taken = "service-nodeports" if node_port else "service-ips"
        if self.own:
            yield self._to(taken, key, f"goto {self.own.external}")
            return
        way = self._external_way(node_port=node_port)
        yield self._to(taken, key, f"goto {way.name}")
        yield from self._numbered(way.maps[0], asked, chosen.cluster)
        if way.local:
            yield from self._numbered(way.maps[1], asked, chosen.local)

    def _numbered(
        self, where: EndpointMap, asked: str, endpoints: Sequence[EndpointInfo]
    ) -> Iterator[Element]:
        """The endpoints of what is asked for, each with its number."""
        name, comment = where.name, _comment(str(self.info.name))
        for number, endpoint in enumerate(endpoints):
            key = f"{asked} . {number}"
            yield Element(name, key, f"{key}{comment} : {endpoint.ip} . {endpoint.port}")


def _comment(text: str) -> str:
    """A comment on an element, which is before the colon in a map."""
    short = text if len(text) <= _COMMENT else f"{text[: _COMMENT - 3]}..."
    return f' comment "{short}"'
