"""Workloads become the pods that Kubernetes' controllers would make."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from labnet.errors import Problems
from labnet.names import parse_netns_name
from labnet.resolve import resolve
from labnet.resolve.naming import ALPHABET, template_hash
from resolve.builders import at, container, docker, host, lab, node, pod, pods, topology, workload


def test_deployment() -> None:
    """Its pods are of a ReplicaSet with the template's hash, which is their label too."""
    web = workload("Deployment", "web", replicas=3)
    hashed = template_hash(web.template)
    resolved = pods(topology(web))
    assert len(resolved) == 3
    for name, one in resolved.items():
        assert re.fullmatch(f"web-{hashed}-[{ALPHABET}]{{5}}", name)
        assert one.labels == {"app": "web", "pod-template-hash": hashed}
        assert (one.replica_set, one.owner, one.hostname) == (f"web-{hashed}", web, name)


def test_a_new_template_is_a_new_replica_set() -> None:
    """No pod keeps its name when what it runs changes, as in a rollout."""
    before = pods(topology(workload("Deployment", "web", replicas=3)))
    after = pods(topology(workload("Deployment", "web", container("nginx"), replicas=3)))
    assert not set(before) & set(after)


def test_replica_set() -> None:
    """Its pods have its own name, and no label but the template's."""
    resolved = pods(topology(workload("ReplicaSet", "web", replicas=2)))
    assert all(re.fullmatch(f"web-[{ALPHABET}]{{5}}", name) for name in resolved)
    assert [one.labels for one in resolved.values()] == [{"app": "web"}] * 2


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet"])
def test_scaling_keeps_the_lower_replicas(kind: str) -> None:
    """More replicas add names, fewer remove the highest, and 0 is none."""
    few = pods(topology(workload(kind, "web", replicas=2)))
    many = pods(topology(workload(kind, "web", replicas=5)))
    assert set(few) < set(many)
    assert (len(few), len(many)) == (2, 5)
    assert pods(topology(workload(kind, "web", replicas=0))) == {}


def test_stateful_set() -> None:
    """Ordinals from `ordinals.start`; identity in hostname, subdomain and labels."""
    web = workload("StatefulSet", "db", replicas=2, ordinals_start=5, service_name="dbs")
    resolved = pods(topology(web))
    assert list(resolved) == ["db-5", "db-6"]
    one = resolved["db-6"]
    assert one.labels == {
        "app": "db",
        "apps.kubernetes.io/pod-index": "6",
        "controller-revision-hash": f"db-{template_hash(web.template)}",
        "statefulset.kubernetes.io/pod-name": "db-6",
    }
    assert one.hostname == "db-6"
    line = f"{one.ips[0]}\tdb-6.dbs.default.svc.cluster.local\tdb-6\n"
    assert line in one.containers[0].files["/etc/hosts"]


def test_daemon_set() -> None:
    """One pod on every node that its nodeSelector allows, with a name that stays the node's."""
    fast = {"disk": "fast"}
    nodes = [node("a", labels=fast), node("b"), node("c", labels=fast)]
    agent = workload("DaemonSet", "agent", replicas=9, spec={"node_selector": fast})
    resolved = pods(topology(agent, of=lab(*nodes)))
    names = {one.node: name for name, one in resolved.items()}
    assert set(names) == {"a", "c"}
    assert next(iter(resolved.values())).labels == {
        "app": "agent",
        "controller-revision-hash": template_hash(agent.template),
        "pod-template-generation": "1",
    }
    fewer = pods(topology(agent, of=lab(nodes[2])))
    assert list(fewer) == [names["c"]]


def test_daemon_set_on_no_node() -> None:
    """That is no problem in Kubernetes, and none here."""
    agent = workload("DaemonSet", "agent", spec={"node_selector": {"gpu": "yes"}})
    assert pods(topology(agent)) == {}


def test_daemon_set_with_a_node_name() -> None:
    """Only that node gets a pod."""
    agent = workload("DaemonSet", "agent", spec={"node_name": "node2"})
    assert [one.node for one in pods(topology(agent)).values()] == ["node2"]


def test_bare_pod() -> None:
    """Its name is its own, its owner the Pod of the file, and it stands where the file has it."""
    one = pods(topology(pod("web-1", source=at(17))))["web-1"]
    assert (one.kind, one.replica_set, one.source) == ("Pod", "", at(17))
    assert one.owner is not None
    assert one.owner.kind == "Pod"


def test_generated_names_avoid_those_of_the_file() -> None:
    """A bare pod that has the name first keeps it, wherever it stands in the file."""
    web = workload("ReplicaSet", "web", replicas=1)
    (taken,) = pods(topology(web))
    resolved = pods(topology(web, pod(taken)))
    assert len(resolved) == 2
    assert resolved[taken].owner == pod(taken)
    again = pods(topology(pod(taken), web))
    assert set(again) == set(resolved)


def test_generated_names_avoid_those_of_all_else() -> None:
    """Also that of a pod on the host's network, which has no namespace, and that of a node."""
    web = workload("ReplicaSet", "web", replicas=1)
    (taken,) = pods(topology(web))
    resolved = pods(topology(web, pod(taken, spec={"host_network": True})))
    assert len(resolved) == 2
    resolved = pods(topology(web, of=lab(node("node1"), node(taken))))
    assert taken not in resolved


def test_a_cut_base_makes_no_collision() -> None:
    """Two owners whose names differ only after the 58th character share a base, not a pod."""
    owners = [workload("ReplicaSet", "x" * 60 + end, replicas=500) for end in "ab"]
    cluster = resolve(topology(*owners, of=lab(*(node(f"n{i}") for i in range(10)))))
    assert len({one.name for one in cluster.pods}) == 1000


def test_the_same_name_in_two_namespaces() -> None:
    """They are two pods with two network namespaces."""
    cluster = resolve(topology(pod("web"), pod("web", namespace="prod")))
    assert [one.netns for one in cluster.pods] == ["lab.web", "lab.prod.web"]


@pytest.mark.parametrize(
    ("workloads", "expected"),
    [
        (
            [workload("StatefulSet", "web", replicas=2), pod("web-1", source=at(30))],
            "lab.yaml:30: metadata.name: there are two pods web-1 in namespace default",
        ),
        (
            [pod("node1", source=at(30))],
            (
                "lab.yaml:30: metadata.name: the name is node/node1's already: "
                "both would be the network namespace lab.node1"
            ),
        ),
        (
            [pod("client", source=at(30))],
            (
                "lab.yaml:30: metadata.name: the name is host/client's already: "
                "both would be the network namespace lab.client"
            ),
        ),
        (
            [pod("db", source=at(30))],
            (
                "lab.yaml:30: metadata.name: the name is container/db's already: "
                "both would be the network namespace lab.db"
            ),
        ),
        (
            [pod("a.b", source=at(30))],
            (
                "lab.yaml:30: metadata.name: the name is node/a.b's already: "
                "both would be the network namespace lab.default.a.b"
            ),
        ),
        (
            [pod("x" * 253, namespace="prod", source=at(30))],
            (
                f"lab.yaml:30: metadata.name: pod/prod/{'x' * 253}: "
                "the name of its network namespace "
                "would have 262 characters\n    at most 255: it is the name of a file"
            ),
        ),
    ],
)
def test_names_that_clash(workloads: list[object], expected: str) -> None:
    """Two things that would have the same network namespace, or none that fits, are a problem."""
    given = topology(
        of=lab(node("node1"), node("a.b"), hosts=[host("client")]), containers=[docker("db")]
    )
    with pytest.raises(Problems) as caught:
        resolve(replace(given, workloads=tuple(workloads)))  # type: ignore[arg-type] # of a table
    assert str(caught.value) == f"{expected}\n1 problem; nothing was touched"


def test_a_pod_on_the_hosts_network_may_have_a_nodes_name() -> None:
    """It has no network namespace of its own to clash with."""
    resolved = pods(topology(pod("node1", spec={"host_network": True})))
    assert resolved["node1"].netns == "lab.node1"


def test_every_netns_can_be_read_back() -> None:
    """The name of a pod's namespace tells the pod."""
    resolved = pods(topology(workload("Deployment", "web", namespace="prod")))
    (one,) = resolved.values()
    assert parse_netns_name(one.netns) == ("lab", "prod", one.name)
