"""Rules, elements and headers of nftables as words (nft(8))."""

from __future__ import annotations

import re
from collections.abc import Iterable


_WORD = re.compile(r'"[^"]*"|[{}()]|[^\s{}()"]+')


class Words:
    """Words one after the other. A quoted one keeps its quotes; `,` and `:` stand alone."""

    def __init__(self, text: str) -> None:
        """The words of a line as nft lists it, or as a person writes it."""
        self._words = [part for word in _WORD.findall(text) for part in _parts(word)]
        self._next = 0

    def __bool__(self) -> bool:
        """Whether any are left."""
        return self._next < len(self._words)

    def peek(self, ahead: int = 0) -> str:
        """A word that is not taken; empty after the last."""
        place = self._next + ahead
        return self._words[place] if place < len(self._words) else ""

    def take(self) -> str:
        """The next word.

        Errors:
          ValueError: there is none.
        """
        if not self:
            raise ValueError("the rule ends too early")
        self._next += 1
        return self._words[self._next - 1]

    def take_if(self, *words: str) -> bool:
        """Take these words if they are the next ones."""
        if self._words[self._next : self._next + len(words)] != list(words):
            return False
        self._next += len(words)
        return True

    def take_any(self, words: Iterable[str]) -> str:
        """Take the next word if it is one of these; else the empty one."""
        return self.take() if self.peek() in words else ""

    def rest(self) -> str:
        """What is left, as text."""
        return " ".join(self._words[self._next :])


def _parts(word: str) -> list[str]:
    """A comma or a colon at the end is a word of its own, but `fd00::` is an address."""
    if word.startswith('"') or word in {",", ":"}:
        return [word]
    if word.endswith(","):
        return [*_parts(word[:-1]), ","]
    if word.endswith(":") and not word.endswith("::"):
        return [word[:-1], ":"]
    return [word]


def unquoted(word: str) -> str:
    """A word without its quotes."""
    return word[1:-1] if word.startswith('"') else word
