"""The chains and maps of a node as blocks of lines, whatever kind of rules they are of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from labnet.cli.netfilter.origins import Origin, Origins
from labnet.state import BUILTIN, Ruleset


HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
"""The hooks in the order in which packets meet them; each packet meets two or three of them."""

_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_NAT = {"PREROUTING": -100, "OUTPUT": -100, "INPUT": 100, "POSTROUTING": 100}
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_TARGET = re.compile(r" -[jg] (\S+)")


class BlockKey(NamedTuple):
    """The identity of a chain, set or map; `tool` is `iptables` or `nft`."""

    tool: Literal["iptables", "nft"]
    family: Literal[4, 6]
    table: str
    name: str


@dataclass(frozen=True)
class Line:
    """A rule, or an element of a map: its text, where it comes from and where it leads.

    `say` makes its words, which only what is shown pays for.
    """

    text: str
    origin: Origin
    leads_to: tuple[BlockKey, ...]
    say: Callable[[], str]

    @cached_property
    def words(self) -> str:
        """What it does, in plain words."""
        return self.say()


@dataclass(frozen=True, slots=True)
class Block:
    """A chain, set or map with its lines.

    A base chain has a `hook` and a `priority`; `policy` is what becomes of a packet at its end.
    """

    key: BlockKey
    kind: Literal["chain", "set", "map"]
    lines: tuple[Line, ...]
    hook: str = ""
    priority: int = 0
    policy: str = ""


Blocks = Mapping[BlockKey, Block]
Sentence = Callable[[str, bool], str]
"""The words of a rule; the flag says that rules before it have taken some packets by chance."""


def iptables_blocks(
    rulesets: Iterable[Ruleset], origins: Origins, sentence: Sentence
) -> Iterator[Block]:
    """The chains of iptables tables."""
    for ruleset in rulesets:
        names = {name for name, _ in ruleset.chains}
        by_chain: dict[str, list[str]] = {name: [] for name in names}
        for rule in ruleset.rules:
            by_chain.setdefault(rule.split(" ", 2)[1], []).append(rule)
        for name, policy in ruleset.chains:
            key = BlockKey("iptables", ruleset.family, ruleset.table, name)
            lines = tuple(_lines(key, by_chain[name], names, origins, sentence))
            builtin = name in BUILTIN[ruleset.table]
            yield Block(
                key,
                "chain",
                lines,
                hook=name.lower() if builtin else "",
                priority=_priority(ruleset.table, name) if builtin else 0,
                policy=policy.lower() if builtin else "",
            )


def _lines(
    key: BlockKey,
    rules: Sequence[str],
    chains: set[str],
    origins: Origins,
    sentence: Sentence,
) -> Iterator[Line]:
    rest = False
    for rule in rules:
        target = jump_of(rule)
        leads_to = (key._replace(name=target),) if target in chains else ()
        origin = origins.of_rule(key.family, key.table, rule, target)
        yield Line(rule, origin, leads_to, _later(sentence, rule, rest))
        rest = rest or " --mode random " in rule


def _later(sentence: Sentence, rule: str, rest: bool) -> Callable[[], str]:  # noqa: FBT001  # as Sentence
    return lambda: sentence(rule, rest)


def jump_of(rule: str) -> str:
    """The word after `-j` or `-g`, which may be a chain; a comment is not looked into."""
    found = _TARGET.search(_QUOTED.sub('""', rule))
    return found[1] if found else ""


def _priority(table: str, chain: str) -> int:
    """Netfilter's number for a built-in chain (include/uapi/linux/netfilter_ipv4.h)."""
    return _NAT[chain] if table == "nat" else _PRIORITIES[table]


def base_chains(blocks: Blocks, family: int) -> Iterator[Block]:
    """The base chains of a family that have lines, in the order in which packets meet them."""
    found = [one for one in blocks.values() if one.hook and one.key.family == family and one.lines]
    return iter(sorted(found, key=lambda one: (HOOKS.index(one.hook), one.priority, one.key.table)))
