"""A packet on its way, and what a rule can ask about the place where it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, Protocol


Hook = Literal["prerouting", "input", "forward", "output", "postrouting"]
Verdict = Literal["continue", "accept", "drop", "reject"]


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection (conntrack state NEW), as rules see it at one hook.

    Addresses are canonical text. `iif` is the interface it came in by, empty if the machine sends
    it itself; `oif` the one it leaves by, empty before routing and at input. `dnat` says that
    its destination has been changed in this namespace, `masquerade` that its source is to be.
    """

    src: str
    dst: str
    protocol: Literal["tcp", "udp", "sctp", "icmp"] = "tcp"
    sport: int = 40000
    dport: int = 80
    iif: str = ""
    oif: str = ""
    mark: int = 0
    dnat: bool = False
    masquerade: bool = False
    state: Literal["NEW", "ESTABLISHED", "RELATED", "INVALID"] = "NEW"


class Step(NamedTuple):
    """A rule that matched: where it stands, and its text."""

    table: str
    chain: str
    rule: str


class Branch(NamedTuple):
    """One way that a packet can go through a base chain.

    `probability` is that of the way; `continue` means the next base chain of the hook.
    """

    probability: Fraction
    packet: Packet
    verdict: Verdict
    steps: tuple[Step, ...]


class Place(Protocol):
    """What a rule can ask of the namespace: its addresses, and what packets left behind."""

    def is_local(self, address: str) -> bool:
        """Whether an address is one of the namespace's own (127/8 and ::1 too)."""

    def remembers(self, name: str, address: str) -> bool:
        """Whether `address` is in a list that packets fill (xt_recent, a dynamic set)."""


class BaseChain(Protocol):
    """A chain that netfilter calls, of either kind of rules.

    Priorities are netfilter's numbers: raw -300, mangle -150, dstnat -100, filter 0, srcnat 100.
    """

    hook: Hook
    priority: int

    def branches(self, packet: Packet, place: Place) -> Iterator[Branch]:
        """Every way that the packet can go; their probabilities add up to 1."""
