"""The way of a packet through the blocks of a node: which line is met when, and below which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from labnet.cli.netfilter.blocks import Block, BlockKey, Blocks, Line, base_chains
from labnet.cli.netfilter.origins import PROXY, Origin


@dataclass(frozen=True, slots=True)
class Step:
    """A line where it is met: its block, the base chain that it is met from, and how deep it is.

    `again` are the blocks that it leads to and that were shown before.
    """

    base: Block
    block: Block
    line: Line
    depth: int
    again: tuple[BlockKey, ...] = ()


def steps(blocks: Blocks, family: int) -> Iterator[Step]:
    """Every line in the order in which packets of a family meet them.

    Each block is shown once, below the first line that leads to it.
    """
    shown: set[BlockKey] = set()
    for base in base_chains(blocks, family):
        yield from _below(base, base, 0, blocks, shown)


def _below(
    base: Block, block: Block, depth: int, blocks: Blocks, shown: set[BlockKey]
) -> Iterator[Step]:
    shown.add(block.key)
    for line in block.lines:
        there = [blocks[key] for key in line.leads_to if key in blocks]
        again = tuple(one.key for one in there if one.key in shown and one.lines)
        yield Step(base, block, line, depth, again)
        for one in there:
            if one.key not in shown:
                yield from _below(base, one, depth + 1, blocks, shown)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Service that is asked for: its namespace, its name, and a port's name if there is one."""

    namespace: str
    name: str
    port: str = ""

    def has(self, origin: Origin) -> bool:
        """Whether a rule is for it."""
        if origin.kind != "Service":
            return False
        names = (name.partition(":") for name in origin.name.split(", "))
        return any(
            service == f"{self.namespace}/{self.name}" and (self.port in ("", port) or not port)
            for service, _, port in names
        )


def concerning(blocks: Blocks, wanted: Wanted) -> Blocks:
    """The blocks with those lines only that a packet to a Service can meet.

    Kept are the Service's own lines, those that lead to one of them, and what kube-proxy does
    with the packets of all Services alike. A set that a rule only asks does not count if the rule
    leads elsewhere.
    """
    return _Sieve(blocks, wanted).kept()


class _Sieve:
    """Which lines to keep; a block is looked at once, though many lines may lead to it."""

    def __init__(self, blocks: Blocks, wanted: Wanted) -> None:
        self._blocks, self._wanted = blocks, wanted
        self._kept: dict[BlockKey, Block] = {}

    def kept(self) -> Blocks:
        """What is kept of the blocks that packets still come to."""
        found: dict[BlockKey, Block] = {}
        waiting = [key for key, block in self._blocks.items() if block.hook]
        while waiting:
            key = waiting.pop()
            if key not in found and key in self._blocks:
                found[key] = self._sifted(key)
                waiting += [there for line in found[key].lines for there in line.leads_to]
        return found

    def _sifted(self, key: BlockKey) -> Block:
        if key not in self._kept:
            block = self._blocks[key]
            self._kept[key] = replace(block, lines=())  # chains that lead back to it see no more
            lines = tuple(line for line in block.lines if self._keeps(line))
            self._kept[key] = replace(block, lines=lines)
        return self._kept[key]

    def _keeps(self, line: Line) -> bool:
        if line.origin.kind:
            return self._wanted.has(line.origin)
        if line.origin.component != PROXY:
            return False
        there = [key for key in line.leads_to if key in self._blocks]
        decisive = [key for key in there if self._blocks[key].kind != "set"] or there
        return not there or any(self._sifted(key).lines for key in decisive)
