"""How much each file in topologies/ promises, as a person counts it."""

from __future__ import annotations

from collections import Counter

import pytest

from labnet.parse import parse
from labnet.resolve import resolve
from labs import TOPOLOGIES, topology
from promises.lab import promises


EXPECTED = {
    # 5 pods, 3 of them servers by TCP and UDP; 2 Services for 5 pods and 2 nodes
    "affinity.yaml": {
        "pod ping": 5 * 4,
        "pod curl": 3 * 4,
        "pod udp": 3 * 4,
        "service curl": 2 * (5 + 2),
    },
    # 2 containers on the bridge, one of them nginx; who shares its lo; a host that comes by 8080
    "docker0.yaml": {
        "pod ping": 2,
        "pod curl": 1,
        "loopback curl": 2,
        "published port curl": 1,
    },
    # 2 servers with 2 addresses each
    "dual-stack.yaml": {"pod ping": 2 * 2, "pod curl": 2 * 2, "pod udp": 2 * 2},
    # 4 pods, 3 of them servers; one Service with an address, for 4 pods and 2 nodes
    "headless.yaml": {
        "pod ping": 4 * 3,
        "pod curl": 3 * 3,
        "pod udp": 3 * 3,
        "service curl": 4 + 2,
    },
    # 2 servers on one node, which do not reach a third on the other, nor it them
    "kubenet.yaml": {
        "pod ping": 2,
        "pod curl": 2,
        "pod udp": 2,
        "no pod ping": 4,
        "no pod curl": 4,
        "no pod udp": 4,
    },
    # 2 servers, 3 nodes, a host; 2 Services, each with a NodePort on each node for the host, the
    # pods and the node itself, and one more address for the pods and the host
    "nodeport.yaml": {
        "pod ping": 2,
        "pod curl": 2,
        "pod udp": 2,
        "service curl": 2 * (2 + 3),
        "node port curl": 2 * 3 * (1 + 2 + 1),
        "external IP curl": 2 + 1,
        "load balancer curl": 2 + 1,
    },
    # 2 pods; one is 2 servers by TCP and one by UDP, each of whose 2 containers has both on lo
    "pod.yaml": {"pod ping": 2, "pod curl": 2, "pod udp": 1, "loopback curl": 2 * 2},
    "scale.yaml.j2": {"pod ping": 12 * 11},
    # 3 pods, 2 of them servers; 4 ports of Services for 3 pods and 2 nodes, behind one is nobody;
    # a container that the other node comes to
    "services.yaml": {
        "pod ping": 3 * 2,
        "pod curl": 2 * 2,
        "pod udp": 2 * 2,
        "service curl": 2 * (3 + 2),
        "service udp": 3 + 2,
        "no service curl": 3 + 2,
        "published port curl": 1,
    },
    # 3 pods, 2 of them servers, 3 nodes, a host; 4 Services, one of which node3 and its pod do not
    # reach; 2 NodePorts, one of which the host and the other nodes' pods do not reach on node3
    "traffic-policy.yaml": {
        "pod ping": 3 * 2,
        "pod curl": 2 * 2,
        "pod udp": 2 * 2,
        "service curl": 4 * (3 + 3) - 2,
        "no service curl": 2,
        "node port curl": 2 * 3 * (1 + 3 + 1) - 3,
        "no node port curl": 3,
        "load balancer curl": 3 + 1,
        "health check health": 3,
    },
    # 3 servers by TCP, one of them by UDP too
    "two-node.yaml": {"pod ping": 3 * 2, "pod curl": 3 * 2, "pod udp": 2},
    "vxlan.yaml": {"pod ping": 2, "pod curl": 2, "pod udp": 2},
}
"""How many promises each topology makes, of each reason and kind; `no` is that none answers."""


def test_every_topology_is_counted() -> None:
    """A new one has to say what it promises."""
    assert set(EXPECTED) == {path.name for path in TOPOLOGIES.iterdir()}


@pytest.mark.parametrize("name", EXPECTED)
def test_topologies_promise_what_a_person_counts(name: str) -> None:
    """Nothing that was promised is forgotten without anybody noticing."""
    settings = {"nodes": 3, "pods": 12} if name == "scale.yaml.j2" else {}
    lab = resolve(parse(topology(name, **settings)).topology)
    assert Counter(
        f"{'' if one.answers else 'no '}{one.reason} {one.kind}" for one in promises(lab)
    ) == Counter(EXPECTED[name])
