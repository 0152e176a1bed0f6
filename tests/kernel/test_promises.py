"""What labs promise, tried as in a VM: it is kept, and a lab that is broken by hand breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel.conftest import Bring
from labs import SLOW, text, topology
from promises.lab import promises
from source import ROOT
from vm import attempts


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-promises-{mode}}}
spec:
  networking: {{ipFamily: {family}}}
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1}}, {{name: n2}}, {{name: n3}}]
  hosts: [{{name: outside}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: a, labels: {{app: web}}}}
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
metadata: {{name: b, labels: {{app: web}}}}
spec:
  nodeName: n2
  containers:
  - {{name: main, image: agnhost, args: [netexec, --http-port, "80", --udp-port, "53"]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: c, namespace: kube-system}}
spec:
  nodeName: n3
  containers: [{{name: page, image: nginx}}, {{name: shell, image: busybox}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: of-the-node, labels: {{app: host}}}}
spec:
  nodeName: n2
  hostNetwork: true
  containers:
  - {{name: main, image: agnhost, args: [netexec, --http-port=8090, --udp-port=-1]}}
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  type: LoadBalancer
  ipFamilyPolicy: PreferDualStack
  selector: {{app: {app}}}
  externalIPs: [{external}]
  externalTrafficPolicy: {policy}
  sessionAffinity: {affinity}
  loadBalancerSourceRanges: [{ranges}]
  ports:
  - {{name: http, port: 80, targetPort: {target}}}{dns}
status: {{loadBalancer: {{ingress: [{vips}]}}}}
"""
DNS = "\n  - {name: dns, port: 53, protocol: UDP}"


def services(family: str) -> str:
    """Each way in, with both policies, affinity, ranges, and an endpoint that is its node."""
    externals = {"ipv4": ["198.51.100.{}"], "ipv6": ["2001:db8:51::{}"]}
    balancers = {"ipv4": ["203.0.113.{}"], "ipv6": ["2001:db8:113::{}"]}
    for addresses in (externals, balancers):
        addresses["dual"] = addresses["ipv4"] + addresses["ipv6"]
    cases = (
        ("plain", "web", "Cluster", "None", "", 80),
        ("local", "web", "Local", "None", "", 80),
        ("sticky", "web", "Cluster", "ClientIP", "", 80),
        ("ranged", "web", "Local", "None", "192.0.2.0/24, '2001:db8:2::/64'", 80),
        ("nobody", "nobody", "Cluster", "None", "", 80),
        ("host", "host", "Cluster", "None", "", 8090),
    )
    return "".join(
        SERVICE.format(
            name=name,
            app=app,
            policy=policy,
            affinity=affinity,
            ranges=ranges,
            target=target,
            dns="" if name == "host" else DNS,
            external=", ".join(f"'{one.format(number)}'" for one in externals[family]),
            vips=", ".join(f"{{ip: '{one.format(number)}'}}" for one in balancers[family]),
        )
        for number, (name, app, policy, affinity, ranges, target) in enumerate(cases, 1)
    )


@pytest.fixture(autouse=True)
def _labnet_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promises of containers are tried by `labnet exec`."""
    monkeypatch.setenv("PATH", str(ROOT / "scripts"), prepend=":")


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few have to wait for CPUs, and much is not to be answered."""
    monkeypatch.setattr(attempts, "AT_ONCE", 16)
    monkeypatch.setattr(attempts, "PATIENCE", 3 * SLOW)


@pytest.mark.parametrize(
    ("mode", "family"), [("iptables", "dual"), ("nftables", "dual"), ("iptables", "ipv6")]
)
def test_all_promises_are_kept(bring: Bring, mode: str, family: str) -> None:
    """In all ways and families that topologies have not."""
    lab = bring(text(LAB.format(mode=mode, family=family) + services(family)))
    found = list(promises(lab.cluster))
    reasons = {one.reason for one in found if one.answers}
    assert reasons == {
        *("pod", "loopback", "service", "node port", "external IP", "load balancer"),
        *("health check", "host port"),
    }
    versions = {one.address.version for one in found if one.answers and one.reason != "loopback"}
    assert versions == ({4, 6} if family == "dual" else {6})
    assert attempts.broken(found) == []


SHELL = r"""
nat() { iptables -t nat "$@"; }
chain() {
    nat -S | sed -n "s,^-A \(KUBE-SEP-[^ ]*\) .*default/web.*-destination $1\$,\1,p"
}
"""
"""`chain ADDRESS:PORT` finds the chain of an endpoint of the Service web."""
BROKEN = {
    "an endpoint that leads elsewhere": (
        "nodeport.yaml",
        "node3",
        "nat -R $(chain 10.244.1.2:80) 2 -p tcp -j DNAT --to-destination 10.244.0.2:80",
        "curl from client to 172.18.0.4:30080 (node port)",
        "web-2 never, in 64 times",
    ),
    "an endpoint without DNAT": (
        "nodeport.yaml",
        "node3",
        "nat -F $(chain 10.244.1.2:80)",
        "curl from node3 to 127.0.0.1:30080 (node port)",
        "no answer (",
    ),
    "masquerade between pods": (
        "vxlan.yaml",
        "node1",
        "nat -I POSTROUTING -s 10.244.0.0/24 -j MASQUERADE",
        "curl from web-1 to 10.244.1.2:80 (pod)",
        "web-2 has seen 10.244.0.0, not 10.244.0.2",
    ),
    "a client's address that is not kept": (
        "traffic-policy.yaml",
        "node1",
        "nat -I POSTROUTING -s 172.18.0.5 -j MASQUERADE",
        "curl from client to 172.18.0.2:30081 (node port)",
        "web-1 has seen 10.244.0.1, not 172.18.0.5",
    ),
    "a datagram in another name": (
        "services.yaml",
        "node2",
        "nat -I POSTROUTING -s 10.244.0.0/24 -p udp -j MASQUERADE",
        "udp from shell to 10.244.1.2:53 (pod)",
        "web-2 has seen 10.244.1.1, not 10.244.0.2",
    ),
    "a client that does not stay": (
        "affinity.yaml",
        "node1",
        (
            "iptables-save -t nat | sed '/--rcheck/d; s/random --probability [^ ]*/nth --every 2"
            " --packet 0/' | iptables-restore -T nat"
        ),
        "curl from shell to 10.96.10.20:80 (service)",
        "have answered, where one client stays with one",
    ),
    "a policy that is not Local": (
        "traffic-policy.yaml",
        "node1",
        (
            "nat -I PREROUTING -p tcp --dport 30081 -j DNAT --to-destination 10.244.1.2:80;"
            "nat -I POSTROUTING -p tcp --dport 80 -j MASQUERADE"
        ),
        "curl from client to 172.18.0.2:30081 (node port)",
        "web-2 has answered, and not web-1",
    ),
    "a health check that is cut off": (
        "traffic-policy.yaml",
        "node2",
        "iptables -I INPUT -p tcp --dport 30999 -j REJECT",
        "health from client to 172.18.0.3:30999 (health check)",
        "no answer (",
    ),
    "a health check that is another's": (
        "traffic-policy.yaml",
        "node2",
        (
            "nat -I PREROUTING -p tcp --dport 30999 -j DNAT --to-destination 172.18.0.4;"
            "nat -I POSTROUTING -p tcp --dport 30999 -j MASQUERADE"
        ),
        "health from client to 172.18.0.3:30999 (health check)",
        "503 has answered, and not 200",
    ),
    "a load balancer's address that nobody takes": (
        "nodeport.yaml",
        "node1",
        "iptables -t raw -I PREROUTING -d 172.18.0.200 -j DROP",
        "curl from client to 172.18.0.200:80 (load balancer)",
        "no answer (",
    ),
    "a way that nobody promised": (
        "kubenet.yaml",
        "node1",
        (
            "ip route add 10.244.1.0/24 via 172.18.0.3;"
            "nat -I POSTROUTING -d 10.244.1.0/24 -j MASQUERADE"
        ),
        "ping from web-1 to 10.244.1.2 (pod)",
        "an answer that nobody promised",
    ),
}
"""A file, what breaks which of its nodes, a promise, and what is to be said of it then."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_seen(bring: Bring, name: str) -> None:
    """A rule that is gone, or leads elsewhere, is told of, and as what it does to whom."""
    file, node, command, broken, objection = BROKEN[name]
    lab = bring(topology(file))
    found = [one for one in promises(lab.cluster) if str(one) == broken]
    assert found
    assert attempts.broken(found) == []
    lab.run(node, "sh", "-ec", SHELL + command)
    lines = attempts.broken(found)
    assert any(objection in line.removeprefix(f"{broken}: ") for line in lines), lines


def test_an_attempt_that_fails_proves_nothing(bring: Bring) -> None:
    """That there is no answer is not told by a client that is not there."""
    lab = bring(topology("kubenet.yaml"))
    found = [replace(one, netns="kubenet.gone") for one in promises(lab.cluster) if not one.answers]
    assert {one.kind for one in found} == {"ping", "curl", "udp"}
    assert len(attempts.broken(found)) == len(found)
