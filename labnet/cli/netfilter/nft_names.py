"""nftables' words where labnet reads numbers: as `nft list` prints a rule, not `nft -nn list`."""

from __future__ import annotations

import re
from typing import Final


_WORDS: Final = (
    (re.compile(r"\bct state 0x8\b"), "ct state new"),
    (re.compile(r"\bct status 0x20\b"), "ct status dnat"),
    (re.compile(r"(\bfib [sd]addr) type 2\b"), r"\1 type local"),
    (re.compile(r"\bmeta l4proto 6\b"), "meta l4proto tcp"),
    (re.compile(r"\bmeta l4proto 17\b"), "meta l4proto udp"),
    (re.compile(r"\bmeta l4proto 132\b"), "meta l4proto sctp"),
)
_PROTOCOLS: Final = {"6": "tcp", "17": "udp", "132": "sctp"}
_PROTOCOL: Final = re.compile(r"(^|(?<= \. ))(?:6|17|132)(?= \. \d+(?: |$))")
_BY_PROTOCOL: Final = {
    "@firewall-ips",
    "@hairpin-connections",
    "@no-endpoint-nodeports",
    "@no-endpoint-services",
    "@service-ips",
    "@service-nodeports",
}
"""Where a number before a port is a protocol; elsewhere it is a port before a random number."""


def named(text: str, block: str) -> str:
    """A rule of a chain, or an element of the set or map of that name (with its @)."""
    if block in _BY_PROTOCOL:
        return _PROTOCOL.sub(lambda found: _PROTOCOLS[found[0]], text)
    for number, word in _WORDS:
        text = number.sub(word, text)
    return text
