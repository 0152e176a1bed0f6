"""Rules of iptables-save as groups of options, before anything is known about what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple


_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_ESCAPE = re.compile(r"\\(.)")
_COUNTERS = re.compile(r"^\[\d+:\d+\] ")

_LONG = {
    "--append": "-A",
    "--protocol": "-p",
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--match": "-m",
    "--jump": "-j",
    "--goto": "-g",
    "--set-counters": "-c",
}


class Option(NamedTuple):
    """One option of a rule: `! --dport 80`."""

    name: str
    values: tuple[str, ...]
    negated: bool

    @property
    def value(self) -> str:
        """Its only value."""
        if len(self.values) != 1:
            raise ValueError(f"{self.name} takes one value, not {len(self.values)}")
        return self.values[0]

    def __str__(self) -> str:
        """As the rule has it."""
        return " ".join([*(["!"] if self.negated else []), self.name, *self.values])


@dataclass(slots=True)
class Group:
    """What stands after one `-m`, `-j` or `-g`; the first one of a rule has no name."""

    name: str = ""
    options: list[Option] = field(default_factory=list)

    def __str__(self) -> str:
        """Its words, without the `-m` or `-j`."""
        return " ".join([self.name, *map(str, self.options)]).strip()


@dataclass(slots=True)
class RuleWords:
    """A rule: its chain, the options of iptables itself, those of each match, the target."""

    chain: str
    own: Group
    matches: list[Group]
    target: Group | None
    goto: bool


class _Reader:
    """Words one after the other; a quoted one is never an option."""

    def __init__(self, line: str) -> None:
        self._words: list[tuple[str, bool]] = []
        for quoted, bare in _WORD.findall(_COUNTERS.sub("", line.strip())):
            word = bare or _ESCAPE.sub(r"\1", quoted)
            self._words.append((word, not bare))
        self._words.reverse()

    def __bool__(self) -> bool:
        return bool(self._words)

    def next(self) -> str:
        """The next word."""
        if not self._words:
            raise ValueError("the rule ends too early")
        return self._words.pop()[0]

    def values(self) -> tuple[str, ...]:
        """Words up to the next option."""
        values = []
        while self._words:
            word, quoted = self._words[-1]
            if not quoted and (word == "!" or (word.startswith("-") and len(word) > 1)):
                break
            values.append(self._words.pop()[0])
        return tuple(values)


def parse_words(line: str) -> RuleWords:
    """The groups of a line `-A CHAIN …`.

    Errors:
      ValueError: the line is not a rule that is appended to a chain.
    """
    reader = _Reader(line)
    if _LONG.get(word := reader.next(), word) != "-A":
        raise ValueError("a rule begins with -A")
    rule = RuleWords(reader.next(), Group(), [], None, goto=False)
    group, negated = rule.own, False
    while reader:
        name = reader.next()
        name = _LONG.get(name, name)
        if name == "!":
            negated = True
            continue
        if name == "-m":
            group = Group(reader.next())
            rule.matches.append(group)
        elif name in {"-j", "-g"}:
            rule.target = group = Group(reader.next())
            rule.goto = name == "-g"
        else:
            option = Option(name, reader.values(), negated)
            (rule.own if name in {"-s", "-d", "-i", "-o", "-p"} else group).options.append(option)
        negated = False
    return rule
