"""Expressions of nftables: what a rule reads from a packet (nft(8), EXPRESSIONS).

An expression has as many values as can come about, each with its probability: one, unless a random
number is in it. It has none where the packet is not what it asks for (a TCP port of a UDP packet);
then the rule does not match.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import ip_address
from itertools import product

from labnet.trace.nft_sets import Elements, NamedSet, NftVerdict
from labnet.trace.nft_values import Key, Value
from labnet.trace.packet import Packet, Place, UnknownRuleError


_ONE = Fraction(1)
_MOST = 65536  # values of a random number that are followed

Values = Iterator[tuple[Fraction, Key]]
Reader = Callable[[Packet, Place], Value | None]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is read; `kind` is its type, `text` how nft writes it."""

    text: str
    kind: str
    read: Reader

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of its fields."""
        return (self.kind,)

    def values(self, packet: Packet, place: Place) -> Values:
        """The value, if there is one."""
        value = self.read(packet, place)
        if value is not None:
            yield _ONE, (value,)


@dataclass(frozen=True, slots=True)
class Numgen:
    """`numgen random mod 3 offset 1`; a counter (`inc`) is as good as random for one packet."""

    modulus: int
    offset: int = 0
    kinds = ("number",)

    def values(self, packet: Packet, place: Place) -> Values:
        """Every number, all of one probability."""
        del packet, place
        if not 0 < self.modulus <= _MOST:
            raise UnknownRuleError(f"numgen mod {self.modulus}: too many ways to go")
        for number in range(self.offset, self.offset + self.modulus):
            yield Fraction(1, self.modulus), (number,)


@dataclass(frozen=True, slots=True)
class Constants:
    """A constant, or several with dots between them."""

    key: Key
    kinds: tuple[str, ...]

    def values(self, packet: Packet, place: Place) -> Values:
        """Itself."""
        del packet, place
        yield _ONE, self.key


@dataclass(frozen=True, slots=True)
class Bits:
    """`meta mark & 0x4000`, `|`, `^`: bits of a number."""

    inner: Expression
    operator: str
    operand: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of what the bits are of."""
        return self.inner.kinds

    def values(self, packet: Packet, place: Place) -> Values:
        """The number with these bits masked, set or flipped."""
        for chance, (value,) in self.inner.values(packet, place):
            assert isinstance(value, int), "a name has no bits"
            bits = {"&": value & self.operand, "|": value | self.operand}
            yield chance, (bits.get(self.operator, value ^ self.operand) & 0xFFFFFFFF,)


@dataclass(frozen=True, slots=True)
class Joined:
    """`ip daddr . tcp dport`: several expressions as one key."""

    parts: tuple[Expression, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of all its fields."""
        return tuple(kind for part in self.parts for kind in part.kinds)

    def values(self, packet: Packet, place: Place) -> Values:
        """Every combination of the parts' values."""
        for ways in product(*(list(part.values(packet, place)) for part in self.parts)):
            chance = math.prod((share for share, _ in ways), start=_ONE)
            yield chance, tuple(value for _, key in ways for value in key)


@dataclass(frozen=True, slots=True)
class Mapped:
    """`EXPRESSION map { … }`, `EXPRESSION map @name`: what the map has for the key."""

    key: Expression
    source: Elements | NamedSet

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of the map's data, as far as it says them."""
        return self.source.data if isinstance(self.source, NamedSet) else ()

    def values(self, packet: Packet, place: Place) -> Values:
        """The data; keys that are not in the map have none."""
        for chance, key in self.key.values(packet, place):
            data = look_up(self.source, key, self.key.kinds, place)
            if isinstance(data, NftVerdict):
                raise UnknownRuleError("a verdict where a value belongs")
            if data is not None:
                yield chance, data


Expression = Field | Numgen | Constants | Bits | Joined | Mapped


def look_up(
    source: Elements | NamedSet, key: Key, kinds: tuple[str, ...], place: Place
) -> Key | NftVerdict | None:
    """What a set or map has for a key: the empty key from a set, None if it is not there.

    In a set that packets fill are the elements of its own and what packets have left there.
    """
    if isinstance(source, Elements):
        return source.find(key)
    if source.is_dynamic and place.remembers(source.name, remembered(key, kinds)):
        return ()
    return source.elements(kinds).find(key)


def remembered(key: Key, kinds: tuple[str, ...]) -> str:
    """A key as `Place.remembers` knows it: `10.0.0.1 . 80`."""
    return " . ".join(map(_written, key, kinds))


def _written(value: Value, kind: str) -> str:
    if kind != "address" or isinstance(value, str):
        return str(value)
    return str(ip_address(value))
