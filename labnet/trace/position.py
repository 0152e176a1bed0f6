"""Where packets are among the chains of a table: the same for both kinds of rules."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from labnet.trace.packet import Branch, Packet, Step, UnknownRuleError, Verdict


ONE = Fraction(1)
_MOST_JUMPS = 10_000  # of one packet; the kernel would not have loaded chains that go round
_DEEPEST = 256  # calls; nftables has 16

Memory = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A packet somewhere in a table: which rule is next, and the callers to return to."""

    packet: Packet
    chain: str
    index: int = 0
    callers: tuple[tuple[str, int], ...] = ()
    chance: Fraction = ONE
    steps: tuple[Step, ...] = ()
    memory: Memory = ()
    jumps: int = 0

    @property
    def order(self) -> tuple[int, ...]:
        """What a packet passes before it is here has a smaller one: a call is part of its rule."""
        return (*(index - 1 for _, index in self.callers), self.index)

    @property
    def future(self) -> tuple[object, ...]:
        """What decides about all that is still to come."""
        return self.packet, self.chain, self.index, self.callers, self.memory

    def to(self, chain: str, *, goto: bool) -> Position:
        """The beginning of another chain, to come back from unless it is a goto."""
        if self.jumps >= _MOST_JUMPS or len(self.callers) >= _DEEPEST:
            raise UnknownRuleError(f"the chains go round at {chain}")
        callers = self.callers if goto else (*self.callers, (self.chain, self.index))
        return replace(self, chain=chain, index=0, callers=callers, jumps=self.jumps + 1)

    def back(self) -> Position | None:
        """After the rule that called this chain; None in a base chain."""
        if not self.callers:
            return None
        chain, index = self.callers[-1]
        return replace(self, chain=chain, index=index, callers=self.callers[:-1])

    def with_step(self, table: str, rule: str) -> Position:
        """The same with one rule more that matched."""
        return replace(self, steps=(*self.steps, Step(table, self.chain, rule)))

    def end(self, verdict: Verdict) -> Branch:
        """The packet has got its verdict."""
        return Branch(self.chance, self.packet, verdict, self.steps, self.memory)

    def by_policy(self, table: str, policy: str) -> Branch:
        """What is left to a base chain's policy."""
        if policy.upper() == "DROP":
            return self.with_step(table, "policy DROP").end("drop")
        return self.end("accept")


@dataclass(slots=True)
class _Agenda:
    """Positions to go on from, in the order of the rules; ways that meet again are one."""

    waiting: dict[tuple[object, ...], Position] = field(default_factory=dict)
    heap: list[tuple[tuple[int, ...], int, tuple[object, ...]]] = field(default_factory=list)
    added: int = 0

    def add(self, at: Position) -> None:
        """Go on from here too."""
        future = at.future
        if (before := self.waiting.get(future)) is not None:
            jumps = max(at.jumps, before.jumps)
            at = replace(before, chance=before.chance + at.chance, jumps=jumps)
        else:
            self.added += 1
            heapq.heappush(self.heap, (at.order, self.added, future))
        self.waiting[future] = at

    def take(self) -> Position:
        """The one that others can still come to last."""
        return self.waiting.pop(heapq.heappop(self.heap)[2])


def follow(
    start: Position, go: Callable[[Position], Iterable[Position | Branch]]
) -> Iterator[Branch]:
    """Every way from a position to its end; `go` takes a step. Ends that are alike are one."""
    agenda = _Agenda()
    agenda.add(start)
    ends: dict[tuple[object, ...], Branch] = {}
    while agenda.heap:
        for after in go(agenda.take()):
            if isinstance(after, Position):
                agenda.add(after)
                continue
            key = (after.packet, after.verdict, after.memory)
            before = ends.get(key)
            both = after.probability + (before.probability if before else 0)
            ends[key] = (before or after)._replace(probability=both)
    yield from ends.values()
