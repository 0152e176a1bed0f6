"""Text as a tree in which every value knows its file, its line and its path.

Decisions
- We chose to build the tree from PyYAML's event stream over its composer because the composer
  recurses (a hundred thousand `[` end the process), drops duplicate keys without a word and
  expands aliases without a bound.
- We chose to copy what an alias stands for over sharing it, so that each value has one parent and
  one path; a budget bounds the copies.
"""

from __future__ import annotations

import re
from typing import Final

from labnet.parse.scalars import Kind, scalar_kind


class Tree:
    """A value in a file: `line` counts from 1, `parent` is the collection it is in.

    `key` is its field name or its index in there, and `None` for the root of a document.
    """

    __slots__ = ("file", "key", "line", "parent")

    def __init__(self, file: str, line: int) -> None:
        """A root; `adopt` gives it its place in a collection."""
        self.file = file
        self.line = line
        self.parent: Tree | None = None
        self.key: str | int | None = None

    def adopt(self, parent: Tree, key: str | int) -> None:
        """Give it its place."""
        self.parent = parent
        self.key = key

    @property
    def path(self) -> str:
        """The path in Kubernetes' notation: `spec.ports[0].port`, empty for a root."""
        return render_path(self.keys)

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The steps from the root down to here."""
        steps: list[str | int] = []
        tree: Tree | None = self
        while tree is not None and tree.key is not None:
            steps.append(tree.key)
            tree = tree.parent
        return tuple(reversed(steps))

    @property
    def root(self) -> Tree:
        """The document that it is in."""
        tree = self
        while tree.parent is not None:
            tree = tree.parent
        return tree

    @property
    def is_null(self) -> bool:
        """Whether nothing is written there, which to Kubernetes is the same as no field."""
        return False

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing: null, `{}`, `[]` or an empty text."""
        return False


class Scalar(Tree):
    """Text, a number, a boolean or null."""

    __slots__ = ("plain", "text")

    def __init__(self, file: str, line: int, text: str, *, plain: bool) -> None:
        """A value that is `text` whatever it looks like, unless it is `plain`."""
        super().__init__(file, line)
        self.text = text
        self.plain = plain

    @property
    def kind(self) -> Kind:
        """What it means to Kubernetes."""
        return scalar_kind(self.text) if self.plain else "str"

    @property
    def is_null(self) -> bool:
        """Whether nothing is written there."""
        return self.plain and scalar_kind(self.text) == "null"

    @property
    def is_blank(self) -> bool:
        """Whether it is null or an empty text."""
        return not self.text or self.is_null


class Items(Tree):
    """A sequence."""

    __slots__ = ("items",)

    def __init__(self, file: str, line: int) -> None:
        """An empty one."""
        super().__init__(file, line)
        self.items: list[Tree] = []

    @property
    def is_blank(self) -> bool:
        """Whether it is `[]`."""
        return not self.items


class Fields(Tree):
    """A mapping with text keys, in the order of the file."""

    __slots__ = ("fields",)

    def __init__(self, file: str, line: int) -> None:
        """An empty one."""
        super().__init__(file, line)
        self.fields: dict[str, Tree] = {}

    @property
    def is_blank(self) -> bool:
        """Whether it is `{}`."""
        return not self.fields

    def text(self, name: str) -> str:
        """The text of field `name`, empty if it has none."""
        value = self.fields.get(name)
        return value.text if isinstance(value, Scalar) and value.kind == "str" else ""


_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def render_path(keys: tuple[str | int, ...]) -> str:
    """`("metadata", "labels", "a.b/c")` as `metadata.labels["a.b/c"]`, an index as `[0]`."""
    parts: list[str] = []
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif _BARE_KEY.fullmatch(key):
            parts.append(f".{shorten(key)}" if parts else shorten(key))
        else:
            parts.append(f'["{shorten(key)}"]')
    return "".join(parts)


def descend(tree: Tree, keys: tuple[str | int, ...]) -> Tree:
    """What is at `keys` below `tree`, or the deepest that there is on the way."""
    for key in keys:
        child: Tree | None = None
        if isinstance(tree, Fields) and isinstance(key, str):
            child = tree.fields.get(key)
        elif isinstance(tree, Items) and isinstance(key, int) and key < len(tree.items):
            child = tree.items[key]
        if child is None:
            return tree
        tree = child
    return tree


def shorten(text: str, limit: int = 60) -> str:
    """`text` on one line of at most `limit` characters, what cannot be printed as an escape."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in cut)


def quote(text: str) -> str:
    """`text` in single quotes, as messages show a value."""
    return f"'{shorten(text)}'"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
