"""Pods go where Kubernetes' scheduler would put them, and stay there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from labnet.errors import Problems
from labnet.resolve import Facts, PodFacts, facts_of, resolve
from resolve.builders import at, lab, networking, node, pod, pods, topology, workload


FAST = {"disk": "fast"}
THREE = lab(node("a", labels=FAST), node("b"), node("c", labels=FAST, zone="z1"))


def homes(*args: object, of: object = THREE, facts: Facts | None = None) -> dict[str, str]:
    """The node of each pod."""
    given = topology(*args, of=of)  # type: ignore[arg-type] # passed on as they are
    return {name: one.node for name, one in pods(given, facts).items()}


def test_spread_evenly_in_the_order_of_the_nodes() -> None:
    """The node with the fewest pods is next, the first of those."""
    found = homes(*(pod(f"p{index}") for index in range(7)))
    assert list(found.values()) == ["a", "b", "c", "a", "b", "c", "a"]


def test_pods_with_a_node_name_are_counted_first() -> None:
    """What cannot move is on its node before the others are spread."""
    pinned = [pod(f"x{index}", spec={"node_name": "a"}) for index in range(2)]
    found = homes(pod("p1"), pod("p2"), pod("p3"), pod("p4"), *pinned)
    assert Counter(found.values()) == {"a": 2, "b": 2, "c": 2}
    assert found["x0"] == found["x1"] == "a"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (FAST, {"a", "c"}),
        ({"kubernetes.io/hostname": "b"}, {"b"}),
        ({"topology.kubernetes.io/zone": "z1"}, {"c"}),
        ({"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}, {"a", "b", "c"}),
    ],
)
def test_node_selector(selector: dict[str, str], expected: set[str]) -> None:
    """A pod goes to any node that has all of the labels, Kubernetes' own among them."""
    web = workload("Deployment", "web", replicas=6, spec={"node_selector": selector})
    assert expected == set(homes(web).values())


def test_a_static_address_says_the_node() -> None:
    """The node whose podCIDR holds the address is the only one where it can be."""
    given = topology(pod("p", addresses=["10.244.2.9"]), of=THREE)
    one = pods(given)["p"]
    assert (one.node, str(one.addresses[0])) == ("c", "10.244.2.9/24")


def test_a_placed_pod_stays() -> None:
    """Its node is remembered, even if another has fewer pods now."""
    before = topology(*(pod(f"p{index}") for index in range(3)), of=THREE)
    facts = facts_of(resolve(before), Facts())
    after = homes(pod("new"), pod("p2"), pod("p1"), pod("p0"), facts=facts)
    assert after == {"new": "a", "p0": "a", "p1": "b", "p2": "c"}


def test_a_placed_pod_moves_when_it_must() -> None:
    """Its node is gone, or its selector does not hold there any more, or it names another."""
    facts = Facts(pods={f"pod/default/{name}": PodFacts("b") for name in ("x", "y", "z")})
    moved = [
        pod("x", spec={"node_selector": FAST}),
        pod("y", spec={"node_name": "c"}),
        pod("z"),
    ]
    assert homes(*moved, facts=facts) == {"x": "a", "y": "c", "z": "b"}
    gone = lab(node("a"), node("c"))
    assert homes(pod("z"), of=gone, facts=facts) == {"z": "a"}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            pod("p", spec={"node_name": "nowhere"}),
            "spec.nodeName: there is no node nowhere",
        ),
        (
            pod("p", spec={"node_selector": {"disk": "slow", "b": "c"}}),
            "spec.nodeSelector: b=c,disk=slow matches no node",
        ),
        (
            workload("Deployment", "p", spec={"node_selector": {"disk": "slow"}}),
            "spec.template.spec.nodeSelector: disk=slow matches no node",
        ),
        (
            pod("p", spec={"node_name": "b", "node_selector": FAST}),
            "spec.nodeSelector: disk=fast does not match node b, where the pod is",
        ),
        (
            pod("p", addresses=["10.250.0.9"]),
            (
                'metadata.annotations["labnet.dev/ip"]: '
                "10.250.0.9 is not in the podCIDR of any node\n"
                "    a: 10.244.0.0/24; b: 10.244.1.0/24; c: 10.244.2.0/24"
            ),
        ),
        (
            workload("Deployment", "p", addresses=["10.244.2.9"], spec={"node_name": "b"}),
            (
                'spec.template.metadata.annotations["labnet.dev/ip"]: '
                "10.244.2.9 is not in the podCIDR of node b\n"
                "    a: 10.244.0.0/24; b: 10.244.1.0/24; c: 10.244.2.0/24"
            ),
        ),
        (
            pod("p", addresses=["10.244.2.1"]),
            (
                'metadata.annotations["labnet.dev/ip"]: '
                "10.244.2.1 cannot be given in 10.244.2.0/24\n"
                "    usable: 10.244.2.2 to 10.244.2.254"
            ),
        ),
        (
            pod("p", addresses=["10.244.2.9"], spec={"host_network": True}),
            (
                'metadata.annotations["labnet.dev/ip"]: '
                "10.244.2.9 cannot be given: with hostNetwork the pod has its node's address"
            ),
        ),
    ],
)
def test_a_pod_that_fits_nowhere(one: object, expected: str) -> None:
    """It is a problem at its line: nothing that the lab does later would place it."""
    with pytest.raises(Problems) as caught:
        homes(one)
    assert str(caught.value) == f"lab.yaml:5: {expected}\n1 problem; nothing was touched"


def test_both_addresses_of_a_pod_are_on_one_node() -> None:
    """In a dual-stack lab the two static addresses must be of the same node."""
    dual = lab(node("a"), node("b"), net=networking((4, 6)))
    good = pod("p", addresses=["10.244.1.9", "fd00:10:244:1::9"])
    assert homes(good, of=dual) == {"p": "b"}
    with pytest.raises(Problems, match="fd00:10:244::9 is not in the podCIDR of node b"):
        homes(pod("p", addresses=["10.244.1.9", "fd00:10:244::9"]), of=dual)


def test_replicas_cannot_share_a_static_address() -> None:
    """The second replica is told that the first has it."""
    with pytest.raises(Problems, match=r"10\.244\.0\.9 is already pod/default/web-"):
        homes(workload("ReplicaSet", "web", replicas=2, addresses=["10.244.0.9"]))


def test_a_node_has_no_more_ports_than_a_bridge() -> None:
    """More than 1,000 pods on one node are refused before the kernel does it at 1,024."""
    big = lab(node("a"), net=networking(pods=["10.0.0.0/8"]))
    big = replace(big, nodes=(node("a", cidrs=["10.0.0.0/16"]),))
    assert len(homes(workload("ReplicaSet", "web", replicas=1000), of=big)) == 1000
    with pytest.raises(Problems) as caught:
        homes(workload("ReplicaSet", "web", replicas=1001, source=at(8)), of=big)
    assert str(caught.value) == (
        "lab.yaml:8: 1001 pods are too many for node a\n"
        "    at most 1000: its bridge has no more ports\n"
        "1 problem; nothing was touched"
    )


def test_a_node_has_no_more_pods_than_addresses() -> None:
    """A /24 holds 253 pods; one line says so, with the first that gets none."""
    with pytest.raises(Problems) as caught:
        homes(*(pod(f"p{index:03}") for index in range(255)), of=lab(node("a")))
    assert str(caught.value) == (
        "lab.yaml:5: 10.244.0.0/24 has no free address left for pod/default/p253\n"
        "    it holds 253; 1 more go without\n"
        "1 problem; nothing was touched"
    )


def test_a_thousand_pods_of_many_selectors_stay_even() -> None:
    """Nodes that two selectors share are counted once for both."""
    nodes = [node(f"n{index}", labels={"half": str(index % 2)}) for index in range(10)]
    halves = [
        pod(f"p{index}", spec={"node_selector": {"half": "0"} if index % 4 == 0 else {}})
        for index in range(400)
    ]
    found = Counter(homes(*halves, of=lab(*nodes)).values())
    assert set(found.values()) == {40}
