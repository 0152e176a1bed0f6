"""A running lab brought from one file to another: the second plan is empty, and pods reach pods."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from kernel.conftest import Bring
from labnet.parse import SourceText
from labs import RunningLab


pytestmark = pytest.mark.kernel

Json = dict[str, Any]
NAME = "t-change"
SLEEP: Json = {
    "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "1000"]}],
    "terminationGracePeriodSeconds": 0,
}


def document(kind: str, name: str, spec: Json, **annotations: str) -> Json:
    """A manifest; of labnet's own kinds or of Kubernetes'."""
    own = kind in {"Lab", "Container"}
    metadata = {"name": name, "annotations": annotations}
    version = "labnet.dev/v1" if own else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def lab(
    *things: Json, nodes: Sequence[Json] = ({"name": "n1"}, {"name": "n2"}), **spec: Any
) -> tuple[SourceText, ...]:
    """A lab file; `spec` is networking's but for `hosts`."""
    hosts = spec.pop("hosts", [])
    top = document("Lab", NAME, {"networking": spec, "nodes": [*nodes], "hosts": hosts})
    return (SourceText("lab.yaml", "\n---\n".join(json.dumps(item) for item in (top, *things))),)


def pod(name: str, node: str, ip: str = "", **spec: Any) -> Json:
    """A pod that runs nothing, unless `spec` says otherwise."""
    rest = {"nodeName": node, "containers": [{"name": "c", "image": "pause"}]}
    annotations = {"labnet.dev/ip": ip} if ip else {}
    return document("Pod", name, rest | spec, **annotations)


def container(name: str, node: str = "n1", **spec: Any) -> Json:
    """A container on docker0."""
    return document("Container", name, {"node": node, "image": "pause"} | spec)


def pods(*places: str) -> list[Json]:
    """Pods p1, p2 and so on, on these nodes."""
    return [pod(f"p{number}", node) for number, node in enumerate(places, 1)]


def named(*names: str, **more: Json) -> list[Json]:
    """Nodes; `more` has further fields of some."""
    return [{"name": name} | more.get(name, {}) for name in names]


def with_one(cni: str, field: str, value: Any) -> Json:
    """A CNI mode, and another field of networking."""
    return {"cni": cni, field: value}


def cidrs(one: str, two: str) -> list[Json]:
    """Two nodes with these podCIDRs."""
    return named("n1", "n2", n1={"podCIDR": one}, n2={"podCIDR": two})


def addresses(one: str, two: str) -> list[Json]:
    """Two nodes with these addresses."""
    return named("n1", "n2", n1={"address": one}, n2={"address": two})


FOUR = pods("n1", "n1", "n2", "n2")
TWO = pods("n1", "n2")
THREE_NODES = named("n1", "n2", "n3")
ONE_NODE = named("n1")
Pair = tuple[tuple[SourceText, ...], tuple[SourceText, ...]]

PAIRS: dict[str, Pair] = {
    "a node goes with its pods": (
        lab(*FOUR, pod("p5", "n3"), nodes=THREE_NODES),
        lab(*FOUR),
    ),
    "the first node goes": (
        lab(*FOUR, pod("p5", "n3"), nodes=THREE_NODES),
        lab(*FOUR[2:], pod("p5", "n3"), nodes=THREE_NODES[1:]),
    ),
    **{
        f"{a} becomes {b}": (lab(*FOUR, cni=a), lab(*FOUR, cni=b))
        for a, b in permutations(("host-gw", "vxlan", "kubenet"), 2)
    },
    **{
        f"{a} becomes {b} with {cni}": (
            lab(*TWO, cni=cni, ipFamily=a),
            lab(*TWO, cni=cni, ipFamily=b),
        )
        for a, b in permutations(("ipv4", "ipv6", "dual"), 2)
        for cni in ("host-gw", "vxlan")
    },
    **{
        f"another {field} with {cni}": (
            lab(*FOUR, cni=cni),
            lab(*FOUR, **with_one(cni, field, new)),
        )
        for cni in ("host-gw", "vxlan", "kubenet")
        for field, new in (
            ("podSubnet", "10.250.0.0/16"),
            ("nodeSubnet", "172.30.0.0/24"),
            ("mtu", 1400),
            ("mtu", 9000),
        )
    },
    "the mask of the nodes' subnet": (lab(*TWO), lab(*TWO, nodeSubnet="172.18.0.0/25")),
    **{
        f"podCIDRs {what} with {cni}": (
            lab(*TWO, nodes=cidrs("10.244.5.0/24", "10.244.6.0/24"), cni=cni),
            lab(*TWO, nodes=cidrs(*new), cni=cni),
        )
        for cni in ("host-gw", "vxlan")
        for what, new in {
            "swap": ("10.244.6.0/24", "10.244.5.0/24"),
            "shrink": ("10.244.5.0/25", "10.244.6.0/25"),
            "of one": ("10.244.7.0/24", "10.244.6.0/24"),
        }.items()
    },
    **{
        f"nodes swap addresses with {cni}": (
            lab(*TWO, nodes=addresses("172.18.0.10", "172.18.0.11"), cni=cni),
            lab(*TWO, nodes=addresses("172.18.0.11", "172.18.0.10"), cni=cni),
        )
        for cni in ("host-gw", "vxlan")
    },
    "static addresses swap": (
        lab(pod("p1", "n1", "10.244.0.10"), pod("p2", "n1", "10.244.0.11")),
        lab(pod("p1", "n1", "10.244.0.11"), pod("p2", "n1", "10.244.0.10")),
    ),
    "static addresses shift": (
        lab(pod("p1", "n1", "10.244.0.10"), pod("p2", "n1", "10.244.0.11")),
        lab(pod("p1", "n1", "10.244.0.11"), pod("p2", "n1", "10.244.0.12")),
    ),
    "pods swap nodes": (lab(*pods("n1", "n1", "n2")), lab(*pods("n2", "n1", "n1"))),
    "hostNetwork on": (
        lab(pod("p1", "n1", **SLEEP), pod("p2", "n2")),
        lab(pod("p1", "n1", **SLEEP, hostNetwork=True), pod("p2", "n2")),
    ),
    "hostNetwork off": (
        lab(pod("p1", "n1", **SLEEP, hostNetwork=True), pod("p2", "n2")),
        lab(pod("p1", "n1", **SLEEP), pod("p2", "n2")),
    ),
    "a pod with a process is renamed": (
        lab(pod("p1", "n1", **SLEEP), pod("p2", "n2")),
        lab(pod("p9", "n1", **SLEEP), pod("p2", "n2")),
    ),
    "a pod's name becomes a node's": (
        lab(*pods("n1"), pod("x", "n1"), nodes=ONE_NODE),
        lab(*pods("n1", "x"), nodes=named("n1", "x")),
    ),
    "a node's name becomes a pod's": (
        lab(*pods("n1", "x"), nodes=named("n1", "x")),
        lab(*pods("n1"), pod("x", "n1"), nodes=ONE_NODE),
    ),
    "a pod becomes a Container": (
        lab(*pods("n1"), pod("x", "n1")),
        lab(*pods("n1"), container("x")),
    ),
    "another published port": (
        lab(container("a", publish=["8080:80"]), container("b")),
        lab(container("a", publish=["8081:80", "8080:80/udp"]), container("b")),
    ),
    "published ports swap": (
        lab(container("a", publish=["8080:80"]), container("b", publish=["8081:80"])),
        lab(container("a", publish=["8081:80"]), container("b", publish=["8080:80"])),
    ),
    **{
        f"a Container's network becomes {network}": (
            lab(container("a"), container("b")),
            lab(container("a", network=network), container("b")),
        )
        for network in ("host", "none", "container:b")
    },
    "a Container moves": (
        lab(container("a"), container("b")),
        lab(container("a", "n2"), container("b")),
    ),
    "docker0 goes": (lab(*TWO, container("a")), lab(*TWO)),
    "a host moves out": (
        lab(*TWO, hosts=[{"name": "h"}]),
        lab(*TWO, hosts=[{"name": "h", "address": "203.0.113.9"}]),
    ),
}


def unreached(running: RunningLab) -> list[str]:
    """Pairs of pods (or of containers on one node) of which one does not reach the other."""
    here = [item for item in running.cluster.pods if item.network in {"cni", "bridge"}]
    across = running.cluster.lab.networking.cni != "kubenet"
    jobs = []
    for one, two in permutations(here, 2):
        apart = one.node != two.node
        if one.network != two.network or (apart and (one.network == "bridge" or not across)):
            continue
        for ip in two.ips:
            ping = ["ip", "netns", "exec", one.netns, "ping", "-n", "-c1", "-W2", str(ip)]
            jobs.append((f"{one.name} {ip}", subprocess.Popen(ping, stdout=subprocess.DEVNULL)))
    return [label for label, job in jobs if job.wait()]


@pytest.mark.parametrize("name", PAIRS)
def test_a_lab_follows_its_file(bring: Bring, name: str) -> None:
    """After the second `up` there is nothing to do, and every pod reaches every other."""
    before, after = PAIRS[name]
    running = bring(before)
    running.again(*after)
    assert running.drift() == []
    assert unreached(running) == []


@pytest.mark.parametrize("name", ["host-gw becomes vxlan", "podCIDRs shrink with vxlan"])
def test_and_back(bring: Bring, name: str) -> None:
    """The way back is as good."""
    before, after = PAIRS[name]
    running = bring(before)
    running.again(*after)
    running.again(*before)
    assert running.drift() == []
    assert unreached(running) == []


N1, P1 = f"ip -n {NAME}.n1", f"ip -n {NAME}.p1"
HANDIWORK = {
    "a connected route deleted": f"{N1} route del 10.244.0.0/24 dev cni0",
    "a route of another's making": f"{N1} route add 10.77.0.0/16 via 172.18.0.3 proto static",
    "a route by two ways": (
        f"{N1} route add 10.78.0.0/16 nexthop via 172.18.0.3 nexthop via 172.18.0.9"
    ),
    "a route by two ways instead": (
        f"{N1} route replace 10.244.1.0/24 nexthop via 172.18.0.3 nexthop via 172.18.0.9"
    ),
    "a black hole": f"{N1} route add blackhole 10.244.1.2/32",
    "a black hole instead": f"{N1} route replace blackhole 10.244.1.0/24",
    "a second default route": f"{P1} route append default via 10.244.0.3",
    "a first default route": f"{P1} route prepend default via 10.244.0.3",
    "our route of another's making": (
        f"{P1} route replace default via 10.244.0.1 proto static metric 5"
    ),
    "a false neighbour": (
        f"{N1} neigh replace 172.18.0.3 lladdr 02:00:00:00:00:99 dev eth0 nud permanent"
    ),
    "an address with a peer": f"{P1} addr add 10.9.9.1 peer 10.9.9.2/32 dev eth0",
    "another primary address": (
        f"{P1} addr del 10.244.0.2/24 dev eth0;{P1} addr add 10.244.0.99/24 dev eth0;"
        f"{P1} addr add 10.244.0.2/24 dev eth0;{P1} route add default via 10.244.0.1"
    ),
    "IPv6 addresses flushed": f"{P1} -6 addr flush dev eth0",
    "a pod's link down": f"{P1} link set eth0 down",
    "a node's link down": f"{N1} link set eth0 down",
    "the VXLAN device deleted": f"{N1} link del flannel.1",
    "the bridge deleted": f"{N1} link del cni0",
    "a port moved to another node": f"{N1} link set veth0af40002 netns {NAME}.n2",
    "a port renamed": (f"{N1} link set veth0af40002 down;{N1} link set veth0af40002 name other"),
    "a bridge added": f"{N1} link add br9 type bridge",
    "a node's namespace deleted": f"ip netns del {NAME}.n1",
    "the segment deleted": f"ip netns del {NAME}._segment",
    "all rules flushed": f"ip netns exec {NAME}.n1 nft flush ruleset",
    "a policy of DROP": f"ip netns exec {NAME}.n1 iptables -P FORWARD DROP",
    "a comment that is no UTF-8": (
        f"ip netns exec {NAME}.n1 iptables -A FORWARD -m comment --comment a\udcff -j ACCEPT"
    ),
    "a link whose name is no UTF-8": f"{N1} link add b\udcff type bridge",
}


@pytest.fixture(scope="module")
def handled(bring_module: Bring) -> RunningLab:
    """Three pods on two nodes in both families over vxlan, one with a process."""
    things = (pod("p1", "n1", **SLEEP), pod("p2", "n1"), pod("p3", "n2"), container("a"))
    return bring_module(lab(*things, cni="vxlan", ipFamily="dual"))


@pytest.mark.parametrize("name", HANDIWORK)
def test_what_is_done_by_hand_is_undone(handled: RunningLab, name: str) -> None:
    """`plan` sees it, `up` mends it, and then there is nothing to do and pods reach pods."""
    for command in HANDIWORK[name].split(";"):
        subprocess.run(command.split(), check=True)
    assert handled.drift() != []
    handled.again()
    assert handled.drift() == []
    assert unreached(handled) == []
