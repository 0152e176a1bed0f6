"""Clients stay with their endpoint through changes of anything else, and no longer."""

from __future__ import annotations

import time

import pytest

from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-affinity}}
spec:
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1}}, {{name: n2}}]
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
  sessionAffinity: ClientIP
  sessionAffinityConfig: {{clientIP: {{timeoutSeconds: {timeout}}}}}
  ports: [{{port: 80, targetPort: 8080}}]
"""
SERVER = """
---
apiVersion: v1
kind: Pod
metadata:
  name: s{name}
  labels: {{app: web}}
  annotations: {{labnet.dev/ip: 10.244.1.{name}}}
spec:
  nodeName: n2
  terminationGracePeriodSeconds: 0
  containers: [{{name: c, image: agnhost, args: [netexec], ports: [{{containerPort: 8080}}]}}]
"""
OTHER = """
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
MODES = pytest.mark.parametrize("mode", ["iptables", "nftables"])
SOON = 15.0  # seconds until a client whose time is over must have met another server


def source(mode: str, *servers: int, timeout: int = 600) -> str:
    """The lab with these servers, which are named as their addresses end."""
    pods = [SERVER.format(name=name) for name in servers]
    return "".join([LAB.format(mode=mode, timeout=timeout), *pods])


def answers(lab: RunningLab, count: int = 6) -> set[str]:
    """Who answers some connections of the client."""
    return {lab.curl("client", "http://10.96.7.7/hostname") for _ in range(count)}


@MODES
def test_a_client_stays_while_others_come_and_go(bring: Bring, mode: str) -> None:
    """Other Services and other endpoints are no reason; that its own is gone is one."""
    lab = bring(text(source(mode, 10, 20, 30)))
    (mine,) = answers(lab)
    others = sorted({10, 20, 30} - {int(mine[1:])})
    edits = (
        source(mode, 10, 20, 30) + OTHER,
        source(mode, 10, 20, 30, 40),
        source(mode, int(mine[1:]), others[0]),
    )
    for edit in edits:
        lab.again(*text(edit))
        assert answers(lab) == {mine}
    lab.again(*text(source(mode, *others)))
    (theirs,) = answers(lab)
    assert theirs in {f"s{name}" for name in others}
    lab.again(*text(source(mode, 10, 20, 30)))
    assert answers(lab) == {theirs}


@MODES
def test_a_client_is_forgotten_when_its_time_is_over(bring: Bring, mode: str) -> None:
    """Who comes again within a second stays, who comes later may meet another."""
    lab = bring(text(source(mode, 10, 20, 30, timeout=1)))
    (first,) = answers(lab, 1)
    end = time.monotonic() + SOON
    while answers(lab, 1) == {first}:
        assert time.monotonic() < end
        time.sleep(1.2)  # longer than it is remembered
