"""The flow table with real packets, in both modes, families and protocols."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.client import ask
from flows.cluster import HOSTS, PODS, ZONES, cluster_ip, lab_text, node_ip
from flows.expected import MODES, REFUSED, TIMEOUT, Answer, Flow, flows
from flows.oracle import VIA, VIRTUAL, disagreements
from flows.variants import VARIANTS
from kernel.conftest import Bring
from labnet.names import netns_name, segment_netns
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

TRIES = 64  # a flow that has not met one of three endpoints by then never will: (2/3) ** 64
CONNECTIONS = 600
CHI_SQUARE = 27.63  # two degrees of freedom, p = 10⁻⁶
MORE = 4  # connections after all expected endpoints have answered: none else may
UNLIMITED = (
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv4.icmp_msgs_per_sec=100000",
    "net.ipv6.icmp.ratelimit=0",
)
"""The kernel sends one ICMP error a second to an address, and these tests ask for many more."""


@pytest.fixture(scope="module", params=MODES)
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """The lab of the table."""
    lab = bring_module(text(lab_text(request.param)))
    for machine in (*ZONES, *VIA):
        lab.run(machine, "sysctl", "-qw", *UNLIMITED)
    lead(lab)
    return lab


def lead(lab: RunningLab) -> None:
    """Show machines outside the way to addresses that no interface has."""
    for host, node in VIA.items():
        for family, subnets in VIRTUAL.items():
            for subnet in subnets:
                lab.run(host, "ip", "route", "add", subnet, "via", node_ip(node, family))


def walk(lab: RunningLab, protocol: str, family: int, variant: str = "") -> None:
    """Ask what the table asks, all at once, and compare."""
    mode = lab.name.removeprefix("flows-")
    asked = [flow for flow in flows(variant) if family in flow.families]
    with ThreadPoolExecutor(64) as pool:
        found = list(pool.map(lambda flow: outcome(lab, flow, protocol, family), asked))
    pairs = zip(asked, found, strict=True)
    wrong = disagreements(pairs, mode, protocol, family, variant)
    assert not wrong, f"{len(wrong)} of {len(asked)} flows\n\n" + "\n\n".join(wrong)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("family", [4, 6])
def test_every_flow_is_answered_as_the_table_says(
    lab: RunningLab, protocol: str, family: int
) -> None:
    """Who answers, whom the server sees, who is refused and who gets no answer."""
    walk(lab, protocol, family)


def outcome(lab: RunningLab, flow: Flow, protocol: str, family: int) -> Answer:
    """What really comes of a flow: connections until each expected endpoint has answered."""
    where = netns_name(lab.name, flow.namespace)
    expected = flow.answer(lab.name.removeprefix("flows-"), family)
    left = TRIES if isinstance(expected, dict) else 1
    seconds = 1.5 if expected == TIMEOUT else 5
    answers: set[str] = set()
    while left:
        left -= 1
        answers.add(ask(where, protocol, family, flow.target(family), seconds))
        who_answered = {answer.partition(" ")[0] for answer in answers}
        if isinstance(expected, dict) and len(who_answered) >= len(expected):
            left = min(left, MORE)
        if answers & {REFUSED, TIMEOUT} and left > 1:
            left = 1
    if len(answers) == 1 and answers <= {REFUSED, TIMEOUT}:
        return answers.pop()
    pairs = [answer.partition(" ") for answer in sorted(answers)]
    found = {who: seen for who, _, seen in pairs}
    return found if len(found) == len(answers) else "; ".join(sorted(answers))


def test_a_service_address_is_on_no_interface(lab: RunningLab) -> None:
    """`ip address` of every namespace knows no clusterIP, externalIP or load balancer's address."""
    names = {netns_name(lab.name, where) for where in (*ZONES, *HOSTS, *PODS) if where != "h2"}
    for name in {*names, segment_netns(lab.name)}:
        addresses = lab.run(name, "ip", "-o", "address")
        for start in ("10.96.", "198.51.100.", "203.0.113.", "fd00:10:96:", "2001:db8:"):
            assert f" {start}" not in addresses, name


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_connections_spread_evenly_over_the_endpoints(lab: RunningLab, protocol: str) -> None:
    """600 connections, and a chi-square test that a fair choice fails once in a million times."""
    where, target = netns_name(lab.name, "c1"), (cluster_ip("web", 4), 80)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(where, protocol, 4, target, 5), range(CONNECTIONS)))
    counts = Counter(answer.partition(" ")[0] for answer in answers)
    assert set(counts) == {"a1", "b1", "b2"}
    fair = CONNECTIONS / len(counts)
    assert sum((count - fair) ** 2 / fair for count in counts.values()) < CHI_SQUARE


@pytest.mark.parametrize("variant", VARIANTS)
def test_flows_follow_kube_proxy_s_configuration(lab: RunningLab, variant: str) -> None:
    """`up` with another configuration changes the running rules, and flows with them."""
    mode = lab.name.removeprefix("flows-")
    lab.again(*text(lab_text(mode, variant)))
    assert lab.drift() == []
    lead(lab)
    for node in ZONES:  # a UDP client that happens on a former one's port would be taken for it
        lab.run(node, "conntrack", "-F")
    walk(lab, "tcp", 4, variant)
    walk(lab, "udp", 6, variant)
