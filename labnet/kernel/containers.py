"""A lab's containers as objects of its State, through its container runtime."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labnet.errors import Failed
from labnet.kernel import netns
from labnet.kernel.listening import wait_listening
from labnet.kernel.runtime.census import kill_processes, lab_processes
from labnet.kernel.runtime.client import Client, connect
from labnet.kernel.runtime.lifetime import Spawned, shutdown, spawn
from labnet.kernel.runtime.protocol import Status
from labnet.kernel.wire import Progress
from labnet.plan import Op, Verb
from labnet.state import Process


_LISTEN = 5.0  # seconds for a server to begin to listen; none here takes a tenth of one
_PATIENCE = 10.0  # seconds for a process to go that has been killed


class Containers:
    """The containers of one lab; `folder` is the lab's."""

    def __init__(self, lab: str, folder: Path) -> None:
        """Nothing is asked or started yet."""
        self._lab = lab
        self._folder = folder
        self._spawned: Spawned | None = None

    def spawn(self) -> None:
        """Have a runtime, without waiting for it."""
        self._spawned = spawn(self._folder, self._lab)

    def observe(self, inodes: Mapping[int, str]) -> Iterator[tuple[Process, str]]:
        """Every container, and why it does not count as being there (empty if it does).

        `inodes` are the lab's namespaces: a container can outlive the name of its own.
        """
        client = connect(self._folder)
        if client is None:
            return
        with client:
            for status in client.list():
                yield status.process, _trouble(status, inodes)

    def apply(self, ops: list[Op], progress: Progress) -> None:
        """End what is to go or to change, then ask for what is to be; does not wait for it."""
        client = self._client()
        if client is None:
            return
        with client:
            new = [op.object for op in ops if op.verb is not Verb.DELETE]
            # What is to be added can be running: in a namespace that is not the lab's any more. One
            # that has ended is started again as it is, so that its restarts are counted.
            there = {status.key: status.running for status in client.list()}
            stop = [op.object.key for op in ops if there.get(op.object.key, False)]
            stop += [op.object.key for op in ops if op.verb is not Verb.ADD]
            client.stop(dict.fromkeys(key for key in stop if key in there))
            for process in new:
                assert isinstance(process, Process)
                fd = netns.open_netns(process.netns)
                try:
                    client.start(process, fd)
                finally:
                    os.close(fd)
            client.started(0)
        for op in ops:
            progress(op)

    def wait_ready(self, wanted: Sequence[Process], timeout: float) -> tuple[str, ...]:
        """Return when all of these run, and listen where they say, or have ended by rights.

        Raises Failed, with a line for each that does not run, after so many seconds at most. Not
        to listen is no failure, as it is none in Kubernetes: what is returned says who does not.
        """
        end = time.monotonic() + timeout
        client = connect(self._folder)
        if client is None:
            raise Failed(f"the container runtime of {self._lab} has ended; `labnet up` again")
        with client:
            statuses = client.settled([item.key for item in wanted], max(0.0, timeout))
        failures = [failure for status in statuses if (failure := _failure(status))]
        if failures:
            raise Failed("\n".join(failures))
        return wait_listening(statuses, min(end, time.monotonic() + _LISTEN))

    def end_all(self, inodes: Mapping[int, str]) -> tuple[str, ...]:
        """End the runtime and every process of labnet's in the lab; name those of others."""
        shutdown(self._folder)
        ours, strangers = lab_processes(inodes, self._lab)
        kill_processes(ours, _PATIENCE)
        return tuple(
            f"process {item.pid} ({item.command}) still runs in {inodes[item.netns]}, "
            "which goes when it ends"
            for item in strangers
        )

    def _client(self) -> Client | None:
        return self._spawned.connect() if self._spawned else connect(self._folder)


def _trouble(status: Status, inodes: Mapping[int, str]) -> str:
    """Why a container is to be started again; empty if it is not."""
    if status.running:
        return "" if _is_at_home(status, inodes) else "its network namespace is gone"
    if status.is_present:
        return ""
    return status.message or f"ended with exit status {status.exit_status}{_signal(status)}"


def _is_at_home(status: Status, inodes: Mapping[int, str]) -> bool:
    """Whether a container runs in the namespace that now has the name of its own."""
    try:
        inode = Path(f"/proc/{status.pid}/ns/net").stat().st_ino
    except OSError:  # it has ended since
        return False
    return inodes.get(inode) == status.process.netns


def _signal(status: Status) -> str:
    return f" (signal {status.signal})" if status.signal else ""


def _failure(status: Status) -> str:
    """What to tell of a container that is not ready; empty if it is."""
    process = status.process
    name = f"container {process.name} of {process.pod}"
    kind, _, where = process.pod.partition("/")
    hint = "" if kind == "node" else f"; see `labnet logs {where} -c {process.name}`"
    if status.exit_status is not None and not status.is_present:
        return f"{name}: {_trouble(status, {})}{hint}"
    if status.exit_status is None and not status.running:
        return f"{name} is not ready: {status.message or status.reason or 'no answer'}{hint}"
    return ""
