"""The tracer says of small rulesets what the man pages do; tests/kernel tries them for real."""

from __future__ import annotations

import pytest

from labnet.trace.walk import trace
from trace_network import NAMES
from trace_table import CASES, expected, packet_of, said, state_of


@pytest.mark.parametrize("name", CASES)
def test_what_comes_of_a_packet(name: str) -> None:
    """Every outcome has its probability."""
    case = CASES[name]
    traced = trace(state_of(case), NAMES[case.sender], packet_of(case))
    assert expected(case) == {said(o): chance for o, chance in traced.outcomes.items()}, traced
