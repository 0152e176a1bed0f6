"""Pods have the addresses, the hostnames and the files of the network that they are on."""

from __future__ import annotations

import pytest

from labnet.errors import Problems
from labnet.resolve import Facts, facts_of, resolve
from resolve.builders import (
    container,
    host,
    ips,
    lab,
    networking,
    node,
    pod,
    pods,
    topology,
    workload,
)


def test_addresses_in_the_order_of_the_file() -> None:
    """The first pod of a node has .2 of its podCIDR; the prefix is the bridge's."""
    where = (("z", "node1"), ("m", "node2"), ("a", "node1"))
    found = pods(topology(*(pod(name, spec={"node_name": home}) for name, home in where)))
    assert {name: ips(one) for name, one in found.items()} == {
        "z": ["10.244.0.2/24"],
        "a": ["10.244.0.3/24"],
        "m": ["10.244.1.2/24"],
    }


def test_dual_stack_pods() -> None:
    """One address of each family, in the lab's order, with the length of each podCIDR."""
    found = pods(topology(pod("p"), of=lab(net=networking((6, 4)))))
    assert ips(found["p"]) == ["fd00:10:244::2/64", "10.244.0.2/24"]


def test_a_static_address_of_one_family() -> None:
    """The other family's is given as always."""
    given = topology(pod("p", addresses=["10.244.0.40"]), of=lab(net=networking((4, 6))))
    assert ips(pods(given)["p"]) == ["10.244.0.40/24", "fd00:10:244::2/64"]


def test_a_static_address_does_not_move_the_next_one() -> None:
    """The pods after one at .40 are at .2 and .3, and so are those of a later `up`."""
    first = topology(pod("s", addresses=["10.244.0.40"]), pod("a"), of=lab(node("n")))
    facts = facts_of(resolve(first), Facts())
    second = topology(*first.workloads, pod("b"), of=first.lab)
    found = pods(second, facts)
    assert [ips(found[name]) for name in "sab"] == [
        ["10.244.0.40/24"],
        ["10.244.0.2/24"],
        ["10.244.0.3/24"],
    ]


def test_a_freed_address_rests() -> None:
    """The next pod gets the one after the last that was given, as host-local has it."""
    one = lab(node("n"))
    facts = facts_of(resolve(topology(pod("a"), pod("b"), of=one)), Facts())
    facts = facts_of(resolve(topology(pod("a"), of=one), facts), facts)
    found = pods(topology(pod("a"), pod("c"), of=one), facts)
    assert ips(found["c"]) == ["10.244.0.4/24"]
    facts = facts_of(resolve(topology(pod("a"), pod("c"), of=one), facts), facts)
    assert [str(last) for last in facts.nodes["n"].last_given] == ["10.244.0.4"]


def test_addresses_come_around() -> None:
    """After the last address of a small podCIDR comes the first free one again."""
    one = lab(node("n", cidrs=["10.244.0.0/29"]))
    facts = Facts()
    given = []
    for index in range(8):
        cluster = resolve(topology(pod("keep"), pod(f"p{index}"), of=one), facts)
        facts = facts_of(cluster, facts)
        given.append(ips(cluster.pods[1])[0].removesuffix("/29")[-1])
    assert given == ["3", "4", "5", "6", "3", "4", "5", "6"]


def test_the_last_one_given_may_be_a_low_one() -> None:
    """Three pods at once go over the end; the next one follows the third, not the highest."""
    one = lab(node("n", cidrs=["10.244.0.0/29"]))
    facts = facts_of(resolve(topology(pod("a"), pod("b"), pod("c"), of=one)), Facts())
    facts = facts_of(resolve(topology(of=one), facts), facts)
    several = topology(pod("d"), pod("e"), pod("f"), of=one)
    facts = facts_of(resolve(several, facts), facts)
    assert [str(fact.addresses[0])[-1] for fact in facts.pods.values()] == ["5", "6", "2"]
    assert [str(last) for last in facts.nodes["n"].last_given] == ["10.244.0.2"]
    found = pods(topology(*several.workloads, pod("g"), of=one), facts)
    assert ips(found["g"]) == ["10.244.0.3/29"]


def test_host_network() -> None:
    """The pod is in its node's namespace, with its address, hostname and hosts file."""
    spec = {"host_network": True, "hostname": "ignored", "subdomain": "ignored"}
    one = pods(topology(pod("agent", spec=spec)))["agent"]
    assert (one.network, one.netns, one.hostname) == ("host", "lab.node1", "node1")
    assert ips(one) == ["172.18.0.2/24"]
    root = one.containers[0]
    assert root.env["HOSTNAME"] == "node1"
    assert root.files["/etc/hosts"].startswith("# Kubernetes-managed hosts file (host network).\n")
    assert root.files["/etc/hosts"].endswith("\n172.18.0.2\tnode1\n")
    assert root.files["/etc/hostname"] == "node1\n"
    assert "nameserver" not in root.files["/etc/resolv.conf"]


@pytest.mark.parametrize(
    ("name", "spec", "hostname", "line"),
    [
        ("web", {}, "web", "10.244.0.2\tweb\n"),
        ("web", {"hostname": "box"}, "box", "10.244.0.2\tbox\n"),
        (
            "web",
            {"hostname": "box", "subdomain": "sub"},
            "box",
            "10.244.0.2\tbox.sub.default.svc.cluster.local\tbox\n",
        ),
        ("web.v1", {}, "web.v1", "10.244.0.2\tweb.v1\n"),
        ("x" * 70, {}, "x" * 63, f"10.244.0.2\t{'x' * 63}\n"),
    ],
)
def test_hostnames(name: str, spec: dict[str, object], hostname: str, line: str) -> None:
    """spec.hostname, else the pod's name, in every place where a container looks."""
    (one,) = pods(topology(pod(name, spec=spec))).values()
    root = one.containers[0]
    assert (one.hostname, root.env["HOSTNAME"]) == (hostname, hostname)
    assert root.files["/etc/hostname"] == f"{hostname}\n"
    assert root.files["/etc/hosts"].endswith(f"\n{line}")


def test_what_is_passed_on() -> None:
    """Labels, annotations, restart policy and grace are the template's."""
    web = pod(
        "web",
        container(),
        labels={"app": "shop"},
        annotations={"a": "b"},
        spec={"restart_policy": "Never", "termination_grace_period_seconds": 3},
    )
    one = pods(topology(web))["web"]
    assert (one.labels, one.annotations) == ({"app": "shop"}, {"a": "b"})
    assert (one.restart_policy, one.termination_grace_period_seconds) == ("Never", 3)
    assert (one.namespace, one.network, one.netns) == ("default", "cni", "lab.web")


def test_the_cluster_is_sorted() -> None:
    """Pods and workloads by namespace and name, hosts by name; nodes as in the file."""
    given = topology(
        pod("b"),
        pod("a", namespace="prod"),
        workload("Deployment", "a"),
        of=lab(node("n2"), node("n1"), hosts=[host("h2"), host("h1")]),
    )
    cluster = resolve(given)
    assert [(one.namespace, one.name[:2]) for one in cluster.pods] == [
        ("default", "a-"),
        ("default", "b"),
        ("prod", "a"),
    ]
    assert [one.name for one in cluster.workloads] == ["a", "b", "a"]
    assert [one.name for one in cluster.nodes] == ["n2", "n1"]
    assert [one.name for one in cluster.hosts] == ["h1", "h2"]
    assert (cluster.name, cluster.lab) == ("lab", given.lab)


def test_all_problems_of_a_stage_at_once() -> None:
    """Two pods that fit nowhere are two lines of one error."""
    bad = {"node_name": "nowhere"}
    given = topology(pod("a", spec=bad), pod("b", spec={"node_selector": {"x": "y"}}))
    with pytest.raises(Problems) as caught:
        resolve(given)
    assert len(caught.value.problems) == 2
