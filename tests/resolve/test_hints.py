"""Hints are those of the real controller, with all nodes alike."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from labnet.model import Endpoint
from labnet.resolve import Facts, resolve
from labnet.resolve.hints import topology_hints, zone_shares
from resolve.builders import lab, node, pod, service, topology


AUTO = {"service.kubernetes.io/topology-mode": "Auto"}
SHARES = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}


def hints(
    *zones: str, facts: Facts | None = None, pods: int = 6, **fields: Any
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """(zone, zones hinted, nodes hinted) of each endpoint; a node in each zone, pods on all."""
    nodes = [node(f"n{index}", zone=zone) for index, zone in enumerate(zones)]
    some = [pod(f"p{index}", labels={"app": "web"}) for index in range(pods)]
    given = service("web", selector={"app": "web"}, **fields)
    slices = resolve(topology(*some, of=lab(*nodes), services=[given]), facts or Facts())
    (one,) = (each for each in slices.endpoint_slices if each.service == "web")
    return [(each.zone, each.hint_zones, each.hint_nodes) for each in one.endpoints]


def endpoints(**numbers: int) -> list[Endpoint]:
    """So many endpoints in each zone; `none` are in none, and `x_a` are not ready in a."""
    return [
        Endpoint(
            (f"10.0.0.{index}",),
            ready=not zone.startswith("x_"),
            zone={"none": ""}.get(zone, zone.removeprefix("x_")),
        )
        for zone, number in numbers.items()
        for index in range(number)
    ]


def hinted(shares: dict[str, float], **numbers: int) -> dict[str, int]:
    """How many endpoints are hinted for each zone."""
    found = topology_hints(endpoints(**numbers), shares)
    return dict(Counter(zone for one in found for zone in one.hint_zones))


@pytest.mark.parametrize("policy", ["PreferClose", "PreferSameZone"])
def test_prefer_same_zone(policy: str) -> None:
    """Each is hinted for its own zone."""
    found = hints("a", "b", traffic_distribution=policy)
    assert all(zones == (zone,) and not nodes for zone, zones, nodes in found)


def test_prefer_same_node() -> None:
    """Each is hinted for its zone and its node; without zones, for its node only."""
    found = hints("a", "b", pods=2, traffic_distribution="PreferSameNode")
    assert found == [("a", ("a",), ("n0",)), ("b", ("b",), ("n1",))]
    found = hints("", "", pods=2, traffic_distribution="PreferSameNode")
    assert found == [("", (), ("n0",)), ("", (), ("n1",))]


def test_no_hints_without_being_asked() -> None:
    """Nor for an endpoint that is not ready, nor for one without a zone."""
    assert not any(zones for _, zones, _ in hints("a", "b"))
    assert not any(zones for _, zones, _ in hints("", "", traffic_distribution="PreferSameZone"))
    facts = Facts(unready=frozenset({"pod/default/p0"}))
    found = hints("a", "b", facts=facts, traffic_distribution="PreferSameZone")
    assert [bool(zones) for _, zones, _ in found] == [False, True, True, True, True, True]


def test_the_annotation_wins() -> None:
    """`topology-mode: Auto` over trafficDistribution, and its old name over the new one."""
    distribution: dict[str, Any] = {"traffic_distribution": "PreferSameNode"}
    assert not any(nodes for *_, nodes in hints("a", "b", annotations=AUTO, **distribution))
    old = {"service.kubernetes.io/topology-aware-hints": "Disabled", **AUTO}
    assert all(nodes for *_, nodes in hints("a", "b", annotations=old, **distribution))


def test_auto_shares_by_the_nodes_of_a_zone() -> None:
    """Two nodes of three are two thirds of the CPUs, wherever the pods are."""
    found = hints("a", "a", "b", pods=6, annotations=AUTO)
    assert Counter(zones for _, zones, _ in found) == {("a",): 4, ("b",): 2}


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (["a", "a"], {}),
        (["a", ""], {}),
        (["a", "b"], {"a": 0.5, "b": 0.5}),
        (["b", "a", "a", "a"], {"a": 0.75, "b": 0.25}),
    ],
)
def test_zone_shares(zones: list[str], expected: dict[str, float]) -> None:
    """One zone only, or a node in none, and there is nothing to share."""
    nodes = [node(f"n{index}", zone=zone) for index, zone in enumerate(zones)]
    assert zone_shares(resolve(topology(of=lab(*nodes))).nodes) == expected


def test_the_control_plane_has_no_share() -> None:
    """Its nodes are not counted, not even for having no zone."""
    label = {"node-role.kubernetes.io/control-plane": ""}
    nodes = [node("n0", labels=label), node("n1", zone="a"), node("n2", zone="b")]
    assert zone_shares(resolve(topology(of=lab(*nodes))).nodes) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("shares", "numbers", "expected"),
    [
        (SHARES, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}),
        (SHARES, {"a": 9}, {"a": 3, "b": 3, "c": 3}),
        (SHARES, {"a": 4, "b": 3, "c": 2}, {"a": 3, "b": 3, "c": 3}),
        (SHARES, {"a": 5, "b": 0, "c": 2}, {"a": 3, "b": 2, "c": 2}),
        (SHARES, {"a": 1, "b": 1}, {}),
        (SHARES, {"a": 2, "b": 1, "c": 1}, {}),
        (SHARES, {"a": 5, "c": 5, "none": 1}, {}),
        (SHARES, {"a": 3, "x_none": 5}, {"a": 1, "b": 1, "c": 1}),
        ({}, {"a": 3, "b": 3}, {}),
        ({"a": 0.5, "b": 0.5}, {"a": 3, "b": 3, "d": 1}, {"a": 3, "b": 3, "d": 1}),
        ({"a": 0.75, "b": 0.25}, {"a": 2, "b": 2}, {"a": 3, "b": 1}),
    ],
)
def test_auto(shares: dict[str, float], numbers: dict[str, int], expected: dict[str, int]) -> None:
    """Nobody has more than 120 % of its part, or nobody has a hint.

    Four for three zones: each is to have ceil(4/3 / 1.2) = 2 at least, and that is six.
    """
    assert hinted(shares, **numbers) == expected
