"""Nodes and hosts: addresses, pod CIDRs and labels."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from labnet.errors import Problems
from labnet.model import Host, Node
from labnet.resolve import Facts, facts_of, resolve
from resolve.builders import host, lab, networking, node, topology


def addresses(*machines: Node | Host) -> list[list[str]]:
    """The addresses of machines as text."""
    return [[str(one) for one in machine.addresses] for machine in machines]


def problem_of(given: object) -> str:
    """What is wrong with a lab."""
    with pytest.raises(Problems) as caught:
        resolve(topology(of=given))  # type: ignore[arg-type] # a Lab, of a table of tests
    return str(caught.value)


def test_nodes_then_hosts() -> None:
    """.1 is the gateway's, the nodes have what follows, as in kind, and then the hosts."""
    cluster = resolve(topology(of=lab(node("b"), node("a"), hosts=[host("z"), host("y")])))
    assert [one.name for one in cluster.nodes] == ["b", "a"]
    assert addresses(*cluster.nodes) == [["172.18.0.2/24"], ["172.18.0.3/24"]]
    assert [one.name for one in cluster.hosts] == ["y", "z"]
    assert addresses(*cluster.hosts) == [["172.18.0.5/24"], ["172.18.0.4/24"]]
    assert [one.netns for one in cluster.nodes] == ["lab.b", "lab.a"]


def test_dual_stack() -> None:
    """One address and one pod CIDR for each family, in the lab's order."""
    cluster = resolve(topology(of=lab(net=networking((6, 4)))))
    assert addresses(cluster.nodes[0]) == [["fc00:f853:ccd:e793::2/64", "172.18.0.2/24"]]
    assert cluster.nodes[1].pod_cidrs == (
        ip_network("fd00:10:244:1::/64"),
        ip_network("10.244.1.0/24"),
    )


def test_static_addresses_come_first() -> None:
    """A node that asks for .2 has it, wherever it stands; one family may be left open."""
    nodes = [node("a"), node("b", addresses=["172.18.0.2"]), node("c")]
    cluster = resolve(topology(of=lab(*nodes, net=networking((4, 6)))))
    assert addresses(*cluster.nodes) == [
        ["172.18.0.3/24", "fc00:f853:ccd:e793::2/64"],
        ["172.18.0.2/24", "fc00:f853:ccd:e793::3/64"],
        ["172.18.0.4/24", "fc00:f853:ccd:e793::4/64"],
    ]


def test_the_pool_is_left_to_the_load_balancers() -> None:
    """Addresses in it are given to no machine that does not ask for one."""
    given = lab(
        node("a"),
        node("b"),
        node("c", addresses=["172.18.0.4"]),
        pool=[("172.18.0.3", "172.18.0.9")],
    )
    cluster = resolve(topology(of=given))
    assert addresses(*cluster.nodes) == [["172.18.0.2/24"], ["172.18.0.10/24"], ["172.18.0.4/24"]]


def test_a_host_outside_the_node_subnet() -> None:
    """It has its address alone, and the node subnet on link; in the other family it is inside."""
    given = lab(net=networking((4, 6)), hosts=[host("far", "203.0.113.9")])
    far = resolve(topology(of=given)).hosts[0]
    assert addresses(far) == [["203.0.113.9/32", "fc00:f853:ccd:e793::4/64"]]
    assert far.on_link == (ip_network("172.18.0.0/24"),)


def test_a_host_inside_needs_no_route() -> None:
    """Its prefix says what is on link."""
    assert resolve(topology(of=lab(hosts=[host("near")]))).hosts[0].on_link == ()


def test_labels() -> None:
    """What the kubelet sets, and what the file says, which wins; the zone is a label either way."""
    given = lab(
        node("a", zone="z1", labels={"kubernetes.io/arch": "arm64", "disk": "fast"}),
        node("b", labels={"topology.kubernetes.io/zone": "z2"}),
    )
    first, second = resolve(topology(of=given)).nodes
    assert first.labels == {
        "kubernetes.io/arch": "arm64",
        "kubernetes.io/hostname": "a",
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": "z1",
        "disk": "fast",
    }
    assert (first.zone, second.zone) == ("z1", "z2")
    both = lab(node("a", zone="z1", labels={"topology.kubernetes.io/zone": "z2"}))
    (one,) = resolve(topology(of=both)).nodes
    assert (one.zone, one.labels["topology.kubernetes.io/zone"]) == ("z1", "z1")
    assert second.labels["kubernetes.io/arch"] == "amd64"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            lab(node("a"), node("b"), node("c"), net=networking(nodes=["172.18.0.0/30"])),
            (
                "lab.yaml:1: 172.18.0.0/30 has no free address left for node/b\n"
                "    it holds 1; 1 more go without\n1 problem; nothing was touched"
            ),
        ),
        (
            lab(node("a", 4, addresses=["172.18.0.9"]), hosts=[host("h", "172.18.0.9", line=6)]),
            (
                "lab.yaml:6: spec.hosts[0].address: 172.18.0.9 is already node/a's\n"
                "1 problem; nothing was touched"
            ),
        ),
        (
            lab(node("a", 4, addresses=["172.18.0.1"])),
            (
                "lab.yaml:4: spec.nodes[0].address: 172.18.0.1 is already the gateway's\n"
                "1 problem; nothing was touched"
            ),
        ),
        (
            lab(node("a"), node("b"), node("c"), net=networking(pods=["10.244.0.0/23"])),
            (
                "lab.yaml:1: spec.networking.podSubnet: 10.244.0.0/23 has no /24 left for node c\n"
                "    it holds 2 for 3 nodes\n1 problem; nothing was touched"
            ),
        ),
        (
            lab(node("a", 4, cidrs=["10.244.0.0/23"]), node("b", 5, cidrs=["10.244.1.0/24"])),
            (
                "lab.yaml:5: spec.nodes[1].podCIDR: 10.244.1.0/24 overlaps that of node a\n"
                "1 problem; nothing was touched"
            ),
        ),
        (
            lab(net=networking(services=["10.96.0.0/30"])),
            (
                "lab.yaml:1: spec.networking.serviceSubnet: 10.96.0.0/30 is too small: "
                "its tenth address is the DNS server's\n1 problem; nothing was touched"
            ),
        ),
        (
            lab(*(node(f"n{index}") for index in range(1001))),
            (
                "lab.yaml:1: spec.nodes: 1001 nodes and hosts are too many for one segment\n"
                "    at most 1000: a bridge has no more ports\n1 problem; nothing was touched"
            ),
        ),
    ],
)
def test_what_cannot_be(given: object, expected: str) -> None:
    """What only resolve can know about the machines is a problem with its line."""
    assert expected == problem_of(given)


def test_two_ipv6_addresses_that_name_the_same_link() -> None:
    """A host from outside must differ from every node in the low 32 bits."""
    given = lab(node("a"), net=networking((6,)), hosts=[host("h", "2001:db8::2")])
    cluster = resolve(topology(of=given))
    assert addresses(*cluster.nodes) == [["fc00:f853:ccd:e793::3/64"]]
    given = lab(
        node("a", addresses=["fc00:f853:ccd:e793::2"]),
        net=networking((6,)),
        hosts=[host("h", "2001:db8::2")],
    )
    assert "2001:db8::2 has the same low 32 bits as fc00:f853:ccd:e793::2" in problem_of(given)


def cidrs(*nodes: Node) -> list[str]:
    """The first pod CIDR of each node."""
    return [str(one.pod_cidrs[0]) for one in nodes]


def test_pod_cidrs() -> None:
    """The first node has the first block; what the file asks for is stepped over, at any size."""
    nodes = [
        node("a"),
        node("b", cidrs=["10.244.2.0/23"]),
        node("c", cidrs=["10.244.4.128/25"]),
        node("d", cidrs=["10.50.0.0/24"]),
        node("e"),
        node("f"),
    ]
    assert cidrs(*resolve(topology(of=lab(*nodes))).nodes) == [
        "10.244.0.0/24",
        "10.244.2.0/23",
        "10.244.4.128/25",
        "10.50.0.0/24",
        "10.244.1.0/24",
        "10.244.5.0/24",
    ]


def test_a_huge_block_is_stepped_over_at_once() -> None:
    """An IPv6 block of 2^40 subnets costs no more than another."""
    big = node("a", cidrs=["fd00::/24"])
    given = lab(big, node("b"), net=networking((6,), pods=["fd00::/16"]))
    assert cidrs(*resolve(topology(of=given)).nodes) == ["fd00::/24", "fd00:100::/64"]


def test_a_pod_subnet_smaller_than_a_block() -> None:
    """The only node gets all of it."""
    given = lab(node("a"), net=networking(pods=["10.244.0.0/26"]))
    assert cidrs(*resolve(topology(of=given)).nodes) == ["10.244.0.0/26"]


def test_machines_keep_what_they_were_given() -> None:
    """Whatever comes, goes or moves in the file, and a new one gets what is free."""
    first = lab(node("a"), node("b"), node("c"), hosts=[host("h")])
    facts = facts_of(resolve(topology(of=first)), Facts())
    second = lab(node("new"), node("c"), node("b"), hosts=[host("other"), host("h")])
    cluster = resolve(topology(of=second), facts)
    assert addresses(*cluster.nodes) == [["172.18.0.2/24"], ["172.18.0.4/24"], ["172.18.0.3/24"]]
    assert cidrs(*cluster.nodes) == ["10.244.0.0/24", "10.244.2.0/24", "10.244.1.0/24"]
    assert addresses(*cluster.hosts) == [["172.18.0.5/24"], ["172.18.0.6/24"]]


def test_a_static_block_that_another_was_given() -> None:
    """The node that has it keeps it; the one that asks too late is told."""
    facts = facts_of(resolve(topology(of=lab(node("a"), node("b")))), Facts())
    late = lab(node("a"), node("b"), node("c", 9, cidrs=["10.244.1.0/24"]))
    with pytest.raises(Problems) as caught:
        resolve(topology(of=late), facts)
    assert str(caught.value) == (
        "lab.yaml:9: spec.nodes[2].podCIDR: 10.244.1.0/24 overlaps 10.244.1.0/24 of node b\n"
        "    b was given it earlier, and keeps it until it or the lab is removed\n"
        "1 problem; nothing was touched"
    )


def test_another_subnet_gives_everything_anew() -> None:
    """What was given in a subnet that the file no longer has is forgotten."""
    facts = facts_of(resolve(topology(of=lab())), Facts())
    moved = lab(net=networking(pods=["10.9.0.0/16"], nodes=["192.0.2.0/24"]))
    cluster = resolve(topology(of=moved), facts)
    assert addresses(*cluster.nodes) == [["192.0.2.2/24"], ["192.0.2.3/24"]]
    assert cidrs(*cluster.nodes) == ["10.9.0.0/24", "10.9.1.0/24"]
    smaller = lab(node("node1"), net=networking(pods=["10.244.0.0/25"]))
    assert cidrs(*resolve(topology(of=smaller), facts).nodes) == ["10.244.0.0/25"]
    larger = lab(net=networking(pods=["10.0.0.0/8"]))
    assert cidrs(*resolve(topology(of=larger), facts).nodes) == ["10.244.0.0/24", "10.244.1.0/24"]
