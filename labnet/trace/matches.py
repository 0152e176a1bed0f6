"""What an iptables rule can ask of a packet: one type for each match (iptables-extensions(8)).

`holds` is the answer for the first packet of a connection; a rule with a `Random` or `Nth`
matches with that probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from labnet.trace.addresses import Prefix, address_type
from labnet.trace.packet import Packet, Place, UnknownRuleError, address_number


Side = Literal["src", "dst"]

SYN = frozenset({"SYN"})
"""The flags of the first packet of a TCP connection."""

_ECHO_REQUEST = {4: (8, 0), 6: (128, 0)}


@dataclass(frozen=True, slots=True)
class AddressMatch:
    """`-s`, `-d`: the packet's address is in a prefix."""

    side: Side
    prefix: Prefix
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        del place
        address = packet.src if self.side == "src" else packet.dst
        return self.prefix.contains(address) != self.negated


@dataclass(frozen=True, slots=True)
class RangeMatch:
    """`-m iprange`: the packet's address is between two, both included."""

    side: Side
    first: str
    last: str
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        del place
        number = address_number(packet.src if self.side == "src" else packet.dst)
        inside = address_number(self.first) <= number <= address_number(self.last)
        return inside != self.negated


@dataclass(frozen=True, slots=True)
class InterfaceMatch:
    """`-i`, `-o`: a name, or with `+` at its end the beginning of one."""

    side: Literal["in", "out"]
    name: str
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches; one that has no such interface has the empty name."""
        del place
        return is_called(packet.iif if self.side == "in" else packet.oif, self.name, self.negated)


@dataclass(frozen=True, slots=True)
class PhysdevMatch:
    """`-m physdev`: the bridge ports that netfilter sees a packet pass.

    `what` is `in` or `out` (with `name` as in InterfaceMatch), `is-in`, `is-out` or `is-bridged`.
    """

    what: Literal["in", "out", "is-in", "is-out", "is-bridged"]
    name: str = ""
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        del place
        port_in, port_out = packet.port_in, packet.port_out
        if self.what in {"in", "out"}:
            port = port_in if self.what == "in" else port_out
            return is_called(port, self.name, self.negated)
        is_so = {"is-in": port_in, "is-out": port_out, "is-bridged": port_in and port_out}
        return bool(is_so[self.what]) != self.negated


@dataclass(frozen=True, slots=True)
class ProtocolMatch:
    """`-p`: a protocol in the packet's words, or another one by its number or name."""

    protocol: str
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches; ICMP is each family's own."""
        del place
        is_so = self.protocol in {packet.protocol, "all"}
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class PortMatch:
    """`--sport`, `--dport`, `-m multiport`: ranges, both ends included."""

    side: Literal["src", "dst", "either"]
    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        del place
        own = {"src": (packet.sport,), "dst": (packet.dport,)}
        ports = own.get(self.side, (packet.sport, packet.dport))
        is_so = any(low <= port <= high for port in ports for low, high in self.ranges)
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class TcpFlagsMatch:
    """`--tcp-flags`: of the flags in `mask`, exactly those in `flags` are set."""

    mask: frozenset[str]
    flags: frozenset[str]
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether a SYN matches."""
        del packet, place
        return (self.mask & SYN == self.flags) != self.negated


@dataclass(frozen=True, slots=True)
class IcmpMatch:
    """`--icmp-type`, `--icmpv6-type`: a type, and a code or any."""

    type: int
    code: int | None = None
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether an echo request matches."""
        del place
        kind, code = _ECHO_REQUEST[packet.family]
        is_so = self.type == kind and self.code in {None, code}
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class MarkMatch:
    """`-m mark`, and `-m connmark` for that of the connection."""

    value: int
    mask: int = 0xFFFFFFFF
    negated: bool = False
    of_connection: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        del place
        mark = packet.connmark if self.of_connection else packet.mark
        return (mark & self.mask == self.value) != self.negated


@dataclass(frozen=True, slots=True)
class StateMatch:
    """`--ctstate`, `--state`: any of these; `DNAT` and `SNAT` are said beside a state."""

    states: frozenset[str]
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet's connection matches."""
        del place
        is_so = packet.state in self.states
        is_so |= packet.dnat and "DNAT" in self.states
        is_so |= bool(packet.masquerade or packet.snat) and "SNAT" in self.states
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class ConnectionAddressMatch:
    """`--ctorigsrc`, `--ctorigdst`, `--ctreplsrc`, `--ctrepldst`: where the connection's ends are.

    The source of replies is the destination after NAT.
    """

    what: Literal["origsrc", "origdst", "replsrc", "repldst"]
    prefix: Prefix
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet's connection matches."""
        del place
        address = {"origdst": packet.original_dst[0], "replsrc": packet.dst}
        is_so = self.prefix.contains(address.get(self.what, packet.src))
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class ConnectionPortMatch:
    """`--ctorigdstport` and its like."""

    what: Literal["origsrc", "origdst", "replsrc", "repldst"]
    ports: tuple[int, int]
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet's connection matches."""
        del place
        ports = {"origdst": packet.original_dst[1], "replsrc": packet.dport}
        is_so = self.ports[0] <= ports.get(self.what, packet.sport) <= self.ports[1]
        return is_so != self.negated


@dataclass(frozen=True, slots=True)
class DirectionMatch:
    """`--ctdir`: a first packet goes in the ORIGINAL direction."""

    direction: str

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet's direction is this one."""
        del packet, place
        return self.direction == "ORIGINAL"


@dataclass(frozen=True, slots=True)
class AddressTypeMatch:
    """`-m addrtype`: LOCAL, UNICAST, BROADCAST, MULTICAST (any of `types`).

    `limit` is the interface that a LOCAL address must be on: that it came in by, leaves by, or any.
    """

    side: Side
    types: frozenset[str]
    negated: bool = False
    limit: Literal["", "in", "out"] = ""

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches."""
        interface = {"": "", "in": packet.iif, "out": packet.oif}[self.limit]
        address = packet.src if self.side == "src" else packet.dst
        return (address_type(address, place, interface) in self.types) != self.negated


@dataclass(frozen=True, slots=True)
class RecentMatch:
    """`-m recent`: whether an address was noted in a list, or noting it.

    `seconds` is how long it counts (0: for ever), `hits` how often it must have been noted.
    """

    name: str
    action: Literal["set", "rcheck", "update", "remove"]
    side: Side = "src"
    seconds: int = 0
    hits: int = 0
    reap: bool = False
    negated: bool = False

    def holds(self, packet: Packet, place: Place) -> bool:
        """Whether the packet matches; noting an address always does."""
        is_so = self.action == "set" or place.remembers(self.name, self.key(packet))
        return is_so != self.negated

    def key(self, packet: Packet) -> str:
        """The address that is looked up or noted."""
        return packet.src if self.side == "src" else packet.dst


@dataclass(frozen=True, slots=True)
class Always:
    """A match that holds for a first packet whatever it is: `-m nfacct`, `-m limit`, quota."""

    module: str
    text: str

    def holds(self, packet: Packet, place: Place) -> bool:
        """It does."""
        del packet, place
        return True


@dataclass(frozen=True, slots=True)
class Random:
    """`-m statistic --mode random`: true as often as this."""

    probability: Fraction

    def holds(self, packet: Packet, place: Place) -> bool:
        """It can; how often is the rule's affair."""
        del packet, place
        return True


@dataclass(frozen=True, slots=True)
class Nth:
    """`-m statistic --mode nth`: true for one packet of every so many, the `packet`th from 0."""

    every: int
    packet: int = 0
    negated: bool = False

    @property
    def probability(self) -> Fraction:
        """How often it is true of a packet taken at random."""
        once = Fraction(1, self.every)
        return 1 - once if self.negated else once

    def holds(self, packet: Packet, place: Place) -> bool:
        """It can; how often is the rule's affair."""
        del packet, place
        return True


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words of a rule that the tracer does not know."""

    text: str

    def holds(self, packet: Packet, place: Place) -> bool:
        """Nobody can say."""
        del packet, place
        raise UnknownRuleError(self.text)


Match = (
    AddressMatch
    | RangeMatch
    | InterfaceMatch
    | PhysdevMatch
    | ProtocolMatch
    | PortMatch
    | TcpFlagsMatch
    | IcmpMatch
    | MarkMatch
    | StateMatch
    | ConnectionAddressMatch
    | ConnectionPortMatch
    | DirectionMatch
    | AddressTypeMatch
    | RecentMatch
    | Always
    | Random
    | Nth
    | Unknown
)


def is_called(name: str, pattern: str, negated: bool) -> bool:  # noqa: FBT001  # a match's own flag
    """Whether an interface has this name (`veth+`: one that begins so)."""
    prefix = pattern.removesuffix("+")
    is_so = name.startswith(prefix) if pattern.endswith("+") else name == pattern
    return is_so != negated
