"""The flow table in the tracer: what the compiled rules do, by netfilter's semantics alone."""

from __future__ import annotations

import pytest

from flows.expected import MODES, flows
from flows.oracle import disagreements, foreseen, traced
from flows.variants import VARIANTS


@pytest.mark.parametrize("variant", ["", *VARIANTS])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("family", [4, 6])
def test_the_tracer_agrees_with_every_flow(
    mode: str, protocol: str, family: int, variant: str
) -> None:
    """Every endpoint, each as often as any other, the address it sees, refusal and silence."""
    asked = [flow for flow in flows(variant) if family in flow.families]
    traces = [traced(mode, flow, protocol, family, variant) for flow in asked]
    found = [foreseen(trace, protocol, family) for trace in traces]
    pairs = zip(asked, found, strict=True)
    wrong = disagreements(pairs, mode, protocol, family, variant)
    assert not wrong, f"{len(wrong)} of {len(asked)} flows\n\n" + "\n\n".join(wrong)
