"""Which addresses of a bridge are taken, and which is given next: integers, for speed.

The rules are those of CNI's host-local (plugins/ipam/host-local/backend/allocator): the first
address is the gateway's, IPv4's last one is the broadcast, and a new address is the first free one
after the one given last, around the end. Docker's allotment, the lowest free address, is the same
with nothing given before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import NamedTuple

from labnet.model import Family, IPAddress, IPInterface, IPNetwork, Source
from labnet.resolve.problem import Findings


MAX_PORTS = 1000  # the kernel's limit is 1,024 ports a bridge (BR_MAX_PORTS); some are for others
GATEWAY = "the gateway"
_LOW32 = 0xFFFF_FFFF


def ip_address(family: Family, value: int) -> IPAddress:
    """The address of an integer, which `ipaddress.ip_address` would guess the family of."""
    return IPv4Address(value) if family == 4 else IPv6Address(value)


def ip_interface(family: Family, value: int, prefix_length: int) -> IPInterface:
    """The address of an integer with its prefix."""
    if family == 4:
        return IPv4Interface((value, prefix_length))
    return IPv6Interface((value, prefix_length))


def ip_network(family: Family, value: int, prefix_length: int) -> IPNetwork:
    """The network that begins at an integer."""
    if family == 4:
        return IPv4Network((value, prefix_length))
    return IPv6Network((value, prefix_length))


def of_family(addresses: Iterable[IPAddress], family: Family) -> int | None:
    """The first address of a family, as an integer."""
    return next((int(address) for address in addresses if address.version == family), None)


class Claim(NamedTuple):
    """Someone who needs an address: the one the file asks for, or the one given before, or any.

    `owner` is `node/NAME`, `host/NAME`, `pod/NAMESPACE/NAME` or `container/NAME`; `path` is the
    field that asks for `static`.
    """

    owner: str
    source: Source
    path: str
    static: int | None = None
    given: int | None = None


class Segment:
    """The addresses of one family on one bridge while they are given out.

    Their low 32 bits are unique, as links and MAC addresses are named after them (labnet.names).
    `avoid` are inclusive ranges that are never given, only asked for.
    """

    __slots__ = ("_avoid", "_next", "_owners", "family", "first", "full", "last", "network")

    def __init__(self, network: IPNetwork, avoid: Sequence[tuple[int, int]] = ()) -> None:
        """All of `network` is free but the gateway."""
        self.network = network
        self.family: Family = network.version
        gateway = int(network.network_address) + 1
        self.first = gateway + 1
        self.last = int(network.broadcast_address) - (1 if self.family == 4 else 0)
        self.full = self.first > self.last
        self._avoid = avoid
        self._next = self.first
        self._owners = {gateway & _LOW32: (gateway, GATEWAY)}

    @property
    def size(self) -> int:
        """How many addresses there are to give."""
        return max(self.last - self.first + 1, 0)

    def begin_after(self, last_given: int | None) -> None:
        """Give next what follows `last_given`, if that is an address of this segment."""
        if last_given is not None and self.first <= last_given < self.last:
            self._next = last_given + 1

    def holds(self, address: int) -> bool:
        """Whether `address` is one that may be given."""
        return self.first <= address <= self.last and not any(
            low <= address <= high for low, high in self._avoid
        )

    def holder(self, address: int) -> tuple[int, str] | None:
        """Who has `address`, or one with the same low 32 bits: that address and its owner."""
        return self._owners.get(address & _LOW32)

    def take(self, address: int, owner: str) -> None:
        """Note that `address`, which is free, is `owner`'s."""
        self._owners[address & _LOW32] = (address, owner)

    def give(self, owner: str) -> int | None:
        """The next free address, now `owner`'s; None when there is none left."""
        if self.full:
            return None
        found = self._free(self._next, self.last)
        if found is None:
            found = self._free(self.first, self._next - 1)
        if found is None:
            self.full = True
            return None
        self._owners[found & _LOW32] = (found, owner)
        self._next = found + 1 if found < self.last else self.first
        return found

    def _free(self, low: int, high: int) -> int | None:
        """The lowest free address from `low` to `high`."""
        owners, candidate = self._owners, low
        while candidate <= high:
            if candidate & _LOW32 in owners:
                candidate += 1
                continue
            end = next((end for begin, end in self._avoid if begin <= candidate <= end), None)
            if end is None:
                return candidate
            candidate = end + 1
        return None


def allotment(
    segment: Segment, claims: Sequence[Claim], findings: Findings, *, outside: bool = False
) -> dict[str, int]:
    """An address by owner: what the file asks for first, then what was given before, then the rest.

    Within each of the three the order is that of `claims`. `outside` allows static addresses that
    are not of the segment's network. Who gets no address is in `findings`, and not in the result.
    """
    chosen: dict[str, int] = {}
    static = {claim.owner: claim for claim in claims if claim.static is not None}
    for claim in static.values():
        _take_static(segment, claim, chosen, findings, outside=outside)
    waiting: list[Claim] = []
    for claim in claims:
        if claim.static is not None:
            continue
        if claim.given is None or not segment.holds(claim.given):
            waiting.append(claim)
            continue
        held = segment.holder(claim.given)
        if held is None:
            segment.take(claim.given, claim.owner)
            chosen[claim.owner] = claim.given
        else:
            _blame(segment, static.get(held[1]), claim, findings)
            waiting.append(claim)
    _give(segment, waiting, chosen, findings)
    return chosen


def _take_static(
    segment: Segment, claim: Claim, chosen: dict[str, int], findings: Findings, *, outside: bool
) -> None:
    """Give `claim` the address that it asks for, or say why not."""
    address = claim.static
    if address is None:
        return
    text = ip_address(segment.family, address)
    if not outside and not segment.first <= address <= segment.last:
        usable = f"{ip_address(segment.family, segment.first)} to "
        usable += f"{ip_address(segment.family, segment.last)}"
        what = f"{text} cannot be given in {segment.network}"
        findings.add(claim.source, claim.path, what, f"usable: {usable}")
        return
    held = segment.holder(address)
    if held is None:
        segment.take(address, claim.owner)
        chosen[claim.owner] = address
    elif held[0] == address:
        findings.add(claim.source, claim.path, f"{text} is already {held[1]}'s")
    else:
        other = ip_address(segment.family, held[0])
        what = f"{text} has the same low 32 bits as {other} of {held[1]}"
        hint = "the links of a segment are named after these 32 bits"
        findings.add(claim.source, claim.path, what, hint)


def _blame(segment: Segment, newcomer: Claim | None, holder: Claim, findings: Findings) -> None:
    """Say that `newcomer` asks for what `holder` was given while the lab has been up."""
    if newcomer is None or newcomer.static is None or holder.given is None:
        return
    text = ip_address(segment.family, newcomer.static)
    what = f"{text} is already {holder.owner}'s"
    if newcomer.static != holder.given:
        other = ip_address(segment.family, holder.given)
        what = f"{text} has the same low 32 bits as {other} of {holder.owner}"
    hint = f"{holder.owner} was given it earlier, and keeps it until it or the lab is removed"
    findings.add(newcomer.source, newcomer.path, what, hint)


def _give(
    segment: Segment, waiting: Sequence[Claim], chosen: dict[str, int], findings: Findings
) -> None:
    """Give each of `waiting` a free address; the first that gets none speaks for all."""
    for index, claim in enumerate(waiting):
        address = segment.give(claim.owner)
        if address is None:
            more = len(waiting) - index - 1
            what = f"{segment.network} has no free address left for {claim.owner}"
            others = f"; {more} more go without" if more else ""
            findings.add(claim.source, "", what, f"it holds {segment.size}{others}")
            return
        chosen[claim.owner] = address
