"""A Service without endpoints refuses at once, within the kernel's own limits of ICMP errors."""

from __future__ import annotations

import pytest

from flows.client import ask
from flows.expected import MODES, REFUSED
from kernel.conftest import Bring
from labnet.names import netns_name
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: refusals-{mode}}}
spec:
  networking: {{ipFamily: dual}}
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1}}, {{name: n2}}]
  hosts: [{{name: outside}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec: {{nodeName: n1, containers: [{{name: main, image: pause}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: nobody}}
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIP: 10.96.0.80
  clusterIPs: [10.96.0.80, 'fd00:10:96::80']
  externalIPs: [198.51.100.80, '2001:db8:51::80']
  ports:
  - {{name: p, port: 80, nodePort: 30080}}
  - {{name: u, port: 80, nodePort: 30080, protocol: UDP}}
"""
CLUSTER_IP = {4: "10.96.0.80", 6: "fd00:10:96::80"}
EXTERNAL_IP = {4: "198.51.100.80", 6: "2001:db8:51::80"}


@pytest.fixture(scope="module", params=MODES)
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """A Service that has no endpoint, and a host that has a node as its way to it."""
    lab = bring_module(text(LAB.format(mode=request.param)))
    for family, address in EXTERNAL_IP.items():
        lab.run("outside", "ip", "route", "add", address, "via", lab.ip("n1", family))
    return lab


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("family", [4, 6])
def test_the_first_packet_is_refused(lab: RunningLab, protocol: str, family: int) -> None:
    """From a pod, a node and outside; before TCP would try again.

    But for TCP over IPv6: the refusal is back before connect() has let go of its socket, and Linux
    drops it then (LockDroppedIcmps), until the second packet after a second.
    """
    seconds = 3 if (protocol, family) == ("tcp", 6) else 0.9
    flows = [
        ("client", (CLUSTER_IP[family], 80)),
        ("client", (EXTERNAL_IP[family], 80)),
        ("n2", (CLUSTER_IP[family], 80)),
        ("n2", (lab.ip("n1", family), 30080)),
        ("outside", (lab.ip("n2", family), 30080)),
        ("outside", (EXTERNAL_IP[family], 80)),
    ]
    for client, target in flows:
        answer = ask(netns_name(lab.name, client), protocol, family, target, seconds)
        assert answer == REFUSED, f"{client} -> {target}: {answer}"
