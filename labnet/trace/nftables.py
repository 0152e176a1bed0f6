"""nftables tables as netfilter evaluates them (nft(8), net/netfilter/nf_tables_core.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, cast

from labnet.state import NftBlock, NftTable
from labnet.trace.nft_parser import NftRule, parse_nft_rule
from labnet.trace.nft_sets import NamedSet, NftVerdict
from labnet.trace.nft_statements import BREAK, Statement, Way
from labnet.trace.packet import Branch, Hook, Kind, Packet, Place, UnknownRuleError
from labnet.trace.position import ONE, Position, follow


_BASE = re.compile(r"type (\w+) hook (\w+) (?:device \S+ )?priority (\w+|-\d+)(?: ([+-]) (\d+))?$")
_PRIORITIES = {
    "raw": -300,
    "mangle": -150,
    "dstnat": -100,
    "filter": 0,
    "security": 50,
    "srcnat": 100,
}
_HOOKS = frozenset({"prerouting", "input", "forward", "output", "postrouting"})


def nft_base_chains(tables: Iterable[NftTable]) -> list[NftChain]:
    """The base chains of these tables, in the order of the tables and of their chains.

    A chain's rules are read when the first packet comes to it, a set's elements when something
    is first looked up in it.
    """
    chains: list[NftChain] = []
    for table in tables:
        if any("dormant" in line for line in table.header):
            continue  # none of its chains is called
        rules = _Rules.of(table)
        chains += [_base_chain(table, rules, block) for block in table.blocks if block.is_base]
    return chains


def _base_chain(table: NftTable, rules: _Rules, block: NftBlock) -> NftChain:
    line = next(line for line in block.header if " hook " in line)
    found = _BASE.match(line)
    if found is None or found[2] not in _HOOKS:
        raise UnknownRuleError(f"{line} in table {table.path}")
    words = [line.split() for line in block.header]
    policy = next((line[1] for line in words if line[0] == "policy"), "accept")
    base = found[3]
    priority = _PRIORITIES[base] if base in _PRIORITIES else int(base)
    priority += int(f"{found[4] or '+'}{found[5] or 0}")
    hook, kind = cast("Hook", found[2]), cast("Kind", found[1])
    return NftChain(hook, priority, kind, table.family, block.name, policy, rules)


@dataclass(slots=True)
class _Rules:
    """A table's chains and sets; lines become rules when they are needed."""

    name: str
    sets: dict[str, NamedSet]
    lines: dict[str, tuple[str, ...]]
    parsed: dict[str, list[NftRule]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: NftTable) -> _Rules:
        """The chains and sets of a table."""
        sets = {b.name: NamedSet.of(b) for b in table.blocks if b.kind != "chain"}
        lines = {b.name: b.members for b in table.blocks if b.kind == "chain"}
        return cls(table.path, sets, lines)

    def of_chain(self, chain: str) -> list[NftRule]:
        """The rules of a chain."""
        if (found := self.parsed.get(chain)) is None:
            if chain not in self.lines:
                raise UnknownRuleError(f"{self.name} has no chain {chain}")
            found = [parse_nft_rule(line, self.sets) for line in self.lines[chain]]
            self.parsed[chain] = found
        return found


@dataclass(frozen=True, slots=True)
class NftChain:
    """A base chain with its policy."""

    hook: Hook
    priority: int
    kind: Kind
    family: Literal[4, 6]
    name: str
    policy: str
    table: _Rules = field(repr=False)

    def branches(self, packet: Packet, place: Place) -> Iterator[Branch]:
        """Every way that the packet can go; `numgen` is where they part.

        Errors:
          UnknownRuleError: a rule that decides about the packet is not understood.
        """
        is_nat_over = self.kind == "nat" and packet.state not in {"NEW", "RELATED"}
        if packet.family != self.family or is_nat_over:
            yield Branch(ONE, packet, "continue", ())
            return
        yield from follow(Position(packet, self.name), partial(self._go, place))

    def _go(self, place: Place, at: Position) -> Iterator[Position | Branch]:
        """One rule further, or back to the caller, or to the policy."""
        rules = self.table.of_chain(at.chain)
        if at.index == len(rules):
            yield self._back(at)
            return
        rule = rules[at.index]
        for way in _run(rule, at.packet, place):
            yield self._gone(at, rule, way)

    def _back(self, at: Position) -> Position | Branch:
        """The end of a chain: where it was called, or the policy."""
        return at.back() or at.by_policy(self.table.name, self.policy)

    def _gone(self, at: Position, rule: NftRule, way: Way) -> Position | Branch:
        """Where one way of a rule leads."""
        at = replace(
            at,
            packet=way.packet,
            index=at.index + 1,
            chance=at.chance * way.chance,
            memory=at.memory + way.memory,
        )
        if way.verdict is BREAK:
            return at
        at = at.with_step(self.table.name, rule.text)
        match way.verdict:
            case NftVerdict("accept" | "drop" | "reject" as kind):
                return at.end(kind)
            case NftVerdict("jump" | "goto" as kind, chain):
                return at.to(chain, goto=kind == "goto")
            case NftVerdict("return"):
                return self._back(at)
        return at


def _run(rule: NftRule, packet: Packet, place: Place) -> list[Way]:
    """What a rule makes of a packet; ways that come to the same are one."""
    going, done = [Way(ONE, packet)], list[Way]()
    for statement in rule.statements:
        ways = [
            _joined(way, after) for way in going for after in _ways(rule, statement, way, place)
        ]
        done += [way for way in ways if way.verdict is not None]
        going = [way for way in ways if way.verdict is None]
    together: dict[tuple[object, ...], Way] = {}
    for way in (*done, *going):
        key = (way.packet, way.verdict, way.verdict is BREAK, way.memory)
        before = together.get(key)
        together[key] = way._replace(chance=way.chance + before.chance) if before else way
    return list(together.values())


def _ways(rule: NftRule, statement: Statement, way: Way, place: Place) -> Iterator[Way]:
    try:
        yield from statement.ways(way.packet, place)
    except UnknownRuleError as error:
        raise UnknownRuleError(f"{error} in {rule.text}") from error


def _joined(before: Way, after: Way) -> Way:
    return after._replace(chance=before.chance * after.chance, memory=before.memory + after.memory)
