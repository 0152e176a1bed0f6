"""Where a packet is among the chains of a table: the same for both kinds of rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
