"""`up` of a lab that is up: nobody is sent to a pod before it runs, or after it is gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from labnet.agent import lifecycle
from labnet.agent.folder import LabFolder
from labnet.errors import Failed
from labnet.kernel.memory import Died, MemoryKernel
from labnet.kernel.runtime.protocol import Status
from labnet.parse import SourceText
from labnet.plan import Op, Plan
from labnet.resolve import pod_key
from labnet.state import Process, Ruleset, State


LAB = """\
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-passes}
spec: {nodes: [{name: n1}, {name: n2}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: web}}
spec:
  restartPolicy: OnFailure
  containers: [{name: main, image: busybox, command: ["COMMAND"]}]
"""


def files(**commands: str) -> tuple[SourceText, ...]:
    """A lab with a Service `web` and these pods behind it."""
    pods = [POD.replace("NAME", name).replace("COMMAND", text) for name, text in commands.items()]
    return (SourceText("lab.yaml", "".join([LAB, *pods])),)


class World(MemoryKernel):
    """A kernel whose containers run when one waits for them, but for those with a fate.

    `seen` are the pods that the rules lead to: after each pass, and when it was waited.
    """

    def __init__(self) -> None:
        """Nothing runs yet."""
        super().__init__()
        self.fates: dict[str, Status] = {}
        self.running: set[tuple[str, ...]] = set()
        self.seen: list[str] = []

    def apply(self, lab: str, plan: Plan, progress: Callable[[Op], None]) -> None:
        """As always; a process that is changed begins anew."""
        for op in plan:
            if isinstance(op.object, Process):
                self.running.discard(op.object.key)
        super().apply(lab, plan, progress)
        self.seen.append(self.endpoints())

    def wait_ready(self, lab: str, desired: State, timeout: float) -> tuple[str, ...]:
        """All run now, or have met their fate."""
        super().wait_ready(lab, desired, timeout)
        self.seen.append("wait")
        processes = [item for item in desired if isinstance(item, Process)]
        self.running.update(item.key for item in processes if item.pod not in self.fates)
        if any(fate.reason == "CrashLoopBackOff" for fate in self.fates.values()):
            raise Failed("a container crashes")
        return ()

    def statuses(self, lab: str) -> Mapping[tuple[str, str], Status]:
        """What the container runtime says."""
        return {
            (item.pod, item.name): self.fates.get(
                item.pod, Status(item, running=item.key in self.running)
            )
            for item in self.observe(lab)
            if isinstance(item, Process)
        }

    def endpoints(self) -> str:
        """The last digits of the endpoints that the rules of the first node lead to."""
        rules = self.observe("t-passes").objects["iptables", "t-passes.n1", "nat"]
        assert isinstance(rules, Ruleset)
        found = re.findall(r"--to-destination 10\.244\.([0-9.]+):80", "\n".join(rules.rules))
        return " ".join(sorted(found))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A machine without labs, whose labs have their folders elsewhere."""
    made = World()
    monkeypatch.setattr(lifecycle, "LabFolder", partial(LabFolder, root=tmp_path / "labnet"))
    monkeypatch.setattr(lifecycle, "container_statuses", made.statuses)
    return made


def up(world: World, *, wait: bool = True, **commands: str) -> list[str]:
    """What the rules led to in the course of an `up`; its last cluster is what `load` loads."""
    world.seen.clear()
    outcome = lifecycle.up(files(**commands), kernel=world, wait=wait)
    assert lifecycle.load("t-passes").cluster == outcome.cluster
    if wait:
        assert lifecycle.preview(files(**commands), kernel=world).plan == ()
    return world.seen


def test_a_new_lab_is_one_pass(world: World) -> None:
    """Nobody uses it yet: its pods are endpoints at once."""
    assert up(world, a="sleep", b="sleep") == ["0.2 1.2", "wait"]


def test_the_same_again_is_nothing(world: World) -> None:
    """No rule changes, not even for a moment."""
    up(world, a="sleep", b="sleep")
    assert up(world, a="sleep", b="sleep") == ["0.2 1.2", "wait"]


def test_a_new_pod_is_an_endpoint_when_it_runs(world: World) -> None:
    """The first pass leaves it out, the second has it."""
    up(world, a="sleep")
    assert up(world, a="sleep", b="sleep") == ["0.2", "wait", "0.2 1.2"]


def test_a_pod_that_changes_is_no_endpoint_meanwhile(world: World) -> None:
    """Its process is replaced in the first pass, after the rules."""
    up(world, a="sleep", b="sleep")
    assert up(world, a="sleep", b="other") == ["0.2", "wait", "0.2 1.2"]


def test_a_pod_that_goes_is_no_endpoint_any_more(world: World) -> None:
    """One pass is enough."""
    up(world, a="sleep", b="sleep")
    assert up(world, a="sleep") == ["0.2", "wait"]


def test_without_waiting_it_is_one_pass(world: World) -> None:
    """There is no second one to make an endpoint of a new pod."""
    up(world, a="sleep")
    assert up(world, wait=False, a="sleep", b="sleep") == ["0.2 1.2"]


def test_a_pod_that_has_ended_is_no_endpoint(world: World) -> None:
    """Also in a new lab: that is what its second pass is for. It stays so, and can be changed."""
    world.fates["pod/default/b"] = Status(
        Process("t-passes.b", "pod/default/b", "main", ("x",)), exit_status=0, reason="Completed"
    )
    assert up(world, a="sleep", b="true") == ["0.2 1.2", "wait", "0.2"]
    assert up(world, a="sleep", b="true") == ["0.2", "wait"]
    world.fates.clear()
    assert up(world, a="sleep", b="sleep") == ["0.2", "wait", "0.2 1.2"]


def test_others_are_endpoints_even_if_one_never_runs(world: World) -> None:
    """`up` fails, but those that run are used, and the next one goes on from there."""
    up(world, a="sleep")
    world.fates["pod/default/c"] = Status(
        Process("t-passes.c", "pod/default/c", "main", ("x",)),
        exit_status=1,
        reason="CrashLoopBackOff",
    )
    with pytest.raises(Failed, match="a container crashes"):
        up(world, a="sleep", b="sleep", c="false")
    assert world.endpoints() == "0.2 1.2"
    loaded = lifecycle.load("t-passes").cluster
    assert [pod_key(pod) for pod in loaded.pods if not pod.ready] == ["pod/default/c"]


def test_nobody_is_asked_where_nobody_needs_to_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a Service that selects pods, it does not matter who is ready."""
    monkeypatch.setattr(lifecycle, "container_statuses", None)
    (given,) = files(a="sleep")
    alone = [SourceText("lab.yaml", given.text.replace("selector: {app: web}, ", ""))]
    for _ in range(2):
        outcome = lifecycle.up(alone, kernel=world)
    assert outcome.plan == ()


def test_a_crash_at_any_moment_heals(world: World) -> None:
    """Whichever operation was the last, the next `up` ends where this one would have."""
    for after in range(40):
        up(world, a="sleep")
        world.dies_after = after
        try:
            up(world, a="sleep", b="sleep")
        except Died:
            up(world, a="sleep", b="sleep")
        assert len(world.endpoints().split()) == 2
        if world.dies_after is not None:  # it has lived to the end
            break
    assert 5 < after < 39
    world.dies_after = None


def test_a_lab_that_was_read_is_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `describe` previews, it has loaded: thousands of Services take seconds to parse."""
    up(world, a="x")
    loaded = lifecycle.load("t-passes")
    monkeypatch.setattr(lifecycle, "parse", None)
    assert lifecycle.preview_again(loaded, world).plan == ()
