"""Two pods of a node cannot have the same port of it, and the scheduler knows."""

from __future__ import annotations

from typing import Any

import pytest

from labnet.errors import Problems
from labnet.model import ContainerPort
from labnet.resolve import Facts, PodFacts
from resolve.builders import at, container, lab, node, pod, pods, topology, workload


def taking(name: str, *ports: ContainerPort, **fields: Any) -> Any:
    """A pod with these ports."""
    return pod(name, container(ports=ports), **fields)


def on(number: int, protocol: Any = "TCP", ip: str = "") -> ContainerPort:
    """A hostPort."""
    return ContainerPort(80, protocol=protocol, host_port=number, host_ip=ip)


def homes(*workloads: Any, facts: Facts | None = None, nodes: int = 2) -> dict[str, str]:
    """The node of each pod."""
    of = lab(*(node(f"n{index}") for index in range(1, nodes + 1)))
    return {name: one.node for name, one in pods(topology(*workloads, of=of), facts).items()}


def problem(*workloads: Any, **fields: Any) -> str:
    """What is wrong, but for the last line, which counts."""
    with pytest.raises(Problems) as caught:
        homes(*workloads, **fields)
    return str(caught.value).rpartition("\n")[0]


def test_replicas_go_to_different_nodes() -> None:
    """Also past one that has fewer pods."""
    web = workload("Deployment", "web", container(ports=(on(8080),)), replicas=2)
    others = [pod(f"p{index}", spec={"node_name": "n2"}) for index in range(3)]
    found = homes(web, *others)
    assert sorted(node for name, node in found.items() if name.startswith("web")) == ["n1", "n2"]


def test_more_replicas_than_nodes() -> None:
    """The one that is left over is a problem, with the pods that are in its way."""
    web = workload("StatefulSet", "web", container(ports=(on(8080), on(53, "UDP"))), replicas=3)
    assert problem(web) == (
        "lab.yaml:5: spec.template.spec.containers: no node is left for pod/default/web-2: "
        "all have pods with hostPort 8080/TCP, hostPort 53/UDP\n"
        "    on node n1 it is pod/default/web-0"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on(80), on(80)),
        (on(80, ip="0.0.0.0"), on(80, ip="10.0.0.1")),
        (on(80, ip="10.0.0.1"), on(80)),
        (on(80, ip="10.0.0.1"), on(80, ip="10.0.0.1")),
    ],
)
def test_ports_that_overlap(one: ContainerPort, other: ContainerPort) -> None:
    """All addresses overlap with any."""
    first, second = (
        taking(name, port, spec={"node_name": "n1"}, source=at(line))
        for name, port, line in (("a", one, 3), ("b", other, 4))
    )
    where = f" on {other.host_ip}" if other.host_ip else ""
    expected = (
        f"lab.yaml:4: spec.containers: hostPort 80/TCP{where} of node n1 is already pod/default/a's"
    )
    assert problem(first, second) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on(80), on(81)),
        (on(80), on(80, "UDP")),
        (on(80, ip="10.0.0.1"), on(80, ip="10.0.0.2")),
        (on(80), ContainerPort(80)),
    ],
)
def test_ports_that_do_not_overlap(one: ContainerPort, other: ContainerPort) -> None:
    """Another number, protocol or address is another port, and a containerPort is none."""
    bound = {"node_name": "n1"}
    assert homes(taking("a", one, spec=bound), taking("b", other, spec=bound)) == {
        "a": "n1",
        "b": "n1",
    }


def test_ports_of_pods_on_the_hosts_network() -> None:
    """Each containerPort is one of the node."""
    own = taking("a", ContainerPort(8080), spec={"host_network": True})
    other = taking("b", on(8080))
    assert homes(own, other) == {"a": "n1", "b": "n2"}
    assert "hostPort 8080/TCP" in problem(own, other, nodes=1)


def test_a_pod_stays_where_it_is() -> None:
    """One that is placed keeps its node, and a new one that names it is a problem."""
    facts = Facts(pods={"pod/default/a": PodFacts("n2")})
    assert homes(taking("b", on(80)), taking("a", on(80)), facts=facts) == {"a": "n2", "b": "n1"}
    bound = taking("b", on(80), spec={"node_name": "n2"}, source=at(9))
    assert problem(bound, taking("a", on(80)), facts=facts) == (
        "lab.yaml:9: spec.containers: hostPort 80/TCP of node n2 is already pod/default/a's"
    )


def test_two_that_were_on_one_node_part() -> None:
    """If the file gives both the same port now, the second goes elsewhere."""
    facts = Facts(pods={f"pod/default/{name}": PodFacts("n2") for name in "ab"})
    assert homes(taking("a", on(80)), taking("b", on(80)), facts=facts) == {"a": "n2", "b": "n1"}
