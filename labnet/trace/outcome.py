"""What comes of a packet, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from labnet.trace.packet import Packet, Step, endpoint


Fate = Literal["delivered", "rejected", "dropped", "unreachable"]


class Outcome(NamedTuple):
    """What can come of a packet.

    `delivered` is to the namespace `netns`, whether or not something listens there; `rejected` is
    by a rule that tells the sender, `dropped` without a word; `unreachable` is when there is no
    way, which the sender is told. `dst` is `ip:port` and `src` the address as they are where it
    ended; `masqueraded` says that the source is not the sender's own.
    """

    verdict: Fate
    netns: str
    dst: str
    src: str
    masqueraded: bool

    def __str__(self) -> str:
        """`delivered to 10.244.0.2:80 in lab.web-1, from 10.244.0.1 (masqueraded)`."""
        to = {"delivered": "delivered to", "unreachable": "no way to"}
        masqueraded = " (masqueraded)" if self.masqueraded else ""
        words = f"{to.get(self.verdict, f'{self.verdict} on the way to')} {self.dst}"
        return f"{words} in {self.netns}, from {self.src}{masqueraded}"


class Hop(NamedTuple):
    """One place on the way: a hook of netfilter, or what else happens to a packet.

    `place` is the hook's name, or `route`, `bridge`, `wire`, `vxlan`, `end`; `packet` is as it
    leaves the place; `steps` are the rules that matched there; `note` says what happened in words.
    """

    netns: str
    place: str
    interface: str
    packet: Packet
    steps: tuple[Step, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        """A line for the place, and one for each rule."""
        where = f"{self.netns} {self.interface}".rstrip()
        note = f"  {self.note}" if self.note else ""
        rules = [f"    {step.table} {step.chain}: {step.rule}" for step in self.steps]
        return "\n".join([f"{where} {self.place}: {self.packet}{note}", *rules])


class Path(NamedTuple):
    """One way to an outcome; `memory` is what rules noted down: (netns, list or set, key)."""

    hops: tuple[Hop, ...]
    memory: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        """The hops, one below the other."""
        return "\n".join(map(str, self.hops))


@dataclass(frozen=True, slots=True)
class Trace:
    """All that can come of a packet: each outcome with its probability, and one way to it."""

    packet: Packet
    netns: str
    outcomes: Mapping[Outcome, Fraction]
    paths: Mapping[Outcome, Path]

    @property
    def destinations(self) -> frozenset[str]:
        """The `ip:port` that it can be delivered to."""
        return frozenset(outcome.dst for outcome in self.outcomes if outcome.verdict == "delivered")

    def __str__(self) -> str:
        """The outcomes with their ways, the more probable first, as text to be read."""
        lines = [f"{self.packet} from {self.netns}"]
        ordered = sorted(self.outcomes.items(), key=lambda item: (-item[1], item[0]))
        for outcome, chance in ordered:
            often = "" if chance == 1 else f"{_percent(chance)}: "
            lines += ["", f"{often}{outcome}"]
            lines += [f"  {line}" for line in str(self.paths[outcome]).splitlines()]
        return "\n".join(lines)


def _percent(chance: Fraction) -> str:
    return f"{float(chance) * 100:.4g} % ({chance})"


def outcome_of(verdict: Fate, netns: str, packet: Packet, sender: str) -> Outcome:
    """The outcome for a packet as it is where it ended; `sender` is the source that it had."""
    dst = packet.dst if packet.protocol == "icmp" else endpoint(packet.dst, packet.dport)
    return Outcome(verdict, netns, dst, packet.src, packet.src != sender)
