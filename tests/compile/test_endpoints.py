"""Which endpoints a node uses: the tables of Kubernetes' pkg/proxy/topology_test.go, in short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from clusters import cluster, draining, endpoint, node, service, slice_of
from labnet.compile.proxy.endpoints import ChosenEndpoints, endpoint_choice
from labnet.compile.proxy.service_port import service_ports
from labnet.model import Endpoint, Node


ZONED = node(1, zone="zone-a")
LOCAL: dict[str, Any] = {
    "external_traffic_policy": "Local",
    "type": "NodePort",
    "external": "192.0.2.1",
}


def chosen(endpoints: Sequence[Endpoint], where: Node = ZONED, **fields: Any) -> ChosenEndpoints:
    """The choice of a node for a Service with these endpoints."""
    made = cluster(service("web", **fields), slices=[slice_of("web", *endpoints)])
    ((info, infos),) = service_ports(made, 4)
    return endpoint_choice(info, infos)(where)


def last(endpoints: Sequence[object]) -> list[int]:
    """The last bytes of addresses."""
    return [int(str(one.ip).rpartition(".")[2]) for one in endpoints]  # type: ignore[attr-defined]  # EndpointInfo


def test_ready_ones_are_used() -> None:
    """And no other while there is one."""
    found = chosen([endpoint("10.0.0.1"), endpoint("10.0.0.2", ready=False), draining("10.0.0.3")])
    assert last(found.cluster) == [1]
    assert found.has_endpoints
    assert found.has_internal
    assert found.has_external


def test_those_that_leave_are_used_when_all_leave() -> None:
    """Serving and terminating, if none is ready; merely not ready is never enough."""
    found = chosen([endpoint("10.0.0.1", ready=False), draining("10.0.0.2"), draining("10.0.0.3")])
    assert last(found.cluster) == [2, 3]
    found = chosen([endpoint("10.0.0.1", ready=False), draining("10.0.0.2", serving=False)])
    assert found == ChosenEndpoints()


def test_cluster_and_local_fall_back_on_their_own() -> None:
    """One ready elsewhere, two leaving here: policy Local uses the two that leave."""
    ends = [
        endpoint("10.0.0.1", "node2"),
        draining("10.0.0.2", "node1"),
        draining("10.0.0.3", "node1"),
    ]
    found = chosen(ends, **LOCAL)
    assert last(found.cluster) == [1]
    assert last(found.local) == [2, 3]
    assert last(found.everywhere) == [1, 2, 3]


def test_an_endpoint_without_a_node_is_nowhere_local() -> None:
    """What was written without nodeName is no node's own."""
    found = chosen([endpoint("10.0.0.1")], **LOCAL)
    assert found.local == ()
    assert found.has_endpoints
    assert found.has_internal
    assert not found.has_external


def test_a_remote_one_that_leaves_makes_a_service_have_endpoints() -> None:
    """So that policy Local drops instead of refusing."""
    found = chosen([draining("10.0.0.1", "node2")], internal_traffic_policy="Local")
    assert found.cluster == ()
    assert found.local == ()
    assert found.has_endpoints
    assert not found.has_internal


def test_local_only_services_have_no_cluster_endpoints() -> None:
    """InternalTrafficPolicy Local on a plain ClusterIP Service."""
    ends = [endpoint("10.0.0.1", "node1"), endpoint("10.0.0.2", "node2")]
    found = chosen(ends, internal_traffic_policy="Local")
    assert (found.cluster, last(found.local)) == ((), [1])
    assert found.everywhere == found.local


def hinted(number: int, *zones: str, nodes: tuple[str, ...] = (), on: str = "node1") -> Endpoint:
    """An endpoint with hints."""
    return endpoint(f"10.0.0.{number}", on, hint_zones=zones, hint_nodes=nodes)


A, B = "zone-a", "zone-b"


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([hinted(1, A), hinted(2, B)], [1]),
        ([hinted(1, A), hinted(2, B, A), hinted(3, "zone-c")], [1, 2]),
        ([hinted(1, A), hinted(2)], [1, 2]),
        ([hinted(1, B), hinted(2, "zone-c")], [1, 2]),
        ([hinted(1, A, nodes=("node1",)), hinted(2, A, nodes=("node2",))], [1]),
        ([hinted(1, A, nodes=("node3",)), hinted(2, B, nodes=("node2",))], [1]),
        ([hinted(1, A, nodes=("node1",)), hinted(2, A)], [1, 2]),
        ([hinted(1, B, nodes=("node1",)), hinted(2, nodes=("node2",))], [1]),
        ([hinted(1, A), endpoint("10.0.0.2", ready=False), hinted(3, B)], [1]),
        ([draining("10.0.0.1", hint_zones=(B,)), draining("10.0.0.2", hint_zones=(A,))], [1, 2]),
    ],
    ids=[
        "zone",
        "several zones",
        "one without a hint",
        "nobody for this zone",
        "node",
        "no node, so zone",
        "one without a node",
        "node before zone",
        "not ready, not asked",
        "never among those that leave",
    ],
)
def test_hints(endpoints: list[Endpoint], expected: list[int]) -> None:
    """Same node, else same zone, else all; every ready endpoint must have such a hint."""
    assert last(chosen(endpoints).cluster) == expected


def test_a_node_without_a_zone_has_all() -> None:
    """Hints for zones need a zone."""
    assert last(chosen([hinted(1, A), hinted(2, B)], node(1)).cluster) == [1, 2]


def test_hints_are_not_for_policy_local() -> None:
    """A local endpoint that is hinted for another zone still serves policy Local."""
    found = chosen([hinted(1, B, on="node1"), hinted(2, A, on="node2")], **LOCAL)
    assert (last(found.cluster), last(found.local)) == ([2], [1])


def test_nodes_that_choose_alike_share_their_choice() -> None:
    """Nineteen of twenty nodes have no endpoint, and get one object."""
    made = cluster(service("web", **LOCAL), slices=[slice_of("web", endpoint("10.0.0.1", "node7"))])
    ((info, infos),) = service_ports(made, 4)
    choice = endpoint_choice(info, infos)
    choices = [choice(node(number)) for number in range(1, 21)]
    assert len({id(one) for one in choices}) == 2
    assert [one.has_external for one in choices].index(True) == 6
