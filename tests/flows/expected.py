"""The flow table as values: where each flow goes to, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flows.cluster import (
    PODS,
    PORTS,
    UNDEFINED_PORT,
    balancer_ip,
    cluster_ip,
    external_ip,
    free_ip,
    gateway_ip,
    node_ip,
    node_port,
    pod_ip,
)
from flows.table import FLOWS
from flows.variants import VARIANTS


REFUSED, TIMEOUT = "refused", "timeout"
MODES = ("iptables", "nftables")
Answer = str | Mapping[str, str]
"""`refused`, `timeout`, or for each endpoint the address that it sees as the client's."""


class Flow(NamedTuple):
    """A line of the table; `answers` are those of iptables and of nftables mode."""

    client: str
    destination: str
    answers: tuple[str, str]
    families: tuple[int, ...]

    def __str__(self) -> str:
        """`c1 -> cluster web`."""
        return f"{self.client} -> {self.destination}"

    @property
    def namespace(self) -> str:
        """The pod, node or host that asks."""
        return self.client.replace("lo", "n")

    def target(self, family: int) -> tuple[str, int]:
        """The address and port that it asks."""
        where, _, service = self.destination.partition(" ")
        kind, _, node = where.partition(":")
        if kind == "free":
            return free_ip(family), 80
        if kind in ("node", "gw", "lo"):
            loopback = "127.0.0.1" if family == 4 else "::1"
            addresses = {"node": node_ip, "gw": gateway_ip}
            address = addresses[kind](node, family) if node else loopback
            return address, node_port(service)
        virtual = {"external": external_ip, "lb": balancer_ip}.get(kind, cluster_ip)
        return virtual(service, family), UNDEFINED_PORT if kind == "undefined" else 80

    def source(self, family: int) -> str:
        """The client's own address."""
        if self.client.startswith("lo"):
            return "127.0.0.1" if family == 4 else "::1"
        return pod_ip(self.client, family) if self.client in PODS else node_ip(self.client, family)

    def answer(self, mode: str, family: int) -> Answer:
        """What is expected of it."""
        text = self.answers[MODES.index(mode)]
        if text in (REFUSED, TIMEOUT):
            return text
        common, colon, words = text.rpartition(":")
        seen: dict[str, str] = {}
        for word in words.split():
            endpoint, _, own = word.partition("/")
            masquerader = own or (common if colon else "")
            seen[endpoint] = self._seen(endpoint, masquerader, family)
        return seen

    def _seen(self, endpoint: str, masquerader: str, family: int) -> str:
        """The client's address as `endpoint` sees it.

        MASQUERADE takes the address of the interface that the packet leaves by: the bridge's for a
        pod of that node, the node's own for all else.
        """
        if not masquerader:
            return self.source(family)
        here = PODS[endpoint] == masquerader and endpoint != "h2"
        return (gateway_ip if here else node_ip)(masquerader, family)


def endpoint_port(endpoint: str, protocol: str) -> int:
    """The port that an endpoint listens on."""
    return PORTS.get(endpoint, (8080, 8081))[protocol == "udp"]


def flows(variant: str = "") -> list[Flow]:
    """All flows of the table, or those of a variant of kube-proxy's configuration."""
    table = VARIANTS[variant][1] if variant else FLOWS
    lines = (line.strip() for line in table.splitlines())
    return [_flow(line) for line in lines if line and not line.startswith("#")]


def _flow(line: str) -> Flow:
    families: tuple[int, ...] = (4, 6)
    if line.startswith("4: "):
        families, line = (4,), line[3:]
    client, arrow, rest = line.partition(" -> ")
    destination, colon, text = rest.partition(": ")
    assert arrow, line
    assert colon, line
    first, _, second = text.partition(" | ")
    return Flow(client, destination, (first, second or first), families)
