"""Editing the file and `up` again changes what differs and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from kernel.conftest import Bring
from labnet import agent
from labnet.kernel import netns
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-edit}
spec: {nodes: [{name: n1}, {name: n2}]}
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  nodeName: {node}
  containers:
  - name: main
    image: agnhost
    args: [netexec, --http-port={port}]
    ports: [{{containerPort: {port}}}]
"""


def pods(*names: str, port: int = 8080) -> str:
    """Pods that serve; those with a name that ends in 2 are on the second node."""
    return "".join(
        POD.format(name=name, node="n2" if name.endswith("2") else "n1", port=port)
        for name in names
    )


@pytest.fixture
def lab(bring: Bring) -> RunningLab:
    """Two pods on two nodes."""
    return bring(text(LAB + pods("a1", "a2")))


@pytest.fixture
def connection(lab: RunningLab) -> Iterator[socket.socket]:
    """A TCP connection from the first pod to the second."""
    made: list[socket.socket] = []

    def connect() -> None:
        """Be in the pod's namespace, in a thread that ends there."""
        with netns.Thread() as thread:
            thread.enter("t-edit.a1")
            made.append(socket.create_connection((lab.ip("a2"), 8080), timeout=5))

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    with made[0] as sock:
        yield sock


def asks(sock: socket.socket) -> bytes:
    """An answer on a connection that stays open."""
    sock.sendall(b"GET /hostname HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock.recv(4096)


def pids() -> dict[str, int]:
    """The pid of every container's init."""
    return {key[0]: item.pid for key, item in agent.container_statuses("t-edit").items()}


def test_an_added_pod_adds_one_pod(lab: RunningLab, connection: socket.socket) -> None:
    """Operations of one pod only; the others keep their processes and their connections."""
    assert b"a2" in asks(connection)
    before = pids()
    plan = lab.again(*text(LAB + pods("a1", "a2", "b1")))
    assert {str(op.verb) for op in plan} == {"+"}
    assert {op.object.home for op in plan} == {"t-edit.b1"}
    assert b"a2" in asks(connection)
    after = pids()
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"pod/default/b1"}
    assert lab.curl("a2", f"http://{lab.ip('b1')}:8080/hostname") == "b1"


def test_a_removed_pod_removes_one_pod(lab: RunningLab, connection: socket.socket) -> None:
    """What is left of it is nothing, and the rest does not notice."""
    lab.again(*text(LAB + pods("a1", "a2", "b1")))
    assert b"a2" in asks(connection)
    plan = lab.again(*text(LAB + pods("a1", "a2")))
    assert {str(op.verb) for op in plan} == {"-"}
    assert set(pids()) == {"pod/default/a1", "pod/default/a2"}
    assert "t-edit.b1" not in netns.names("t-edit")
    assert b"a2" in asks(connection)
    assert lab.drift() == []


def test_a_changed_container_is_replaced_alone(lab: RunningLab) -> None:
    """Another argument is another process in the same namespace with the same address."""
    before, address = pids(), lab.ip("a1")
    plan = lab.again(*text(LAB + pods("a1", port=9090) + pods("a2")))
    assert [str(op.object) for op in plan] == ["process t-edit.a1 pod/default/a1 main"]
    after = pids()
    assert before["pod/default/a2"] == after["pod/default/a2"]
    assert before["pod/default/a1"] != after["pod/default/a1"]
    assert lab.ip("a1") == address
    assert lab.curl("a2", f"http://{address}:9090/hostname") == "a1"


def test_a_pod_keeps_its_address_when_others_come_and_go(lab: RunningLab) -> None:
    """Addresses that were given stay given."""
    given = lab.ip("a1")
    lab.again(*text(LAB + pods("0first1", "a1", "a2")))
    assert lab.ip("a1") == given
    lab.again(*text(LAB + pods("a2", "a1")))
    assert lab.ip("a1") == given


def test_a_pod_that_moves_to_another_node_is_made_there(lab: RunningLab) -> None:
    """It gets an address of the other node, and is reached there."""
    moved = pods("a1", "a2").replace("nodeName: n1", "nodeName: n2")
    lab.again(*text(LAB + moved))
    assert lab.ip("a1").startswith("10.244.1.")
    assert lab.curl("a2", f"http://{lab.ip('a1')}:8080/hostname") == "a1"
    assert lab.drift() == []


def test_a_node_that_is_added_is_reached_by_all(lab: RunningLab) -> None:
    """The old nodes get a route to it."""
    more = LAB.replace("{name: n2}]", "{name: n2}, {name: n3}]")
    lab.again(*text(more + pods("a1", "a2") + POD.format(name="c3", node="n3", port=8080)))
    assert lab.curl("a1", f"http://{lab.ip('c3')}:8080/hostname") == "c3"
    lab.again(*text(LAB + pods("a1", "a2")))
    assert lab.drift() == []
