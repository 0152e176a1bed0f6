"""Who lives in the namespaces of a lab, and ending them; read from /proc."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from labnet.errors import Failed
from labnet.kernel.runtime.protocol import FOLDER_VARIABLE, LAB_VARIABLE, TITLES


DYING = 2.0
"""Seconds to wait for a process that is dying; longer than any takes that can."""


@dataclass(frozen=True, slots=True, order=True)
class LabProcess:
    """A process in a network namespace of a lab.

    `born`, in clock ticks since boot, tells it from a later one with the same number; `netns` is
    the inode of the namespace.
    """

    pid: int
    born: int
    netns: int
    command: str


def lab_processes(
    netns: Collection[int], lab: str
) -> tuple[tuple[LabProcess, ...], tuple[LabProcess, ...]]:
    """The processes in network namespaces with these inodes: the lab's own, and strangers.

    The lab's own are its containers and what `labnet exec` has started, which its environment
    says; and whatever is dying already, because it can be waited for and not be told apart.
    """
    parents = {pid: stat.parent for pid in _pids() if (stat := _stat(pid))}
    mark = _mark(LAB_VARIABLE, lab)
    ours: list[LabProcess] = []
    strangers: list[LabProcess] = []
    for pid in parents:
        inode = _netns(pid)
        if inode in netns and (stat := _stat(pid)):
            process = LabProcess(pid, stat.born, inode, _command(pid))
            own = mark in _environment(pid) or stat.is_dying or stat.is_init
            own = own or _has_runtime(pid, parents, mark)
            (ours if own else strangers).append(process)
    return tuple(sorted(ours)), tuple(sorted(strangers))


def runtime_processes(folder: Path) -> tuple[int, ...]:
    """The process ids of the runtime of the lab in this folder, and of all that it has forked.

    They carry the folder in their environment, which a fork keeps until it dies.
    """
    return tuple(pid for pid in _pids() if is_of_runtime(pid, folder))


def is_of_runtime(pid: int, folder: Path) -> bool:
    """Whether a process is one of `runtime_processes`."""
    return _mark(FOLDER_VARIABLE, str(folder.resolve())) in _environment(pid)


def kill_runtime(folder: Path, timeout: float) -> None:
    """Kill the processes of `runtime_processes`, and wait until there are none.

    Raises Failed if one of them does not go in so many seconds.
    """
    end = time.monotonic() + timeout
    while found := runtime_processes(folder):
        _kill(found, lambda pid: is_of_runtime(pid, folder), end)


def wait_for_dying() -> None:
    """Wait a little for inits that are dying, of this lab and of all others.

    What is dying has no environment any more that tells whose it is. A container's processes die
    before its init does.
    """
    dying = [pid for pid in _pids() if (stat := _stat(pid)) and stat.is_dying and stat.is_init]
    _kill(dying, is_dying, time.monotonic() + DYING)


def kill_processes(processes: Iterable[LabProcess], timeout: float) -> None:
    """Kill processes, and wait until they are gone; raises Failed if one does not go in time."""
    born = {process.pid: process.born for process in processes}
    end = time.monotonic() + timeout
    _kill(born, lambda pid: (stat := _stat(pid)) is not None and stat.born == born[pid], end)


def wait_for_end(pidfd: int, end: float) -> bool:
    """Whether the process ends before the time (of the monotonic clock); if a child, bury it."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    if not poll.poll(max(0, end - time.monotonic()) * 1000):
        return False
    with suppress(ChildProcessError):
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    return True


def is_dying(pid: int) -> bool:
    """Whether a process is about to go; it executes nothing any more."""
    stat = _stat(pid)
    return stat is not None and stat.is_dying


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal or a debugger, and so will not answer."""
    stat = _stat(pid)
    return stat is not None and stat.state in {"T", "t"}


def _kill(pids: Iterable[int], is_meant: Callable[[int], bool], end: float) -> None:
    """Kill processes and wait; each is checked once its pidfd keeps its number from a new one.

    One that is dying need not be gone: an init waits for zombies, whose parent may be a `labnet
    exec` that somebody has suspended.
    """
    pidfds: dict[int, int] = {}
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                pidfds[pid] = os.pidfd_open(pid)
                if is_meant(pid):
                    signal.pidfd_send_signal(pidfds[pid], signal.SIGKILL)
                else:
                    os.close(pidfds.pop(pid))
        soon = min(end, time.monotonic() + DYING)
        for pid, pidfd in pidfds.items():
            if wait_for_end(pidfd, soon) or is_dying(pid) or wait_for_end(pidfd, end):
                continue
            if not is_dying(pid):
                raise Failed(f"process {pid} ({_command(pid)}) was killed, but does not end")
    finally:
        for pidfd in pidfds.values():
            os.close(pidfd)


def _has_runtime(pid: int, parents: Mapping[int, int], mark: bytes) -> bool:
    """Whether a runtime of this lab is among the ancestors."""
    while pid := parents.get(pid, 0):
        environment = _environment(pid)
        if mark in environment:
            return any(word.startswith(_RUNTIME) for word in environment)
    return False


_RUNTIME = f"{FOLDER_VARIABLE}=".encode()


def _mark(variable: str, value: str) -> bytes:
    return f"{variable}={value}".encode()


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _read(pid: int, name: str) -> bytes:
    """A file of a process's; nothing if the process is gone or another's."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


class _Stat(NamedTuple):
    """Some of /proc/PID/stat (proc_pid_stat(5)); `born` is in clock ticks since boot."""

    name: str
    state: str
    parent: int
    flags: int
    born: int

    @property
    def is_dying(self) -> bool:
        """Whether it is about to go, but not dead yet."""
        return bool(self.flags & _PF_EXITING) and self.state not in {"X", "Z"}

    @property
    def is_init(self) -> bool:
        """Whether it is a container's, or a runtime's fork that has not become one yet."""
        return self.name.strip() in TITLES


_PF_EXITING = 0x4  # include/linux/sched.h


def _stat(pid: int) -> _Stat | None:
    """What the kernel says of a process; None if there is none."""
    before, _, after = _read(pid, "stat").decode(errors="replace").rpartition(")")
    if not after:
        return None
    fields = after.split()
    name = before.partition("(")[2]
    return _Stat(name, fields[0], int(fields[1]), int(fields[6]), int(fields[19]))


def _netns(pid: int) -> int:
    """The inode of its network namespace, 0 if it has none any more."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return 0


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")


def _command(pid: int) -> str:
    """The command as ps shows it."""
    words = _read(pid, "cmdline").rstrip(b"\0") or _read(pid, "comm").rstrip()
    return words.replace(b"\0", b" ").decode(errors="replace")
