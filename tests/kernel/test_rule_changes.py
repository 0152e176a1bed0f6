"""Changes of iptables tables on the real kernel: they lead where they should, and touch no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labnet.kernel import netns
from labnet.kernel.iptables import apply_rules, observe_rules
from labnet.plan import plan
from labnet.state import Netns, Ruleset, State, parse_rulesets, sorted_chains
from state.rulesets import tables


pytestmark = pytest.mark.kernel

NETNS = "labnet-test-changes"
BACKENDS = pytest.mark.parametrize("backend", ["nft", "legacy"])


@pytest.fixture
def here() -> Iterator[str]:
    """A namespace without any rule."""
    subprocess.run(["ip", "netns", "add", NETNS], check=True)
    subprocess.run(["ip", "-n", NETNS, "link", "set", "lo", "up"], check=True)
    yield NETNS
    subprocess.run(["ip", "netns", "delete", NETNS], check=True)


def run(*command: str, text: str = "") -> str:
    """What a command prints in the namespace."""
    return subprocess.run(
        ["ip", "netns", "exec", NETNS, *command],
        input=text,
        text=True,
        check=True,
        capture_output=True,
        timeout=20,
    ).stdout


def saved(backend: str, table: str) -> Ruleset:
    """The table as the kernel has it."""
    found = parse_rulesets(NETNS, 4, run(f"iptables-{backend}-save", "-t", table))
    return found[0] if found else empty(table)


def empty(table: str) -> Ruleset:
    """A table that nobody has touched."""
    return Ruleset(NETNS, 4, table, sorted_chains(table, ()), ())


@BACKENDS
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(tables(), min_size=1, max_size=4))
def test_a_delta_makes_one_table_of_another(here: str, backend: str, steps: list[Ruleset]) -> None:
    """After every step of a random walk, iptables-save prints what was wanted."""
    old = saved(backend, "filter")
    for step in steps:
        new = Ruleset(here, 4, step.table, step.chains, step.rules)
        run(f"iptables-{backend}-restore", "--noflush", text=new.delta(old))
        old = saved(backend, "filter")
        assert old == new


def affinity(*extra: str) -> Ruleset:
    """A Service with session affinity to two endpoints, a counter beside it, and more rules."""
    chains = [(name, "-") for name in ("SEP-1", "SEP-2", "SVC", "QUIET")]
    recent = "--mask 255.255.255.255 --rsource"
    endpoints = (
        f"-A SEP-1 -m recent --set --name SEP-1 {recent} -j ACCEPT",
        f"-A SEP-2 -m recent --set --name SEP-2 {recent} -j ACCEPT",
    )
    rules = (
        "-A OUTPUT -j QUIET",
        "-A OUTPUT -p udp -j SVC",
        "-A QUIET -p udp -j RETURN",
        *endpoints,
        f"-A SVC -m recent --rcheck --seconds 60 --name SEP-1 {recent} -j SEP-1",
        *(f"-A SVC {words}" for words in extra),
        "-A SVC -j SEP-1",
    )
    return Ruleset(NETNS, 4, "filter", sorted_chains("filter", chains), rules)


def send() -> None:
    """One UDP packet of 127.0.0.1 to itself."""
    run("python3", "-c", "import socket; socket.socket(2, 2).sendto(b'', ('127.0.0.1', 9))")


def remembered() -> str:
    """The address that session affinity remembers, and when it was last seen."""
    return run("cat", "/proc/net/xt_recent/SEP-1")


@BACKENDS
def test_what_stays_keeps_its_counters_and_its_clients(here: str, backend: str) -> None:
    """A change of one chain leaves counters of others alone, and affinity of all its endpoints.

    Even the whole table at once would keep the lists of affinity: new rules that name a list are
    there before the old ones go. Only the counters would begin anew.
    """
    before, after = affinity(), affinity("-s 10.0.0.1/32 -j RETURN")
    run(f"iptables-{backend}-restore", text=before.text())
    send()
    seen = remembered()
    assert "src=127.0.0.1" in seen
    run(f"iptables-{backend}-restore", "--noflush", text=after.delta(before))
    assert remembered() == seen
    assert "[1:28] -A QUIET -p udp -j RETURN" in run(f"iptables-{backend}-save", "-c")
    run(f"iptables-{backend}-restore", text=before.text())
    assert remembered() == seen
    assert "[0:0] -A QUIET -p udp -j RETURN" in run(f"iptables-{backend}-save", "-c")
    assert saved(backend, "filter") == Ruleset(here, 4, "filter", before.chains, before.rules)


@BACKENDS
def test_a_list_goes_with_the_last_rule_that_names_it(here: str, backend: str) -> None:
    """An endpoint that comes back has no clients from before."""
    both = affinity()
    run(f"iptables-{backend}-restore", text=both.text())
    send()
    none = Ruleset(here, 4, "filter", sorted_chains("filter", [("SVC", "-")]), ())
    run(f"iptables-{backend}-restore", "--noflush", text=none.delta(both))
    run(f"iptables-{backend}-restore", "--noflush", text=both.delta(none))
    assert remembered() == ""


def changed(desired: list[Ruleset], observed: list[Ruleset]) -> None:
    """Have labnet itself carry out what the plan says of these tables."""
    node = Netns(NETNS, "node/node")
    changes = plan(State.of(node, *desired), State.of(node, *observed))
    with netns.Thread() as thread:
        apply_rules(changes, thread)


def observed() -> list[Ruleset]:
    """What labnet itself sees there."""
    with netns.Thread() as thread:
        return sorted(observe_rules([NETNS], thread), key=lambda table: table.table)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(tables(), tables("nat")), min_size=1, max_size=4))
@pytest.mark.usefixtures("here")
def test_all_tables_of_a_namespace_change_together(
    steps: list[tuple[Ruleset, Ruleset]],
) -> None:
    """Tables that are new, that change in part or in whole and that go, in any mixture."""
    for pair in steps:
        wanted = [Ruleset(NETNS, 4, item.table, item.chains, item.rules) for item in pair]
        wanted = [item for item in wanted if not item.is_empty]
        changed(wanted, observed())
        assert observed() == wanted


@pytest.mark.usefixtures("here")
def test_a_table_of_nftables_is_not_for_iptables() -> None:
    """A namespace that has only tables of others has no iptables table, and costs no process."""
    run("nft", "add", "table", "ip", "kube-proxy")
    assert observed() == []
