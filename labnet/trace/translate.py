"""What network address translation does to a packet: the same for both kinds of rules.

What the kernel chooses among several addresses by a hash of the connection, every choice is
followed, each as probable as the others. Of ports it keeps the packet's own if that is allowed, and
else takes the first (net/netfilter/nf_nat_core.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from ipaddress import ip_address

from labnet.trace.packet import Packet, Place, UnknownRuleError, address_number, endpoint


_MOST = 4096  # choices that are followed

Ports = tuple[int, int]


def parse_ends(text: str) -> tuple[str, str, Ports]:
    """First and last address and ports of `10.0.0.1-10.0.0.2:80-81`, `[fd00::1]:80`, `:80`.

    What is not said is empty, ports are (0, 0).
    """
    if text.startswith("["):
        addresses, _, ports = text[1:].partition("]")
        ports = ports.removeprefix(":")
    elif text.count(":") > 1:
        addresses, ports = text, ""
    else:
        addresses, _, ports = text.partition(":")
    first, _, last = addresses.partition("-")
    return first, last or first, parse_port_range(ports)


def parse_port_range(text: str) -> Ports:
    """`80`, `80-90`; (0, 0) for the empty text."""
    if not text:
        return 0, 0
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def to_destination(
    packet: Packet, first: str, last: str, ports: Ports, flags: frozenset[str]
) -> Iterator[tuple[Fraction, Packet]]:
    """The packet with each destination that it can get, and how probable that is.

    An empty address or port 0 is left as it is. A destination that stays the same is no DNAT.
    """
    choices = list(_choices(packet.dst, packet.dport, (first, last), ports, flags))
    for dst, dport in choices:
        to = (dst, packet.dport if packet.protocol == "icmp" else dport)
        if to == (packet.dst, packet.dport):
            yield Fraction(1, len(choices)), packet
            continue
        original = packet.original or (packet.dst, packet.dport)
        moved = replace(packet, dst=to[0], dport=to[1], dnat=True, original=original)
        yield Fraction(1, len(choices)), moved


def to_source(
    packet: Packet, first: str, last: str, ports: Ports, flags: frozenset[str]
) -> Iterator[tuple[Fraction, Packet]]:
    """The packet with each source that it is to get, and how probable that is."""
    choices = list(_choices(packet.src, packet.sport, (first, last), ports, flags))
    for src, sport in choices:
        source = endpoint(src, sport) if ports != (0, 0) else src
        yield Fraction(1, len(choices)), replace(packet, snat=source)


def to_itself(packet: Packet, place: Place, ports: Ports) -> Packet | None:
    """The packet redirected to the machine that it is on; None if it has no address to send to."""
    if packet.iif:
        address = place.primary_address(packet.iif, packet.family)
    else:
        address = "127.0.0.1" if packet.family == 4 else "::1"
    if not address:
        return None
    ((_, moved),) = to_destination(packet, address, address, ports, frozenset())
    return moved


def _choices(
    address: str, port: int, between: tuple[str, str], ports: Ports, flags: frozenset[str]
) -> Iterator[tuple[str, int]]:
    low, high = (address_number(text or address) for text in between)
    own = [port] if ports == (0, 0) else _ports(port, ports, flags)
    if not 0 < (high - low + 1) * len(own) <= _MOST:
        raise UnknownRuleError(f"too many ways to go: {between[0]}-{between[1]}")
    for number in range(low, high + 1):
        text = str(ip_address(between[0] or address) + (number - low))
        for choice in own:
            yield text, choice


def _ports(port: int, ports: Ports, flags: frozenset[str]) -> list[int]:
    low, high = ports
    if flags & {"random", "fully-random"} and high - low < _MOST:
        return list(range(low, high + 1))
    return [port if low <= port <= high else low]
