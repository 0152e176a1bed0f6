"""`kind: Container` is what `docker run` makes on a node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labnet.errors import Problems
from labnet.model import PublishedPort
from labnet.resolve import DOCKER_SUBNET, Facts, facts_of, resolve
from resolve.builders import container, docker, ips, lab, networking, node, pod, pods, topology


def test_the_bridge() -> None:
    """The lowest free addresses of docker0 on each node, in the order of the file."""
    found = pods(
        topology(containers=[docker("z"), docker("far", node="node2"), docker("a")]),
    )
    assert {name: (one.node, ips(one)) for name, one in found.items()} == {
        "z": ("node1", ["172.17.0.2/16"]),
        "a": ("node1", ["172.17.0.3/16"]),
        "far": ("node2", ["172.17.0.2/16"]),
    }
    assert found["z"].addresses[0].network == DOCKER_SUBNET


def test_what_a_container_is() -> None:
    """Docker's defaults: never restarted, ten seconds to stop, hosts with its own name."""
    publish = (PublishedPort(8080, 80),)
    one = pods(topology(containers=[docker("db", "nginx", publish=publish)]))["db"]
    assert (one.kind, one.namespace, one.netns, one.hostname) == (
        "Container",
        "default",
        "lab.db",
        "db",
    )
    assert (one.restart_policy, one.termination_grace_period_seconds) == ("Never", 10)
    assert (one.network, one.publish, one.owner) == ("bridge", publish, None)
    (root,) = one.containers
    assert root.files["/etc/hosts"].endswith("\n172.17.0.2\tdb\n")
    assert root.files["/etc/hostname"] == "db\n"
    assert "nameserver" not in root.files["/etc/resolv.conf"]
    assert root.env["HOSTNAME"] == "db"
    assert root.argv


def test_docker0_is_ipv4() -> None:
    """Docker's default bridge has no IPv6, also in a lab that has nothing else."""
    found = pods(topology(of=lab(net=networking((6,))), containers=[docker("db")]))
    assert ips(found["db"]) == ["172.17.0.2/16"]


def test_none() -> None:
    """Only lo: a namespace without an address, and no line for it in the hosts file."""
    one = pods(topology(containers=[docker("alone", network="none")]))["alone"]
    assert (one.network, one.netns, one.addresses) == ("none", "lab.alone", ())
    assert one.containers[0].files["/etc/hosts"].endswith("\nff02::2\tip6-allrouters\n")


def test_host() -> None:
    """The node's namespace, address and hostname."""
    one = pods(topology(containers=[docker("agent", network="host", node="node2")]))["agent"]
    assert (one.network, one.netns, one.hostname) == ("host", "lab.node2", "node2")
    assert ips(one) == ["172.18.0.3/24"]


def test_joining_another() -> None:
    """Through any chain: the namespace, address, hostname and node are those of its end."""
    found = pods(
        topology(
            containers=[
                docker("c", network="container:b"),
                docker("b", network="container:a"),
                docker("a", node="node2"),
            ]
        )
    )
    assert {one.netns for one in found.values()} == {"lab.a"}
    assert {one.node for one in found.values()} == {"node2"}
    assert {one.hostname for one in found.values()} == {"a"}
    assert [ips(one) for one in found.values()] == [["172.17.0.2/16"]] * 3
    assert [found[name].network for name in "abc"] == ["bridge", "container", "container"]
    hosts = {one.containers[0].files["/etc/hosts"] for one in found.values()}
    assert len(hosts) == 1


def test_joining_one_without_an_address_of_its_own() -> None:
    """`host` and `none` are shared as well."""
    found = pods(
        topology(
            containers=[
                docker("h", network="host"),
                docker("n", network="none"),
                docker("x", network="container:h"),
                docker("y", network="container:n"),
            ]
        )
    )
    assert (found["x"].network, found["x"].netns, ips(found["x"])) == (
        "container",
        "lab.node1",
        ["172.18.0.2/24"],
    )
    assert (found["y"].netns, found["y"].addresses) == ("lab.n", ())


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([docker("a", network="container:b")], "network: there is no container b"),
        (
            [docker("a", network="container:a")],
            "network: a joins a: one of them needs a network",
        ),
        ([docker("a", node="nowhere")], "node: there is no node nowhere"),
        (
            [docker("a", network="container:b", node="node2"), docker("b")],
            (
                "node: node node2 is not that of container b, node1\n"
                "    it has the network of the other"
            ),
        ),
    ],
)
def test_a_container_that_cannot_be(containers: list[object], expected: str) -> None:
    """A join that leads nowhere, or to another node, is a problem with its line."""
    with pytest.raises(Problems) as caught:
        resolve(replace(topology(), containers=tuple(containers)))  # type: ignore[arg-type] # of a table
    assert str(caught.value) == f"lab.yaml:9: {expected}\n1 problem; nothing was touched"


def test_a_ring() -> None:
    """Each of the three says where it leads."""
    ring = [docker(one, network=f"container:{other}") for one, other in ("ab", "bc", "ca")]
    with pytest.raises(Problems) as caught:
        resolve(topology(containers=ring))
    assert "a joins b joins c joins a: one of them needs a network" in str(caught.value)
    assert len(caught.value.problems) == 3


def test_containers_keep_node_and_address() -> None:
    """Also when the first node is another now, and when containers before them are gone."""
    before = topology(containers=[docker("a"), docker("b")])
    facts = facts_of(resolve(before), Facts())
    after = topology(
        of=lab(node("node2"), node("node1")),
        containers=[docker("new", node="node1"), docker("b")],
    )
    found = pods(after, facts)
    assert (found["b"].node, ips(found["b"])) == ("node1", ["172.17.0.3/16"])
    assert ips(found["new"]) == ["172.17.0.2/16"]


def test_a_container_that_moves_takes_nobodys_address() -> None:
    """The one that is there already keeps its address, wherever the two stand in the file."""
    before = topology(containers=[docker("a", node="node1"), docker("b", node="node2")])
    facts = facts_of(resolve(before), Facts())
    after = topology(containers=[docker("a", node="node2"), docker("b", node="node2")])
    found = pods(after, facts)
    assert (ips(found["a"]), ips(found["b"])) == (["172.17.0.3/16"], ["172.17.0.2/16"])


def test_docker0_has_no_more_ports_than_a_bridge() -> None:
    """1,000 containers on a node, and not one more."""
    many = [docker(f"c{index}") for index in range(1001)]
    assert len(resolve(topology(containers=many[1:])).pods) == 1000
    with pytest.raises(Problems, match="1001 containers are too many for docker0 of node node1"):
        resolve(topology(containers=many))


def test_containers_and_pods_side_by_side() -> None:
    """A container's environment works as a pod's does."""
    one = docker("db", container=container("busybox", name="db", command=("echo", "$(X)")))
    found = pods(topology(pod("web"), containers=[one]))
    assert set(found) == {"web", "db"}
    assert found["db"].containers[0].argv == ("echo", "$(X)")
