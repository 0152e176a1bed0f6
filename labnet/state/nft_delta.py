"""The least that nft has to be told to make one table of another, in an order that it takes.

Within a transaction nft takes each command as if those before it were done. So what refers to a
thing goes before it (rules before the sets that they look into, elements of a verdict map before
the chains that they lead to) and comes after it. A table is not simply replaced because that would
take as long as loading it, and lose what packets have put into its sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from labnet.state.nft_block import NftBlock


_REFERENCE = re.compile(r"@([\w./\\-]+)")
_ANNOTATION = re.compile(r' (?:comment "[^"]*"|timeout \w+)')

_CHUNK = 512  # elements that are compared at once

_Place = tuple[bool, str]  # as NftBlock has it: sets and maps before chains


def delta(path: str, new: Iterable[NftBlock], old: Iterable[NftBlock]) -> str | None:
    """Commands that make the blocks `new` of `old` in the table `path` (`ip kube-proxy`).

    None if only another table will do: a chain that elements and rules lead to cannot be made
    anew, which its header (a comment, or becoming a base chain) would need.
    """
    before = {block.place: block for block in old}
    after = {block.place: block for block in new}
    common = before.keys() & after.keys()
    remade = {place for place in common if _is_another(after[place], before[place])}
    chains = (place for place in remade if place[0])
    if not all(after[place].is_base and before[place].is_base for place in chains):
        return None
    gone, fresh = before.keys() - common | remade, after.keys() - common | remade
    kept = sorted(common - remade)
    users = _users(before, {name for is_chain, name in remade if not is_chain})
    refilled = {
        place
        for place in kept
        if place[0] and (place in users or after[place].members != before[place].members)
    }
    sets = [_Elements(before[place], after[place]) for place in kept if not place[0]]
    made = [after[place].text() for place in sorted(fresh)]
    return "".join(
        [
            *(f"flush chain {path} {name}\n" for own, name in sorted(refilled | gone) if own),
            *(line for changed in sets for line in changed.deletion(path)),
            *(f"delete {before[place].kind} {path} {place[1]}\n" for place in sorted(gone)),
            *([f"table {path} {{\n", *made, "}\n"] if made else ()),
            *(line for changed in sets for line in changed.addition(path)),
            *(line for place in sorted(refilled) for line in filling(path, after[place])),
        ]
    )


def _is_another(new: NftBlock, old: NftBlock) -> bool:
    """Whether a block cannot become the other by what is in it alone."""
    return (new.kind, new.header) != (old.kind, old.header)


def _users(blocks: Mapping[_Place, NftBlock], names: set[str]) -> set[_Place]:
    """The chains whose rules look into one of these sets."""
    if not names:
        return set()
    chains = (block for block in blocks.values() if block.kind == "chain")
    return {
        chain.place
        for chain in chains
        if any(names.intersection(_REFERENCE.findall(rule)) for rule in chain.members)
    }


class _Elements:
    """What differs in a set or map, which is found once for both directions."""

    def __init__(self, old: NftBlock, new: NftBlock) -> None:
        """Look for it where the two differ."""
        here, there = new.members, old.members
        start = _in_common(here, there)
        end = _in_common(here[start:][::-1], there[start:][::-1])
        mine, theirs = here[start : len(here) - end], there[start : len(there) - end]
        self._name = new.name
        self._added = sorted({*mine}.difference(theirs))
        self._gone = sorted({*theirs}.difference(mine))

    def deletion(self, path: str) -> Iterator[str]:
        """A command that takes away what goes, and what will be another element of the same key."""
        keys = [_ANNOTATION.sub("", item).partition(" : ")[0] for item in self._gone]
        return _elements("delete", path, self._name, keys)

    def addition(self, path: str) -> Iterator[str]:
        """A command that adds what comes."""
        return _elements("add", path, self._name, self._added)


def _in_common(these: Sequence[str], those: Sequence[str]) -> int:
    """How many elements both begin with; many are compared at once, which is C's work."""
    shorter = min(len(these), len(those))
    for start in range(0, shorter, _CHUNK):
        end = min(start + _CHUNK, shorter)
        if these[start:end] != those[start:end]:
            return next(n for n in range(start, end) if these[n] != those[n])
    return shorter


def filling(path: str, block: NftBlock, size: int = 0) -> Iterator[str]:
    """Commands that put the members of a block into it, elements `size` characters at a time."""
    if block.kind == "chain":
        for rule in block.members:
            yield f"add rule {path} {block.name} {rule}\n"
    else:
        yield from _elements("add", path, block.name, block.members, size)


def _elements(
    verb: str, path: str, name: str, elements: Sequence[str], size: int = 0
) -> Iterator[str]:
    """A command for some elements, or more of them if they are longer than `size`."""
    if elements:
        for some in joined((f"{item}, " for item in elements), size):
            yield f"{verb} element {path} {name} {{ {some.removesuffix(', ')} }}\n"


def joined(texts: Iterable[str], size: int) -> Iterator[str]:
    """The texts in a row, as parts of about `size` characters; one part if `size` is 0."""
    part: list[str] = []
    length = 0
    for text in texts:
        if size and part and length + len(text) > size:
            yield "".join(part)
            part, length = [], 0
        part.append(text)
        length += len(text)
    if part:
        yield "".join(part)
