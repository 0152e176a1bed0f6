"""What nftables can read from a packet, by the words for it (nft(8), PRIMARY EXPRESSIONS)."""

from __future__ import annotations

from collections.abc import Callable

from labnet.trace.addresses import address_type
from labnet.trace.matches import SYN
from labnet.trace.nft_expressions import Field, Reader
from labnet.trace.nft_values import SYMBOLS, Value
from labnet.trace.nft_words import Words
from labnet.trace.packet import Packet, Place, address_number


_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
_ICMP = {4: 1, 6: 58}
_NFPROTO = {4: 2, 6: 10}
_ETHERTYPE = {4: 0x800, 6: 0x86DD}
_ECHO_REQUEST = {4: 8, 6: 128}
_STATUS_SNAT, _STATUS_DNAT = 16, 32


def protocol_number(packet: Packet) -> int:
    """The number of a packet's protocol."""
    return _PROTOCOLS.get(packet.protocol) or _ICMP[packet.family]


def parse_field(words: Words) -> Field | None:
    """The field that the next words name, `ip saddr`; None if they name none.

    Errors:
      ValueError: they begin as one that is known, and go on as none.
    """
    head, name = words.peek(), words.peek(1)
    if head == "fib":
        return _fib(words)
    if head == "ct" and name in {"original", "reply"}:
        return _connection_end(words)
    if (found := _FIELDS.get(f"{head} {name}")) is not None:
        words.take_if(head, name)
        return found
    if (found := _FIELDS.get(f"meta {head}")) is not None:
        words.take()
        return found
    return None


def _address(of: Callable[[Packet], str], family: int) -> Reader:
    def read(packet: Packet, place: Place) -> Value | None:
        del place
        return address_number(of(packet)) if packet.family == family else None

    return read


def _port(of: Callable[[Packet], int], protocol: str) -> Reader:
    """`tcp dport` is of TCP packets only; `th dport` of any that have ports."""

    def read(packet: Packet, place: Place) -> Value | None:
        del place
        is_so = packet.protocol == protocol or (protocol == "th" and packet.protocol != "icmp")
        return of(packet) if is_so else None

    return read


def _of(value: Callable[[Packet], Value | None]) -> Reader:
    def read(packet: Packet, place: Place) -> Value | None:
        del place
        return value(packet)

    return read


def _status(packet: Packet) -> int:
    source = _STATUS_SNAT if packet.masquerade or packet.snat else 0
    return source | (_STATUS_DNAT if packet.dnat else 0)


def _echo(family: int) -> Reader:
    def read(packet: Packet, place: Place) -> Value | None:
        del place
        is_so = packet.protocol == "icmp" and packet.family == family
        return _ECHO_REQUEST[family] if is_so else None

    return read


def _syn(packet: Packet) -> int | None:
    if packet.protocol != "tcp":
        return None
    return sum(SYMBOLS["tcpflags"][flag.lower()] for flag in SYN)


def _fib(words: Words) -> Field:
    """`fib daddr type`, `fib daddr . iif type`: an address's type in the local table."""
    words.take()
    keys = [words.take()]
    while words.take_if("."):
        keys.append(words.take())
    result = words.take()
    where = {"saddr", "daddr"} & set(keys)
    if result != "type" or len(where) != 1 or not set(keys) <= {*where, "iif", "oif"}:
        raise ValueError(f"fib {' . '.join(keys)} {result}")
    is_source = where == {"saddr"}

    def read(packet: Packet, place: Place) -> Value | None:
        limit = packet.iif if "iif" in keys else packet.oif if "oif" in keys else ""
        address = packet.src if is_source else packet.dst
        return SYMBOLS["fib"][address_type(address, place, limit).lower()]

    return Field(f"fib {' . '.join(keys)} type", "fib", read)


def _connection_end(words: Words) -> Field:
    """`ct original ip daddr`, `ct original proto-dst`: the ends before or after NAT."""
    words.take()
    direction = words.take()
    family = {"ip": 4, "ip6": 6}.get(words.peek())
    if family is not None:
        words.take()
    what = words.take()
    source, is_address = what in {"saddr", "proto-src"}, what in {"saddr", "daddr"}
    if what not in {"saddr", "daddr", "proto-src", "proto-dst"}:
        raise ValueError(f"ct {direction} {what}")

    def read(packet: Packet, place: Place) -> Value | None:
        del place
        if family not in {None, packet.family}:
            return None
        ends = [(packet.src, packet.sport), packet.original_dst]
        if direction == "reply":
            ends = [(packet.dst, packet.dport), (packet.src, packet.sport)]
        address, port = ends[0] if source else ends[1]
        return address_number(address) if is_address else port

    kind = "address" if is_address else "port"
    return Field(f"ct {direction} {what}", kind, read)


_FIELDS: dict[str, Field] = {
    field.text: field
    for field in (
        Field("ip saddr", "address", _address(lambda p: p.src, 4)),
        Field("ip daddr", "address", _address(lambda p: p.dst, 4)),
        Field("ip6 saddr", "address", _address(lambda p: p.src, 6)),
        Field("ip6 daddr", "address", _address(lambda p: p.dst, 6)),
        Field(
            "ip protocol", "protocol", _of(lambda p: protocol_number(p) if p.family == 4 else None)
        ),
        Field(
            "ip6 nexthdr", "protocol", _of(lambda p: protocol_number(p) if p.family == 6 else None)
        ),
        *(Field(f"{p} sport", "port", _port(lambda p: p.sport, p)) for p in (*_PROTOCOLS, "th")),
        *(Field(f"{p} dport", "port", _port(lambda p: p.dport, p)) for p in (*_PROTOCOLS, "th")),
        Field("tcp flags", "tcpflags", _of(_syn)),
        Field("icmp type", "icmp", _echo(4)),
        Field("icmpv6 type", "icmpv6", _echo(6)),
        Field("meta l4proto", "protocol", _of(protocol_number)),
        Field("meta nfproto", "nfproto", _of(lambda p: _NFPROTO[p.family])),
        Field("meta protocol", "ethertype", _of(lambda p: _ETHERTYPE[p.family])),
        Field("meta mark", "mark", _of(lambda p: p.mark)),
        Field("meta iifname", "name", _of(lambda p: p.iif)),
        Field("meta oifname", "name", _of(lambda p: p.oif)),
        Field("meta iif", "name", _of(lambda p: p.iif)),
        Field("meta oif", "name", _of(lambda p: p.oif)),
        Field("meta pkttype", "pkttype", _of(lambda _: 0)),
        Field("ct state", "state", _of(lambda p: SYMBOLS["state"][p.state.lower()])),
        Field("ct status", "status", _of(_status)),
        Field("ct mark", "mark", _of(lambda p: p.connmark)),
        Field("ct direction", "direction", _of(lambda _: 0)),
    )
}
