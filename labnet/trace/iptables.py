"""iptables tables as netfilter evaluates them (iptables(8), net/ipv4/netfilter/ip_tables.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Literal, NamedTuple

from labnet.state import BUILTIN, Ruleset
from labnet.trace.iptables_rule import Rule, parse_rule
from labnet.trace.matches import Match, RecentMatch, Unknown
from labnet.trace.packet import Branch, Hook, Kind, Packet, Place, UnknownRuleError
from labnet.trace.position import ONE, Position, follow
from labnet.trace.targets import (
    Aside,
    CopyMark,
    Final,
    Jump,
    Masquerade,
    NoTrack,
    Redirect,
    Reject,
    SetMark,
    Target,
    Translate,
)
from labnet.trace.translate import to_destination, to_itself, to_source


_HOOKS: dict[str, Hook] = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_SRCNAT = 100


def base_chains(rulesets: Iterable[Ruleset]) -> list[IptablesChain]:
    """The built-in chains of these tables, in the order of the tables given.

    A chain's rules are read when the first packet comes to it.
    """
    chains = []
    for ruleset in rulesets:
        table = _Table.of(ruleset)
        for name, policy in ruleset.chains:
            if name in BUILTIN[ruleset.table]:
                chains.append(_base_chain(table, name, policy))
    return chains


def _base_chain(table: _Table, name: str, policy: str) -> IptablesChain:
    is_source = table.name == "nat" and name in {"INPUT", "POSTROUTING"}
    priority = _SRCNAT if is_source else _PRIORITIES[table.name]
    kind: Kind = "nat" if table.name == "nat" else "filter"
    if (table.name, name) == ("mangle", "OUTPUT"):
        kind = "route"
    return IptablesChain(_HOOKS[name], priority, kind, table.family, name, policy, table)


class _Checked(NamedTuple):
    """A rule, ready to be asked: what is understood, how often it matches, what it notes."""

    rule: Rule
    certain: tuple[Match, ...]
    chance: Fraction
    notes: tuple[RecentMatch, ...]


@dataclass(slots=True)
class _Table:
    """A table's chains; lines become rules when they are needed."""

    name: str
    family: Literal[4, 6]
    lines: dict[str, list[str]]
    checked: dict[str, list[_Checked]] = field(default_factory=dict)

    @classmethod
    def of(cls, ruleset: Ruleset) -> _Table:
        """The lines of each chain."""
        lines: dict[str, list[str]] = {name: [] for name, _ in ruleset.chains}
        for line in ruleset.rules:
            lines.setdefault(line.split(" ", 2)[1], []).append(line)
        return cls(ruleset.table, ruleset.family, lines)

    def rules(self, chain: str) -> list[_Checked]:
        """The rules of a chain."""
        if (found := self.checked.get(chain)) is None:
            if chain not in self.lines:
                raise UnknownRuleError(f"{self.name} has no chain {chain}")
            found = self.checked[chain] = [_checked(line) for line in self.lines[chain]]
        return found


def _checked(line: str) -> _Checked:
    rule = parse_rule(line)
    certain = tuple(match for match in rule.matches if not isinstance(match, Unknown))
    recent = tuple(match for match in certain if isinstance(match, RecentMatch))
    notes = tuple(match for match in recent if match.action in {"set", "update"})
    return _Checked(rule, certain, rule.chance, notes)


@dataclass(frozen=True, slots=True)
class IptablesChain:
    """A built-in chain with its policy."""

    hook: Hook
    priority: int
    kind: Kind
    family: Literal[4, 6]
    name: str
    policy: str
    table: _Table = field(repr=False)

    def branches(self, packet: Packet, place: Place) -> Iterator[Branch]:
        """Every way that the packet can go; `-m statistic` is where they part.

        Errors:
          UnknownRuleError: a rule that decides about the packet is not understood.
        """
        is_nat_over = self.kind == "nat" and packet.state not in {"NEW", "RELATED"}
        if packet.family != self.family or is_nat_over:
            yield Branch(ONE, packet, "continue", ())
            return
        yield from follow(Position(packet, self.name), partial(self._go, place))

    def _go(self, place: Place, at: Position) -> Iterator[Position | Branch]:
        """To the next rule that matches, and what it does; with chance, on without it as well."""
        rules = self.table.rules(at.chain)
        index = _next_match(rules, at.index, at.packet, place)
        if index == len(rules):
            yield self._back(at)
            return
        found = rules[index]
        if found.chance:
            yield from self._matched(at, found, index, place)
        if found.chance < 1:
            yield replace(at, index=index + 1, chance=at.chance * (1 - found.chance))

    def _back(self, at: Position) -> Position | Branch:
        """The end of a chain: where it was called, or the policy."""
        return at.back() or at.by_policy(self.table.name, self.policy)

    def _matched(
        self, at: Position, found: _Checked, index: int, place: Place
    ) -> Iterator[Position | Branch]:
        """What the target of a rule makes of a packet: it goes on, or has its verdicts."""
        rule, target = found.rule, found.rule.target
        if rule.unknown:
            raise UnknownRuleError(f"{rule.unknown[0]} in {rule.text}")
        notes = tuple((note.name, note.key(at.packet)) for note in found.notes)
        at = replace(
            at.with_step(self.table.name, rule.text),
            index=index + 1,
            chance=at.chance * found.chance,
            memory=at.memory + notes,
        )
        if isinstance(target, Jump):
            yield at.to(target.chain, goto=target.goto)
        elif target == Final("RETURN"):
            yield self._back(at)
        else:
            yield from _act(at, target, place)


def _next_match(rules: list[_Checked], index: int, packet: Packet, place: Place) -> int:
    """The first rule from here on all of whose known matches hold."""
    while index < len(rules):
        for match in rules[index].certain:
            if not match.holds(packet, place):
                break
        else:
            return index
        index += 1
    return index


def _act(at: Position, target: Target | None, place: Place) -> Iterator[Position | Branch]:
    """Targets that are no chain: marks and logs let the packet go on."""
    match target:
        case None | Aside():
            yield at
        case SetMark() | CopyMark():
            yield replace(at, packet=_marked(at.packet, target))
        case NoTrack():
            yield replace(at, packet=replace(at.packet, state="UNTRACKED"))
        case _:
            yield from _ends(at, target, place)


def _ends(at: Position, target: Target, place: Place) -> Iterator[Branch]:
    """Targets after which no rule of the table is asked any more."""
    packet = at.packet
    match target:
        case Final(verdict=verdict):
            yield at.end("drop" if verdict == "DROP" else "accept")
        case Reject():
            yield at.end("reject")
        case Masquerade():
            yield replace(at, packet=replace(packet, masquerade=True)).end("accept")
        case Redirect(ports=ports):
            moved = to_itself(packet, place, ports)
            yield at.end("drop") if moved is None else replace(at, packet=moved).end("accept")
        case Translate():
            for chance, moved in _ways(packet, target):
                yield replace(at, packet=moved, chance=at.chance * chance).end("accept")


def _ways(packet: Packet, target: Translate) -> Iterator[tuple[Fraction, Packet]]:
    change = to_destination if target.side == "dst" else to_source
    return change(packet, target.first, target.last, target.ports, target.flags)


def _marked(packet: Packet, target: SetMark | CopyMark) -> Packet:
    match target:
        case SetMark(of_connection=False):
            return replace(packet, mark=target.of(packet.mark))
        case SetMark():
            return replace(packet, connmark=target.of(packet.connmark))
        case CopyMark(direction="save"):
            return replace(packet, connmark=target.of(packet.connmark, packet.mark))
        case CopyMark():
            return replace(packet, mark=target.of(packet.mark, packet.connmark))
