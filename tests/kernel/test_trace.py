"""The tracer against Linux: small rulesets, and packets that meet them for real.

Nothing of labnet has made the rules, and the network is made by the commands that its objects
print. What the tracer says of the rules as the kernel lists them, what the man pages say, and what
becomes of the packet are three witnesses.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import pytest

from labnet.state import (
    Bridge,
    Command,
    NftTable,
    Object,
    Ruleset,
    Stdin,
    Sysctl,
    Veth,
    parse_nft_tables,
    parse_rulesets,
)
from labnet.trace.packet import Packet
from labnet.trace.walk import Tracer, trace
from packets import Receivers, Seen
from trace_cases import Case
from trace_network import NAMES, NODE, OUT, PORTS, network, nft_table, rulesets
from trace_table import CASES, GROUPS, destination, expected, packet_of, rules_of, said


pytestmark = pytest.mark.kernel

MANY = 300  # packets of a case with chance
DEVIATIONS = 5  # of a binomial distribution that are still chance
REFUSALS = {"refused": "rejected", "unreachable": "rejected", "silence": "dropped"}
UNLIMITED = ("net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0")  # refusals, sent at once


def run(command: Command) -> str:
    """Run a command of an object, and say what it printed."""
    fed = next((word for word in command if isinstance(word, Stdin)), None)
    words = [word for word in command if not isinstance(word, Stdin)]
    done = subprocess.run(words, input=fed, capture_output=True, text=True, check=False, timeout=20)
    assert not done.returncode, f"{' '.join(words)}: {done.stderr}\n{fed or ''}"
    return done.stdout


def inside(*words: str) -> str:
    """Run a command in the node."""
    return run(("ip", "netns", "exec", NODE, *words))


@pytest.fixture(scope="module")
def wire() -> Iterator[Receivers]:
    """The network of the cases, with sockets everywhere."""
    names = list(NAMES.values())
    try:
        for item in sorted(network(), key=order):
            make(item)
        inside("sysctl", "-q", "-w", *UNLIMITED)
        with Receivers(names, PORTS) as receivers:
            yield receivers
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False)


def order(item: Object) -> tuple[bool, int, str]:
    """The node's own link, then its bridge, then what is plugged into that."""
    plugged = isinstance(item, Veth) and item.leaf != OUT
    return plugged or item.sort_key[0] > Bridge.rank, *item.sort_key


def make(item: Object) -> None:
    """Make an object by hand."""
    for command in item.add():
        run(command)


def clear(rules: list[Object]) -> None:
    """Take rules away again."""
    for item in rules:
        for command in item.delete():
            run(command)


def observed(rules: list[Object]) -> list[Object]:
    """The same rules as the kernel lists them."""
    found: list[Object] = []
    for item in rules:
        if isinstance(item, NftTable):
            listed = inside("nft", "-nn", "-s", "list", "table", *item.path.split())
            found += parse_nft_tables(NODE, listed)
        elif isinstance(item, Ruleset):
            saved = inside(f"{item.tool}-save", "-t", item.table)
            found += parse_rulesets(NODE, item.family, saved)
    return found


def tried(wire: Receivers, case: Case) -> Counter[str]:
    """What becomes of real packets, in the words of a case."""
    to, sender = destination(case), NAMES[case.sender]
    if isinstance(case.expected, str):
        seen = Counter([wire.send(sender, to, case.protocol)])
    else:
        seen = wire.send_many(sender, to, MANY)
    words: Counter[str] = Counter()
    for what, count in seen.items():
        words[_said(what)] += count
    return +words


def _said(seen: Seen) -> str:
    """What was seen in the words of a case."""
    if seen.verdict != "delivered":
        return REFUSALS.get(seen.verdict, seen.verdict)
    place = next(name for name, netns in NAMES.items() if netns == seen.netns)
    return f"{place} {seen.dst} {seen.src}"


def is_likely(counts: Counter[str], chances: dict[str, Fraction]) -> bool:
    """Whether these counts can come of these probabilities."""
    total = counts.total()
    if set(counts) != set(chances):
        return False
    return all(
        abs(counts[what] - total * chance)
        <= DEVIATIONS * float(total * chance * (1 - chance)) ** 0.5
        for what, chance in chances.items()
    )


def disagreement(wire: Receivers, case: Case) -> str:
    """The three answers, if they are not one."""
    own = rules_of(case)
    for item in [*own, *(Sysctl(NODE, *setting) for setting in case.sysctls.items())]:
        make(item)
    try:
        state = network(*observed(own), sysctls=case.sysctls)
        traced = trace(state, NAMES[case.sender], packet_of(case))
        counts = tried(wire, case)
    finally:
        clear(own)
        for item in network():
            if isinstance(item, Sysctl) and item.name in case.sysctls:
                make(item)
    chances = {said(outcome): chance for outcome, chance in traced.outcomes.items()}
    if chances == expected(case) and is_likely(counts, chances):
        return ""
    return f"Linux: {dict(counts)}\nthe manual: {case.expected}\nthe tracer: {traced}\n"


@pytest.mark.parametrize("group", GROUPS)
def test_what_comes_of_a_packet(wire: Receivers, group: str) -> None:
    """Linux, the manual and the tracer agree about every case of a group."""
    names = [name for name in CASES if name.startswith(f"{group}: ")]
    found = {name: disagreement(wire, CASES[name]) for name in names}
    wrong = [f"{name}\n{text}" for name, text in found.items() if text]
    assert names
    assert not wrong, "\n" + "\n".join(wrong)


RECENT = """
nat PREROUTING -m recent --rcheck --seconds 60 --reap --name labnet-a --rsource -j A
nat PREROUTING -m recent --rcheck --seconds 60 --reap --name labnet-b --rsource -j B
nat PREROUTING -m statistic --mode random --probability 0.50000000000 -j A
nat PREROUTING -j B
nat A -p udp -m recent --set --name labnet-a --rsource -j DNAT --to-destination 10.1.0.2:80
nat B -p udp -m recent --set --name labnet-b --rsource -j DNAT --to-destination 10.1.0.3:80
"""
DYNAMIC = """
set a type ipv4_addr; flags dynamic,timeout; timeout 60s
set b type ipv4_addr; flags dynamic,timeout; timeout 60s
chain end-a
  update @a { ip saddr }
  meta l4proto 17 dnat to 10.1.0.2:80
chain end-b
  update @b { ip saddr }
  meta l4proto 17 dnat to 10.1.0.3:80
chain pre type nat hook prerouting priority -100
  ip saddr @a goto end-a
  ip saddr @b goto end-b
  numgen random mod 2 vmap { 0 : goto end-a, 1 : goto end-b }
"""


@pytest.mark.parametrize(
    "rules", [rulesets(RECENT), [nft_table(DYNAMIC)]], ids=["recent", "dynamic sets"]
)
def test_a_client_stays_where_it_was(wire: Receivers, rules: list[Object]) -> None:
    """What the first packet leaves behind decides about all others, in Linux and the tracer."""
    for item in rules:
        make(item)
    try:
        tracer = Tracer(network(*observed(rules)))
        seen = {wire.send(OUT, ("10.9.0.1", 80)) for _ in range(12)}
    finally:
        clear(rules)
    (where,) = seen
    packet = Packet("", "10.9.0.1", "udp")
    memory = {o.dst: path.memory for o, path in tracer.trace(OUT, packet).paths.items()}
    assert set(memory) == {"10.1.0.2:80", "10.1.0.3:80"}
    assert tracer.trace(OUT, packet, memory[where.dst]).destinations == {where.dst}
