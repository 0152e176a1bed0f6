"""What a person is told of a change of rules: those that go and those that come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from labnet.state import NftTable, Object, Ruleset


def rule_difference(new: Object, old: Object) -> list[str]:
    """`- RULE` and `+ RULE` for what differs, chain by chain; empty for what has no rules.

    An element of a map or set is a rule here. Rules that only stand in another order are named
    once, with a `~`.
    """
    if isinstance(new, Ruleset) and isinstance(old, Ruleset):
        return _lines(list(_by_chain(new.rules)), list(_by_chain(old.rules)))
    if isinstance(new, NftTable) and isinstance(old, NftTable):
        return _lines(list(_by_block(new)), list(_by_block(old)))
    return []


_Line = tuple[str, str]  # where it stands, and what it says


def _by_chain(rules: Iterable[str]) -> Iterator[_Line]:
    for rule in rules:
        yield rule.split(" ", 2)[1], rule


def _by_block(table: NftTable) -> Iterator[_Line]:
    for block in table.blocks:
        for member in block.members:
            yield block.name, f"{block.kind} {block.name}: {member}"


def _lines(new: list[_Line], old: list[_Line]) -> list[str]:
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    marked = [(place, "-", text) for place, text in _those(old, gone)]
    marked += [(place, "+", text) for place, text in _those(new, come)]
    if not marked:
        order = [pair[0] for pair in zip(new, old, strict=True) if pair[0] != pair[1]]
        marked = [(place, "~", text) for place, text in order]
    places = {place: number for number, (place, *_) in enumerate(sorted(marked))}
    marked.sort(key=lambda line: places[line[0]])  # stable: within a chain as they stand
    return [f"{mark} {text}" for _, mark, text in marked]


def _those(lines: list[_Line], wanted: Counter[_Line]) -> Iterator[_Line]:
    """The wanted lines, in their order, each as often as it is wanted."""
    for line in lines:
        if wanted[line] > 0:
            wanted[line] -= 1
            yield line
