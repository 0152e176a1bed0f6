"""Whatever is changed by hand, `plan` shows with its reason and `up` heals with no more."""

from __future__ import annotations

import select
import subprocess

import pytest

from containers import until
from kernel.conftest import Bring
from labnet import agent
from labnet.kernel.runtime.client import connect
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-drift}
spec:
  networking: {cni: vxlan}
  nodes: [{name: n1}, {name: n2}]
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  nodeName: n1
  containers:
  - name: main
    image: agnhost
    args: [netexec, --http-port=8080]
    ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: idle}
spec:
  nodeName: n2
  containers: [{name: main, image: pause}]
"""


@pytest.fixture(scope="module")
def lab(bring_module: Bring) -> RunningLab:
    """Two nodes joined by vxlan, a pod that serves and one that only is."""
    return bring_module(text(LAB))


def command(*words: str) -> None:
    """Run a command of the machine's."""
    subprocess.run(words, check=True, capture_output=True)


WEB = "t-drift.web"
DRIFTS: dict[str, tuple[list[str], list[str]]] = {
    "a route deleted": (
        [f"ip -n {WEB} route del default"],
        [f"+ route {WEB} 0.0.0.0/0  # Pod default/web (lab.yaml:9): missing"],
    ),
    "a route changed": (
        ["ip -n t-drift.n1 route replace 10.244.1.0/24 via 172.18.0.3 dev eth0"],
        [
            (
                "~ route t-drift.n1 10.244.1.0/24  # Node n2 (lab.yaml:7): dev is eth0, should be "
                "flannel.1; via is 172.18.0.3, should be 10.244.1.0; is not onlink"
            )
        ],
    ),
    "a route added": (
        [f"ip -n {WEB} route add 192.0.2.0/24 via 10.244.0.1"],
        [f"- route {WEB} 192.0.2.0/24  # not in the lab file"],
    ),
    "an address deleted": (
        ["ip -n t-drift.n1 address del 10.244.0.1/24 dev cni0"],
        ["+ address t-drift.n1 cni0 10.244.0.1/24  # Node n1 (lab.yaml:7): missing"],
    ),
    "an address added": (
        [f"ip -n {WEB} address add 192.0.2.1/32 dev eth0"],
        [f"- address {WEB} eth0 192.0.2.1/32  # not in the lab file"],
    ),
    "a link down": (
        ["ip -n t-drift.n1 link set cni0 down"],
        ["~ link t-drift.n1 cni0  # Node n1 (lab.yaml:7): is not up"],
    ),
    "lo down": (
        [f"ip -n {WEB} link set lo down"],
        [f"~ netns {WEB}  # Pod default/web (lab.yaml:9): is not up"],
    ),
    "another MTU": (
        [f"ip -n {WEB} link set eth0 mtu 1400"],
        [f"~ link {WEB} eth0  # Pod default/web (lab.yaml:9): mtu is 1400, should be 1450"],
    ),
    "a port off its bridge": (
        ["ip -n t-drift.n1 link set veth0af40002 nomaster"],
        [
            (
                "~ link t-drift.n1 veth0af40002  # Pod default/web (lab.yaml:9): master is unset, "
                "should be cni0; is not hairpin"
            )
        ],
    ),
    "a neighbour deleted": (
        ["ip -n t-drift.n1 neighbour del 10.244.1.0 dev flannel.1"],
        ["+ neighbour t-drift.n1 flannel.1 10.244.1.0  # Node n2 (lab.yaml:7): missing"],
    ),
    "a forwarding entry deleted": (
        ["bridge -n t-drift.n1 fdb del 0e:f1:ac:12:00:03 dev flannel.1 self"],
        ["+ fdb t-drift.n1 flannel.1 0e:f1:ac:12:00:03  # Node n2 (lab.yaml:7): missing"],
    ),
    "a sysctl changed": (
        ["ip netns exec t-drift.n1 sysctl -q -w net.ipv4.ip_forward=0"],
        [
            (
                "~ sysctl t-drift.n1 net.ipv4.ip_forward  # Node n1 (lab.yaml:7): value is 0, "
                "should be 1"
            )
        ],
    ),
    "a table flushed": (
        ["ip netns exec t-drift.n1 iptables -t nat -F"],
        [
            (
                "~ iptables t-drift.n1 nat  # rules of flannel, kube-proxy, kubelet: chains "
                "PREROUTING, OUTPUT, POSTROUTING and 6 more differ"
            )
        ],
    ),
    "a rule added": (
        ["ip netns exec t-drift.n1 iptables -A FORWARD -s 192.0.2.1 -j DROP"],
        [
            (
                "~ iptables t-drift.n1 filter  # rules of flannel, kube-proxy, kubelet: chain "
                "FORWARD differs"
            )
        ],
    ),
    "another policy, and a chain": (
        [
            "ip netns exec t-drift.n1 iptables -P INPUT DROP",
            "ip netns exec t-drift.n1 iptables -N KUBE-FOREIGN",
        ],
        [
            (
                "~ iptables t-drift.n1 filter  # rules of flannel, kube-proxy, kubelet: chains "
                "INPUT, KUBE-FOREIGN differ"
            )
        ],
    ),
    "a rule in an unused table": (
        ["ip netns exec t-drift.n1 iptables -t raw -A OUTPUT -j ACCEPT"],
        ["- iptables t-drift.n1 raw  # not in the lab file"],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_shown_and_healed_by_as_many_operations(lab: RunningLab, name: str) -> None:
    """`plan` says what has drifted and why, `up` does just that, and then nothing is to do."""
    commands, expected = DRIFTS[name]
    for line in commands:
        command(*line.split())
    assert lab.drift() == expected
    assert [str(op) for op in lab.again()] == expected
    assert lab.drift() == []
    assert lab.pings("web", lab.ip("idle"))
    assert lab.curl("idle", f"http://{lab.ip('web')}:8080/hostname") == "web"


def test_half_a_pair_is_made_whole(lab: RunningLab) -> None:
    """A pod's link that is deleted comes back with its other end, address and route."""
    command("ip", "-n", WEB, "link", "delete", "eth0")
    verbs = {op.split()[0] for op in lab.drift()}
    assert verbs == {"+"}
    assert [op.split("  #")[0] for op in lab.drift()] == [
        "+ link t-drift.n1 veth0af40002",
        f"+ link {WEB} eth0",
        f"+ address {WEB} eth0 10.244.0.2/24",
        f"+ route {WEB} 0.0.0.0/0",
    ]
    lab.again()
    assert lab.drift() == []
    assert lab.curl("idle", f"http://{lab.ip('web')}:8080/hostname") == "web"


def test_a_namespace_that_lost_its_name_is_made_again(lab: RunningLab) -> None:
    """`ip netns delete` of a pod whose processes run on: `up` makes it and its container anew."""
    command("ip", "netns", "delete", WEB)
    drift = [op.split("  #")[0] for op in lab.drift()]
    assert f"+ netns {WEB}" in drift
    assert f"+ process {WEB} pod/default/web main" in drift
    lab.again()
    assert lab.drift() == []
    assert lab.curl("idle", f"http://{lab.ip('web')}:8080/hostname") == "web"


def test_a_container_that_was_killed_is_started_again(lab: RunningLab) -> None:
    """The reason says how it ended."""
    ((_, status),) = agent.container_statuses("t-drift").items()
    command("kill", "-9", str(status.pid))
    until(lambda: not agent.container_statuses("t-drift")["pod/default/web", "main"].running)
    (drift,) = lab.drift()
    assert drift.startswith(f"+ process {WEB} pod/default/web main  # Pod default/web (lab.yaml:9)")
    assert "137" in drift or "SIGKILL" in drift
    lab.again()
    assert lab.drift() == []
    assert agent.container_statuses("t-drift")["pod/default/web", "main"].restarts == 1
    assert lab.curl("idle", f"http://{lab.ip('web')}:8080/hostname") == "web"


def test_a_runtime_that_was_killed_is_started_again(lab: RunningLab) -> None:
    """All containers went with it, and all come back."""
    client = connect(agent.LabFolder("t-drift").path)
    assert client is not None
    with client:
        command("kill", "-9", str(client.pid))
        poll = select.poll()
        poll.register(client.fileno(), select.POLLHUP)
        assert poll.poll(5000)
    assert [op.split("  #")[0] for op in lab.drift()] == [f"+ process {WEB} pod/default/web main"]
    lab.again()
    assert lab.drift() == []
    assert lab.curl("idle", f"http://{lab.ip('web')}:8080/hostname") == "web"
