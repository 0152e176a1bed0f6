"""A packet under way: where it is, what has happened to it, what conntrack knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from labnet.state import Vxlan
from labnet.trace.hooks import Connection, Passed
from labnet.trace.namespace import Namespace
from labnet.trace.outcome import Fate, Hop, Outcome, Path, Trace, outcome_of
from labnet.trace.packet import Hook, Packet
from labnet.trace.position import ONE


TTL = 64
_NO_CONNECTION = Connection(("", "", 0, "", 0))

Notes = frozenset[tuple[str, str, str]]


class Ending(NamedTuple):
    """An outcome, how probable this way to it is, and the way."""

    chance: Fraction
    outcome: Outcome
    path: Path


class Inside(NamedTuple):
    """What is in a VXLAN packet."""

    packet: Packet
    sender: str
    vni: int


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace, as rules can ask it, with what packets have left there."""

    namespace: Namespace
    notes: Notes

    def is_local(self, address: str, interface: str = "") -> bool:
        """Whether an address is one of the namespace's own, or of one interface."""
        return self.namespace.is_local(address, interface)

    def is_broadcast(self, address: str) -> bool:
        """Whether an address is the broadcast address of one of its subnets."""
        return self.namespace.is_broadcast(address)

    def primary_address(self, interface: str, family: Literal[4, 6]) -> str:
        """The first address of an interface."""
        return self.namespace.primary_address(interface, family)

    def remembers(self, name: str, key: str) -> bool:
        """Whether packets have left this in a list or a set."""
        return (self.namespace.name, name, key) in self.notes

    def masquerade_address(self, packet: Packet) -> str:
        """The address with which a packet leaves that is masqueraded."""
        next_hop = self.namespace.route(packet.dst).next_hop or packet.dst
        return self.namespace.source(packet.oif, next_hop, packet.family)


@dataclass(frozen=True, slots=True)
class Journey:
    """One way that a packet goes; `sender` is the source that it was sent with.

    `known` are the connections of all namespaces that it has been in.
    """

    packet: Packet
    namespace: Namespace
    remembered: Notes = frozenset()
    sender: str = ""
    chance: Fraction = ONE
    connection: Connection = _NO_CONNECTION
    known: dict[tuple[str, object], Connection] = field(default_factory=dict)
    hops: tuple[Hop, ...] = ()
    memory: tuple[tuple[str, str, str], ...] = ()
    ttl: int = TTL
    inside: Inside | None = None

    @property
    def netns(self) -> str:
        """The name of the namespace that it is in."""
        return self.namespace.name

    def with_packet(self, packet: Packet) -> Journey:
        """The same with another packet; the first one says who the sender is."""
        return replace(self, packet=packet, sender=self.sender or packet.src)

    def by(self, *, iif: str | None = None, oif: str | None = None) -> Journey:
        """The same with other interfaces."""
        packet = self.packet
        iif = packet.iif if iif is None else iif
        oif = packet.oif if oif is None else oif
        return replace(self, packet=replace(packet, iif=iif, oif=oif))

    def tracked(self) -> Journey:
        """The same with the connection that conntrack finds for it here, or makes."""
        packet = self.packet
        key = (packet.protocol, packet.src, packet.sport, packet.dst, packet.dport)
        found = self.known.get((self.netns, key), Connection(key))
        return replace(self, connection=found)

    def passed(self, hook: Hook, passed: Passed) -> Journey:
        """After a hook; one at which nothing has happened is not worth a hop."""
        known = {**self.known, (self.netns, passed.connection.key): passed.connection}
        after = replace(
            self,
            packet=passed.packet,
            chance=self.chance * passed.chance,
            connection=passed.connection,
            known=known,
            memory=self.memory + tuple((self.netns, *note) for note in passed.memory),
        )
        if not passed.steps and passed.packet == self.packet:
            return after
        interface = self.packet.iif or self.packet.oif
        hop = Hop(self.netns, hook, interface, passed.packet, passed.steps)
        return replace(after, hops=(*after.hops, hop))

    def noted(self, place: str, interface: str, note: str) -> Journey:
        """The same with a hop that is no hook."""
        hop = Hop(self.netns, place, interface, self.packet, (), note)
        return replace(self, hops=(*self.hops, hop))

    def moved(self, namespace: Namespace, *, keeps_mark: bool) -> Journey:
        """In another namespace, where nothing is known of it but what is on the wire."""
        packet = bare(self.packet, self.packet.mark if keeps_mark else 0)
        after = self.noted("wire", self.packet.oif, f"to {namespace.name}")
        return replace(after, packet=packet, namespace=namespace, connection=_NO_CONNECTION)

    def wrapped(self, device: Vxlan, remote: str) -> Journey:
        """In a UDP packet from one VXLAN device to another; the mark is on both."""
        packet = bare(self.packet, 0)
        outer = Packet("", remote, "udp", dport=device.port, mark=self.packet.mark)
        after = self.noted("vxlan", device.name, f"in a packet to {remote}")
        inside = Inside(packet, self.sender, device.vni)
        outer = replace(outer, src=device.local)
        return replace(after, packet=outer, sender=device.local, inside=inside)

    def unwrapped(self, device: str) -> Journey:
        """Out of its VXLAN packet."""
        assert self.inside is not None, "there is something in it"
        packet, sender, _ = self.inside
        mark = self.packet.mark
        after = self.noted("vxlan", device, "out of its packet")
        return replace(after, packet=replace(packet, mark=mark), sender=sender, inside=None)

    def end(self, fate: Fate, note: str) -> Ending:
        """The journey is over."""
        packet, sender = self.packet, self.sender
        if self.inside is not None:
            packet, sender, _ = self.inside
        interface = self.packet.iif or self.packet.oif
        words = f"{fate}: {note}" if note else fate
        hop = Hop(self.netns, "end", interface, self.packet, (), words)
        outcome = outcome_of(fate, self.netns, packet, sender or packet.src)
        return Ending(self.chance, outcome, Path((*self.hops, hop), self.memory))


def bare(packet: Packet, mark: int) -> Packet:
    """A packet as it is on a wire, where only its addresses and ports are known."""
    return Packet(packet.src, packet.dst, packet.protocol, packet.sport, packet.dport, mark=mark)


def fates(packet: Packet, netns: str, endings: Iterable[Ending]) -> Trace:
    """All endings together; those that come to the same are one outcome, with the first way."""
    outcomes: dict[Outcome, Fraction] = {}
    paths: dict[Outcome, Path] = {}
    for ending in endings:
        outcomes[ending.outcome] = outcomes.get(ending.outcome, Fraction(0)) + ending.chance
        paths.setdefault(ending.outcome, ending.path)
    return Trace(packet, netns, outcomes, paths)
