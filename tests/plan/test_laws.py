"""The laws of planning, on a kernel that is a dict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labnet.kernel.memory import Died, MemoryKernel
from labnet.plan import plan
from labnet.state import State
from plan.states import LAB, states


def silent(_: object) -> None:
    """Progress that nobody follows."""


def kernel_with(state: State) -> MemoryKernel:
    """A kernel that holds a State."""
    kernel = MemoryKernel()
    kernel.apply(LAB, plan(state, State()), silent)
    return kernel


@given(states())
def test_a_state_needs_no_plan_to_become_itself(state: State) -> None:
    """`plan(s, s)` is empty."""
    assert plan(state, state) == ()


@given(states(), states())
def test_applying_a_plan_leaves_what_was_desired(desired: State, observed: State) -> None:
    """A kernel that holds o holds d after `plan(d, o)`."""
    kernel = kernel_with(observed)
    kernel.apply(LAB, plan(desired, kernel.observe(LAB, desired)), silent)
    assert kernel.observe(LAB, desired) == desired


@settings(max_examples=25)
@given(states(), states())
def test_every_prefix_of_a_plan_can_be_planned_on(desired: State, observed: State) -> None:
    """After any first part of a plan, planning again reaches the same end: a crash is harmless."""
    whole = plan(desired, kernel_with(observed).observe(LAB, desired))
    for length in range(len(whole)):
        kernel = kernel_with(observed)
        kernel.dies_after = length
        with pytest.raises(Died):
            kernel.apply(LAB, plan(desired, kernel.observe(LAB, desired)), silent)
        kernel.apply(LAB, plan(desired, kernel.observe(LAB, desired)), silent)
        assert kernel.observe(LAB, desired) == desired


@settings(max_examples=25)
@given(states())
def test_down_from_every_prefix_leaves_nothing(desired: State) -> None:
    """Whatever instant `up` is killed at, `down` removes all."""
    whole = plan(desired, State())
    for length in range(len(whole)):
        kernel = MemoryKernel()
        kernel.dies_after = length
        with pytest.raises(Died):
            kernel.apply(LAB, whole, silent)
        kernel.remove(LAB, wait=True, progress=silent)
        assert kernel.observe(LAB) == State()


@given(states(), st.data())
def test_drift_is_healed_by_the_objects_that_drifted(state: State, data: st.DataObject) -> None:
    """An address or route that is deleted by hand is the only thing that a plan adds."""
    kernel = kernel_with(state)
    loose = [item for item in state if item.key[0] in {"address", "route", "process"}]
    victims = data.draw(st.sets(st.sampled_from(loose), min_size=1, max_size=3)) if loose else set()
    observed = State(
        {k: v for k, v in kernel.observe(LAB, state).objects.items() if v not in victims}
    )
    healing = plan(state, observed)
    assert {op.object for op in healing} == victims
    assert {str(op.verb) for op in healing} <= {"+"}
