"""iptables tables of any shape, and what iptables-restore makes of a text, as a model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from labnet.state import BUILTIN, Ruleset, sorted_chains, sorted_rules


NETNS = "lab.node"
OWN = tuple(f"KUBE-{letter}" for letter in "ABCDEF")
_MATCHES = (
    "",
    "-s 10.0.0.1/32 ",
    "-m recent --set --name SEP --mask 255.255.255.255 --rsource ",
    '-m comment --comment "a b" ',
)


@st.composite
def tables(draw: Any, table: str = "filter") -> Ruleset:
    """A table with some chains of its own; each jumps only to those behind it."""
    own = sorted(draw(st.sets(st.sampled_from(OWN), max_size=5)))
    builtin = BUILTIN[table]
    policies = [(name, draw(st.sampled_from(["ACCEPT", "DROP"]))) for name in builtin]
    chains = sorted_chains(table, [*policies, *((name, "-") for name in own)])
    rules = []
    for name, _ in chains:
        targets = ["ACCEPT", "RETURN", *(other for other in own if name in builtin or other > name)]
        rule = st.builds("{}-j {}".format, st.sampled_from(_MATCHES), st.sampled_from(targets))
        rules += [f"-A {name} {words}" for words in draw(st.lists(rule, max_size=4))]
    return Ruleset(NETNS, 4, table, chains, sorted_rules(chains, rules))


class Refused(Exception):
    """What iptables-restore says of a text that it does not take."""


def restore_noflush(old: Ruleset, text: str) -> Ruleset:
    """A table after `iptables-restore --noflush`, as its manual and its source say."""
    first, *lines, last = text.splitlines()
    if (first, last) != (f"*{old.table}", "COMMIT"):
        raise Refused(text)
    policies = dict(old.chains)
    bodies: dict[str, list[str]] = {name: [] for name in policies}
    for rule in old.rules:
        bodies[rule.split(" ")[1]].append(rule)
    for line in lines:
        _obey(line, BUILTIN[old.table], policies, bodies)
    used = {rule.rpartition(" -j ")[2] for body in bodies.values() for rule in body}
    if used - policies.keys() - {"ACCEPT", "RETURN"}:
        raise Refused("a rule jumps to a chain that is not there")
    chains = sorted_chains(old.table, policies.items())
    rules = sorted_rules(chains, [rule for body in bodies.values() for rule in body])
    return Ruleset(old.netns, old.family, old.table, chains, rules)


def _obey(
    line: str, builtin: tuple[str, ...], policies: dict[str, str], bodies: dict[str, list[str]]
) -> None:
    """One line: declare, empty, delete or append."""
    verb, *words = line.split()
    if verb.startswith(":"):
        name = verb[1:]
        policies[name] = words[0]
        bodies[name] = bodies[name] if name in builtin else []
    elif words[0] not in policies:
        raise Refused(f"no chain {words[0]}")
    elif verb == "-F":
        bodies[words[0]] = []
    elif verb == "-X":
        users = [rule for body in bodies.values() for rule in body if rule.endswith(f" {words[0]}")]
        if users or bodies.pop(words[0]):
            raise Refused(f"{words[0]} is in use")
        del policies[words[0]]
    elif verb == "-A":
        bodies[words[0]].append(line)
    else:
        raise Refused(line)
