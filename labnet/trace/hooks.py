"""The hooks of a namespace: in which order chains are asked, and what NAT does between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from labnet.trace.packet import BaseChain, Hook, Packet, Place, Step, Verdict
from labnet.trace.position import ONE, Memory


Side = Literal["dst", "src"]

_SIDES: dict[Hook, Side] = {
    "prerouting": "dst",
    "output": "dst",
    "postrouting": "src",
    "input": "src",
}
_NAT: dict[Side, int] = {"dst": -100, "src": 100}
"""Where netfilter does NAT, whatever the priorities of NAT's chains are: those only order them."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What conntrack knows of a packet's connection in one namespace.

    `dst` and `src` are what NAT has decided, (address, port); None while nobody was asked. That no
    rule wanted any is a decision too.
    """

    key: tuple[str, str, int, str, int]
    dst: tuple[str, int] | None = None
    src: tuple[str, int] | None = None


class Passed(NamedTuple):
    """One way through a hook."""

    chance: Fraction
    packet: Packet
    connection: Connection
    verdict: Verdict
    steps: tuple[Step, ...]
    memory: Memory


MasqueradeAddress = Callable[[Packet], str]
"""The address that a packet is masqueraded with; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The base chains of a namespace, each hook's in the order of their priorities.

    Of two with one priority the one that was registered later is asked first
    (net/netfilter/core.c); the chains are given in the order of their registration.
    """

    phases: dict[Hook, tuple[tuple[BaseChain, ...] | BaseChain, ...]]

    @classmethod
    def of(cls, chains: Iterable[BaseChain]) -> Hooks:
        """The order of the chains of each hook; all NAT of a hook is one phase."""
        hooks: dict[Hook, list[BaseChain]] = {}
        for chain in chains:
            hooks.setdefault(chain.hook, []).insert(0, chain)
        return cls({hook: tuple(_phases(hook, found)) for hook, found in hooks.items()})

    def passages(
        self,
        hook: Hook,
        packet: Packet,
        connection: Connection,
        place: Place,
        masquerade: MasqueradeAddress,
    ) -> Iterator[Passed]:
        """Every way through a hook: to `accept`, or to what has stopped the packet."""
        phases = list(self.phases.get(hook, ()))
        if hook in _SIDES and not any(isinstance(phase, tuple) for phase in phases):
            phases.insert(0, ())  # conntrack has decided that there is no NAT
        going = [Passed(ONE, packet, connection, "accept", (), ())]
        for phase in phases:
            after = []
            for way in going:
                if isinstance(phase, tuple):
                    ways = _nat(_SIDES[hook], phase, way, place, masquerade)
                else:
                    ways = _ask(phase, way, place)
                after += list(ways)
            yield from (way for way in after if way.verdict in {"drop", "reject"})
            going = [way for way in after if way.verdict not in {"drop", "reject"}]
        yield from going


def _phases(hook: Hook, chains: list[BaseChain]) -> Iterator[tuple[BaseChain, ...] | BaseChain]:
    """Chains by priority; NAT's together, at the place where netfilter does it."""
    nat = tuple(sorted((c for c in chains if c.kind == "nat"), key=lambda chain: chain.priority))
    others = sorted((c for c in chains if c.kind != "nat"), key=lambda chain: chain.priority)
    if not nat:
        yield from others
        return
    where = _NAT[_SIDES[hook]]
    yield from (chain for chain in others if chain.priority <= where)
    yield nat
    yield from (chain for chain in others if chain.priority > where)


def _ask(chain: BaseChain, way: Passed, place: Place) -> Iterator[Passed]:
    for branch in chain.branches(way.packet, place):
        yield Passed(
            way.chance * branch.probability,
            branch.packet,
            way.connection,
            branch.verdict,
            (*way.steps, *branch.steps),
            (*way.memory, *branch.memory),
        )


def _nat(
    side: Side,
    chains: tuple[BaseChain, ...],
    way: Passed,
    place: Place,
    masquerade: MasqueradeAddress,
) -> Iterator[Passed]:
    """A connection is asked about once for each side; afterwards the same happens to it."""
    packet, connection = way.packet, way.connection
    if packet.state == "UNTRACKED":
        yield way
    elif (known := connection.dst if side == "dst" else connection.src) is not None:
        yield way._replace(packet=_moved(packet, side, known))
    else:
        for after in _first(chains, way, place):
            yield _decided(side, after, masquerade)


def _first(chains: tuple[BaseChain, ...], way: Passed, place: Place) -> Iterator[Passed]:
    """The first chain that translates is the last that is asked."""
    if not chains:
        yield way
        return
    for after in _ask(chains[0], way, place):
        if after.verdict in {"drop", "reject"} or _is_translated(way.packet, after.packet):
            yield after
        else:
            yield from _first(chains[1:], after, place)


def _is_translated(before: Packet, after: Packet) -> bool:
    ends = ("dst", "dport", "masquerade", "snat")
    return any(getattr(before, end) != getattr(after, end) for end in ends)


def _decided(side: Side, way: Passed, masquerade: MasqueradeAddress) -> Passed:
    """What rules have decided becomes the connection's, and the source the packet's."""
    packet = way.packet
    if side == "dst":
        return way._replace(connection=replace(way.connection, dst=(packet.dst, packet.dport)))
    source = (packet.src, packet.sport)
    if packet.snat:
        source = _source(packet)
    elif packet.masquerade:
        source = (masquerade(packet), packet.sport)
        if not source[0]:
            return way._replace(verdict="drop")
    moved = _moved(packet, "src", source)
    return way._replace(packet=moved, connection=replace(way.connection, src=source))


def _source(packet: Packet) -> tuple[str, int]:
    """The end that SNAT has decided: `1.2.3.4`, `1.2.3.4:80`, `[fd00::1]:80`."""
    address, _, port = packet.snat.rpartition(":")
    if packet.family == 6 and not packet.snat.startswith("["):
        return packet.snat, packet.sport
    return (address.strip("[]"), int(port)) if address else (packet.snat, packet.sport)


def _moved(packet: Packet, side: Side, end: tuple[str, int]) -> Packet:
    if side == "src":
        return replace(packet, src=end[0], sport=end[1])
    if end == (packet.dst, packet.dport):
        return packet
    original = packet.original or (packet.dst, packet.dport)
    return replace(packet, dst=end[0], dport=end[1], dnat=True, original=original)
