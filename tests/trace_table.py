"""All cases of the tracer by name, and how to ask and compare them."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import trace_cases
import trace_matches
import trace_nft
from labnet.state import Object, State
from labnet.trace.outcome import Outcome
from labnet.trace.packet import Packet
from trace_cases import Case
from trace_network import NAMES, network, nft_table, rulesets


GROUPS = {
    "ways": trace_cases.WAYS,
    "NAT": trace_cases.NAT,
    "loopback": trace_cases.LOOPBACK,
    "bridge": trace_cases.BRIDGE,
    "chains": trace_cases.CHAINS,
    "matches": trace_matches.MATCHES,
    "marks": trace_matches.MARKS,
    "chance": trace_matches.CHANCE,
    "nft verdicts": trace_nft.VERDICTS,
    "nft reading": trace_nft.READING,
    "nft NAT": trace_nft.NAT,
}
CASES = {
    f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()
}
_PLACES = {netns: name for name, netns in NAMES.items()}


def rules_of(case: Case) -> list[Object]:
    """The rules of a case as objects."""
    family: Literal[4, 6] = 6 if "[" in case.to else 4
    tables = [nft_table(case.nft, family=family)] if case.nft else []
    return [*rulesets(case.rules), *tables]


def state_of(case: Case) -> State:
    """The network with the rules of a case."""
    return network(*rules_of(case), sysctls=case.sysctls)


def destination(case: Case) -> tuple[str, int]:
    """Address and port that a case's packet is sent to."""
    address, _, port = case.to.rpartition(":")
    return address.strip("[]"), int(port)


def packet_of(case: Case) -> Packet:
    """The packet of a case."""
    dst, dport = destination(case)
    return Packet(case.src, dst, case.protocol, dport=dport)  # type: ignore[arg-type]  # tcp, udp


def expected(case: Case) -> dict[str, Fraction]:
    """What is to come of it, with probabilities."""
    if isinstance(case.expected, str):
        return {case.expected: Fraction(1)}
    return {outcome: Fraction(chance) for outcome, chance in case.expected.items()}


def said(outcome: Outcome) -> str:
    """An outcome in the words of a case: `b 10.1.0.3:80 10.1.0.2`, `dropped`."""
    if outcome.verdict != "delivered":
        return outcome.verdict
    return f"{_PLACES[outcome.netns]} {outcome.dst} {outcome.src}"
