"""Constants of nftables.

Every value is a number but the names of interfaces: addresses, protocols, ports, marks, states.
`nft -nn` prints most as numbers; the words for them are known as well.
"""

from __future__ import annotations

import functools
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from labnet.trace.nft_words import unquoted


Value = int | str
Key = tuple[Value, ...]


class Range(NamedTuple):
    """Values between two, both included."""

    low: int
    high: int


class Beginning(NamedTuple):
    """Names that begin so: `veth*`."""

    text: str


Constant = Value | Range | Beginning
"""What a field of a set's element can be."""

ANY = Range(0, 1 << 129)
"""The element `*` of a set of numbers."""

SYMBOLS: dict[str, dict[str, int]] = {
    "protocol": {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "ipv6-icmp": 58, "sctp": 132},
    "state": {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64},
    "status": {
        "expected": 1,
        "seen-reply": 2,
        "assured": 4,
        "confirmed": 8,
        "snat": 16,
        "dnat": 32,
        "dying": 512,
    },
    "fib": {"unspec": 0, "unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5},
    "direction": {"original": 0, "reply": 1},
    "pkttype": {"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3},
    "nfproto": {"ipv4": 2, "ipv6": 10},
    "ethertype": {"ip": 0x800, "ip6": 0x86DD},
    "icmp": {"echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8},
    "icmpv6": {"destination-unreachable": 1, "echo-request": 128, "echo-reply": 129},
    "tcpflags": {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32},
}
FLAGS = frozenset({"state", "status", "tcpflags"})
"""Types whose values are bits: `ct state new` asks for one of several."""

_TYPES = {
    "ipv4_addr": "address",
    "ipv6_addr": "address",
    "inet_proto": "protocol",
    "inet_service": "port",
    "mark": "mark",
    "ifname": "name",
    "iface_index": "name",
    "ct_state": "state",
    "ct_status": "status",
    "fib_addrtype": "fib",
    "icmp_type": "icmp",
    "icmpv6_type": "icmpv6",
    "verdict": "verdict",
    "integer": "number",
}


def declared_types(text: str) -> tuple[str, ...]:
    """The types of `ipv4_addr . inet_service`; unknown ones are taken for numbers."""
    return tuple(_TYPES.get(word, "number") for word in text.split(" . "))


def parse_constant(word: str, kind: str) -> Constant:
    """A constant of a type: a value, a range (a prefix too), or the beginning of a name.

    Errors:
      ValueError: it cannot be one.
    """
    if kind == "name":
        name = unquoted(word)
        return Beginning(name[:-1]) if name.endswith("*") else name
    if word == "*":
        return ANY
    if (symbol := SYMBOLS.get(kind, {}).get(word)) is not None:
        return symbol
    if "/" in word:
        network = ip_network(word, strict=False)
        return Range(int(network[0]), int(network[-1]))
    low, dash, high = word.partition("-")
    return Range(_number(low), _number(high)) if dash else _number(word)


@functools.lru_cache(maxsize=65536)
def _number(word: str) -> int:
    if word.isdigit():
        return int(word)
    return int(word, 16) if word.startswith("0x") else int(ip_address(word))


def matches(value: Value, constant: Constant) -> bool:
    """Whether a value is the constant, or one of those that it stands for."""
    match constant:
        case Range(low=low, high=high):
            return isinstance(value, int) and low <= value <= high
        case Beginning(text=text):
            return isinstance(value, str) and value.startswith(text)
    return value == constant
