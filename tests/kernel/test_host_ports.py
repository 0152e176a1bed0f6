"""hostPort with real packets: who reaches the pod through its node, and as whom."""

from __future__ import annotations

import pytest

from flows.client import ask
from kernel.conftest import Bring
from labnet.names import netns_name
from labs import SLOW, RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-ports-{cni}-{mode}}}
spec:
  networking: {{cni: {cni}, ipFamily: {family}}}
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1}}, {{name: n2}}]
  hosts: [{{name: outside}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  nodeName: n1
  containers:
  - name: main
    image: agnhost
    args: [netexec, --http-port=80, --udp-port=53]
    ports:
    - {{containerPort: 80, hostPort: 8080}}
    - {{containerPort: 53, hostPort: 8053, protocol: UDP}}
    - {{containerPort: 80, hostPort: 8081, hostIP: 127.0.0.1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: near}}
spec: {{nodeName: n1, containers: [{{name: main, image: pause}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: far}}
spec: {{nodeName: n2, containers: [{{name: main, image: pause}}]}}
"""


@pytest.fixture(
    scope="module",
    params=[
        ("host-gw", "dual", "iptables"),
        ("host-gw", "dual", "nftables"),
        ("kubenet", "ipv4", "iptables"),
        ("kubenet", "ipv4", "nftables"),
    ],
    ids="-".join,
)
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """A pod with three hostPorts."""
    cni, family, mode = request.param
    return bring_module(text(LAB.format(cni=cni, family=family, mode=mode)))


def client_ip(lab: RunningLab, where: str, url: str) -> str:
    """The address as which the pod sees somebody."""
    return lab.curl(where, f"http://{url}/clientip").rpartition(":")[0]


def families(lab: RunningLab) -> tuple[int, ...]:
    """The lab's."""
    return lab.cluster.lab.networking.families


def test_from_outside_without_masquerade(lab: RunningLab) -> None:
    """The pod sees the client's own address, in each family."""
    for family in families(lab):
        node, client = lab.ip("n1", family), lab.ip("outside", family)
        url = f"[{node}]:8080" if family == 6 else f"{node}:8080"
        assert client_ip(lab, "outside", url).strip("[]") == client


@pytest.mark.parametrize("where", ["far", "n2", "n1", "near", "web"])
def test_from_inside(lab: RunningLab, where: str) -> None:
    """Other pods, the nodes and the pod itself get there too, in each family."""
    for family in families(lab):
        node = lab.ip("n1", family)
        url = f"[{node}]:8080" if family == 6 else f"{node}:8080"
        assert client_ip(lab, where, url)


def test_pods_of_the_node_are_masqueraded(lab: RunningLab) -> None:
    """Portmap does it for all of them, so that the reply comes back through the node."""
    if (
        lab.cluster.lab.networking.cni == "kubenet"
        and lab.cluster.lab.kube_proxy.mode == "iptables"
    ):
        assert client_ip(lab, "near", f"{lab.ip('n1')}:8080") == lab.ip("near")  # kubelet: hairpin
    else:
        assert client_ip(lab, "near", f"{lab.ip('n1')}:8080") != lab.ip("near")
    assert client_ip(lab, "web", f"{lab.ip('n1')}:8080") != lab.ip("web")


def test_on_the_loopback(lab: RunningLab) -> None:
    """127.0.0.1 of the node, where kubelet needs kube-proxy to have it routed."""
    assert client_ip(lab, "n1", "127.0.0.1:8080") == str(lab.pod("web").addresses[0].network[1])


def test_on_one_address_only(lab: RunningLab) -> None:
    """HostIP 127.0.0.1 is not for others."""
    assert client_ip(lab, "n1", "127.0.0.1:8081")
    assert lab.curl("outside", f"http://{lab.ip('n1')}:8081/").startswith("curl exits with 7")


def test_datagrams(lab: RunningLab) -> None:
    """UDP goes the same way."""
    where = netns_name(lab.name, "outside")
    answer = ask(where, "udp", 4, (lab.ip("n1"), 8053), 5.0 * SLOW)
    assert answer == f"web {lab.ip('outside')}"


def test_other_nodes_have_no_such_port(lab: RunningLab) -> None:
    """It is the port of one node, and refused elsewhere."""
    assert lab.curl("outside", f"http://{lab.ip('n2')}:8080/").startswith("curl exits with 7")


def test_it_is_as_it_should_be(lab: RunningLab) -> None:
    """What was observed afterwards is what was desired."""
    assert lab.drift() == []
