"""Keeps the containers of a lab: starts them in turn, ends them and buries them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from labnet.errors import Failed
from labnet.kernel.runtime.census import DYING, is_dying
from labnet.kernel.runtime.containers import Container, Phase, runnable, stuck
from labnet.kernel.runtime.init import NOT_STARTED, shell_status
from labnet.kernel.runtime.launch import Launched, Origin, launch
from labnet.kernel.runtime.logs import LogFile
from labnet.kernel.runtime.loop import Loop, Timer
from labnet.kernel.runtime.pump import Pump
from labnet.kernel.runtime.volumes import make_volumes, remove_volumes
from labnet.state.base import Key
from labnet.state.process import Process


Pod = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who wants to know when all of some containers are as wanted, or forgotten."""

    pending: set[Key]
    wanted: Callable[[Container], bool]
    done: Callable[[], None]
    timer: Timer | None = None


class Keeper:
    """All containers of a lab; it answers by calling back, because it must not wait."""

    def __init__(self, loop: Loop, origin: Origin, folder: int) -> None:
        """`folder` is a descriptor of the lab's folder."""
        self._loop = loop
        self._origin = origin
        self._folder = folder
        self._containers: dict[Key, Container] = {}
        self._pods: dict[Pod, list[Container]] = {}
        self._pumps: dict[int, tuple[Container, Pump]] = {}
        self._waiters: list[_Waiter] = []

    def containers(self) -> Iterable[Container]:
        """All, in the order in which they were asked for."""
        return self._containers.values()

    def find(self, key: Key) -> Container | None:
        """The container with this key."""
        return self._containers.get(key)

    def add(self, process: Process, netns: int) -> Container:
        """Take in a container that is to start; `begin` starts it. The descriptor is kept.

        One that is the same and has not ended is left alone; raises Failed if it is not the same.
        """
        old = self._containers.get(process.key)
        if old and old.phase is not Phase.ENDED:
            os.close(netns)
            if old.process == process and not old.doomed:
                return old
            raise Failed(f"{process} has not ended")
        new = Container(process, netns, restarts=old.restarts + 1 if old else 0)
        if old:
            self._forget(old)
        self._containers[process.key] = new
        self._pods.setdefault(new.pod, []).append(new)
        return new

    def begin(self, pods: Iterable[Pod]) -> None:
        """Start what is to start of these pods, as far as it is its turn."""
        for pod in dict.fromkeys(pods):
            members = self._pods.get(pod, ())
            hopeless = stuck(members)
            for container in members:
                container.blocked = container in hopeless
            for container in hopeless:
                self._changed(container)
            for container in runnable(members):
                container.phase = Phase.CREATING
                self._loop.next(partial(self._launch, container))

    def end(self, keys: Iterable[Key], grace: float | None, done: Callable[[], None]) -> None:
        """End containers and forget them: SIGTERM, and SIGKILL after `grace` or their own."""
        containers = [item for key in keys if (item := self._containers.get(key))]
        for container in containers:
            container.doomed = True
            if container.pid:
                os.kill(container.pid, signal.SIGTERM)
                seconds = container.process.grace if grace is None else grace
                self._loop.later(seconds, partial(self._kill, container))
            else:
                self._forget(container)
        self.when([item.process.key for item in containers], _never, None, done)

    def end_all(self, done: Callable[[], None]) -> None:
        """Kill all containers at once."""
        self.end(list(self._containers), 0, done)

    def when(
        self,
        keys: Iterable[Key],
        wanted: Callable[[Container], bool],
        timeout: float | None,
        done: Callable[[], None],
    ) -> None:
        """Call `done` when each of them is as wanted or forgotten, or after so many seconds."""
        known = [item for key in keys if (item := self._containers.get(key))]
        pending = {item.process.key for item in known if not wanted(item)}
        waiter = _Waiter(pending, wanted, done)
        self._waiters.append(waiter)
        if not pending:
            self._loop.next(partial(self._answer, waiter))
        elif timeout is not None:
            waiter.timer = self._loop.later(timeout, partial(self._answer, waiter))

    def reap(self) -> None:
        """Bury the containers that have ended."""
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, wait_status = found
                container, pump = self._pumps.pop(pid)
                pump.finish()
                if container.pid == pid:
                    self._ended(container, shell_status(wait_status))

    def _launch(self, container: Container) -> None:
        """Fork a container whose turn it is."""
        if container.doomed:
            return
        process = container.process
        try:
            volumes = make_volumes(process)
            log = LogFile(self._folder, process.pod, process.name)
            launched = launch(self._origin, process, container.netns, volumes)
        except OSError as error:
            container.cannot_run = f"cannot be forked: {error}"
            self._ended(container, NOT_STARTED)
        else:
            container.pid = launched.pid
            self._pump(container, launched, log)
        finally:
            if not process.init:
                _release(container)

    def _pump(self, container: Container, launched: Launched, log: LogFile) -> None:
        reported = partial(self._reported, container)
        self._pumps[launched.pid] = container, Pump(self._loop, launched, log, reported)

    def _reported(self, container: Container, report: bytes) -> None:
        """Take note of how a start went; a bad one is followed by the end."""
        if report:
            container.cannot_run = json.loads(report)[1]
        else:
            container.phase = Phase.RUNNING
            container.started_at = time.time()
            self._changed(container)

    def _ended(self, container: Container, status: int) -> None:
        """Take note of an end, and see what follows from it in the pod."""
        container.phase = Phase.ENDED
        container.pid = 0
        container.exit_status = status
        container.finished_at = time.time()
        if container.doomed:
            self._forget(container)
            return
        if container.may_retry:
            self._retry(container)
        elif container.process.init:
            _release(container)
            self.begin([container.pod])
        self._changed(container)

    def _kill(self, container: Container) -> None:
        """Kill a container that has not ended yet: its other processes die with its init."""
        if container.pid:
            os.kill(container.pid, signal.SIGKILL)
            self._loop.later(DYING, partial(self._give_up, container))

    def _give_up(self, container: Container) -> None:
        """Wait no more for an init that waits for a zombie with a parent elsewhere."""
        if container.pid and is_dying(container.pid):
            self._ended(container, 128 + signal.SIGKILL)

    def _retry(self, container: Container) -> None:
        """Try again later."""
        seconds = container.backoff
        container.wait_again()
        self._loop.later(seconds, partial(self._resume, container))

    def _resume(self, container: Container) -> None:
        container.retrying = False
        if not container.doomed:
            self.begin([container.pod])

    def _forget(self, container: Container) -> None:
        """Remove a container that has no processes, and the pod's volumes with the last."""
        _release(container)
        del self._containers[container.process.key]
        members = self._pods[container.pod]
        members.remove(container)
        if not members:
            del self._pods[container.pod]
            remove_volumes(container.process.pod)
        self._tell(container.process.key)

    def _changed(self, container: Container) -> None:
        """Tell those who wait for what a container is now."""
        self._tell(container.process.key, container)

    def _tell(self, key: Key, container: Container | None = None) -> None:
        for waiter in self._waiters.copy():
            if key in waiter.pending and (container is None or waiter.wanted(container)):
                waiter.pending.remove(key)
                if not waiter.pending:
                    self._loop.next(partial(self._answer, waiter))

    def _answer(self, waiter: _Waiter) -> None:
        """Call back, once."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            if waiter.timer:
                waiter.timer.cancel()
            waiter.done()


def _release(container: Container) -> None:
    """Let go of the network namespace, which lives without it."""
    if container.netns >= 0:
        os.close(container.netns)
        container.netns = -1


def _never(container: Container) -> bool:
    del container
    return False
