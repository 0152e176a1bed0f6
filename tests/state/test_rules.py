"""Changes of iptables tables: no more than what differs, and it leads there."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given

from labnet.plan import plan, plan_script
from labnet.state import BUILTIN, Netns, Ruleset, State, parse_rulesets, sorted_chains, sorted_rules
from state.rulesets import NETNS, restore_noflush, tables


def table(rules: dict[str, list[str]], **policies: str) -> Ruleset:
    """The nat table with these rules (without `-A CHAIN`) in chains."""
    chains = sorted_chains("nat", [*dict.fromkeys(rules, "-").items(), *policies.items()])
    lines = [f"-A {name} {rule}" for name, body in rules.items() for rule in body]
    return Ruleset(NETNS, 4, "nat", chains, sorted_rules(chains, lines))


def services(number: int, *, changed: int = -1) -> Ruleset:
    """As many Services, of three endpoints; of one, one is gone."""
    rules: dict[str, list[str]] = {"KUBE-SERVICES": []}
    for service in range(number):
        endpoints = [f"KUBE-SEP-{service:05}-{endpoint}" for endpoint in range(3)]
        endpoints = endpoints[: 2 if service == changed else 3]
        name = f"KUBE-SVC-{service:05}"
        rules["KUBE-SERVICES"].append(f"-d 10.96.{service >> 8}.{service & 255}/32 -j {name}")
        rules[name] = [f"-m comment --comment {name} -j {endpoint}" for endpoint in endpoints]
        for endpoint in endpoints:
            rules[endpoint] = [f"-p tcp -m tcp -j DNAT --to-destination {endpoint}"]
    return table(rules)


@given(tables(), tables())
def test_a_delta_leads_from_one_table_to_another(old: Ruleset, new: Ruleset) -> None:
    """What `iptables-restore --noflush` makes of old, reading the delta, is new."""
    assert restore_noflush(old, new.delta(old)) == new


@given(tables(), tables())
def test_a_delta_names_no_chain_that_stays(old: Ruleset, new: Ruleset) -> None:
    """A chain with the same rules and policy in both occurs as nothing but a target."""
    touched = {line.split()[1] for line in new.delta(old).splitlines()[1:-1] if line[0] == "-"}
    for name in {name for name, _ in old.chains} & {name for name, _ in new.chains}:
        is_, should = ([r for r in each.rules if r.split()[1] == name] for each in (old, new))
        assert (name in touched) == (is_ != should and bool(should or name in BUILTIN["filter"]))


def test_an_endpoint_that_goes() -> None:
    """Its Service's chain is written anew and its own is deleted, in one transaction."""
    before = table({"SVC": ["-j SEP1", "-j SEP2"], "SEP1": ["-j A"], "SEP2": ["-j B"]})
    after = table({"SVC": ["-j SEP1"], "SEP1": ["-j A"]})
    assert after.delta(before) == (
        "*nat\n:SVC - [0:0]\n:SEP2 - [0:0]\n-A SVC -j SEP1\n-X SEP2\nCOMMIT\n"
    )


def test_a_built_in_chain_is_flushed_and_keeps_its_policy() -> None:
    """`-F` empties it; its `:CHAIN` line says a policy, and is left out if that stays."""
    before = table({"OUTPUT": ["-j A"]}, OUTPUT="DROP")
    after = table({"OUTPUT": ["-j B"]}, OUTPUT="DROP", INPUT="DROP")
    assert after.delta(before) == ("*nat\n:INPUT DROP [0:0]\n-F OUTPUT\n-A OUTPUT -j B\nCOMMIT\n")


def test_what_differs_is_named() -> None:
    """The chains, by name; a policy is its chain's, and of many chains some are enough."""
    rules = {"OUTPUT": ["-j KUBE-A"], "KUBE-A": ["-j ACCEPT"]}
    whole = table(rules)
    assert whole.difference(table(rules, OUTPUT="DROP")) == "chain OUTPUT differs"
    assert whole.difference(table({**rules, "KUBE-A": []})) == "chain KUBE-A differs"
    assert whole.difference(table({"INPUT": ["-j DROP"]})) == "chains INPUT, OUTPUT, KUBE-A differ"
    more = {**rules, "X": ["-j DROP"], "INPUT": ["-j DROP"]}
    assert table(more).difference(whole.empty()) == "chains INPUT, OUTPUT, KUBE-A and 1 more differ"


def test_the_shorter_way_is_taken_and_printed() -> None:
    """One change of many is `--noflush` in the script of a plan, and a change of all is whole."""
    before, after = services(20), services(20, changed=7)
    node = Netns(NETNS, "node/node")
    script = plan_script("lab", plan(State.of(node, after), State.of(node, before)))
    assert (
        f"ip netns exec {NETNS} iptables-restore --noflush <<'EOF'\n*nat\n:KUBE-SVC-00007 "
        in script
    )
    assert "KUBE-SVC-00008" not in script
    (command,) = services(1).change(services(20))
    assert "--noflush" not in command


def test_ten_times_the_rules_take_ten_times_as_long() -> None:
    """A delta of 5,000 Services (40,000 rules) takes a fraction of what loading them takes."""
    old, new = services(5000), services(5000, changed=4321)
    began = time.process_time()
    assert len(new.delta(old).splitlines()) == 7
    assert time.process_time() - began < 0.5  # it takes 0.04 s, and the square of it minutes
    began = time.process_time()
    assert new.empty().delta(old).count("-X") == 20_001
    assert time.process_time() - began < 2


def test_many_chains_are_not_declared_in_the_order_of_their_names() -> None:
    """Otherwise iptables-nft would sort them in a time that grows with the square of them."""
    many = services(5000)
    (found,) = parse_rulesets(NETNS, 4, many.text())
    assert found == many
    names = [line.split()[0] for line in many.text().splitlines() if line.startswith(":KUBE")]
    longest = run = 0
    for one, other in pairwise(names):
        run = run + 1 if one < other else 0
        longest = max(run, longest)
    assert longest < 10


@given(tables())
def test_what_is_saved_is_read(ruleset: Ruleset) -> None:
    """`parse(text) == ruleset`, whatever the order of chains and rules in the text is."""
    expected = [] if ruleset.is_empty else [ruleset]
    assert parse_rulesets(NETNS, 4, ruleset.text()) == expected
    head, *lines, commit, _ = ruleset.text().split("\n")
    chains = [line for line in lines if line.startswith(":")]
    rules = sorted(
        (line for line in lines if line.startswith("-")), key=lambda r: r.split()[1][::-1]
    )
    mixed = "\n".join([head, *reversed(chains), *rules, commit])
    assert parse_rulesets(NETNS, 4, mixed) == expected
