"""Statements of nftables: what a rule asks and does, one after the other (nft(8), STATEMENTS).

A statement that does not hold ends its rule; what those before it did to the packet stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, NamedTuple

from labnet.trace.nft_expressions import Expression, look_up, remembered
from labnet.trace.nft_sets import Elements, NamedSet, NftVerdict
from labnet.trace.nft_values import Key, Value
from labnet.trace.packet import Packet, Place, UnknownRuleError
from labnet.trace.position import ONE, Memory
from labnet.trace.translate import Ports, to_destination, to_itself, to_source


BREAK = NftVerdict("continue")
"""The rule does not match, or has nothing to say: the next one is asked."""


class Way(NamedTuple):
    """What a statement makes of a packet, and how probably; without a verdict it goes on."""

    chance: Fraction
    packet: Packet
    verdict: NftVerdict | None = None
    memory: Memory = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """`EXPRESSION == CONSTANT`: `holds` says of each value whether the rule goes on."""

    left: Expression
    holds: Callable[[Key, Place], bool]

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """On, or not."""
        values = self.left.values(packet, place)
        good = sum((chance for chance, key in values if self.holds(key, place)), Fraction(0))
        if good:
            yield Way(good, packet)
        if good < 1:
            yield Way(1 - good, packet, BREAK)


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """`EXPRESSION vmap { … }`: the verdict that the map has for the key."""

    key: Expression
    source: Elements | NamedSet

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """One for each verdict."""
        found: dict[NftVerdict, Fraction] = {}
        for chance, key in self.key.values(packet, place):
            data = look_up(self.source, key, self.key.kinds, place)
            verdict = data if isinstance(data, NftVerdict) else BREAK
            found[verdict] = found.get(verdict, Fraction(0)) + chance
        for verdict, chance in (found or {BREAK: ONE}).items():
            yield Way(chance, packet, verdict)


@dataclass(frozen=True, slots=True)
class Decide:
    """A verdict that stands in the rule itself, about packets of any or of one protocol.

    `text` is what a reject says.
    """

    verdict: NftVerdict
    protocol: str = ""
    text: str = ""

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """That verdict."""
        del place
        yield Way(ONE, packet, self.verdict if self.protocol in {"", packet.protocol} else BREAK)


@dataclass(frozen=True, slots=True)
class SetMark:
    """`meta mark set EXPRESSION`, `ct mark set EXPRESSION`."""

    value: Expression
    of_connection: bool

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet with each mark that it can get; without a value the rule does not match."""
        left = ONE
        for chance, (value,) in self.value.values(packet, place):
            assert isinstance(value, int), "a name is no mark"
            left -= chance
            if self.of_connection:
                yield Way(chance, replace(packet, connmark=value))
            else:
                yield Way(chance, replace(packet, mark=value))
        if left:
            yield Way(left, packet, BREAK)


@dataclass(frozen=True, slots=True)
class Translate:
    """`dnat to`, `snat to`: to constants, or to what a map has (an address, or one and a port)."""

    side: Literal["dst", "src"]
    to: Expression | tuple[str, str]
    ports: Ports
    flags: frozenset[str]

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet with each new end; without one the rule does not match."""
        left = ONE
        for chance, (first, last), ports in self._targets(packet, place):
            change = to_destination if self.side == "dst" else to_source
            left -= chance
            for share, moved in change(packet, first, last, ports, self.flags):
                yield Way(chance * share, moved, NftVerdict("accept"))
        if left:
            yield Way(left, packet, BREAK)

    def _targets(
        self, packet: Packet, place: Place
    ) -> Iterator[tuple[Fraction, tuple[str, str], Ports]]:
        if isinstance(self.to, tuple):
            yield ONE, self.to, self.ports
            return
        for chance, (address, *more) in self.to.values(packet, place):
            text = address_text(address, packet.family)
            ports = (_number(more[0]), _number(more[0])) if more else self.ports
            yield chance, (text, text), ports


@dataclass(frozen=True, slots=True)
class Masquerade:
    """`masquerade`: the source becomes an address of the interface that the packet leaves by."""

    text: str

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet, to be masqueraded."""
        del place
        yield Way(ONE, replace(packet, masquerade=True), NftVerdict("accept"))


@dataclass(frozen=True, slots=True)
class Redirect:
    """`redirect to :8080`: to the machine itself."""

    ports: Ports

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet with its new destination; dropped if there is none."""
        moved = to_itself(packet, place, self.ports)
        if moved is None:
            yield Way(ONE, packet, NftVerdict("drop"))
        else:
            yield Way(ONE, moved, NftVerdict("accept"))


@dataclass(frozen=True, slots=True)
class NoTrack:
    """`notrack`: the packet is of no connection."""

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet, of no connection."""
        del place
        yield Way(ONE, replace(packet, state="UNTRACKED"))


@dataclass(frozen=True, slots=True)
class Remember:
    """`add @set { … }`, `update @set { … }`: the packet leaves an element there."""

    name: str
    key: Expression

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """The packet, with what it leaves."""
        left = ONE
        for chance, key in self.key.values(packet, place):
            left -= chance
            note = (self.name, remembered(key, self.key.kinds))
            yield Way(chance, packet, None, (note,))
        if left:
            yield Way(left, packet, BREAK)


@dataclass(frozen=True, slots=True)
class Aside:
    """What does not change a packet's way: counters, logs; and limits, which it is the first of.

    `is_over` is a limit that only further packets would be over.
    """

    text: str
    is_over: bool = False

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """On; not if it asks for being over a limit."""
        del place
        yield Way(ONE, packet, BREAK if self.is_over else None)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words that the tracer does not know: a packet that comes to them cannot be traced."""

    text: str

    def ways(self, packet: Packet, place: Place) -> Iterator[Way]:
        """Nobody can say."""
        del packet, place
        raise UnknownRuleError(self.text)


Statement = (
    Relation
    | VerdictMap
    | Decide
    | SetMark
    | Translate
    | Masquerade
    | Redirect
    | NoTrack
    | Remember
    | Aside
    | Unknown
)


def address_text(value: Value, family: Literal[4, 6]) -> str:
    """A number as an address."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))


def _number(value: Value) -> int:
    assert isinstance(value, int), "a name is no port"
    return value
