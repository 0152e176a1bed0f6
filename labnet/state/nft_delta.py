"""The least that nft has to be told to make one table of another, in an order that it takes.

Within a transaction nft takes each command as if those before it were done. So what refers to a
thing goes before it (rules before the sets that they look into, elements of a verdict map before
the chains that they lead to) and comes after it. A table is not simply replaced because that would
take as long as loading it, and lose what packets have put into its sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from labnet.state.nft import NftBlock


_REFERENCE = re.compile(r"@([\w./\\-]+)")
_ANNOTATION = re.compile(r' (?:comment "[^"]*"|timeout \w+)')

_Place = tuple[bool, str]  # as NftBlock has it: sets and maps before chains


def delta(path: str, new: Iterable[NftBlock], old: Iterable[NftBlock]) -> str | None:
    """Commands that make the blocks `new` of `old` in the table `path` (`ip kube-proxy`).

    None if only another table will do: a chain that is a base chain now, or was, has references
    that the other kind cannot have.
    """
    before = {block.place: block for block in old}
    after = {block.place: block for block in new}
    common = before.keys() & after.keys()
    remade = {place for place in common if _is_another(after[place], before[place])}
    if any(after[place].is_base != before[place].is_base for place in remade):
        return None
    kept = {place for place in common if after[place].members != before[place].members} - remade
    kept |= _users(before, {name for is_chain, name in remade if not is_chain}) & (common - remade)
    gone, fresh = before.keys() - common | remade, after.keys() - common | remade
    change = _Change(path, before, after)
    return "".join(
        [
            *change.flushed(sorted(kept | gone)),
            *change.taken(sorted(kept)),
            *change.deleted(sorted(gone)),
            *change.made(sorted(fresh)),
            *change.added(sorted(kept)),
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


@dataclass(frozen=True, slots=True)
class _Change:
    """The blocks of a table as they are and as they shall be, and commands for some of them."""

    path: str
    before: Mapping[_Place, NftBlock]
    after: Mapping[_Place, NftBlock]

    def flushed(self, places: Iterable[_Place]) -> Iterator[str]:
        """Chains without their rules."""
        for is_chain, name in places:
            if is_chain:
                yield f"flush chain {self.path} {name}\n"

    def taken(self, places: Iterable[_Place]) -> Iterator[str]:
        """Sets and maps without the elements that go, or that will be others."""
        for is_chain, name in places:
            if not is_chain:
                elements = self._surplus(self.before, self.after, (is_chain, name))
                keys = [_ANNOTATION.sub("", item).partition(" : ")[0] for item in elements]
                yield from _elements("delete", self.path, name, keys)

    def deleted(self, places: Iterable[_Place]) -> Iterator[str]:
        """What goes altogether."""
        for place in places:
            yield f"delete {self.before[place].kind} {self.path} {place[1]}\n"

    def made(self, places: Iterable[_Place]) -> Iterator[str]:
        """What is new, as a table: nft makes its chains before the elements that lead to them."""
        blocks = [self.after[place].text() for place in places]
        if blocks:
            yield "".join([f"table {self.path} {{\n", *blocks, "}\n"])

    def added(self, places: Iterable[_Place]) -> Iterator[str]:
        """What was there with what it has now."""
        for place in places:
            block = self.after[place]
            if block.kind == "chain":
                yield from filling(self.path, block)
            else:
                elements = self._surplus(self.after, self.before, place)
                yield from _elements("add", self.path, block.name, elements)

    def _surplus(
        self, these: Mapping[_Place, NftBlock], those: Mapping[_Place, NftBlock], place: _Place
    ) -> list[str]:
        """The elements that only the first has."""
        here, there = these[place].members, those[place].members
        start = _in_common(here, there)
        end = _in_common(here[:start:-1], there[:start:-1])
        other = set(there[start : len(there) - end])
        return [item for item in here[start : len(here) - end] if item not in other]


def _in_common(these: Sequence[str], those: Sequence[str]) -> int:
    """How many elements both begin with; compared by halves, which is C's work and not Python's."""
    low, high = 0, min(len(these), len(those))
    while low < high:
        middle = (low + high + 1) // 2
        if these[low:middle] == those[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


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
