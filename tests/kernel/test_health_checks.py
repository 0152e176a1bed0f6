"""healthCheckNodePort: a load balancer asks every node, and hears of the endpoints there."""

from __future__ import annotations

import json

import pytest

from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-health}}
spec:
  kubeProxy: {{nodePortAddresses: [{addresses}]}}
  nodes: [{{name: n1}}, {{name: n2}}]
  hosts: [{{name: outside}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  healthCheckNodePort: 32000
  selector: {{app: web}}
  ports: [{{port: 80}}]
status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.10}}]}}}}
"""
POD = """---
apiVersion: v1
kind: Pod
metadata: {{name: web-{number}, labels: {{app: web}}}}
spec: {{nodeName: n{node}, containers: [{{name: c, image: pause}}]}}
"""


def lab_text(*nodes: int, addresses: str = "") -> str:
    """A local load balancer with an endpoint on each of these nodes."""
    pods = (POD.format(number=number, node=node) for number, node in enumerate(nodes))
    return LAB.format(addresses=addresses) + "".join(pods)


def health(lab: RunningLab, node: str) -> tuple[int, int]:
    """The HTTP status and the number of endpoints that a node tells the outside."""
    url = f"http://{lab.ip(node)}:32000/"
    body, _, status = lab.run("outside", "curl", "-s", "-w", "\n%{http_code}", url).rpartition("\n")
    return int(status), json.loads(body)["localEndpoints"]


def test_nodes_say_what_they_have(bring: Bring) -> None:
    """Then endpoints come and go, and the answers follow."""
    lab = bring(text(lab_text(1, 1)))
    assert (health(lab, "n1"), health(lab, "n2")) == ((200, 2), (503, 0))
    assert '"nodeEligible": true' in lab.curl("outside", f"http://{lab.ip('n2')}:10256/healthz")
    lab.again(*text(lab_text(1, 2)))
    assert (health(lab, "n1"), health(lab, "n2")) == ((200, 1), (200, 1))
    lab.again(*text(lab_text()))
    assert (health(lab, "n1"), health(lab, "n2")) == ((503, 0), (503, 0))
    assert lab.drift() == []


def test_only_selected_addresses_answer(bring: Bring) -> None:
    """NodePortAddresses binds the server, though the filter table lets everybody through."""
    lab = bring(text(lab_text(1, addresses="10.244.0.0/16")))
    bridge = lab.pod("web-0").addresses[0].network[1]
    refused = "curl exits with 7"
    assert lab.curl("outside", f"http://{lab.ip('n1')}:32000/").startswith(refused)
    assert '"localEndpoints": 1' in lab.curl("n1", f"http://{bridge}:32000/")
