"""Packets through every CNI mode: who reaches whom, and as whom."""

from __future__ import annotations

from itertools import permutations

import pytest

from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: {name}}}
spec:
  networking: {{cni: {cni}, ipFamily: {family}}}
  nodes: [{{name: n1}}, {{name: n2}}]
  hosts: [{{name: outside}}]
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  nodeName: {node}
  containers:
  - name: main
    image: agnhost
    args: [netexec, --http-port=8080]
    ports: [{{containerPort: 8080}}]
"""
PODS = {"a1": "n1", "a2": "n1", "b1": "n2"}


def lab_text(cni: str, family: str = "ipv4") -> str:
    """Three pods on two nodes, two of them on one."""
    name = f"t-{cni}-{family}"
    pods = "".join(POD.format(name=pod, node=node) for pod, node in PODS.items())
    return LAB.format(name=name, cni=cni, family=family) + pods


@pytest.fixture(
    scope="module",
    params=[
        ("host-gw", "ipv4"),
        ("host-gw", "ipv6"),
        ("host-gw", "dual"),
        ("vxlan", "ipv4"),
        ("vxlan", "dual"),
    ],
    ids="-".join,
)
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """A lab in which all pods reach all."""
    return bring_module(text(lab_text(*request.param)))


def families(lab: RunningLab) -> tuple[int, ...]:
    """The families of a lab."""
    return lab.cluster.lab.networking.families


def url(address: str, path: str) -> str:
    """A URL of netexec."""
    return f"http://{f'[{address}]' if ':' in address else address}:8080/{path}"


def test_every_pod_pings_every_other(lab: RunningLab) -> None:
    """Same node and across, in every family."""
    for family in families(lab):
        for here, there in permutations(PODS, 2):
            assert lab.pings(here, lab.ip(there, family)), f"{here} -> {there}, IPv{family}"


def test_servers_see_the_address_of_the_client_pod(lab: RunningLab) -> None:
    """Pods see each other without NAT."""
    for family in families(lab):
        for here, there in permutations(PODS, 2):
            answer = lab.curl(here, url(lab.ip(there, family), "clientip"))
            own = lab.ip(here, family)
            assert answer.rpartition(":")[0] == (f"[{own}]" if family == 6 else own)


def test_nodes_reach_pods_and_pods_reach_nodes(lab: RunningLab) -> None:
    """Every node reaches every pod, and a pod its own node, as Kubernetes demands."""
    for family in families(lab):
        for node in ("n1", "n2"):
            for pod in PODS:
                assert lab.pings(node, lab.ip(pod, family))
        assert lab.pings("a1", lab.ip("n1", family))


def test_pods_reach_the_outside_as_their_node(lab: RunningLab) -> None:
    """Flannel masquerades what leaves the cluster: the host knows no way to a pod."""
    for family in families(lab):
        assert lab.pings("a1", lab.ip("outside", family))
        assert not lab.pings("outside", lab.ip("a1", family))


def test_the_plan_is_empty_after_up(lab: RunningLab) -> None:
    """`up` leaves nothing to do."""
    assert lab.drift() == []
