"""The chains, sets and maps of nftables as blocks of lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from labnet.cli.netfilter.blocks import Block, BlockKey, Line
from labnet.cli.netfilter.nft_sentences import element_words, rule_words
from labnet.cli.netfilter.origins import PROXY, STRANGER, Origin, Origins
from labnet.state import NftBlock, NftTable


_HOOK = re.compile(r"type \w+ hook (\w+) priority (-?\d+)")
_POLICY = re.compile(r"policy (\w+)")
_CHAIN = re.compile(r"\b(?:jump|goto) ([\w./:-]+)")
_SET = re.compile(r"@([\w./:-]+)")
_COMMENT = re.compile(r'comment "([^"]*)"')
_ENDPOINT = re.compile(r" : (\S+) \. (\d+)$")


def block_name(block: NftBlock) -> str:
    """A chain by its name, a set or map with an @ before it: both may have the same name."""
    return block.name if block.kind == "chain" else f"@{block.name}"


def nft_blocks(tables: Iterable[NftTable], origins: Origins) -> Iterator[Block]:
    """The chains, sets and maps of tables."""
    for table in tables:
        wanted = origins.tables.get((table.family, table.name))
        ours = {
            (block_name(one), member)
            for one in (wanted.blocks if wanted else ())
            for member in one.members
        }
        keys = {block_name(one) for one in table.blocks}
        for one in table.blocks:
            yield _Maker(table, origins, ours, keys).block(one)


class _Maker:
    """Makes the blocks of one table."""

    def __init__(
        self, table: NftTable, origins: Origins, ours: set[tuple[str, str]], names: set[str]
    ) -> None:
        self._table, self._origins, self._ours, self._names = table, origins, ours, names

    def block(self, block: NftBlock) -> Block:
        """A block with its lines; what packets put into a set is not in it."""
        header = "; ".join(block.header)
        hook, policy = _HOOK.search(header), _POLICY.search(header)
        return Block(
            self._key(block_name(block)),
            block.kind,
            tuple(self._line(block, text) for text in block.members),
            hook=hook[1] if hook else "",
            priority=int(hook[2]) if hook else 0,
            policy=policy[1] if policy else "",
        )

    def _key(self, name: str) -> BlockKey:
        return BlockKey("nft", self._table.family, self._table.name, name)

    def _line(self, block: NftBlock, text: str) -> Line:
        named = [*_CHAIN.findall(text), *(f"@{name}" for name in _SET.findall(text))]
        leads_to = tuple(self._key(name) for name in named if name in self._names)
        origin = self._origin(block, text)
        return Line(text, origin, leads_to, self._words(block_name(block), text, origin))

    def _words(self, name: str, text: str, origin: Origin) -> Callable[[], str]:
        if name.startswith("@"):
            return lambda: element_words(name, text, origin, self._origins.chains)
        return lambda: rule_words(text, self._origins.chains)

    def _origin(self, block: NftBlock, text: str) -> Origin:
        """By the chain that it stands in or leads to, or by the comment of an element."""
        name = block_name(block)
        component = PROXY if (name, text) in self._ours else STRANGER
        find = self._of_rule if block.kind == "chain" else self._of_element
        found = find(block.name, text) or Origin(component)
        return found._replace(component=component)

    def _of_rule(self, chain: str, text: str) -> Origin | None:
        """A rule that leads to one endpoint is that endpoint's, any other its chain's."""
        here = self._origins.chains.get(chain)
        there = [self._origins.chains.get(name) for name in _CHAIN.findall(text)]
        return there[0] if here and len(there) == 1 and there[0] else here

    def _of_element(self, name: str, text: str) -> Origin | None:
        """An element of a map to endpoints says which of them; one of a set of addresses whose."""
        del name
        comment = _COMMENT.search(text)
        port = self._origins.ports.get(comment[1]) if comment else None
        backend = _ENDPOINT.search(text)
        if port and backend:
            return self._origins.with_endpoint(port, backend[1], backend[2])
        return port or self._origins.hairpins.get(text.partition(" . ")[2])
