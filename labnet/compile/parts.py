"""What components yield, and how their shares of an iptables table become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from labnet.model import Source
from labnet.state import BUILTIN, Object, Ruleset, Sysctl, sorted_chains, sorted_rules


@dataclass(frozen=True, slots=True)
class TablePart:
    """A component's share of one table of a namespace.

    `chains` are its own; `rules` are in iptables-save's form, and those of a built-in chain follow
    those of the components before it. `prepended` are rules of built-in chains, from the top down,
    that stand above all that the components before it have put there.
    """

    netns: str
    family: Literal[4, 6]
    table: str
    component: str
    chains: tuple[str, ...]
    rules: tuple[str, ...]
    prepended: tuple[str, ...] = ()


class Part(NamedTuple):
    """An object of the kernel, or a share of a table, and the manifest that it comes from."""

    item: Object | TablePart
    why: str


def because(kind: str, name: str, source: Source) -> str:
    """`Node node1 (two-node.yaml:12)`."""
    return f"{kind} {name} ({source})"


def no_dad(netns: str, why: str) -> Iterator[Part]:
    """No duplicate address detection, as the CNI bridge plugin has it.

    With it, a link would have no address to ask for neighbours with in its first
    second. Set before there are links, which copy the default.
    """
    yield Part(Sysctl(netns, "net.ipv6.conf.default.accept_dad", "0"), why)


def merge_tables(parts: Iterable[TablePart]) -> Iterator[tuple[Ruleset, str]]:
    """One Ruleset for each table, and the components that share it."""
    grouped: dict[tuple[str, Literal[4, 6], str], list[TablePart]] = {}
    for part in parts:
        grouped.setdefault((part.netns, part.family, part.table), []).append(part)
    for (netns, family, table), shares in grouped.items():
        own = [(chain, "-") for share in shares for chain in share.chains]
        assert not {name for name, _ in own} & set(BUILTIN[table]), "own chains have own names"
        chains = sorted_chains(table, own)
        first = [rule for share in reversed(shares) for rule in share.prepended]
        rules = sorted_rules(chains, [*first, *(rule for share in shares for rule in share.rules)])
        names = sorted({share.component for share in shares})
        yield Ruleset(netns, family, table, chains, rules), "rules of " + ", ".join(names)
