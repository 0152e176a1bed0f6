"""Up, and what it would do: the river from text to kernel."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labnet.agent.folder import LabFolder
from labnet.agent.outcome import NOBODY, Listener, Outcome, linux
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


def preview(sources: Sequence[SourceText], kernel: Kernel | None = None) -> Preview:
    """What `up` would do; raises Problems, or what observing raises."""
    parsed = parse(sources)
    lab = parsed.topology.lab.name
    try:
        saved = read_saved(LabFolder(lab))
    except PermissionError:  # root has labs; observing fails too if this is one of them
        saved = None
    cluster = resolve(parsed.topology, saved.facts if saved else Facts())
    desired = compile_state(cluster)
    machine = kernel or linux()
    changes = plan(desired, machine.observe(lab, desired))
    machine.check_names(changes)
    return Preview(lab, changes, parsed.warnings, cluster, desired)


def up(
    sources: Sequence[SourceText],
    *,
    wait: bool = True,
    timeout: float = 60.0,
    listener: Listener = NOBODY,
    kernel: Kernel | None = None,
) -> Outcome:
    """Bring the machine to what the files say; raises LabnetError.

    With `wait` it returns when every container runs, and every init container has ended; raises
    Failed if that takes longer than `timeout` seconds.
    """
    began = time.monotonic()
    machine = kernel or linux()
    parsed = parse(sources)
    lab = parsed.topology.lab.name
    folder = LabFolder(lab)
    with folder.locked(waiting=listener.waiting):
        saved = read_saved(folder)
        facts = saved.facts if saved else Facts()
        try:
            cluster = resolve(parsed.topology, facts)
            desired = compile_state(cluster)
            changes = plan(desired, machine.observe(lab, desired))
            machine.check(changes)
            write_saved(folder, Saved(tuple(sources), facts_of(cluster, facts)))
        except BaseException:
            if saved is None:  # nothing was touched, so nothing may be left
                folder.remove()
                machine.tidy()
            raise
        listener.planned(changes)
        machine.apply(lab, changes, listener.progress)
        left = timeout - (time.monotonic() - began)
        notes = machine.wait_ready(lab, desired, left) if wait else ()
    return Outcome(lab, changes, parsed.warnings, cluster, time.monotonic() - began, notes)


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
