"""Up, and what it would do: the river from text to kernel.

Decisions
- We chose that `up` of a lab that is up goes through the river twice, over once: pods that are
  about to start are no endpoints yet, and are when they run, as in a cluster. A new lab is nobody's
  yet, so it is built at once as it is to be, and only what then is not so is changed.
- We chose to plan the second pass from what the first was to reach over observing again: hardly
  anything but rules differs, and looking at a thousand namespaces takes longer than all of it.
- We chose to save the Facts of a pass before it is applied: whenever we die, the next `up` begins
  with what the kernel was to hold, and asks the container runtime who is ready.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labnet.agent.folder import LabFolder
from labnet.agent.outcome import NOBODY, Listener, Outcome, linux
from labnet.agent.readiness import Readiness, readiness, starting_pods
from labnet.agent.saved import Saved, read_saved, write_saved
from labnet.compile import compile_state
from labnet.errors import Failed, InputError, Problem
from labnet.kernel.protocol import Kernel
from labnet.model import Cluster, Topology
from labnet.parse import SourceText, parse
from labnet.plan import Plan, plan
from labnet.resolve import Facts, facts_of, resolve
from labnet.state import State


if TYPE_CHECKING:
    from labnet.kernel.runtime.protocol import Status


@dataclass(frozen=True, slots=True)
class Preview:
    """What `up` would do to a lab now."""

    lab: str
    plan: Plan
    warnings: tuple[Problem, ...]
    cluster: Cluster
    desired: State


@dataclass(frozen=True, slots=True)
class Loaded:
    """A lab as it was asked for and resolved; its objects in the kernel are not looked at."""

    cluster: Cluster
    saved: Saved
    topology: Topology


@dataclass(frozen=True, slots=True)
class _Pass:
    """Once through the river; `facts` are what to remember of the cluster."""

    cluster: Cluster
    facts: Facts
    desired: State
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Work:
    """Bringing a lab up, which its folder is locked for."""

    sources: tuple[SourceText, ...]
    topology: Topology
    folder: LabFolder
    machine: Kernel
    listener: Listener

    def begin(self, *, wait: bool) -> _Pass:
        """Plan the first pass, and save it; who cannot leaves nothing that was not there."""
        saved = read_saved(self.folder)
        try:
            first = _first_pass(self.topology, saved, self.machine, wait=wait)
            self.machine.check(first.plan)
            self._save(first)
        except BaseException:
            if saved is None:  # nothing was touched, so nothing may be left
                self.folder.remove()
                self.machine.tidy()
            raise
        self.listener.planned(first.plan)
        return first

    def apply(self, one: _Pass) -> None:
        """Carry out a pass."""
        self.machine.apply(self.folder.lab, one.plan, self.listener.progress)

    def finish(self, first: _Pass, timeout: float) -> tuple[_Pass, tuple[str, ...]]:
        """Wait for what the first pass has started, then make endpoints of what is ready.

        Those that are ready become endpoints also if others never are, which raises Failed.
        """
        try:
            notes = self.machine.wait_ready(self.folder.lab, first.desired, timeout)
        except Failed:
            self._follow(first)
            raise
        return self._follow(first), notes

    def _follow(self, first: _Pass) -> _Pass:
        """The second pass, carried out; the first, if there is nothing to change."""
        second = _second_pass(self.topology, first)
        if second is None:
            return first
        self._save(second)
        self.listener.planned((*first.plan, *second.plan))
        self.apply(second)
        return replace(second, plan=(*first.plan, *second.plan))

    def _save(self, one: _Pass) -> None:
        write_saved(self.folder, Saved(self.sources, one.facts))


def preview(sources: Sequence[SourceText], kernel: Kernel | None = None) -> Preview:
    """What `up` would do; raises Problems, or what observing raises.

    It is one pass, as of `up --no-wait`: pods that are to start count as ready.
    """
    parsed = parse(sources)
    try:
        saved = read_saved(LabFolder(parsed.topology.lab.name))
    except PermissionError:  # root has labs; observing fails too if this is one of them
        saved = None
    return _preview(parsed.topology, saved, parsed.warnings, kernel or linux())


def preview_again(loaded: Loaded, kernel: Kernel | None = None) -> Preview:
    """What an `up` of the same files would do to a running lab; raises what observing raises."""
    return _preview(loaded.topology, loaded.saved, (), kernel or linux())


def _preview(
    topology: Topology, saved: Saved | None, warnings: tuple[Problem, ...], machine: Kernel
) -> Preview:
    only = _first_pass(topology, saved, machine, wait=False)
    machine.check_names(only.plan)
    return Preview(topology.lab.name, only.plan, warnings, only.cluster, only.desired)


def up(
    sources: Sequence[SourceText],
    *,
    wait: bool = True,
    timeout: float = 60.0,
    listener: Listener = NOBODY,
    kernel: Kernel | None = None,
) -> Outcome:
    """Bring the machine to what the files say; raises LabnetError.

    With `wait` it returns when every container runs, every init container has ended, and Services
    have the endpoints that are ready; raises Failed if containers take longer than `timeout`
    seconds. Without, pods are endpoints before they run.
    """
    began = time.monotonic()
    machine = kernel or linux()
    parsed = parse(sources)
    lab = parsed.topology.lab.name
    folder = LabFolder(lab)
    notes: tuple[str, ...] = ()
    with folder.locked(waiting=listener.waiting):
        work = _Work(tuple(sources), parsed.topology, folder, machine, listener)
        done = work.begin(wait=wait)
        work.apply(done)
        if wait:
            done, notes = work.finish(done, timeout - (time.monotonic() - began))
    seconds = time.monotonic() - began
    return Outcome(lab, done.plan, parsed.warnings, done.cluster, seconds, notes)


def _first_pass(topology: Topology, saved: Saved | None, machine: Kernel, *, wait: bool) -> _Pass:
    """All that there is to do, but for endpoints that a second pass is to add.

    In a lab that is up, pods are ready as the container runtime says. Those that are to start are
    not ready yet if there is to be a second pass (`wait`), and are if there is none.
    """
    facts = saved.facts if saved else Facts()
    cluster = resolve(topology, facts)
    desired = compile_state(cluster)
    lab = topology.lab.name
    observed = machine.observe(lab, desired)
    if saved is not None:
        starting = starting_pods(cluster, desired, observed)
        judged = _judged(facts, _expected(_readiness(topology, cluster), starting, wait=wait))
        if judged != facts:
            facts, cluster = judged, resolve(topology, judged)
            desired = compile_state(cluster)
    return _Pass(cluster, facts_of(cluster, facts), desired, plan(desired, observed))


def _second_pass(topology: Topology, first: _Pass) -> _Pass | None:
    """What is left to do once the first pass is done and waited for; None if nothing is."""
    judged = _judged(first.facts, _readiness(topology, first.cluster))
    if judged == first.facts:
        return None
    cluster = resolve(topology, judged)
    desired = compile_state(cluster)
    return _Pass(cluster, facts_of(cluster, judged), desired, plan(desired, first.desired))


def _readiness(topology: Topology, cluster: Cluster) -> Readiness | None:
    """Who is ready as the container runtime has it; None where no Service selects pods.

    There nobody needs to know, and a thousand containers are a long answer.
    """
    if not any(service.selector for service in topology.services):
        return None
    return readiness(cluster, container_statuses(topology.lab.name))


def _expected(now: Readiness | None, starting: frozenset[str], *, wait: bool) -> Readiness | None:
    """Who is to count as ready in a first pass: those that start do, if there is no second."""
    if now is None:
        return None
    unready = now.unready | starting if wait else now.unready - starting
    return Readiness(unready, now.ended - starting)


def _judged(facts: Facts, now: Readiness | None) -> Facts:
    """The facts, with who is ready as it is now; all are, where nobody knows."""
    now = now or Readiness()
    return replace(facts, unready=now.unready, ended=now.ended)


def load(lab: str) -> Loaded:
    """What a running lab was asked for; raises InputError if there is no such lab."""
    folder = LabFolder(lab)
    saved = read_saved(folder)
    if saved is None:
        if folder.exists():
            raise Failed(
                f"lab {lab} was never finished: `labnet up` it again, or `labnet down {lab}`"
            )
        raise InputError(f"no lab named {lab} is up; `labnet ls` lists those that are")
    topology = parse(saved.sources).topology
    return Loaded(resolve(topology, saved.facts), saved, topology)


def container_statuses(lab: str) -> Mapping[tuple[str, str], Status]:
    """What the container runtime says of each container, by pod key and container name."""
    from labnet.kernel.runtime.client import connect  # noqa: PLC0415  # few commands ask it

    client = connect(LabFolder(lab).path)
    if client is None:
        return {}
    with client:
        return {(item.process.pod, item.process.name): item for item in client.list()}
