"""Addresses of Services on a node that holds them itself, and what is no port of them."""

from __future__ import annotations

import pytest

from flows.expected import MODES
from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

REFUSED, TIMEOUT = "curl exits with 7", "curl exits with 28"
LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-addresses-{mode}}}
spec:
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1, address: 172.18.0.2}}, {{name: n2, address: 172.18.0.3}}]
  hosts: [{{name: x, address: 172.18.0.4}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: a, labels: {{app: web}}}}
spec:
  nodeName: n1
  containers: [{{name: c, image: agnhost, args: [netexec, --http-port=8080]}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: listener}}
spec:
  nodeName: n1
  hostNetwork: true
  containers: [{{name: c, image: agnhost, args: [netexec, --http-port=8090]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  type: LoadBalancer
  clusterIP: 10.96.1.1
  externalIPs: [198.51.100.1]
  loadBalancerSourceRanges: [172.18.0.2/32]
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080, nodePort: 30001}}]
status: {{loadBalancer: {{ingress: [{{ip: 203.0.113.1}}]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: none}}
spec:
  type: LoadBalancer
  selector: {{app: nobody}}
  ports: [{{port: 8090}}]
status: {{loadBalancer: {{ingress: [{{ip: 203.0.113.2}}]}}}}
"""


@pytest.fixture(scope="module", params=MODES)
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """Nodes that hold load balancers' addresses and an external IP, as MetalLB or keepalived do."""
    lab = bring_module(text(LAB.format(mode=request.param)))
    for node in ("n1", "n2"):
        for address in ("203.0.113.1", "203.0.113.2", "198.51.100.1"):
            lab.run(node, "ip", "address", "add", f"{address}/32", "dev", "lo")
    lab.run("x", "ip", "route", "add", "198.51.100.0/24", "via", "172.18.0.2")
    return lab


def test_a_node_in_the_ranges_speaks_from_the_balancers_address(lab: RunningLab) -> None:
    """That address is in no range, and goes through all the same; on other nodes it does not."""
    assert lab.curl("n1", "http://203.0.113.1/hostname") == "a"
    assert lab.curl("n2", "http://203.0.113.1/hostname") == TIMEOUT


def test_a_node_that_holds_the_address_is_refused_by_itself(lab: RunningLab) -> None:
    """OUTPUT does not look at external addresses in iptables mode, but INPUT does.

    A process listens there on all addresses, and has nothing of it.
    """
    assert lab.curl("n1", "http://172.18.0.2:8090/hostname") == "n1"
    assert lab.curl("n1", "http://203.0.113.2:8090/hostname") == REFUSED


def test_any_address_of_a_node_has_node_ports(lab: RunningLab) -> None:
    """In iptables mode; nftables takes them on the node's own addresses only."""
    answer = lab.curl("x", "http://198.51.100.1:30001/hostname")
    assert answer == (REFUSED if lab.name.endswith("nftables") else "a")
    assert lab.curl("x", "http://198.51.100.1/hostname") == "a"
    assert lab.curl("x", "http://172.18.0.2:30001/hostname") == "a"


@pytest.mark.parametrize("where", ["a", "n1", "n2"])
def test_a_cluster_ip_answers_no_ping(lab: RunningLab, where: str) -> None:
    """It is a destination of rules for ports, and no machine's."""
    assert not lab.pings(where, "10.96.1.1")
    assert lab.curl(where, "http://10.96.1.1/hostname") == "a"
