"""The flow table in the tracer: what the compiled rules do, by netfilter's semantics alone."""

from __future__ import annotations

import pytest

from flows.expected import MODES, flows
from flows.oracle import foreseen, report, traced


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("family", [4, 6])
def test_the_tracer_agrees_with_every_flow(mode: str, protocol: str, family: int) -> None:
    """Every endpoint, each as often as any other, the address it sees, refusal and silence."""
    wrong = []
    for flow in flows():
        if family in flow.families:
            found = foreseen(traced(mode, flow, protocol, family), protocol, family)
            if found != flow.answer(mode, family):
                wrong.append(report(mode, flow, protocol, family, found))
    assert not wrong, f"{len(wrong)} flows\n\n" + "\n\n".join(wrong)
