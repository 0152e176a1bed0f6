"""Addresses as rules see them: prefixes, and the types of the local routing table."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from labnet.trace.packet import Addresses, address_number


_V4_MULTICAST = 0xE
_V6_MULTICAST = 0xFF


@dataclass(frozen=True, slots=True)
class Prefix:
    """Addresses that agree with `number` where `mask` has ones; `text` is as the rule has it."""

    number: int
    mask: int
    text: str

    @classmethod
    def parse(cls, text: str) -> Prefix:
        """`10.0.0.0/8`, `10.0.0.1`, `fd00::/64`; also `10.0.0.1/255.0.255.0`."""
        address, _, length = text.partition("/")
        parsed = ip_address(address)
        ones = (1 << parsed.max_prefixlen) - 1
        if not length:
            mask = ones
        elif length.isdigit():
            mask = ones ^ (ones >> int(length))
        else:
            mask = int(ip_address(length))
        return cls(int(parsed) & mask, mask, text)

    def contains(self, address: str) -> bool:
        """Whether an address is one of these."""
        return address_number(address) & self.mask == self.number


def address_type(address: str, place: Addresses, interface: str = "") -> str:
    """The type that a namespace's local routing table gives an address."""
    if place.is_local(address, interface):
        return "LOCAL"
    number, is_v6 = address_number(address), ":" in address
    if number >> 120 == _V6_MULTICAST if is_v6 else number >> 28 == _V4_MULTICAST:
        return "MULTICAST"
    if not is_v6 and (number == 0xFFFFFFFF or place.is_broadcast(address)):
        return "BROADCAST"
    return "UNICAST"
