"""Numbers that are given one by one: ClusterIPs and NodePorts, in two bands as the API server has.

Sources: pkg/registry/core/service/{ipallocator,portallocator} and KEPs 3070 and 3668. The lower
band is kept for those who ask for a number, and given from only when the upper one is full.

Decisions
- We chose to begin the search at a hash of who asks over the API server's random number: the same
  file gives the same lab, and a Service that is added moves no other, but where their hashes meet.
- We chose to remember after each number that is taken where the search goes on over looking at all
  of them: a full range of 2,768 ports costs as much per port as an empty one.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Sequence
from typing import NamedTuple

from labnet.model import Family, IPNetwork, Source
from labnet.resolve.problem import Findings
from labnet.resolve.segment import ip_address


class Claim(NamedTuple):
    """Someone who needs a number: the one the file asks for, or the one given before, or any.

    `owner` is who a person knows it as (`service default/web`), `seed` what the search begins at
    the hash of; `path` is the field that says the number, or that has none.
    """

    owner: str
    source: Source
    path: str
    seed: str
    asked: int | None = None
    given: int | None = None


class Numbers:
    """The numbers of one range while they are given out."""

    __slots__ = ("_after", "_dynamic", "_family", "_first", "_last", "_owners", "name")

    def __init__(self, name: str, low: int, high: int, static: int, family: Family | None) -> None:
        """All from `low` to `high` are free; `static` is how many the lower band has.

        They are addresses of `family`, or plain numbers without one.
        """
        self.name = name
        self._first, self._last, self._dynamic = low, high, low + static
        self._family = family
        self._owners: dict[int, str] = {}
        self._after: dict[int, int] = {}

    @classmethod
    def of_subnet(cls, subnet: IPNetwork) -> Numbers:
        """The addresses of a serviceSubnet, without its first and (IPv4) its last one."""
        low, high = int(subnet.network_address) + 1, int(subnet.broadcast_address)
        static = _static_size(subnet.num_addresses, 16, 256)
        last = high - 1 if subnet.version == 4 else high
        return cls(str(subnet), low, last, static, subnet.version)

    @classmethod
    def of_ports(cls, low: int, high: int) -> Numbers:
        """The ports of a serviceNodePortRange."""
        static = _static_size(high - low + 1, 32, 128)
        return cls(f"serviceNodePortRange {low}-{high}", low, high, static, None)

    @property
    def size(self) -> int:
        """How many there are."""
        return max(self._last - self._first + 1, 0)

    def text(self, value: int) -> str:
        """A number as the file has it."""
        return str(value) if self._family is None else str(ip_address(self._family, value))

    def usable(self) -> str:
        """The range in words."""
        return f"usable: {self.text(self._first)} to {self.text(self._last)}"

    def holds(self, value: int) -> bool:
        """Whether a number is of this range."""
        return self._first <= value <= self._last

    def owner(self, value: int) -> str | None:
        """Who has a number, if anybody has."""
        return self._owners.get(value)

    def take(self, value: int, owner: str) -> None:
        """Note that a number, which is free, is somebody's."""
        self._owners[value] = owner
        self._after[value] = value + 1

    def give(self, seed: str, owner: str) -> int | None:
        """A free number, now somebody's; None when there is none left."""
        start = crc32(seed.encode())
        for low, high in ((self._dynamic, self._last), (self._first, self._dynamic - 1)):
            size = high - low + 1
            if size <= 0:
                continue
            found = self._free(low + start % size)
            if found > high:
                found = self._free(low)
            if found <= high:
                self.take(found, owner)
                return found
        return None

    def _free(self, value: int) -> int:
        """The first number from here that nobody has; it can be beyond the range."""
        passed = []
        while (following := self._after.get(value)) is not None:
            passed.append(value)
            value = following
        for one in passed:
            self._after[one] = value
        return value


def allotment(numbers: Numbers, claims: Sequence[Claim], findings: Findings) -> dict[int, int]:
    """A number by the index of a claim: what the file asks for, then what was given, then the rest.

    Who gets none is in `findings`, and not in the result.
    """
    chosen: dict[int, int] = {}
    newcomers: dict[int, Claim] = {}
    for index, claim in enumerate(claims):
        if claim.asked is not None and _take_asked(numbers, claim, findings):
            chosen[index] = claim.asked
            newcomers[claim.asked] = claim
    waiting: list[int] = []
    for index, claim in enumerate(claims):
        if claim.asked is not None:
            continue
        if claim.given is None or not numbers.holds(claim.given):
            waiting.append(index)
        elif numbers.owner(claim.given) is None:
            numbers.take(claim.given, claim.owner)
            chosen[index] = claim.given
        else:
            waiting.append(index)
            _blame(numbers, newcomers.get(claim.given), claim, findings)
    _give(numbers, claims, waiting, chosen, findings)
    return chosen


def _take_asked(numbers: Numbers, claim: Claim, findings: Findings) -> bool:
    """Give `claim` the number that it asks for, or say why not."""
    value = claim.asked
    assert value is not None
    text, holder = numbers.text(value), numbers.owner(value)
    if not numbers.holds(value):
        what = f"{text} cannot be given in {numbers.name}"
        findings.add(claim.source, claim.path, what, numbers.usable())
        return False
    if holder is not None:
        findings.add(claim.source, claim.path, f"{text} is already {holder}'s")
        return False
    numbers.take(value, claim.owner)
    return True


def _blame(numbers: Numbers, newcomer: Claim | None, holder: Claim, findings: Findings) -> None:
    """Say that `newcomer` asks for what another was given while the lab has been up."""
    if newcomer is None or newcomer.owner == holder.owner or holder.given is None:
        return
    what = f"{numbers.text(holder.given)} is already {holder.owner}'s"
    hint = f"{holder.owner} was given it earlier, and keeps it until it or the lab is removed"
    findings.add(newcomer.source, newcomer.path, what, hint)


def _give(
    numbers: Numbers,
    claims: Sequence[Claim],
    waiting: Sequence[int],
    chosen: dict[int, int],
    findings: Findings,
) -> None:
    """Give each of `waiting` a free number; the first that gets none speaks for all."""
    for place, index in enumerate(waiting):
        claim = claims[index]
        value = numbers.give(claim.seed, claim.owner)
        if value is None:
            more = len(waiting) - place - 1
            what = f"{numbers.name} has nothing free left for {claim.owner}"
            others = f"; {more} more go without" if more else ""
            findings.add(claim.source, claim.path, what, f"it holds {numbers.size}{others}")
            return
        chosen[index] = value


def _static_size(size: int, step: int, largest: int) -> int:
    """How many the lower band has: `min(max(16, size / step), largest)`, and none if too few."""
    return 0 if size <= 16 else min(max(16, size // step), largest)
