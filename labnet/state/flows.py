"""What conntrack of a namespace may remember of UDP, which has no end of a connection.

The rules of NAT are asked for the first packet of a flow only. A TCP client of an endpoint that is
gone notices and connects anew; a UDP client that keeps its source port goes on renewing an entry
that leads nowhere. kube-proxy removes such entries after every change (CleanStaleEntries in
pkg/proxy/conntrack/cleanup.go of v1.33), and so do we.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

from labnet.state.base import Command, Key, Object, Operator


Place = tuple[str, int]
"""An address as canonical text, and a port."""


class Flow(NamedTuple):
    """An entry of conntrack: from where to where, and who answers (`--reply-src`)."""

    source: Place
    destination: Place
    answerer: Place


@dataclass(frozen=True, slots=True)
class UdpService:
    """A UDP port of a Service, in one family.

    `destinations` are its ClusterIP, VIPs of load balancers and externalIPs with the port;
    `node_port` counts on any address, 0 is none. `endpoints` are those that serve, of all
    nodes: policies, hints and termination move no flow that has begun.
    """

    destinations: tuple[Place, ...]
    endpoints: tuple[Place, ...]
    node_port: int = 0


@dataclass(frozen=True, slots=True)
class UdpFlows(Object):
    """The UDP flows to Services that conntrack of a namespace remembers, of one family.

    `stale` are those that lead nowhere from here (`lost_among`): there should be none.
    A Service without endpoints has none either: with nobody to move to, its flows stay.
    `addresses` are the node's own.
    """

    rank: ClassVar[int] = 9
    netns: str
    family: Literal[4, 6]
    services: tuple[UdpService, ...]
    stale: tuple[Flow, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """`udp-flows NETNS ipv4` or `ipv6`."""
        return "udp-flows", self.netns, f"ipv{self.family}"

    def ports(self) -> set[int]:
        """The ports that flows to these Services are sent to."""
        served = [service for service in self.services if service.endpoints]
        exact = {port for service in served for _, port in service.destinations}
        return exact | {service.node_port for service in served if service.node_port}

    def stale_among(self, flows: Iterable[Flow]) -> tuple[Flow, ...]:
        """Those that go to a Service and are answered by none of its endpoints, sorted.

        kube-proxy removes them all when rules have changed.
        """
        exact: dict[Place, Collection[Place]] = {}
        by_port: dict[int, Collection[Place]] = {}
        for service in self.services:
            if service.endpoints:
                endpoints = frozenset(service.endpoints)
                exact.update(dict.fromkeys(service.destinations, endpoints))
                if service.node_port:
                    by_port[service.node_port] = endpoints
        return tuple(
            sorted(
                flow
                for flow in flows
                if flow.answerer not in exact.get(flow.destination, (flow.answerer,))
                or flow.answerer not in by_port.get(flow.destination[1], (flow.answerer,))
            )
        )

    def lost_among(self, flows: Iterable[Flow]) -> tuple[Flow, ...]:
        """The stale ones with which something is wrong.

        What a pod sends to another machine's NodePort is DNATed there and not here: to remove such
        a flow mends nothing, and the next packet makes it again.
        """
        stale = self.stale_among(flows)
        exact = {place for service in self.services for place in service.destinations if stale}
        return tuple(
            flow
            for flow in stale
            if flow.answerer != flow.destination
            or flow.destination in exact
            or flow.destination[0] in self.addresses
        )

    def add(self) -> list[Command]:
        """A new namespace remembers nothing."""
        return []

    def change(self, old: Self) -> list[Command]:
        """`conntrack -D` for what is stale now; it fails if an entry has ended by itself."""
        commands = dict.fromkeys((flow.destination, flow.answerer) for flow in old.stale)
        return [self._delete(*places) for places in commands]

    def _delete(self, destination: Place, answerer: Place) -> Command:
        what = ("-f", f"ipv{self.family}", "-p", "udp")
        original = ("--orig-dst", destination[0], "--dport", str(destination[1]))
        reply = ("--reply-src", answerer[0], "--reply-port-src", str(answerer[1]))
        command = ("conntrack", "-D", *what, *original, *reply)
        return ("ip", "netns", "exec", self.netns, *command, Operator("||"), "true")

    def delete(self) -> list[Command]:
        """Entries of Services that are gone end by themselves."""
        return []

    def difference(self, old: Self) -> str:
        """How many are stale."""
        count = len(old.stale)
        if count:
            return f"{count} {'flow goes' if count == 1 else 'flows go'} to no endpoint"
        return "flows may be left"
