"""Labs that tests can ask for, and that are gone when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from labnet import agent
from labnet.parse import SourceText
from labs import RunningLab, lab_up


Bring = Callable[[Sequence[SourceText]], RunningLab]


def _bring(request: pytest.FixtureRequest) -> Iterator[Bring]:
    names: list[str] = []

    def bring(sources: Sequence[SourceText]) -> RunningLab:
        """Bring a lab up, and remember to remove it."""
        lab = lab_up(sources)
        names.append(lab.name)
        return lab

    yield bring
    keep = request.config.getoption("--keep") and request.session.testsfailed
    for name in names:
        if not keep:
            agent.down(name)


@pytest.fixture
def bring(request: pytest.FixtureRequest) -> Iterator[Bring]:
    """`bring(sources)`: a lab for this test."""
    yield from _bring(request)


@pytest.fixture(scope="module")
def bring_module(request: pytest.FixtureRequest) -> Iterator[Bring]:
    """`bring_module(sources)`: a lab for all tests of the module."""
    yield from _bring(request)
