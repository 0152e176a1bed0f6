"""What the tracer says of the flows."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache

from flows.cluster import PODS, lab_text, node_ip, pod_ip
from flows.expected import REFUSED, TIMEOUT, Answer, Flow, endpoint_port
from labnet.compile import compile_state
from labnet.names import netns_name
from labnet.parse import SourceText, parse
from labnet.resolve import resolve
from labnet.state import Route, State
from labnet.trace.outcome import Outcome, Trace
from labnet.trace.packet import Packet, endpoint
from labnet.trace.walk import Tracer


VIRTUAL = {
    4: ("10.96.0.0/16", "198.51.100.0/24", "203.0.113.0/24"),
    6: ("fd00:10:96::/112", "2001:db8:51::/64", "2001:db8:113::/64"),
}
VIA = {"x1": "n1", "far": "n1", "x3": "n3"}
"""The node by which each machine outside reaches addresses that no interface has."""


@cache
def tracer(mode: str, variant: str) -> Tracer:
    """The compiled lab of a mode, with the routes that the tests give the machines outside."""
    lab = f"flows-{mode}"
    cluster = resolve(parse([SourceText("flows.yaml", lab_text(mode, variant))]).topology)
    routes = [
        Route(netns_name(lab, host), subnet, "eth0", node_ip(node, family))
        for host, node in VIA.items()
        for family, subnets in VIRTUAL.items()
        for subnet in subnets
    ]
    return Tracer(State.of(*compile_state(cluster), *routes))


def traced(mode: str, flow: Flow, protocol: str, family: int, variant: str = "") -> Trace:
    """Every way that the flow's first packet can go."""
    address, port = flow.target(family)
    packet = Packet("", address, "udp" if protocol == "udp" else "tcp", dport=port)
    return tracer(mode, variant).trace(netns_name(f"flows-{mode}", flow.namespace), packet)


def foreseen(trace: Trace, protocol: str, family: int) -> Answer:
    """The same in the table's terms; AssertionError if endpoints are not chosen evenly."""
    verdicts = {outcome.verdict for outcome in trace.outcomes}
    listening = {endpoint(pod_ip(pod, family), endpoint_port(pod, protocol)): pod for pod in PODS}
    if verdicts == {"delivered"} and trace.destinations <= listening.keys():
        shares = set(trace.outcomes.values())
        assert shares == {Fraction(1, len(trace.outcomes))}, f"not even: {shares}\n{trace}"
        return {listening[outcome.dst]: outcome.src for outcome in trace.outcomes}
    (outcome,) = trace.outcomes
    return REFUSED if _is_refused(outcome) else TIMEOUT if outcome.verdict == "dropped" else "?"


def _is_refused(outcome: Outcome) -> bool:
    """By a rule, or by a machine that nothing listens on."""
    return outcome.verdict in ("rejected", "delivered")


def disagreements(
    found: Iterable[tuple[Flow, Answer]], mode: str, protocol: str, family: int, variant: str = ""
) -> list[str]:
    """The flows that end otherwise than the table says, with the rules that they met."""
    lines = []
    for flow, answer in found:
        expected = flow.answer(mode, family)
        if answer != expected:
            what = f"{flow} ({mode} {variant}, {protocol}, IPv{family})"
            trace = traced(mode, flow, protocol, family, variant)
            lines.append(f"{what}\nexpected {expected}\nfound    {answer}\n{trace}")
    return lines
