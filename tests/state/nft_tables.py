"""nftables tables of any shape that the kernel takes, in nft's own words."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from labnet.state import NftBlock, NftTable, sorted_blocks


HOOK = "type filter hook {} priority {}"
CHAINS = ("c0", "c1", "c2", "c3")
ADDRESSES = tuple(f"10.0.0.{number}" for number in range(6))


def _picked(draw: Any, names: tuple[str, ...]) -> list[str]:
    return sorted(draw(st.sets(st.sampled_from(names))))


def _sets(draw: Any) -> list[NftBlock]:
    """Plain ones, with and without a comment, and ones that packets fill."""
    blocks = []
    for name in _picked(draw, ("s0", "s1")):
        header = ("type ipv4_addr", *draw(st.sampled_from([(), ('comment "a, b"',)])))
        blocks.append(NftBlock("set", name, header, tuple(_picked(draw, ADDRESSES))))
    for name in _picked(draw, ("d0", "d1")):
        timeout = draw(st.sampled_from(["timeout 10800s", "timeout 60s"]))
        header = ("type ipv4_addr", "size 65535", "flags dynamic,timeout", timeout)
        blocks.append(NftBlock("set", name, header))
    return blocks


def _map(draw: Any, name: str, kind: str, values: list[str]) -> NftBlock:
    elements = []
    for address in _picked(draw, ADDRESSES):
        comment = draw(st.sampled_from(["", ' comment "x : y"']))
        elements.append(f"{address}{comment} : {draw(st.sampled_from(values))}")
    return NftBlock("map", name, (f"type ipv4_addr : {kind}",), tuple(sorted(elements)))


def _rules(draw: Any, chain: str, targets: list[str], blocks: list[NftBlock]) -> tuple[str, ...]:
    """Only base chains look into verdict maps, and others jump to later ones: there are no loops.

    That a name is that of another kind of set in another table is part of it.
    """
    rules = ["ip saddr 10.0.0.1 drop", "counter", 'ip daddr 10.0.0.2 accept comment "z"']
    rules += [f"ip daddr 10.0.0.3 goto {name}" for name in targets if name > chain]
    for block in blocks:
        if block.kind == "set" and block.members:
            rules.append(f"ip saddr @{block.name} accept")
        elif block.kind == "set" and block.name.startswith("d"):
            rules.append(f"update @{block.name} {{ ip saddr }}")
        elif block.kind == "map" and chain.startswith("base") and "verdict" in block.header[0]:
            rules.append(f"ip daddr vmap @{block.name}")
    return tuple(draw(st.lists(st.sampled_from(rules), max_size=4)))


@st.composite
def tables(draw: Any, netns: str = "lab.node1") -> NftTable:
    """A table of up to four chains of its own, two base chains, four sets and three maps.

    c3 may be a base chain in one and not in another, and s1 a set in one and a map in another.
    """
    blocks = _sets(draw)
    names = _picked(draw, CHAINS)
    base = ["base0", *(["c3"] if "c3" in names and draw(st.booleans()) else [])]
    targets = [name for name in names if name not in base]
    for name in _picked(draw, ("m0", "m1")):
        verdicts = ["drop", *(f"goto {target}" for target in targets)]
        blocks.append(_map(draw, name, "verdict", verdicts))
    if not any(block.name == "s1" for block in blocks):
        blocks.append(_map(draw, "s1", "ipv4_addr", ["10.1.0.1", "10.1.0.2"]))
    chains = []
    for name in sorted({*names, *base}):
        header: tuple[str, ...] = draw(st.sampled_from([(), (), (), ('comment "why"',)]))
        if name in base:
            hook = draw(st.sampled_from([("input", -100), ("input", 0), ("output", 0)]))
            header = HOOK.format(*hook), draw(st.sampled_from(["policy accept", "policy drop"]))
        chains.append(NftBlock("chain", name, header, _rules(draw, name, targets, blocks)))
    return NftTable(netns, 4, "kube-proxy", sorted_blocks([*blocks, *chains]))
