"""Sets, maps and verdict maps of nftables: what is in them, and how it is found (nft(8), SETS)."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from labnet.state import NftBlock
from labnet.trace.nft_values import (
    ANY,
    Beginning,
    Constant,
    Key,
    Range,
    declared_types,
    matches,
    parse_constant,
)
from labnet.trace.nft_words import Words


class NftVerdict(NamedTuple):
    """What a rule or an element of a verdict map decides; `chain` is where a jump or goto leads."""

    kind: Literal["accept", "drop", "reject", "continue", "return", "jump", "goto"]
    chain: str = ""


Data = Key | NftVerdict
Fields = tuple[Constant, ...]
_VERDICTS = frozenset({"accept", "drop", "continue", "return", "jump", "goto"})
_ASIDE = {"timeout": 1, "expires": 1, "comment": 1, "packets": 1, "bytes": 1, "counter": 0}


@dataclass(slots=True)
class Elements:
    """What is in a set or map, to be looked up without looking at each.

    Exact keys are in a dictionary. Ranges of one field cannot overlap, so they are sorted; those in
    concatenations are grouped by their exact fields. A set's elements have the empty key as data.
    """

    exact: dict[Key, Data] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    ranges: list[tuple[Range, Data]] = field(default_factory=list)
    mixed: dict[tuple[bool, ...], dict[Key, list[tuple[Fields, Data]]]] = field(
        default_factory=dict
    )
    otherwise: Data | None = None

    @classmethod
    def of(cls, elements: Iterable[tuple[Fields, Data]]) -> Elements:
        """The elements, sorted into what finds them."""
        made = cls()
        for key, data in elements:
            if key == (ANY,):
                made.otherwise = data
            elif len(key) == 1 and isinstance(key[0], Range):
                made.ranges.append((key[0], data))
            else:
                made._add(key, data)
        made.ranges.sort(key=lambda item: item[0])
        made.starts = [item.low for item, _ in made.ranges]
        return made

    def _add(self, key: Fields, data: Data) -> None:
        shape = tuple(isinstance(part, int | str) for part in key)
        exact = tuple(part for part in key if isinstance(part, int | str))
        if all(shape):
            self.exact[exact] = data
        else:
            self.mixed.setdefault(shape, {}).setdefault(exact, []).append((key, data))

    def find(self, key: Key) -> Data | None:
        """The data of the element that the key is in; None if there is none."""
        if (found := self.exact.get(key)) is not None:
            return found
        value = key[0]
        if self.ranges and isinstance(value, int):
            index = bisect.bisect_right(self.starts, value) - 1
            if index >= 0 and matches(value, self.ranges[index][0]):
                return self.ranges[index][1]
        for shape, groups in self.mixed.items():
            exact = tuple(part for part, is_exact in zip(key, shape, strict=True) if is_exact)
            for fields, data in groups.get(exact, ()):
                if all(map(matches, key, fields)):
                    return data
        return self.otherwise


@dataclass(slots=True)
class NamedSet:
    """A set or map of a table; its elements are read when something is looked up in it."""

    name: str
    keys: tuple[str, ...]
    data: tuple[str, ...]
    is_dynamic: bool
    members: tuple[str, ...] = field(repr=False)
    _elements: Elements | None = None

    @classmethod
    def of(cls, block: NftBlock) -> NamedSet:
        """The set of a block, whose header says the types."""
        keys: tuple[str, ...] = ()
        data: tuple[str, ...] = ()
        flags = ""
        for line in block.header:
            word, _, rest = line.partition(" ")
            if word in {"type", "typeof"}:
                types, _, values = rest.partition(" : ")
                keys, data = declared_types(types), declared_types(values) if values else ()
            elif word == "flags":
                flags = rest
        return cls(block.name, keys, data, "dynamic" in flags, block.members)

    def elements(self, kinds: Sequence[str]) -> Elements:
        """Its elements; `kinds` are the types that the key is looked up as."""
        if self._elements is None:
            parsed = (parse_element(Words(text), kinds, self.data) for text in self.members)
            self._elements = Elements.of(parsed)
        return self._elements


def parse_element(words: Words, kinds: Sequence[str], data: Sequence[str]) -> tuple[Fields, Data]:
    """One element: `10.96.0.1 . 6 . 443 : goto web`; `kinds` and `data` are the types.

    Errors:
      ValueError: it is not of these types.
    """
    key = _fields(words, kinds)
    _skip_aside(words)
    if not words.take_if(":"):
        return key, ()
    if words.peek() in _VERDICTS:
        value: Data = parse_verdict(words)
    else:
        value = tuple(_single(part) for part in _fields(words, data))
    _skip_aside(words)
    return key, value


def parse_elements(words: Words, kinds: Sequence[str], data: Sequence[str]) -> Elements:
    """The elements of an anonymous set or map, whose `{` has been taken."""
    return Elements.of(_between_braces(words, kinds, data))


def _between_braces(
    words: Words, kinds: Sequence[str], data: Sequence[str]
) -> Iterator[tuple[Fields, Data]]:
    while not words.take_if("}"):
        yield parse_element(words, kinds, data)
        if not words.take_if(",") and words.peek() != "}":
            raise ValueError(f"{words.peek()!r} in a set")


def parse_verdict(words: Words) -> NftVerdict:
    """`accept`, `goto CHAIN`."""
    kind = words.take()
    if kind in {"jump", "goto"}:
        return NftVerdict("jump" if kind == "jump" else "goto", words.take())
    if kind not in _VERDICTS:
        raise ValueError(f"{kind} is no verdict")
    return NftVerdict(kind)  # type: ignore[arg-type]  # mypy does not narrow a str by `in`


def _fields(words: Words, kinds: Sequence[str]) -> Fields:
    """Constants with dots between them; what has no type is a number."""
    parts = [words.take()]
    while words.take_if("."):
        parts.append(words.take())
    types = [*kinds, *["number"] * (len(parts) - len(kinds))]
    return tuple(map(parse_constant, parts, types))


def _single(constant: Constant) -> int | str:
    if isinstance(constant, Range | Beginning):
        raise ValueError("a range as data")  # noqa: TRY004  # the rule's words are wrong, no type
    return constant


def _skip_aside(words: Words) -> None:
    """What an element has beside key and data."""
    while (word := words.peek()) in _ASIDE:
        for _ in range(1 + _ASIDE[word]):
            words.take()
