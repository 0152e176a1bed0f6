"""What an iptables rule can do with a packet: one type for each kind of target.

See iptables(8) and iptables-extensions(8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Final:
    """ACCEPT, DROP and RETURN."""

    verdict: Literal["ACCEPT", "DROP", "RETURN"]


@dataclass(frozen=True, slots=True)
class Jump:
    """Another chain; with `-g` a RETURN there goes on where this chain was called."""

    chain: str
    goto: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """REJECT: the packet goes no further, and its sender is told with this ICMP type or a RST."""

    reply: str


@dataclass(frozen=True, slots=True)
class SetMark:
    """MARK, CONNMARK: the bits of `mask` are cleared, then those of `value` flipped."""

    value: int
    mask: int
    of_connection: bool = False

    def of(self, mark: int) -> int:
        """What becomes of a mark."""
        return (mark & ~self.mask & 0xFFFFFFFF) ^ self.value


@dataclass(frozen=True, slots=True)
class CopyMark:
    """CONNMARK's `--save-mark` (packet to connection) and `--restore-mark`, bits of a mask only."""

    direction: Literal["save", "restore"]
    to_mask: int = 0xFFFFFFFF
    from_mask: int = 0xFFFFFFFF

    def of(self, to: int, source: int) -> int:
        """What becomes of the mark `to`."""
        return (to & ~self.to_mask & 0xFFFFFFFF) ^ (source & self.from_mask)


@dataclass(frozen=True, slots=True)
class Translate:
    """DNAT and SNAT to addresses and ports between two, both included; empty, 0: left alone."""

    side: Literal["src", "dst"]
    first: str
    last: str
    ports: tuple[int, int]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Masquerade:
    """MASQUERADE: the source becomes an address of the interface that the packet leaves by."""

    ports: tuple[int, int]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Redirect:
    """REDIRECT: to the machine itself, to the interface's first address or 127.0.0.1."""

    ports: tuple[int, int]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NoTrack:
    """NOTRACK, `CT --notrack`: the packet is of no connection, so nothing is ever NATed."""


@dataclass(frozen=True, slots=True)
class Aside:
    """What does not change a packet's way: LOG, TRACE, TCPMSS, CLASSIFY and their like."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """A target that the tracer does not know, with its options."""

    text: str


Target = (
    Final
    | Jump
    | Reject
    | SetMark
    | CopyMark
    | Translate
    | Masquerade
    | Redirect
    | NoTrack
    | Aside
    | UnknownTarget
)
