"""netfilter rules: whole iptables tables, in the form in which iptables-save prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from labnet.state.base import Command, Key, Object, Stdin


BUILTIN: dict[str, tuple[str, ...]] = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
"""The built-in chains of each table (iptables(8))."""


@dataclass(frozen=True, slots=True)
class Ruleset(Object):
    """One iptables table of a namespace for one family.

    `chains` are (name, policy), `-` for a chain of one's own, the built-in ones included; `rules`
    are lines as iptables-save prints them (`-A FORWARD -s 10.0.0.0/8 -j ACCEPT`), in order.
    iptables-save rewrites what it was given, so rules are built in its form to be comparable.
    """

    rank: ClassVar[int] = 8
    netns: str
    family: Literal[4, 6]
    table: str
    chains: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]

    @property
    def key(self) -> Key:
        """`iptables NETNS TABLE` or `ip6tables NETNS TABLE`."""
        return self.tool, self.netns, self.table

    @property
    def tool(self) -> str:
        """`iptables` or `ip6tables`."""
        return "iptables" if self.family == 4 else "ip6tables"

    def text(self) -> str:
        """The table as iptables-restore reads it."""
        chains = [f":{name} {policy} [0:0]" for name, policy in self.chains]
        return "\n".join([f"*{self.table}", *chains, *self.rules, "COMMIT", ""])

    def empty(self) -> Self:
        """The same table as a new namespace has it."""
        chains = sorted_chains(self.table, ())
        return type(self)(self.netns, self.family, self.table, chains, ())

    @property
    def is_empty(self) -> bool:
        """Whether it says no more than a table that nobody has touched."""
        return not self.rules and dict(self.chains) == dict.fromkeys(BUILTIN[self.table], "ACCEPT")

    def add(self) -> list[Command]:
        """`iptables-restore` swaps the table at once; the last word is what it reads."""
        return [("ip", "netns", "exec", self.netns, f"{self.tool}-restore", Stdin(self.text()))]

    def change(self, old: Self) -> list[Command]:
        """The same swaps it."""
        del old
        return self.add()

    def delete(self) -> list[Command]:
        """Back to the empty table."""
        return self.empty().add()


def sorted_chains(table: str, chains: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Built-in chains in the order of their hooks, then one's own by name."""
    builtin = BUILTIN[table]
    policies = dict.fromkeys(builtin, "ACCEPT") | dict(chains)
    own = sorted(name for name in policies if name not in builtin)
    return tuple((name, policies[name]) for name in (*builtin, *own))


def sorted_rules(chains: Iterable[tuple[str, str]], rules: Iterable[str]) -> tuple[str, ...]:
    """Rules in the order of their chains, and within a chain as they are."""
    place = {name: number for number, (name, _) in enumerate(chains)}
    return tuple(sorted(rules, key=lambda rule: place[rule.split(" ", 2)[1]]))


def parse_rulesets(netns: str, family: Literal[4, 6], text: str) -> list[Ruleset]:
    """The tables in the output of iptables-save, without those that nobody has touched."""
    rulesets = []
    table = ""
    chains: list[tuple[str, str]] = []
    rules: list[str] = []
    for line in text.splitlines():
        if line.startswith("*"):
            table, chains, rules = line[1:], [], []
        elif line.startswith(":"):
            name, policy, *_ = line[1:].split()
            chains.append((name, policy))
        elif line.startswith("-"):
            rules.append(line.rstrip())
        elif line == "COMMIT":
            order = sorted_chains(table, chains)
            rulesets.append(Ruleset(netns, family, table, order, sorted_rules(order, rules)))
    return [ruleset for ruleset in rulesets if not ruleset.is_empty]
