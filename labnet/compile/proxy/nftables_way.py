"""The chains of the flat form, which all ports of Services with so many endpoints share.

A chain draws a number and looks up what was asked for together with it: address, port and number in
`endpoints-tcp`, port and number in `nodeport-endpoints-tcp`. There is a map for each protocol
because nft can only add a rule to a table that is there if the map's type says which protocol the
ports belong to; with `th dport` nft 1.0.6 says `conflicting protocols specified`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from labnet.compile.proxy.nftables_base import LOCAL, Setting
from labnet.state import NftBlock


_NUMBER = "numgen random mod 65536"  # in a type only its width counts


class EndpointMap(NamedTuple):
    """A map to endpoints: those for any traffic, or those that a Local policy leaves."""

    protocol: str
    node_port: bool = False
    local: bool = False

    @property
    def name(self) -> str:
        """`endpoints-tcp`, `nodeport-local-endpoints-udp`."""
        words = ["nodeport"] * self.node_port + ["local"] * self.local
        return "-".join([*words, "endpoints", self.protocol])

    def key(self, setting: Setting) -> str:
        """What a packet is looked up by, before the number."""
        port = f"{self.protocol} dport"
        return port if self.node_port else f"{setting.ip} daddr . {port}"

    def header(self, setting: Setting) -> tuple[str, ...]:
        """The properties of the map."""
        whose = "endpoints on this node" if self.local else "endpoints"
        key = "NodePort" if self.node_port else "address, port"
        return (
            f"typeof {self.key(setting)} . {_NUMBER} : {setting.ip} daddr . {self.protocol} dport",
            f'comment "{whose} by {key} and a random number"',
        )

    def dnat(self, setting: Setting, count: int) -> str:
        """The statement that sends a packet to one of `count` endpoints, each as likely."""
        key = f"{self.key(setting)} . numgen random mod {count}"
        return f"dnat {setting.ip} to {key} map @{self.name}"


class Way(NamedTuple):
    """A shared chain, by all that it depends on.

    `balance` chooses among all endpoints, `external` does it for other destinations than cluster
    IPs with externalTrafficPolicy Cluster, and `external-local` with Local, where `local` of the
    `total` endpoints are those on the node.
    """

    kind: Literal["balance", "external", "external-local"]
    protocol: str
    node_port: bool
    total: int
    local: int = 0

    @property
    def name(self) -> str:
        """`balance-tcp-3`, `nodeport-udp-2`, `external-local-tcp-3-1`."""
        kind: str = self.kind
        if self.node_port:
            kind = "nodeport-balance" if kind == "balance" else kind.replace("external", "nodeport")
        numbers = [self.total, self.local] if self.kind == "external-local" else [self.total]
        return "-".join([kind, self.protocol, *map(str, numbers)])

    @property
    def balance(self) -> Way:
        """The chain that chooses among all the endpoints."""
        return self._replace(kind="balance", local=0)

    @property
    def maps(self) -> tuple[EndpointMap, ...]:
        """The maps that it or `balance` looks into."""
        everything = EndpointMap(self.protocol, self.node_port)
        return (everything, everything._replace(local=True)) if self.local else (everything,)

    def block(self, setting: Setting) -> NftBlock:
        """The chain."""
        header = f'comment "{self._what()}"'
        return NftBlock("chain", self.name, (header,), tuple(self._rules(setting)))

    def _what(self) -> str:
        endpoints = f"{self.total} endpoint{'s' * (self.total != 1)}"
        match self.kind:
            case "balance":
                return (
                    f"1 of {endpoints}, each as likely" if self.total > 1 else "the only endpoint"
                )
            case "external":
                return f"externalTrafficPolicy Cluster, {endpoints}"
        return f"externalTrafficPolicy Local, {self.local} of {endpoints} on this node"

    def _rules(self, setting: Setting) -> Iterator[str]:
        match self.kind:
            case "balance":
                yield self.maps[0].dnat(setting, self.total)
            case "external":
                yield f'{setting.masquerade} comment "{ANY_NODE}"'
                yield f"goto {self.balance.name}"
            case "external-local":
                yield from short_circuit(setting, self.balance.name)
                if self.local:
                    yield self.maps[1].dnat(setting, self.local)


ANY_NODE = "masquerade, as the endpoint may be on any node"


def short_circuit(setting: Setting, chain: str) -> Iterator[str]:
    """Pods and the node itself reach all endpoints, whatever externalTrafficPolicy is.

    As if they had gone out to a load balancer that sent them to a node with an endpoint.
    """
    pod = setting.from_pod()
    if pod:
        yield f'{pod} goto {chain} comment "short-circuit pod traffic"'
    node = f"fib saddr {LOCAL} {setting.masquerade}"
    yield f'{node} goto {chain} comment "short-circuit local traffic"'
