"""iptables tables as netfilter evaluates them (iptables(8), net/ipv4/netfilter/ip_tables.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from labnet.state import BUILTIN, Ruleset
from labnet.trace.iptables_rule import Rule, parse_rule
from labnet.trace.matches import Match, RecentMatch, Unknown
from labnet.trace.packet import Branch, Hook, Kind, Packet, Place, Step, UnknownRuleError, Verdict
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
    UnknownTarget,
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
_ONE = Fraction(1)
_MOST_JUMPS = 100_000  # of one packet; the kernel would not have loaded chains that go round


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
    """A rule, ready to be asked: what is certain, what is not understood, and what is chance."""

    rule: Rule
    certain: tuple[Match, ...]
    unknown: tuple[Unknown, ...]
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
    unknown = tuple(match for match in rule.matches if isinstance(match, Unknown))
    certain = tuple(match for match in rule.matches if not isinstance(match, Unknown))
    recent = tuple(match for match in certain if isinstance(match, RecentMatch))
    notes = tuple(match for match in recent if match.action in {"set", "update"})
    return _Checked(rule, certain, unknown, rule.chance, notes)


@dataclass(frozen=True, slots=True)
class _At:
    """A packet somewhere in a table: which rule is next, and the callers to return to."""

    packet: Packet
    chain: str
    index: int = 0
    callers: tuple[tuple[str, int], ...] = ()
    chance: Fraction = _ONE
    steps: tuple[Step, ...] = ()
    memory: tuple[tuple[str, str], ...] = ()
    jumps: int = 0

    def end(self, verdict: Verdict) -> Branch:
        """The packet has got its verdict."""
        return Branch(self.chance, self.packet, verdict, self.steps, self.memory)


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
            yield Branch(_ONE, packet, "continue", ())
            return
        pending = [_At(packet, self.name)]
        while pending:
            yield from self._walk(pending.pop(), place, pending)

    def _walk(self, at: _At, place: Place, pending: list[_At]) -> Iterator[Branch]:
        """Follow one packet to its verdict; where ways part, the others become pending."""
        while True:
            rules = self.table.rules(at.chain)
            index = _next_match(rules, at.index, at.packet, place)
            if index == len(rules):
                back = self._back(at)
                if isinstance(back, Branch):
                    yield back
                    return
                at = back
                continue
            found = rules[index]
            if found.chance < 1:
                pending.append(replace(at, index=index + 1, chance=at.chance * (1 - found.chance)))
            if not found.chance:
                return
            after = self._matched(at, found, index, place)
            if isinstance(after, list):
                yield from after
                return
            at = after

    def _back(self, at: _At) -> _At | Branch:
        """The end of a chain: where it was called, or the policy."""
        if at.callers:
            chain, index = at.callers[-1]
            return replace(at, chain=chain, index=index, callers=at.callers[:-1])
        if self.policy == "DROP":
            step = Step(self.table.name, self.name, "policy DROP")
            return replace(at, steps=(*at.steps, step)).end("drop")
        return at.end("accept")

    def _matched(self, at: _At, found: _Checked, index: int, place: Place) -> _At | list[Branch]:
        """What the target of a rule makes of a packet: it goes on, or has its verdicts."""
        rule = found.rule
        if found.unknown:
            raise UnknownRuleError(f"{found.unknown[0].text} in {rule.text}")
        notes = tuple((note.name, note.key(at.packet)) for note in found.notes)
        at = replace(
            at,
            index=index + 1,
            chance=at.chance * found.chance,
            steps=(*at.steps, Step(self.table.name, at.chain, rule.text)),
            memory=at.memory + notes,
        )
        if isinstance(rule.target, Jump):
            return _jump(at, rule.target)
        if rule.target == Final("RETURN"):
            back = self._back(at)
            return [back] if isinstance(back, Branch) else back
        if isinstance(rule.target, UnknownTarget):
            raise UnknownRuleError(f"{rule.target.text} in {rule.text}")
        return _act(at, rule.target, place)


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


def _jump(at: _At, target: Jump) -> _At:
    if at.jumps >= _MOST_JUMPS:
        raise UnknownRuleError(f"the chains go round at {target.chain}")
    callers = at.callers if target.goto else (*at.callers, (at.chain, at.index))
    return replace(at, chain=target.chain, index=0, callers=callers, jumps=at.jumps + 1)


def _act(at: _At, target: Target | None, place: Place) -> _At | list[Branch]:
    """Targets that are no chain: marks and logs let the packet go on."""
    match target:
        case None | Aside():
            return at
        case SetMark() | CopyMark():
            return replace(at, packet=_marked(at.packet, target))
        case NoTrack():
            return replace(at, packet=replace(at.packet, state="UNTRACKED"))
    return list(_ends(at, target, place))


def _ends(at: _At, target: Target, place: Place) -> Iterator[Branch]:
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
