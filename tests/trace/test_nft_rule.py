"""Rules and sets of nftables are read as nft lists them, and what is not understood is said."""

from __future__ import annotations

import time
import timeit
from pathlib import Path

import pytest

from labnet.state import NftBlock, NftTable, parse_nft_tables
from labnet.trace.nft_parser import parse_nft_rule
from labnet.trace.nft_sets import Elements, NamedSet, NftVerdict
from labnet.trace.nft_values import Range


GOLDEN = sorted((Path(__file__).parent.parent / "compile" / "golden").glob("*.nft"))
WHOLE = [path for path in GOLDEN if path.stem in {"nftables", "nftables-dual-stack"}]
LISTED = """
ip daddr 10.96.0.1 tcp dport 443 ip saddr != 10.244.0.0/16 jump x
numgen random mod 3 vmap { 0 : goto a, 1 : goto b, 2 : goto a }
numgen inc mod 2 offset 4 vmap { 4 : accept, 5 : drop }
meta l4proto 6 dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }
meta l4proto 6 dnat ip to ip daddr . tcp dport . numgen random mod 2 map @ends
update @seen { ip saddr timeout 300s }
add @seen { ip saddr }
meta l4proto { 6, 17 } th dport { 80, 443, 1000-2000 } accept
reject with icmp 13
reject with tcp reset
meta mark set meta mark & 0xffff00ff
ct mark set meta mark
counter name "cc" log prefix "hi there" level warn limit rate 5/minute burst 5 packets return
counter packets 12 bytes 840 drop
limit rate over 10 mbytes/second burst 5 kbytes drop
quota over 10 mbytes used 0 bytes drop
fib daddr . iif type 2 accept
ct state vmap { 0x1 : drop, 0x2 : accept, 0x4 : accept, 0x8 : jump a }
ct original ip daddr 10.96.0.1 accept
ct original proto-dst 80 accept
iifname { "lo", "eth*" } accept
tcp flags 0x2 / 0x1,0x2,0x4,0x10 accept
ip saddr != { 10.0.0.0/7 } drop comment "x; y, { }"
meta l4proto 6 redirect to :8080
meta l4proto 6 masquerade to :1024-2000 random,persistent
snat to 1.2.3.4-1.2.3.9 persistent
meta l4proto 6 snat to 1.2.3.4:90-99
meta l4proto 6 dnat to [fd00::1]:80
tcp option maxseg size set rt mtu
meta nftrace set 1
notrack
continue
"""
SETS = {
    "ends": NamedSet("ends", (), ("address", "port"), is_dynamic=False, members=()),
    "seen": NamedSet("seen", ("address",), (), is_dynamic=True, members=()),
}


def chains(table: NftTable) -> list[NftBlock]:
    """The chains of a table."""
    return [block for block in table.blocks if block.kind == "chain"]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_every_rule_of_labnet_is_understood(path: Path) -> None:
    """Nothing that labnet writes is unknown to the tracer, the elements of its sets included."""
    tables = parse_nft_tables("node", path.read_text(encoding="utf-8"))
    assert tables
    for table in tables:
        sets = {b.name: NamedSet.of(b) for b in table.blocks if b.kind != "chain"}
        for named in sets.values():
            named.elements(named.keys)
        for chain in chains(table):
            for line in chain.members:
                assert parse_nft_rule(line, sets).unknown == (), line


@pytest.mark.parametrize("line", LISTED.strip().splitlines())
def test_what_nft_lists_is_understood(line: str) -> None:
    """Statements and expressions in the words of `nft -nn list`."""
    assert parse_nft_rule(line, SETS).unknown == ()


@pytest.mark.parametrize(
    "line",
    [
        "meta skuid 0 drop",
        "jhash ip saddr mod 2 vmap { 0 : accept }",
        "ip daddr @nothing drop",
        "udp length 9 accept",
        "queue to 1",
        "meta mark set meta mark << 1",
        "fib saddr . iif oif missing drop",
        "update @seen { ip saddr : 1 }",
        "dnat",
        "meta l4proto 6 dnat to strange",
    ],
)
def test_what_is_not_understood_is_said(line: str) -> None:
    """An unknown word makes the rest of the rule an `Unknown`."""
    assert parse_nft_rule(line, SETS).unknown


def test_what_stands_before_unknown_words_is_asked_first() -> None:
    """A rule that does not match anyway is no matter."""
    rule = parse_nft_rule("ip daddr 10.0.0.1 meta skuid 0 drop", {})
    assert [type(item).__name__ for item in rule.statements] == ["Relation", "Unknown"]


def test_a_set_of_a_block_knows_its_types() -> None:
    """`type` and `typeof` say what keys and data are."""
    block = NftBlock(
        "map",
        "m",
        ("type ipv4_addr . inet_proto . inet_service : verdict",),
        ('10.96.0.1 . 6 . 443 comment "a : b" : goto x', "10.96.0.2 . udp . 53 : drop"),
    )
    named = NamedSet.of(block)
    assert named.keys == ("address", "protocol", "port")
    found = named.elements(named.keys)
    assert NftVerdict("goto", "x") == found.find((0x0A600001, 6, 443))
    assert NftVerdict("drop") == found.find((0x0A600002, 17, 53))
    assert found.find((0x0A600001, 17, 443)) is None


def test_ranges_are_found() -> None:
    """In sets of one field and of several; the catch-all element only if nothing else is."""
    one = Elements.of([((Range(5, 9),), (1,)), ((20,), (2,)), ((Range(30, 30),), (3,))])
    assert [one.find((value,)) for value in (4, 5, 9, 10, 20, 30, 31)] == [
        None,
        (1,),
        (1,),
        None,
        (2,),
        (3,),
        None,
    ]
    two = Elements.of([((7, Range(1, 3)), (1,)), ((Range(8, 9), 1), (2,))])
    assert [two.find(key) for key in ((7, 2), (7, 4), (9, 1))] == [(1,), None, (2,)]
    rest = Elements.of([((1,), (1,)), ((Range(0, 1 << 129),), (9,))])
    assert [rest.find((value,)) for value in (1, 2)] == [(1,), (9,)]


def test_a_lookup_does_not_look_at_every_element() -> None:
    """A lookup among 15,000 elements takes less than reading one of them."""
    members = tuple(
        f"10.{number >> 8}.{number & 255}.1 . 80 . {end} : 10.0.0.1 . 8080"
        for number in range(5000)
        for end in range(3)
    )
    named = NamedSet("m", (), ("address", "port"), is_dynamic=False, members=members)
    start = time.perf_counter()
    found = named.elements(("address", "port", "number"))
    one = (time.perf_counter() - start) / len(members)
    key = (0x0A000001 + (4999 << 8), 80, 2)
    assert found.find(key) == (0x0A000001, 8080)
    assert min(timeit.repeat(lambda: found.find(key), number=100, repeat=9)) / 100 < one
