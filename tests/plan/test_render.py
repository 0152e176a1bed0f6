"""Plans as text, JSON and script: nothing that a user has written is the shell's."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest

from labnet.plan import plan, plan_json, plan_script, plan_text
from labnet.plan.difference import rule_difference
from labnet.state import (
    Address,
    Netns,
    NftBlock,
    NftTable,
    Object,
    Process,
    Route,
    Ruleset,
    State,
    sorted_chains,
)


NODE = "lab.n1"
RULE = '-A FORWARD -m comment --comment "a b" -j ACCEPT'
OBJECTS: tuple[Object, ...] = (
    Netns(NODE, "node/n1"),
    Address(NODE, "eth0", "fd00::1/64"),
    Route(NODE, "fd00:1::/64", "eth0", "fd00::2", metric=7),
    Ruleset(NODE, 4, "filter", sorted_chains("filter", ()), (RULE,)),
)


def test_text_says_what_why_and_how() -> None:
    """A line for the operation, its commands below, and a count."""
    old = Netns(NODE, "node/n1", up=False)
    text = plan_text(plan(State.of(OBJECTS[0]), State.of(old)))
    assert text == (
        "~ netns lab.n1  # is not up\n"
        "    ip -n lab.n1 link set lo up\n"
        "Plan: 0 to add, 1 to change, 0 to delete.\n"
    )


def test_an_empty_plan_says_so() -> None:
    """Nothing to do is an answer, too."""
    assert plan_text(()) == "Nothing to do: the machine is as the files say.\n"
    assert plan_json(()) == []


def test_json_has_stable_keys() -> None:
    """One object for each operation, which JSON can hold."""
    items = json.loads(json.dumps(plan_json(plan(State.of(*OBJECTS), State()))))
    assert all(
        list(item) == ["verb", "kind", "key", "why", "commands"] and item["verb"] == "+"
        for item in items
    )
    assert items[1] == {
        "verb": "+",
        "kind": "address",
        "key": [NODE, "eth0", "fd00::1/64"],
        "why": "",
        "commands": ["ip -n lab.n1 address add fd00::1/64 dev eth0 nodad"],
    }


def test_a_script_is_one_that_sh_understands() -> None:
    """`sh -n` finds nothing wrong with it, and the rules come as a here-document."""
    script = plan_script("lab", plan(State.of(*OBJECTS), State()))
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    assert "iptables-restore <<'EOF'\n*filter\n" in script
    assert f"\n{RULE}\nCOMMIT\nEOF\n" in script
    assert "ip -6 -n lab.n1 route add fd00:1::/64 via fd00::2 dev eth0 metric 7" in script


def test_a_change_of_a_table_is_a_small_text() -> None:
    """A person is told what goes and what comes, and the script has the transaction."""
    old, new = (
        NftTable(NODE, 4, "kube-proxy", (NftBlock("set", "ips", ("type ipv4_addr",), elements),))
        for elements in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.3"))
    )
    changes = plan(State.of(OBJECTS[0], new), State.of(OBJECTS[0], old))
    assert plan_text(changes) == (
        "~ nft lab.n1 ip kube-proxy  # set ips differs\n"
        "    - set ips: 10.0.0.1\n"
        "    + set ips: 10.0.0.3\n"
        "Plan: 0 to add, 1 to change, 0 to delete.\n"
    )
    assert "delete element ip kube-proxy ips { 10.0.0.1 }\nadd element" in plan_script("x", changes)
    (gone,) = plan(State.of(OBJECTS[0]), State.of(OBJECTS[0], old))
    assert gone.commands() == [
        ("ip", "netns", "exec", NODE, "nft", "delete", "table", "ip", "kube-proxy")
    ]


@pytest.mark.parametrize(
    "word", ["<<", "|", "&", "$(touch /tmp/x)", "a\nrm -rf /", "'", "`id`", ";", "EOF", "\\"]
)
def test_words_of_a_container_are_quoted_and_commented(word: str) -> None:
    """Whatever a container's argument is, the script runs none of it."""
    process = Process(NODE, "pod/default/p", "c", ("echo", word))
    script = plan_script("lab", plan(State.of(process), State()))
    lines = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert lines == ["set -eu"]
    (command,) = plan_json(plan(State.of(process), State()))[0]["commands"]
    assert word.replace("\n", "\\n") in shlex.split(command)


def test_rules_that_change_are_told_chain_by_chain() -> None:
    """Those that go and those that come, each as often as it does; or which stand elsewhere."""
    chains = sorted_chains("filter", [("MINE", "-")])
    old, new, moved = (
        Ruleset(NODE, 4, "filter", chains, rules)
        for rules in (
            ("-A INPUT -j DROP", "-A FORWARD -j MINE", "-A MINE -j ACCEPT", "-A MINE -j ACCEPT"),
            ("-A INPUT -j ACCEPT", "-A FORWARD -j MINE", "-A MINE -j ACCEPT"),
            ("-A INPUT -j DROP", "-A MINE -j ACCEPT", "-A FORWARD -j MINE", "-A MINE -j ACCEPT"),
        )
    )
    assert rule_difference(new, old) == [
        "- -A INPUT -j DROP",
        "+ -A INPUT -j ACCEPT",
        "- -A MINE -j ACCEPT",
    ]
    assert rule_difference(moved, old) == ["~ -A FORWARD -j MINE", "~ -A MINE -j ACCEPT"]
    assert rule_difference(new, new) == []


def test_a_person_is_not_told_more_than_can_be_read() -> None:
    """Long tables and long lines are cut, and it says where the rest is."""
    rules = tuple(f"-A INPUT -s 10.0.0.{number}/32 -j DROP" for number in range(200))
    table = Ruleset(NODE, 4, "filter", sorted_chains("filter", []), rules)
    process = Process(NODE, "pod/default/p", "c", ("echo", "x" * 5000))
    told = plan_text(plan(State.of(table, process), State())).splitlines()
    assert max(map(len, told)) < 500
    assert len(told) < 70
    assert [line for line in told if "more lines: -o sh has them all" in line]
