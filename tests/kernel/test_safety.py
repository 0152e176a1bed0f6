"""Killed at any instant, beside others, without privilege: nothing is left and nobody is hurt."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from containers import until
from kernel.conftest import Bring
from labnet import agent
from labnet.errors import ForeignNetns
from labs import text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: {name}}}
spec:
  networking: {{cni: vxlan}}
  nodes: [{{name: n1}}, {{name: n2}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 6
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: main
        image: agnhost
        args: [netexec, --http-port=8080]
        ports: [{{containerPort: 8080}}]
"""
INSTANTS = 25


def labnet(*words: str) -> list[str]:
    """The command line of a labnet that runs for itself."""
    return [sys.executable, "-m", "labnet", *words]


def killed_after(seconds: float, *words: str) -> None:
    """Start labnet and kill it after some time, unless it has ended."""
    process = subprocess.Popen(labnet(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def duration(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long `up` takes here, in seconds."""
    path = tmp_path_factory.mktemp("duration") / "lab.yaml"
    path.write_text(LAB.format(name="t-kill"), encoding="utf-8")
    began = time.monotonic()
    subprocess.run(labnet("up", str(path)), check=True, capture_output=True)
    took = time.monotonic() - began
    agent.down("t-kill")
    return took


@pytest.mark.parametrize("instant", range(INSTANTS))
def test_up_killed_at_an_instant_and_then_down(
    duration: float, tmp_path: Path, instant: int
) -> None:
    """The census around this test is the check: nothing of any kind stays."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB.format(name="t-kill"), encoding="utf-8")
    jitter = random.Random(instant).uniform(0, 1)  # any instant is as good
    killed_after(duration * (instant + jitter) / INSTANTS, "up", str(path))
    subprocess.run(labnet("down", "t-kill"), check=True, capture_output=True)


@pytest.mark.parametrize("instant", range(8))
def test_down_killed_at_an_instant_and_then_down(
    duration: float, tmp_path: Path, instant: int
) -> None:
    """What a killed `down` has left, the next one removes."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB.format(name="t-kill"), encoding="utf-8")
    subprocess.run(labnet("up", str(path)), check=True, capture_output=True)
    killed_after(duration * instant / 8, "down", "t-kill")
    subprocess.run(labnet("down", "t-kill"), check=True, capture_output=True)


@pytest.mark.parametrize("instant", range(6))
def test_up_killed_at_an_instant_and_then_up(duration: float, tmp_path: Path, instant: int) -> None:
    """`up` again finishes what the killed one has begun."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB.format(name="t-kill"), encoding="utf-8")
    try:
        killed_after(duration * (instant + 1) / 7, "up", str(path))
        subprocess.run(labnet("up", str(path)), check=True, capture_output=True)
        assert agent.preview(text(LAB.format(name="t-kill"))).plan == ()
    finally:
        agent.down("t-kill")


SERVICES = """
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec: {{nodeName: n1, containers: [{{name: c, image: pause}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  clusterIP: 10.96.7.7
  selector: {{app: web}}
  sessionAffinity: {affinity}
  ports:
  - {{name: http, port: 80, targetPort: 8080}}
  - {{name: dns, protocol: UDP, port: 53, targetPort: 8081}}
"""
STALE = (
    *("conntrack", "-I", "-t", "60", "-u", "SEEN_REPLY", "-p", "udp"),
    *("-s", "10.244.0.99", "--sport", "5", "-d", "10.96.7.7", "--dport", "53"),
    *("--reply-src", "10.244.1.99", "--reply-port-src", "8081"),
    *("--reply-dst", "10.244.0.99", "--reply-port-dst", "5"),
)
"""An entry of a UDP client whose endpoint is gone."""


@pytest.mark.parametrize("instant", range(5))
@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_an_edit_killed_at_an_instant_and_then_up(
    bring: Bring, duration: float, tmp_path: Path, mode: str, instant: int
) -> None:
    """Killed in its first or second pass, between rules and flows: the next `up` heals it all."""
    lab = LAB.format(name="t-edit")
    settings = "spec:\n  kubeProxy: {{mode: {}}}"
    other = "nftables" if mode == "iptables" else "iptables"
    before = lab.replace("spec:", settings.format(other), 1) + SERVICES.format(affinity="None")
    after = lab.replace("spec:", settings.format(mode), 1) + SERVICES.format(affinity="ClientIP")
    after = after.replace("app: web", "app: other")  # other pods, and so a second pass
    running = bring(text(before))
    running.run("n1", *STALE)
    path = tmp_path / "lab.yaml"
    path.write_text(after, encoding="utf-8")
    killed_after(duration * (instant + 1) / 5, "up", str(path))
    running.again(*text(after))
    assert running.drift() == []
    assert running.curl("client", "http://10.96.7.7/hostname").startswith("web-")
    assert "10.244.1.99" not in running.run("n1", "conntrack", "-L", "-p", "udp")


def test_two_labs_with_the_same_addresses_run_side_by_side(bring: Bring) -> None:
    """Neither sees the other, and each answers under the same address."""
    one, two = (bring(text(LAB.format(name=name))) for name in ("t-one", "t-two"))
    for lab in (one, two):
        pods = [pod for pod in lab.cluster.pods if pod.node == "n1"]
        client = next(pod for pod in lab.cluster.pods if pod.node == "n2")
        url = f"http://{pods[0].ips[0]}:8080/hostname"
        assert lab.curl(client.netns, url) == pods[0].name
    agent.down("t-one")
    assert two.drift() == []


def test_a_foreign_namespace_is_refused_and_survives() -> None:
    """A name that is taken stops `up` before anything is touched, and `down` leaves it alone."""
    subprocess.run(["ip", "netns", "add", "t-foreign.n1"], check=True)
    try:
        subprocess.run(
            ["ip", "-n", "t-foreign.n1", "link", "add", "mine", "type", "bridge"], check=True
        )
        with pytest.raises(ForeignNetns, match=r"t-foreign\.n1 exists and was not made by labnet"):
            agent.up(text(LAB.format(name="t-foreign")))
        listed = subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
        names = [line.split()[0] for line in listed.splitlines()]
        assert [name for name in names if name.startswith("t-foreign.")] == ["t-foreign.n1"]
        assert not Path("/run/labnet/t-foreign").exists()
        agent.down("t-foreign")
        subprocess.run(["ip", "-n", "t-foreign.n1", "link", "show", "mine"], check=True)
    finally:
        subprocess.run(["ip", "netns", "delete", "t-foreign.n1"], check=True)


def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """Two `up` of one lab at the same time both succeed, and the lab is whole."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB.format(name="t-twice"), encoding="utf-8")
    running = [subprocess.Popen(labnet("up", str(path)), stderr=subprocess.PIPE) for _ in range(2)]
    try:
        for process in running:
            assert process.wait(60) == 0
            assert process.stderr is not None
            process.stderr.close()
        assert agent.preview(text(LAB.format(name="t-twice"))).plan == ()
    finally:
        agent.down("t-twice")


def test_down_twice_is_fine() -> None:
    """There is nothing wrong with nothing."""
    agent.down("t-nothing")
    agent.down("t-nothing")


def test_a_foreign_process_is_named_and_left_alone(bring: Bring) -> None:
    """Somebody's own shell in a pod survives `down`, which says whose namespace waits for it."""
    lab = bring(text(LAB.format(name="t-guest")))
    pod = lab.cluster.pods[0].netns
    guest = subprocess.Popen(["ip", "netns", "exec", pod, "sleep", "30"])
    try:
        here = Path("/proc/self/ns/net").stat().st_ino
        until(lambda: Path(f"/proc/{guest.pid}/ns/net").stat().st_ino != here)
        outcome = agent.down("t-guest")
        assert any(str(guest.pid) in line for line in outcome.notes)
        assert guest.poll() is None
    finally:
        guest.kill()
        guest.wait()
