"""State minus State: find what differs, leave out what follows by itself, put it in order."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface

from labnet.plan.op import Op, Plan, Verb
from labnet.state import (
    Address,
    FdbEntry,
    Key,
    Neighbour,
    Netns,
    NftTable,
    Object,
    Process,
    Route,
    Ruleset,
    State,
    UdpFlows,
    Veth,
)


def plan(desired: State, observed: State) -> Plan:
    """The operations that make `desired` of `observed`; empty if they are equal."""
    lost = _lost(desired, observed)
    # A name can be another thing's tomorrow: what goes is ordered as it is, the rest as it will be.
    before, after = _tiers(observed), _tiers(desired)
    deletes = _deletes(desired, observed, lost)
    sets = _sets(desired, observed, lost)
    rules = _rules(desired, observed, [*deletes, *sets])
    early = {op.object.key for op in rules}
    deletes = [op for op in deletes if op.object.key not in early]
    sets = [op for op in sets if op.object.key not in early]
    rules.sort(key=lambda op: _position(op.object, after))
    deletes.sort(key=lambda op: _position(op.object, before), reverse=True)
    sets.sort(key=lambda op: _position(op.object, after))
    return (*rules, *deletes, *sets)


def _rules(desired: State, observed: State, ops: list[Op]) -> list[Op]:
    """What comes before all else: the rules of namespaces that are there and stay.

    Nobody is to be sent any more to what is removed afterwards. Where rules change, flows may be
    left that follow the old ones, even if there were none when we looked.
    """
    stays = {item.name for item in observed if isinstance(item, Netns) and item.owner}
    rules: list[Op] = []
    changed: set[tuple[str, int]] = set()
    for op in ops:
        item = op.object
        if isinstance(item, Ruleset | NftTable) and item.netns in stays:
            rules.append(op)
            changed.add((item.netns, item.family))
    return [*rules, *_flows(desired, observed, changed)]


def _flows(desired: State, observed: State, changed: set[tuple[str, int]]) -> Iterator[Op]:
    """Look for flows that lead nowhere, where rules have changed and where there are such."""
    for new in desired:
        old = observed.objects.get(new.key) if isinstance(new, UdpFlows) else None
        if not (isinstance(new, UdpFlows) and isinstance(old, UdpFlows)):
            continue
        if old != new or (new.netns, new.family) in changed:
            why = _because(desired.notes.get(new.key, ""), new.difference(old))
            yield Op(Verb.CHANGE, new, why, old)


def _lost(desired: State, observed: State) -> set[Key]:
    """Keys of what is there but will not outlive the plan, or is worth nothing as it is.

    A link that has to be made anew takes its addresses and routes along; half a veth pair
    (its other end was moved out of the lab) has to go before a whole one can be made.
    """
    lost: set[Key] = set()
    for old in observed:
        new = desired.objects.get(old.key)
        if isinstance(old, Veth) and (old.peer not in observed.objects):
            lost.add(old.key)
        elif new is not None and type(new) is type(old) and new.replaces(old):
            lost.update((old.key, old.peer) if isinstance(old, Veth) else (old.key,))
        elif new is not None and type(new) is not type(old):
            lost.add(old.key)
    links = {key for key in lost if key[0] == "link"}
    if links:
        lost.update(item.key for item in observed if _link(item) in links)
    lost.update(_lost_with_addresses(desired, observed, lost))
    return lost


def _lost_with_addresses(desired: State, observed: State, lost: set[Key]) -> set[Key]:
    """What goes with an address that goes: the kernel flushes more than was asked for.

    With a primary IPv4 address go its secondary ones, and with the last address of a family its
    routes and neighbours on the link (inet_del_ifaddr and fib_disable_ip in the kernel).
    """
    # In a namespace that goes, all of this goes with it anyway.
    addresses = [
        item
        for item in observed
        if isinstance(item, Address) and ("netns", item.netns) in desired.objects
    ]
    going = [item for item in addresses if item.key in lost or item.key not in desired.objects]
    if not going:
        return set()
    subnets = {_subnet(item) for item in going if ":" not in item.address}
    taken = {item.key for item in addresses if _subnet(item) in subnets}
    gone = taken | {item.key for item in going}
    bare = {_family(item) for item in going}
    bare -= {_family(item) for item in addresses if item.key not in gone}
    hanging = (item for item in observed if isinstance(item, Route | Neighbour))
    return taken | {item.key for item in hanging if _family(item) in bare}


def _subnet(item: Address) -> tuple[str, str, str]:
    """The link and the prefix that an address is in."""
    return item.netns, item.dev, str(ip_interface(item.address).network)


def _family(item: Address | Route | Neighbour) -> tuple[str, str, bool]:
    """The link, and whether it is of IPv6."""
    text = item.address if isinstance(item, Address) else item.dst
    return item.netns, item.dev, ":" in text


def _link(item: Object) -> Key | None:
    """The key of the link that an address or route hangs on."""
    if isinstance(item, Address | Route | Neighbour | FdbEntry):
        return "link", item.netns, item.dev
    return None


def _deletes(desired: State, observed: State, lost: set[Key]) -> list[Op]:
    """Remove what is not wanted, unless it goes with its namespace, its link or its other end."""
    unwanted = {old.key for old in observed if old.key not in desired.objects}
    doomed = {key[1] for key in unwanted if key[0] == "netns"}
    gone = unwanted | lost
    ops = []
    for key in gone:
        old = observed.objects.get(key)
        if old is None or _subsumed(old, gone, doomed):
            continue
        if not old.delete() and not isinstance(old, Process):
            continue
        why = "not in the lab file" if key in unwanted else _why_lost(old, observed)
        ops.append(Op(Verb.DELETE, old, why))
    return ops


def _subsumed(old: Object, gone: set[Key], doomed: set[str]) -> bool:
    """Whether `old` goes with something else that goes."""
    if isinstance(old, Netns | Process):
        return False
    if old.home in doomed or old.key[1] in doomed or _link(old) in gone:
        return True
    return isinstance(old, Veth) and old.netns == old.leaf and old.peer in gone


def _why_lost(old: Object, observed: State) -> str:
    if isinstance(old, Veth) and not old.peer_netns:
        return "its other end is gone"
    if isinstance(old, Veth) and old.peer not in observed.objects:
        return f"its other end, {old.peer_name} in {old.peer_netns}, is gone"
    return "it has to be made anew"


def _sets(desired: State, observed: State, lost: set[Key]) -> list[Op]:
    """Add what is missing and change what differs."""
    ops = []
    for new in desired:
        if isinstance(new, UdpFlows):
            continue  # a new namespace has none, and elsewhere they follow the rules
        key = new.key
        old = observed.objects.get(key)
        source = desired.notes.get(key, "")
        if old is None or key in lost:
            ops.append(Op(Verb.ADD, new, _because(source, _why_missing(new, observed))))
        elif old != new:
            ops.append(Op(Verb.CHANGE, new, _because(source, new.difference(old)), old))
    return ops


def _why_missing(new: Object, observed: State) -> str:
    """Why an object is added to a namespace that is already there; nothing if all of it is new."""
    note = observed.notes.get(new.key, "")
    if note or isinstance(new, Netns) or ("netns", new.home) not in observed.objects:
        return note
    return "missing"


def _because(source: str, reason: str) -> str:
    return ": ".join(part for part in (source, reason) if part)


_TIERS = {"segment": 0, "node": 1, "host": 1}
_LEAF = 4
_KINDS: dict[type[Object], int] = {Ruleset: 2, NftTable: 2, UdpFlows: 3, Process: 5}
"""Tiers of what is the same tier in every namespace."""


def _tiers(state: State) -> dict[str, int]:
    """How far each namespace is from the segment: bridges come before what is plugged into them."""
    return {
        item.name: _TIERS.get(item.owner.partition("/")[0], _LEAF)
        for item in state
        if isinstance(item, Netns)
    }


def _position(item: Object, tiers: dict[str, int]) -> tuple[int, str, int, str]:
    """Where an object stands in the order in which things are made."""
    home = item.home
    tier = _KINDS.get(type(item)) or tiers.get(home, _LEAF)
    return (tier, home, *item.sort_key)
