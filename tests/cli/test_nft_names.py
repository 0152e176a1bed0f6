"""Rules of nftables are shown with names, as `nft list` prints them."""

from __future__ import annotations

import pytest

from labnet.cli.netfilter.nft_names import named


@pytest.mark.parametrize(
    ("block", "text", "shown"),
    [
        ("filter-input", "ct state 0x8 jump check", "ct state new jump check"),
        ("masquerading", "ct status 0x20 masquerade", "ct status dnat masquerade"),
        ("external", "fib saddr type 2 goto there", "fib saddr type local goto there"),
        ("endpoint", "meta l4proto 6 dnat to 10.6.0.6:6", "meta l4proto tcp dnat to 10.6.0.6:6"),
        ("@service-ips", "10.96.0.1 . 6 . 6 : goto a", "10.96.0.1 . tcp . 6 : goto a"),
        ("@service-ips", "fd00::6 . 17 . 53 : goto b", "fd00::6 . udp . 53 : goto b"),
        ("@service-nodeports", "132 . 30006 : goto c", "sctp . 30006 : goto c"),
        ("@hairpin-connections", "10.6.0.6 . 10.6.0.6 . 6 . 17", "10.6.0.6 . 10.6.0.6 . tcp . 17"),
        ("@endpoints-tcp", "10.96.0.1 . 6 . 0 : 10.6.0.6 . 6", "10.96.0.1 . 6 . 0 : 10.6.0.6 . 6"),
    ],
)
def test_numbers_that_have_a_name(block: str, text: str, shown: str) -> None:
    """Protocols are known by the map that they stand in: elsewhere a 6 may be a port."""
    assert named(text, block) == shown
