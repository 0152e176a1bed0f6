"""The laws of resolve: what was given stays given, and nothing is given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labnet.errors import Problems
from labnet.model import (
    Cluster,
    Family,
    Host,
    Node,
    Pod,
    Service,
    ServicePort,
    Topology,
    Workload,
)
from labnet.resolve import Facts, facts_of, pod_key, resolve, service_key
from resolve.builders import docker, host, lab, networking, node, service, topology, workload


KINDS = ("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


@st.composite
def topologies(draw: st.DrawFn, families: tuple[Family, ...]) -> Topology:
    """A lab of a few machines and workloads with few names, in any order."""
    numbers = st.integers(1, 4)
    nodes = draw(st.lists(numbers, min_size=1, unique=True))
    hosts = draw(st.lists(numbers, unique=True))
    where = {"zone": "odd"}
    machines = [node(f"n{one}", labels=where if one % 2 else {}) for one in nodes]
    if draw(st.booleans()):
        machines[0] = replace(machines[0], addresses=(IPv4Address("172.18.0.77"),))
    names = draw(st.lists(st.tuples(st.sampled_from(KINDS), numbers), unique=True, max_size=8))
    odd = any(one % 2 for one in nodes)
    containers = draw(st.lists(numbers, unique=True))
    return topology(
        *(_workload(draw, kind, number, odd=odd) for kind, number in names),
        services=draw(st.lists(_services(families), unique_by=attrgetter("name"), max_size=4)),
        of=lab(*machines, net=networking(families), hosts=[host(f"h{number}") for number in hosts]),
        containers=[
            docker(f"c{one}", network="container:c1" if 1 in containers and one == 4 else "bridge")
            for one in containers
        ],
    )


def _services(families: tuple[Family, ...]) -> st.SearchStrategy[Service]:
    """A Service of any type, some of whose values are fixed; the names are few."""
    addresses = [[], ["10.96.0.9" if families[0] == 4 else "fd00:10:96::9"]]
    ports = st.builds(
        ServicePort,
        st.sampled_from([80, 81]),
        protocol=st.sampled_from(["TCP", "UDP"]),
        node_port=st.sampled_from([0, 0, 30001]),
    )
    return st.builds(
        _service,
        st.sampled_from("abcd"),
        ports=st.lists(ports, min_size=1, max_size=3, unique_by=attrgetter("port", "protocol")),
        type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        ips=st.sampled_from(addresses),
        headless=st.integers(0, 4).map(lambda number: number == 0),
        external_traffic_policy=st.sampled_from(["Cluster", "Local"]),
        ip_family_policy=st.sampled_from(["", "PreferDualStack"]),
        selector=st.sampled_from([{"app": "deployment1"}, {"app": "pod2"}, None]),
    )


def _service(name: str, ports: Sequence[ServicePort], **fields: Any) -> Service:
    """A Service whose fields go together; its ports have names."""
    if fields["type"] == "ClusterIP":
        ports = [replace(port, node_port=0) for port in ports]
    elif fields["headless"]:
        fields["headless"] = False
    if fields["headless"]:
        fields["ips"] = []
    ports = [replace(port, name=f"{port.port}-{port.protocol.lower()}") for port in ports]
    return service(name, ports=ports, **fields)


def _workload(draw: st.DrawFn, kind: str, number: int, *, odd: bool) -> Workload:
    """A workload; with some luck it is on the host's network, or only for nodes with a label."""
    spec: dict[str, object] = {}
    if draw(st.booleans()) and odd:
        spec["node_selector"] = {"zone": "odd"}
    if draw(st.integers(0, 4)) == 0:
        spec["host_network"] = True
    replicas = 1 if kind == "Pod" else draw(st.integers(0, 4))
    return workload(kind, f"{kind.lower()}{number}", replicas=replicas, spec=spec)


def own_addresses(cluster: Cluster) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What everything was given: its node (for a pod), its addresses and its NodePorts."""
    given: dict[str, tuple[str, tuple[str, ...]]] = {}
    for machine in machines_of(cluster):
        given[machine.netns] = "", tuple(map(str, machine.addresses))
    for one in cluster.nodes:
        given[f"cidr of {one.name}"] = "", tuple(map(str, one.pod_cidrs))
    for service_ in cluster.services:
        key = f"service {service_key(service_)}"
        for ip in service_.cluster_ips:
            given[f"{key} {ip.version}"] = "", (str(ip),)
        for port in service_.ports:
            given[f"{key} {port.name}"] = "", (str(port.node_port),)
        given[f"{key} health"] = "", (str(service_.health_check_node_port),)
    for one_pod in cluster.pods:
        given[pod_key(one_pod)] = one_pod.node, tuple(map(str, one_pod.addresses))
    return given


def machines_of(cluster: Cluster) -> list[Node | Host]:
    """All that is on the node segment."""
    return [*cluster.nodes, *cluster.hosts]


def bridge_of(one: Pod) -> str:
    """The bridge that a pod is on; empty for a pod without a port."""
    return f"{one.network} of {one.node}" if one.network in {"cni", "bridge"} else ""


families = pytest.mark.parametrize("family", [(4,), (6,), (4, 6), (6, 4)])


@families
@settings(max_examples=40)
@given(st.data())
def test_resolving_again_changes_nothing(family: tuple[Family, ...], data: st.DataObject) -> None:
    """`resolve(t, facts_of(resolve(t, f), f)) == resolve(t, f)`, also with facts of another lab."""
    facts = Facts()
    for _ in range(3):
        given_topology = data.draw(topologies(family))
        cluster = _resolved(given_topology, facts)
        if cluster is None:
            continue
        then = facts_of(cluster, facts)
        assert resolve(given_topology, then) == cluster
        assert facts_of(cluster, then) == then
        facts = then


@families
@settings(max_examples=40)
@given(st.data())
def test_what_was_given_stays_given(family: tuple[Family, ...], data: st.DataObject) -> None:
    """Add, remove and reorder what you like: what is in both labs keeps what it had."""
    first, second = data.draw(topologies(family)), data.draw(topologies(family))
    cluster = _resolved(first, Facts())
    after = None if cluster is None else _resolved(second, facts_of(cluster, Facts()))
    if cluster is None or after is None:
        return
    old, new = own_addresses(cluster), own_addresses(after)
    for key in old.keys() & new.keys():
        if _may_move(key, first, second, old, new):
            continue
        assert old[key] == new[key], key


@families
@settings(max_examples=40)
@given(st.data())
def test_nothing_is_given_twice(family: tuple[Family, ...], data: st.DataObject) -> None:
    """Names, network namespaces, addresses on a bridge and pod CIDRs are all unique."""
    cluster = _resolved(data.draw(topologies(family)), Facts())
    if cluster is None:
        return
    machines = machines_of(cluster)
    ported = [one for one in cluster.pods if one.network in {"cni", "bridge", "none"}]
    netns = Counter(one.netns for one in (*machines, *ported))
    wires = Counter(("segment", one.ip) for machine in machines for one in machine.addresses)
    wires.update((bridge_of(one), ip) for one in ported for ip in one.ips)
    cidrs = Counter(cidr for one in cluster.nodes for cidr in one.pod_cidrs)
    keys = Counter(pod_key(one) for one in cluster.pods)
    virtual = Counter(ip for one in cluster.services for ip in one.cluster_ips)
    slices = Counter((one.namespace, one.name) for one in cluster.endpoint_slices)
    for counter in (netns, wires, cidrs, keys, virtual, slices, _node_ports(cluster)):
        assert [name for name, count in counter.items() if count > 1] == []
    for one in cluster.pods:
        if one.network == "cni":
            (home,) = (each for each in cluster.nodes if each.name == one.node)
            assert tuple(address.network for address in one.addresses) == home.pod_cidrs


def _node_ports(cluster: Cluster) -> Counter[int]:
    """How many Services, or ports of one that differ not only in protocol, have each NodePort."""
    users = {
        (service_key(one), port.port, port.node_port)
        for one in cluster.services
        for port in one.ports
    }
    health = {(service_key(one), 0, one.health_check_node_port) for one in cluster.services}
    return Counter(number for _, _, number in users | health if number)


@families
@settings(max_examples=20)
@given(st.data())
def test_the_order_of_the_file_decides_who_but_not_what(
    family: tuple[Family, ...], data: st.DataObject
) -> None:
    """Moved documents change no name, and how many pods each node has."""
    given_topology = data.draw(topologies(family))
    shuffled = replace(
        given_topology, workloads=tuple(data.draw(st.permutations(given_topology.workloads)))
    )
    one, other = _resolved(given_topology, Facts()), _resolved(shuffled, Facts())
    if one is None or other is None:
        assert one is other
        return
    assert one.services == other.services
    assert [pod_key(each) for each in one.pods] == [pod_key(each) for each in other.pods]


def _resolved(given_topology: Topology, facts: Facts) -> Cluster | None:
    """The cluster, or None where a static address is one that another was given."""
    try:
        return resolve(given_topology, facts)
    except Problems as problems:
        if all("is already" in problem.what for problem in problems.problems):
            return None
        raise


def _may_move(
    key: str,
    first: Topology,
    second: Topology,
    old: dict[str, tuple[str, tuple[str, ...]]],
    new: dict[str, tuple[str, tuple[str, ...]]],
) -> bool:
    """Whether the second file asks for something else, or leaves the pod no node to stay on."""
    if key.startswith("service "):
        return key not in _unasked(second) or old[key][1] == ("0",) or new[key][1] == ("0",)
    if key.startswith("lab.n"):
        asked = {f"lab.{spec.name}": spec.addresses for spec in second.lab.nodes}
        return bool(asked[key])
    if not key.startswith(("pod/", "container/")):
        return False
    home = old[key][0]
    labels = {spec.name: spec.labels for spec in second.lab.nodes}
    if home not in labels or f"lab.{home}" not in new:
        return True
    if key.startswith("container/"):
        return (
            _networks(first)[key] != _networks(second)[key]
            or "container:c1" in (_networks(second)[key])
        )
    return _spec(first, key) != _spec(second, key) or old[f"lab.{home}"] != new[f"lab.{home}"]


def _unasked(given_topology: Topology) -> set[str]:
    """What the file leaves open of the Services: those whose values nothing in it decides."""
    return {
        f"service {service_key(one)} {what}"
        for one in given_topology.services
        if not one.cluster_ips and not any(port.node_port for port in one.ports)
        for what in (4, 6, "health", *(port.name for port in one.ports))
    }


def _networks(given_topology: Topology) -> dict[str, str]:
    """The `network` of each container."""
    return {f"container/{one.name}": one.network for one in given_topology.containers}


def _spec(given_topology: Topology, key: str) -> object:
    """What the template of a pod's workload says."""
    (owner,) = (one.owner for one in resolve(given_topology).pods if pod_key(one) == key)
    assert owner is not None
    return owner.template.spec
