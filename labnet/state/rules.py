"""netfilter rules: whole iptables tables, in the form in which iptables-save prints them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
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
_Place = Callable[[str], tuple[int, str]]
_CHUNK = 512  # rules or chains that are compared at once
_RULE_LENGTH = 90  # characters, on the average
_MANY = 500  # chains; so many are nobody's to read, and slow to sort
_NAMED = 3  # chains that differ


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
        """The whole table as iptables-restore reads it."""
        chains = [f":{name} {policy} [0:0]" for name, policy in _declared(self.chains)]
        return "\n".join([f"*{self.table}", *chains, *self.rules, "COMMIT", ""])

    @property
    def size(self) -> int:
        """How long its text is, or nearly so; adding up 50,000 lengths would take 5 ms."""
        return _RULE_LENGTH * len(self.rules)

    def delta(self, old: Self) -> str:
        """What `iptables-restore --noflush` has to read to make this table of `old`.

        Chains that are the same in both are not named, so their counters and the lists of their
        `recent` matches stay as they are. A list that another rule of the same text names stays as
        well: the kernel takes new rules before it lets go of old ones. A `:CHAIN` line empties a
        chain of one's own and makes it if need be; it does not empty a built-in one.
        """
        place = _places(self.table)
        touched = _touched(old.rules, self.rules, place)
        fresh, gone = _chains_that_differ(self.chains, old.chains, place)
        flushed = [name for name in touched if name not in gone]
        own = {name: "-" for name in flushed if name not in BUILTIN[self.table]}
        named = sorted({**own, **fresh}.items(), key=lambda chain: place(chain[0]))
        lines = [
            f"*{self.table}",
            *(f":{name} {policy} [0:0]" for name, policy in _declared(named)),
            *(f":{name} - [0:0]" for name in sorted(gone)),
            *(f"-F {name}" for name in flushed if name not in own),
            *(rule for name in flushed for rule in _body(self.rules, name, place)),
            *(f"-X {name}" for name in sorted(gone)),
        ]
        return "\n".join([*lines, "COMMIT", ""])

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
        """`iptables-restore --noflush` of what differs, if that is less than the whole."""
        part = self.delta(old)
        if len(part) >= self.size:
            return self.add()
        restore = (f"{self.tool}-restore", "--noflush", Stdin(part))
        return [("ip", "netns", "exec", self.netns, *restore)]

    def delete(self) -> list[Command]:
        """Back to the empty table."""
        return self.empty().add()

    def difference(self, old: Self) -> str:
        """Which chains differ: `chains FORWARD, KUBE-SERVICES differ`."""
        place = _places(self.table)
        fresh, gone = _chains_that_differ(self.chains, old.chains, place)
        names = sorted({*_touched(old.rules, self.rules, place), *fresh, *gone}, key=place)
        if len(names) == 1:
            return f"chain {names[0]} differs"
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"chains {', '.join(names[:_NAMED])}{more} differ"


def _chains_that_differ(
    new: Sequence[tuple[str, str]], old: Sequence[tuple[str, str]], place: _Place
) -> tuple[dict[str, str], set[str]]:
    """The chains that are new or have another policy, and the names of those that go."""
    fresh: dict[str, str] = {}
    gone: set[str] = set()
    here = there = 0
    while True:
        same = _in_common(old, here, new, there)
        here, there = here + same, there + same
        mine, theirs = new[there : there + 1], old[here : here + 1]
        if not mine and not theirs:
            return fresh, gone - fresh.keys()
        first = min((name for name, _ in (*mine, *theirs)), key=place)
        if mine and mine[0][0] == first:
            fresh[first] = mine[0][1]
            there += 1
        if theirs and theirs[0][0] == first:
            gone.add(first)
            here += 1


def _declared(chains: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Chains in the order in which they are to be made.

    iptables-nft 1.8 sorts the chains that it reads from the kernel by a quicksort that takes the
    first for its pivot. The kernel tells them in the order of their making, so 20,000 of them made
    in the order of their names cost every iptables-save 4 s instead of 0.7.
    """
    if len(chains) < _MANY:
        return chains
    return sorted(chains, key=lambda chain: (chain[1] == "-", chain[0][::-1]))


def _places(table: str) -> _Place:
    """What sorts the chains of a table: the built-in ones as their hooks, the others by name."""
    builtin = {name: number for number, name in enumerate(BUILTIN[table])}
    return lambda name: (builtin.get(name, len(builtin)), name)


def _touched(old: Sequence[str], new: Sequence[str], place: _Place) -> list[str]:
    """The chains whose rules differ, in their order, in one walk through both."""
    touched: list[str] = []
    here = there = 0
    while here < len(old) or there < len(new):
        same = _in_common(old, here, new, there)
        here, there = here + same, there + same
        if here == len(old) and there == len(new):
            break
        next_ = [_chain(rule) for rule in (*old[here : here + 1], *new[there : there + 1])]
        chain = min(next_, key=place)
        touched.append(chain)
        here, there = _after(old, here, chain), _after(new, there, chain)
    return touched


def _in_common(old: Sequence[object], here: int, new: Sequence[object], there: int) -> int:
    """How many are the same from two places on; many are compared at once, which is C's work."""
    same, left = 0, min(len(old) - here, len(new) - there)
    while same < left:
        size = min(_CHUNK, left - same)
        start, other = here + same, there + same
        if old[start : start + size] != new[other : other + size]:
            return same + next(n for n in range(size) if old[start + n] != new[other + n])
        same += size
    return same


def _after(rules: Sequence[str], at: int, chain: str) -> int:
    """Where the rules of a chain end, if there are any at this place."""
    while at < len(rules) and rules[at].startswith(f"-A {chain} "):
        at += 1
    return at


def _body(rules: Sequence[str], chain: str, place: _Place) -> Sequence[str]:
    """The rules of a chain."""
    at = bisect_left(rules, place(chain), key=lambda rule: place(_chain(rule)))
    return rules[at : _after(rules, at, chain)]


def _chain(rule: str) -> str:
    """The chain that a rule is in: the second word of `-A FORWARD -j ACCEPT`."""
    return rule.split(" ", 2)[1]


def sorted_chains(table: str, chains: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Built-in chains in the order of their hooks, then one's own by name."""
    builtin = BUILTIN[table]
    policies = dict.fromkeys(builtin, "ACCEPT") | dict(chains)
    own = sorted(name for name in policies if name not in builtin)
    return tuple((name, policies[name]) for name in (*builtin, *own))


def sorted_rules(chains: Iterable[tuple[str, str]], rules: Iterable[str]) -> tuple[str, ...]:
    """Rules in the order of their chains, and within a chain as they are."""
    shares: dict[str, list[str]] = {name: [] for name, _ in chains}
    share: list[str] = []
    prefix = "\n"
    for rule in rules:  # those of a chain mostly stand together
        if not rule.startswith(prefix):
            chain = _chain(rule)
            prefix, share = f"-A {chain} ", shares[chain]
        share.append(rule)
    return tuple(rule for share in shares.values() for rule in share)


def parse_rulesets(netns: str, family: Literal[4, 6], text: str) -> list[Ruleset]:
    """The tables in the output of iptables-save, without those that nobody has touched."""
    rulesets = []
    table = ""
    chains: list[tuple[str, str]] = []
    rules: list[str] = []
    for line in text.splitlines():
        if line.startswith("-"):
            rules.append(line.rstrip())
        elif line.startswith(":"):
            name, policy, *_ = line[1:].split()
            chains.append((name, policy))
        elif line.startswith("*"):
            table, chains, rules = line[1:], [], []
        elif line == "COMMIT":
            order = sorted_chains(table, chains)
            rulesets.append(Ruleset(netns, family, table, order, sorted_rules(order, rules)))
    return [ruleset for ruleset in rulesets if not ruleset.is_empty]
