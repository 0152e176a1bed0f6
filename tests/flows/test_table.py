"""The table itself."""

from __future__ import annotations

from flows.cluster import CASES, HOSTS, PODS, ZONES, lab_text
from flows.expected import MODES, flows
from labnet.parse import SourceText, parse


def test_the_table_is_large_and_has_no_flow_twice() -> None:
    """At least 150 flows, each once."""
    names = [str(flow) for flow in flows()]
    assert len(names) >= 150
    assert len(names) == len(set(names))


def test_every_flow_has_a_place_an_answer_and_a_target() -> None:
    """Clients, Services and endpoints of the table are those of the lab."""
    for flow in flows():
        assert flow.namespace in {*PODS, *ZONES, *HOSTS}, flow
        service = flow.destination.partition(" ")[2]
        assert service in CASES or flow.destination == "free", flow
        for mode in MODES:
            for family in flow.families:
                answer = flow.answer(mode, family)
                assert isinstance(answer, str) or set(answer) <= PODS.keys(), flow


def test_the_lab_has_nothing_that_labnet_does_not_act_on() -> None:
    """Every field of the lab means something: there is no warning but those that are meant."""
    for mode in MODES:
        parsed = parse([SourceText("flows.yaml", lab_text(mode))])
        assert [
            warning.what for warning in parsed.warnings if "selects no pod" not in warning.what
        ] == []
