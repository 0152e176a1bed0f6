"""Which tests stand for all where time is short, as in a VM without KVM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest


FEW = 4
"""How many values a parameter may have for each to be tried: kube-proxy's modes, IP families, …"""
IN_FULL = ("test_a_guide_is_true",)
"""Tests of which no parameters stand for the others: each is a guide that people follow."""


def representatives(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Of each test the first, and what else shows each value of a parameter that has few."""
    everything = list(items)
    numbers = {value for item in everything for value in _values(item)}
    many = {(test, name) for test, name, number in numbers if number >= FEW}
    seen: set[object] = set()
    left = []
    for item in everything:
        new = {value for value in _values(item) if value[:2] not in many} | {_test(item)}
        if not new <= seen or _test(item).rpartition("::")[2] in IN_FULL:
            left.append(item)
        seen |= new
    return left


def _test(item: pytest.Item) -> str:
    """Its path and name without its parameters."""
    return item.nodeid.partition("[")[0]


def _values(item: pytest.Item) -> Iterator[tuple[str, str, int]]:
    """The test, and each parameter with the number of its value there."""
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        for name, number in item.callspec.indices.items():
            yield _test(item), name, number
