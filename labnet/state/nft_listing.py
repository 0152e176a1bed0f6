"""Tables as nft lists them, and as values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from labnet.state.nft import NftTable, sorted_blocks
from labnet.state.nft_block import NftBlock


_FAMILIES: dict[str, Literal[4, 6]] = {"ip": 4, "ip6": 6}
_KINDS: dict[str, Literal["chain", "set", "map"]] = {"chain": "chain", "set": "set", "map": "map"}
_TABLE = re.compile(r"^table (\w+) (\S+) \{", re.MULTILINE)
_BLOCK = re.compile(r"^\t([\w ]+) (\S+) \{$", re.MULTILINE)
_ELEMENTS = "\n\t\telements = {"
_ELEMENT = re.compile(r'[^,"]+(?:"[^"]*"[^,"]*)*')
_COUNTED = re.compile(r'("[^"]*")|(?<=\bcounter) packets \d+ bytes \d+| expires \w+')


def parse_nft_tables(netns: str, text: str) -> list[NftTable]:
    """The tables of the families ip and ip6 in what `nft -nn list` prints.

    What packets make of it is left out: what counters say, when elements expire, and what is in a
    set with `flags dynamic`. So are named objects (`counter`, `quota`, `flowtable`, ...), of which
    labnet makes none.
    """
    if "packets" in text or "expires" in text:
        text = _COUNTED.sub(lambda found: found[1] or "", text)
    tables = []
    for chunk in text.split("\n}"):
        found = _TABLE.search(chunk)  # behind a comment, if iptables-nft manages it
        if found and found[1] in _FAMILIES:
            tables.append(_table(netns, _FAMILIES[found[1]], found[2], chunk[found.end() :]))
    return tables


def _table(netns: str, family: Literal[4, 6], name: str, body: str) -> NftTable:
    """A table from what stands in its braces."""
    header: list[str] = []
    blocks: list[NftBlock] = []
    for chunk in body.split("\n\t}"):
        found = _BLOCK.search(chunk)
        lines = chunk[: found.start()] if found else chunk
        header += [line.strip(" \t;") for line in lines.splitlines() if line.strip()]
        if found and found[1] in _KINDS:
            blocks.append(_block(_KINDS[found[1]], found[2], chunk[found.end() :]))
    return NftTable(netns, family, name, sorted_blocks(blocks), tuple(header))


def _block(kind: Literal["chain", "set", "map"], name: str, body: str) -> NftBlock:
    if kind == "chain":
        return _chain(name, [line.strip() for line in body.splitlines() if line.strip()])
    properties, _, rest = body.partition(_ELEMENTS)
    header = tuple(line.strip(" \t;") for line in properties.splitlines() if line.strip())
    if any(line.startswith("flags ") and "dynamic" in line for line in header):
        return NftBlock(kind, name, header)
    found = _ELEMENT.findall(rest.rstrip().removesuffix("}"))
    return NftBlock(kind, name, header, tuple(sorted(item.strip() for item in found)))


def _chain(name: str, lines: Iterable[str]) -> NftBlock:
    """A chain: a comment and the line of a base chain are its properties, the rest its rules."""
    header: list[str] = []
    rules: list[str] = []
    for line in lines:
        if line.startswith('comment "'):
            header.append(line.rstrip(";"))
        elif line.startswith(("type ", "policy ")):
            header += [part.strip() for part in line.split(";") if part.strip()]
        else:
            rules.append(line)
    return NftBlock("chain", name, tuple(header), tuple(rules))
