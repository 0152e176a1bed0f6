"""Every file in topologies/: what `up` does with it, as an engineer would read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labnet.compile import compile_state
from labnet.kernel.memory import Died, MemoryKernel
from labnet.parse import SourceText, parse
from labnet.plan import Plan, plan, plan_script
from labnet.resolve import resolve
from labnet.state import State
from labs import TOPOLOGIES, topology


SETTINGS = {"scale.yaml.j2": {"nodes": 2, "pods": 4}}
FILES = sorted(path.name for path in TOPOLOGIES.iterdir())


def desired(name: str) -> tuple[str, State]:
    """The lab of a file and what the kernel is to hold."""
    sources = [SourceText(name, item.text) for item in topology(name, **SETTINGS.get(name, {}))]
    cluster = resolve(parse(sources).topology)
    return cluster.name, compile_state(cluster)


@pytest.mark.parametrize("name", FILES)
def test_the_plan_is_what_it_was(golden: Callable[[str, str], None], name: str) -> None:
    """The whole plan on an empty machine, as the script that would do it by hand."""
    lab, state = desired(name)
    golden(f"{name.partition('.')[0]}.sh", plan_script(lab, plan(state, State())))


def killed_at(instant: int, lab: str, whole: Plan) -> MemoryKernel:
    """A kernel after the first operations of a plan."""
    kernel = MemoryKernel()
    kernel.dies_after = instant
    with pytest.raises(Died):
        kernel.apply(lab, whole, lambda _: None)
    return kernel


@pytest.mark.parametrize("name", FILES)
def test_every_prefix_leads_on_and_back(name: str) -> None:
    """Killed after any operation, `up` again ends where it was going and `down` leaves nothing."""
    lab, state = desired(name)
    whole = plan(state, State())
    for instant in range(len(whole)):
        kernel = killed_at(instant, lab, whole)
        kernel.apply(lab, plan(state, kernel.observe(lab)), lambda _: None)
        assert plan(state, kernel.observe(lab)) == ()
        kernel = killed_at(instant, lab, whole)
        kernel.remove(lab, wait=True, progress=lambda _: None)
        assert kernel.observe(lab) == State()


@pytest.mark.parametrize("name", FILES)
def test_no_warnings(name: str) -> None:
    """What labnet ships it acts on, all of it."""
    assert parse(topology(name, **SETTINGS.get(name, {}))).warnings == ()


@pytest.mark.parametrize("name", FILES)
def test_the_first_lines_explain_the_idea(name: str) -> None:
    """A reader learns from the file itself what it shows and what to type."""
    head = (TOPOLOGIES / name).read_text(encoding="utf-8").partition("\napiVersion")[0]
    assert head.startswith("#")
    assert f"labnet up topologies/{name}" in head
    assert "labnet down" in head
