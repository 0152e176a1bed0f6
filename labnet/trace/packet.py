"""A packet on its way, and what a rule can ask about the place where it is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import ip_address
from typing import Literal, NamedTuple, Protocol


Hook = Literal["prerouting", "input", "forward", "output", "postrouting"]
Kind = Literal["filter", "nat", "route"]
Verdict = Literal["continue", "accept", "drop", "reject"]
ConnectionState = Literal["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"]


class UnknownRuleError(ValueError):
    """A rule that a packet meets says something that the tracer does not know.

    Guessing would make every answer worthless, so nothing is answered; the message has the words
    and the rule.
    """


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection (conntrack state NEW), as rules see it at one hook.

    Addresses are canonical text. `iif` is the interface it came in by, empty if the machine sends
    it itself; `oif` the one it leaves by, empty before routing and at input. `port_in` and
    `port_out` are those of a bridge that netfilter sees it pass. `dnat` says that its destination
    has been changed in this namespace, and `original` is what it was. `masquerade` says that its
    source is to be that of the interface it leaves by, `snat` is the address (and `:port`) that
    its source is to be otherwise. TCP packets are a SYN, ICMP ones an echo request.
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
    state: ConnectionState = "NEW"
    snat: str = ""
    original: tuple[str, int] | None = None
    connmark: int = 0
    port_in: str = ""
    port_out: str = ""

    @property
    def family(self) -> Literal[4, 6]:
        """4 or 6."""
        return 6 if ":" in self.dst else 4

    @property
    def original_dst(self) -> tuple[str, int]:
        """Address and port that the sender meant."""
        return self.original or (self.dst, self.dport)

    def __str__(self) -> str:
        """`tcp 10.244.0.2:40000 > 10.96.0.1:80`, with the mark if it has one."""
        if self.protocol == "icmp":
            ends = f"{self.src} > {self.dst}"
        else:
            ends = f"{endpoint(self.src, self.sport)} > {endpoint(self.dst, self.dport)}"
        return f"{self.protocol} {ends}" + (f" mark {self.mark:#x}" if self.mark else "")


class Step(NamedTuple):
    """A rule that matched: where it stands, and its text."""

    table: str
    chain: str
    rule: str


class Branch(NamedTuple):
    """One way that a packet can go through a base chain.

    `probability` is that of the way; `continue` means the next base chain of the hook. `memory` is
    what rules on the way noted down: (list or set, what was noted).
    """

    probability: Fraction
    packet: Packet
    verdict: Verdict
    steps: tuple[Step, ...]
    memory: tuple[tuple[str, str], ...] = ()


class Addresses(Protocol):
    """What a namespace's local routing table says of an address."""

    def is_local(self, address: str, interface: str = "") -> bool:
        """Whether an address is one of the namespace's own, or of one interface (127/8, ::1 too).

        That of one interface alone is what `--limit-iface-in` and `fib daddr . iif` ask for.
        """

    def is_broadcast(self, address: str) -> bool:
        """Whether an address is the broadcast address of one of the namespace's subnets."""


class Place(Addresses, Protocol):
    """What a rule can ask of the namespace: its addresses, and what packets left behind."""

    def primary_address(self, interface: str, family: Literal[4, 6]) -> str:
        """The first address of an interface, which is what REDIRECT sends to; empty if none."""

    def remembers(self, name: str, key: str) -> bool:
        """Whether `key` is in a list that packets fill (xt_recent, a dynamic set)."""


class BaseChain(Protocol):
    """A chain that netfilter calls, of either kind of rules.

    Priorities are netfilter's numbers: raw -300, mangle -150, dstnat -100, filter 0, srcnat 100.
    Chains of the kind `nat` are only asked about the first packet of a connection.
    """

    @property
    def hook(self) -> Hook:
        """Where it is called."""

    @property
    def priority(self) -> int:
        """When, among others of the hook."""

    @property
    def kind(self) -> Kind:
        """What it is allowed to do."""

    @property
    def family(self) -> Literal[4, 6]:
        """Packets of the other family do not come to it."""

    def branches(self, packet: Packet, place: Place) -> Iterator[Branch]:
        """Every way that the packet can go; their probabilities add up to 1.

        Errors:
          UnknownRuleError: a rule that decides about the packet is not understood.
        """


def endpoint(address: str, port: int) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@functools.lru_cache(maxsize=65536)
def address_number(address: str) -> int:
    """The number of an address: rules are asked about the same few addresses again and again."""
    return int(ip_address(address))
