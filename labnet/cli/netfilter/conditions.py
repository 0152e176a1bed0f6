"""What an iptables rule asks of a packet, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from labnet.trace.matches import (
    AddressMatch,
    AddressTypeMatch,
    Always,
    ConnectionAddressMatch,
    ConnectionPortMatch,
    DirectionMatch,
    IcmpMatch,
    InterfaceMatch,
    MarkMatch,
    Match,
    Nth,
    PhysdevMatch,
    PortMatch,
    ProtocolMatch,
    Random,
    RangeMatch,
    RecentMatch,
    StateMatch,
    TcpFlagsMatch,
    Unknown,
)


EVERYTHING = "every packet"
_CLOSE = Fraction(1, 1_000_000)
_SIDES = {"src": "from", "dst": "to"}
_FULL = ("/32", "/128")
_UNITS = ((3600, "h"), (60, "min"))


def condition(matches: Sequence[Match], *, rest: bool = False) -> str:
    """The packets that all of `matches` hold for: `to 10.96.0.10 port 80/tcp, from 10.0.0.0/8`.

    `rest` says that rules before this one have taken a part of the packets by chance.
    """
    phrases = [*_chances(matches, rest=rest), *_destination(matches), *_others(matches)]
    return ", ".join(phrases) or ("the rest" if rest else EVERYTHING)


def notes_client(matches: Iterable[Match]) -> str:
    """The list that the rule writes the client's address into; empty if it does not."""
    found = (one for one in matches if isinstance(one, RecentMatch) and one.action == "set")
    return next((one.name for one in found), "")


def _chances(matches: Sequence[Match], *, rest: bool) -> Iterator[str]:
    for one in matches:
        if isinstance(one, Random | Nth):
            yield chance_words(one.probability) + (" of the rest" if rest else "")


def chance_words(probability: Fraction) -> str:
    """`1 in 3`, also of what iptables makes of a third."""
    if not probability:
        return "none"
    parts = round(1 / probability)
    if abs(probability - Fraction(1, parts)) < _CLOSE:
        return f"1 in {parts}"
    return f"{float(probability):.2%}"


def _destination(matches: Sequence[Match]) -> Iterator[str]:
    """Address, port and protocol, which belong together: `to 10.96.0.10 port 80/tcp`."""
    address = next((one for one in matches if _is_destination(one)), None)
    ports = next((one for one in matches if isinstance(one, PortMatch) and one.side == "dst"), None)
    protocol = _protocol(matches)
    words = []
    if isinstance(address, AddressMatch):
        words.append(f"{_but(address.negated)}{plain(address.prefix.text)}")
    if isinstance(ports, PortMatch):
        suffix = f"/{protocol}" if protocol else ""
        word = "any port but" if ports.negated else "port"
        words.append(f"{word} {_ranges(ports.ranges)}{suffix}")
    if words:
        yield f"to {' '.join(words)}"
    if protocol and not isinstance(ports, PortMatch):
        yield protocol


def _is_destination(match: Match) -> bool:
    return isinstance(match, AddressMatch) and match.side == "dst"


def _protocol(matches: Iterable[Match]) -> str:
    for one in matches:
        if isinstance(one, ProtocolMatch):
            return f"not {one.protocol}" if one.negated else one.protocol
    return ""


def _others(matches: Sequence[Match]) -> Iterator[str]:
    for one in matches:
        if _is_destination(one) or (isinstance(one, PortMatch) and one.side == "dst"):
            continue
        phrase = _PHRASES.get(type(one))
        if phrase is not None:
            words = phrase(one)
            if words:
                yield words


def plain(prefix: str) -> str:
    """A prefix without the length that means one address."""
    for full in _FULL:
        prefix = prefix.removesuffix(full)
    return prefix


def _but(negated: bool) -> str:  # noqa: FBT001  # a match's own flag
    return "anywhere but " if negated else ""


def _not(negated: bool) -> str:  # noqa: FBT001  # likewise
    return "not " if negated else ""


def _ranges(ranges: Iterable[tuple[int, int]]) -> str:
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def _address(one: AddressMatch) -> str:
    return f"{_SIDES[one.side]} {_but(one.negated)}{plain(one.prefix.text)}"


def _range(one: RangeMatch) -> str:
    return f"{_SIDES[one.side]} {_but(one.negated)}{one.first}-{one.last}"


def _interface(one: InterfaceMatch) -> str:
    way = "in by" if one.side == "in" else "out by"
    name = f"{one.name[:-1]}…" if one.name.endswith("+") else one.name
    return f"{way} {'any interface but ' if one.negated else ''}{name}"


def _physdev(one: PhysdevMatch) -> str:
    if one.what in ("in", "out"):
        return f"{_not(one.negated)}{one.what} by bridge port {one.name}"
    words = {"is-in": "in by", "is-out": "out by", "is-bridged": "between two ports of"}
    return f"{_not(one.negated)}{words[one.what]} a bridge"


def _port(one: PortMatch) -> str:
    side = {"src": "from", "either": "from or to"}[one.side]
    return f"{side} {'any port but' if one.negated else 'port'} {_ranges(one.ranges)}"


def _flags(one: TcpFlagsMatch) -> str:
    is_new = "SYN" in one.flags and "ACK" not in one.flags
    if is_new and {"SYN", "ACK"} <= one.mask:
        return "that opens no connection" if one.negated else "that opens a connection"
    flags = ",".join(sorted(one.flags)) or "none"
    return f"{_not(one.negated)}with flags {flags} of {','.join(sorted(one.mask))}"


def _icmp(one: IcmpMatch) -> str:
    code = "" if one.code is None else f" code {one.code}"
    return f"{_not(one.negated)}ICMP type {one.type}{code}"


def _mark(one: MarkMatch) -> str:
    whose = "of a connection " if one.of_connection else ""
    value = f"{one.value:#x}"
    if one.value == one.mask:
        return f"{whose}{_not(one.negated)}marked {value}"
    mask = "" if one.mask == 0xFFFF_FFFF else f" (of {one.mask:#x})"
    return f"{whose}{'without' if one.negated else 'with'} the mark {value}{mask}"


_STATES = {
    "NEW": "new",
    "ESTABLISHED": "known",
    "RELATED": "related",
    "INVALID": "invalid",
    "DNAT": "DNATed",
    "SNAT": "SNATed",
    "UNTRACKED": "untracked",
}


def _state(one: StateMatch) -> str:
    """`of a new connection`; INVALID ones are of none."""
    if one.states == {"INVALID"}:
        return f"{'not ' if one.negated else ''}of an invalid connection"
    ordered = [word for state, word in _STATES.items() if state in one.states]
    return f"{'not ' if one.negated else ''}of a {' or '.join(ordered)} connection"


def _connection_address(one: ConnectionAddressMatch) -> str:
    return f"of a connection {_END[one.what]} {_but(one.negated)}{plain(one.prefix.text)}"


def _connection_port(one: ConnectionPortMatch) -> str:
    word = "any port but" if one.negated else "port"
    return f"of a connection {_END[one.what]} {word} {_ranges([one.ports])}"


_END = {
    "origsrc": "that came from",
    "origdst": "that was meant for",
    "replsrc": "answered from",
    "repldst": "answered to",
}


def _direction(one: DirectionMatch) -> str:
    return "of the client" if one.direction == "ORIGINAL" else "of the server"


def _address_type(one: AddressTypeMatch) -> str:
    """LOCAL is what matters: an address of the node itself."""
    limit = {"": "", "in": " on the interface it came in by", "out": " on that it leaves by"}
    if one.types != {"LOCAL"}:
        kinds = " or ".join(sorted(kind.lower() for kind in one.types))
        return f"{_SIDES[one.side]} {_not(one.negated)}a {kinds} address"
    what = "no address" if one.negated else "an address"
    return f"{_SIDES[one.side]} {what} of this node{limit[one.limit]}"


def _recent(one: RecentMatch) -> str:
    """Session affinity: a client that was sent here before; noting it is no condition."""
    if one.action == "set":
        return ""
    within = f" in the last {_duration(one.seconds)}" if one.seconds else ""
    who = "a client" if one.side == "src" else "a server"
    return f"from {who} that was {_not(one.negated)}here{within}"


def _duration(seconds: int) -> str:
    for size, unit in _UNITS:
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _always(one: Always) -> str:
    name = one.text.rpartition("--nfacct-name ")[2]
    return f"counted as {name}" if one.module == "nfacct" else one.text


def _unknown(one: Unknown) -> str:
    return f"for which `{one.text}` holds"


_PHRASES: dict[type, Callable[[Any], str]] = {
    StateMatch: _state,
    AddressMatch: _address,
    RangeMatch: _range,
    InterfaceMatch: _interface,
    PhysdevMatch: _physdev,
    PortMatch: _port,
    TcpFlagsMatch: _flags,
    IcmpMatch: _icmp,
    MarkMatch: _mark,
    ConnectionAddressMatch: _connection_address,
    ConnectionPortMatch: _connection_port,
    DirectionMatch: _direction,
    AddressTypeMatch: _address_type,
    RecentMatch: _recent,
    Always: _always,
    Unknown: _unknown,
}
