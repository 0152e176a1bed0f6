"""The chains that a port of a Service has to itself, named as kube-proxy names them.

They are for what cannot be shared: affinity, which is remembered for each endpoint, and
`loadBalancerSourceRanges`. In all other ports these chains of kube-proxy are elements of maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

from labnet.compile.proxy.endpoints import ChosenEndpoints
from labnet.compile.proxy.nftables_base import PROTOCOLS, Setting
from labnet.compile.proxy.nftables_way import ANY_NODE, short_circuit
from labnet.compile.proxy.service_port import EndpointInfo, ServicePortInfo
from labnet.names import nft_endpoint_chain, nft_service_chain
from labnet.state import NftBlock


_SIZE = 4096
"""How many clients an endpoint remembers: more than the largest lab has.

For each endpoint the kernel reserves 16 bytes a client at once, which for nft's own 65,535 is 1 MB
and 6 ms.
"""


class AffinityChains:
    """The names and contents of the chains and sets of one port with session affinity.

    All of its addresses lead through the same endpoint chains, so a client stays with its endpoint
    whichever it uses, and is forgotten when the endpoint goes.
    """

    def __init__(self, info: ServicePortInfo, setting: Setting) -> None:
        """Names do not depend on which endpoints there are."""
        self.info, self.setting = info, setting
        name = info.name
        self.service, self.local, self.external = (
            nft_service_chain(kind, name.namespace, name.name, info.protocol, name.port)
            for kind in ("service", "local", "external")
        )

    def blocks(self, chosen: ChosenEndpoints) -> Iterator[NftBlock]:
        """Everything, for the endpoints of a node."""
        if chosen.cluster:
            yield self._sticky(self.service, chosen.cluster)
        if chosen.local:
            yield self._sticky(self.local, chosen.local)
        if chosen.has_endpoints and self.info.externally_accessible:
            rules = tuple(self._external(has_external=chosen.has_external))
            yield NftBlock("chain", self.external, members=rules)
        for endpoint in chosen.everywhere:
            yield from self._endpoint(endpoint)

    def _name(self, kind: str, endpoint: EndpointInfo) -> str:
        name, protocol = self.info.name, self.info.protocol
        port = name.namespace, name.name, protocol, name.port
        return nft_endpoint_chain(kind, *port, (endpoint.ip, endpoint.port))

    def _sticky(self, chain: str, endpoints: Sequence[EndpointInfo]) -> NftBlock:
        """Back to the endpoint that knows the client, or else to any."""
        rules = [
            f"{self.setting.ip} saddr @{self._name('affinity', endpoint)}"
            f" goto {self._name('endpoint', endpoint)}"
            for endpoint in endpoints
        ]
        choices = [
            f"{number} : goto {self._name('endpoint', endpoint)}"
            for number, endpoint in enumerate(endpoints)
        ]
        rules.append(f"numgen random mod {len(endpoints)} vmap {{ {', '.join(choices)} }}")
        return NftBlock("chain", chain, members=tuple(rules))

    def _external(self, *, has_external: bool) -> Iterator[str]:
        """What comes to anything but the cluster IP, as in the chains without affinity."""
        if not self.info.external_local:
            yield f'{self.setting.masquerade} comment "{ANY_NODE}"'
            yield f"goto {self.service}"
            return
        yield from short_circuit(self.setting, self.service)
        if has_external:
            yield f"goto {self.local}"

    def _endpoint(self, endpoint: EndpointInfo) -> Iterator[NftBlock]:
        """A list of clients whose time begins anew with each connection, and the way there."""
        ip, clients = self.setting.ip, self._name("affinity", endpoint)
        seconds = self.info.affinity_seconds
        header = f"type {self.setting.address}", f"size {_SIZE}", "flags dynamic,timeout"
        yield NftBlock("set", clients, (*header, f"timeout {seconds}s"))
        rules = (
            f"update @{clients} {{ {ip} saddr }}",
            f"meta l4proto {PROTOCOLS[self.info.protocol]} dnat to {endpoint.text}",
        )
        yield NftBlock("chain", self._name("endpoint", endpoint), members=rules)


def firewall_block(info: ServicePortInfo, setting: Setting, *, node_in_ranges: bool) -> NftBlock:
    """Who else than `source_ranges` comes to a load balancer's address is dropped.

    A node that has the address on an interface of its own sends from it, so if the node may come,
    the address may too.
    """
    name = info.name
    port = name.namespace, name.name, info.protocol, name.port
    vips = info.load_balancer_vips if node_in_ranges else ()
    sources = nft_ranges((*info.source_ranges, *vips))
    among = sources[0] if len(sources) == 1 else f"{{ {', '.join(sources)} }}"
    rule = f"{setting.ip} saddr != {among} drop"
    return NftBlock("chain", nft_service_chain("firewall", *port), members=(rule,))


def nft_ranges(networks: Sequence[str]) -> list[str]:
    """Networks as nft lists them in a set: sorted, with those that touch each other made one."""
    merged: list[tuple[int, int]] = []
    family = ip_network(networks[0]).version
    for first, last in sorted((int(n[0]), int(n[-1])) for n in map(ip_network, networks)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return [_range(family, first, last) for first, last in merged]


def _range(family: int, first: int, last: int) -> str:
    """A network if it is one, an address if that is all, and else both ends."""
    low, high = (f"{(IPv4Address if family == 4 else IPv6Address)(end)}" for end in (first, last))
    if low == high:
        return low
    size = last - first + 1
    if size & (size - 1) or first % size:
        return f"{low}-{high}"
    bits = 32 if family == 4 else 128
    return f"{low}/{bits - size.bit_length() + 1}"
