"""What the container runtime says of containers is what the kubelet would report of pods."""

from __future__ import annotations

from typing import Any

import pytest

from labnet.agent.readiness import readiness, starting_pods
from labnet.compile import compile_state
from labnet.kernel.runtime.protocol import Status
from labnet.model import Cluster
from labnet.resolve import resolve
from labnet.state import Process, State
from resolve.builders import container, docker, pod, topology


KEY = "pod/default/web"
SERVER = container("nginx", name="main")
SIDE = container("nginx", name="side")
INIT = container("nginx", name="init")


def status(word: str) -> Status:
    """A container that runs, waits, crashes (and is started again) or has ended with a number."""
    process = Process("lab.web", KEY, "main", ("nginx",))
    if word == "runs":
        return Status(process, running=True, pid=7)
    if word == "waits":
        return Status(process, reason="ContainerCreating")
    if word == "crashes":
        return Status(process, exit_status=1, reason="CrashLoopBackOff")
    return Status(process, exit_status=int(word), reason="Completed")


def judged(restart: Any, words: dict[str, str], *containers: Any, init: bool = False) -> str:
    """What a pod with these containers is: ready, unready or ended."""
    spec = {"restart_policy": restart, "init_containers": (INIT,) if init else ()}
    cluster = resolve(topology(pod("web", *containers, spec=spec)))
    statuses = {(KEY, name): status(word) for name, word in words.items()}
    found = readiness(cluster, statuses)
    assert not found.unready & found.ended
    return "unready" if found.unready else "ended" if found.ended else "ready"


@pytest.mark.parametrize(
    ("restart", "word", "expected"),
    [
        ("Always", "runs", "ready"),
        ("Always", "waits", "unready"),
        ("Always", "0", "unready"),
        ("Always", "crashes", "unready"),
        ("OnFailure", "0", "ended"),
        ("OnFailure", "crashes", "unready"),
        ("Never", "runs", "ready"),
        ("Never", "0", "ended"),
        ("Never", "3", "ended"),
        ("Never", "waits", "unready"),
    ],
)
def test_one_container(restart: str, word: str, expected: str) -> None:
    """It is ready as long as it runs; whether it has ended for good, the restartPolicy says."""
    assert judged(restart, {"main": word}, SERVER) == expected


@pytest.mark.parametrize(
    ("restart", "main", "side", "expected"),
    [
        ("Always", "runs", "runs", "ready"),
        ("Always", "runs", "waits", "unready"),
        ("Never", "runs", "0", "unready"),
        ("Never", "0", "0", "ended"),
        ("Never", "1", "0", "ended"),
        ("OnFailure", "0", "1", "unready"),
    ],
)
def test_two_containers(restart: str, main: str, side: str, expected: str) -> None:
    """A pod is ready if all of its containers are, and has ended if none will run again."""
    assert judged(restart, {"main": main, "side": side}, SERVER, SIDE) == expected


@pytest.mark.parametrize(
    ("restart", "init", "main", "expected"),
    [
        ("Always", "runs", "waits", "unready"),
        ("Always", "0", "runs", "ready"),
        ("Always", "crashes", "waits", "unready"),
        ("Never", "1", "waits", "ended"),
        ("Never", "0", "waits", "unready"),
        ("OnFailure", "0", "0", "ended"),
    ],
)
def test_init_containers(restart: str, init: str, main: str, expected: str) -> None:
    """All of them have to succeed first; one that fails and may not run again fails the pod."""
    assert judged(restart, {"init": init, "main": main}, SERVER, init=True) == expected


def test_who_is_not_known_does_not_run() -> None:
    """A container that the runtime has never heard of is not ready; a pause is no process."""
    assert judged("Always", {}, SERVER) == "unready"
    assert judged("Always", {}, container()) == "ready"
    assert judged("Never", {"main": "0"}, SERVER, container(name="pause")) == "unready"


def test_labnets_containers_are_no_pods() -> None:
    """Nobody asks whether they are ready."""
    cluster = resolve(topology(containers=[docker("db", "nginx")]))
    assert readiness(cluster, {}) == (frozenset(), frozenset())


def starting(before: Cluster, after: Cluster) -> set[str]:
    """The pods that are to start when one cluster becomes another."""
    found = starting_pods(after, compile_state(after), compile_state(before))
    return {key.removeprefix("pod/default/") for key in found}


def test_who_is_starting() -> None:
    """New pods, pauses as well, those with another command, and those that move."""
    on_host = {"host_network": True}
    before = topology(
        pod("same", SERVER),
        pod("other", SERVER),
        pod("moves", SERVER, addresses=["10.244.0.50"]),
        pod("host", SERVER, spec=on_host),
        pod("gone", SERVER),
    )
    after = topology(
        pod("same", SERVER),
        pod("other", container("nginx", args=("nginx", "-T"))),
        pod("moves", SERVER, addresses=["10.244.0.51"]),
        pod("host", SERVER, spec=on_host),
        pod("pause"),
        pod("new", SERVER),
        containers=[docker("db", "nginx")],
    )
    first = resolve(before)
    assert starting(first, resolve(after)) == {"other", "moves", "pause", "new"}
    assert starting(first, first) == set()
    every = compile_state(first)
    assert len(starting_pods(first, every, State())) == 5
