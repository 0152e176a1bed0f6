"""Forking a container: the runtime's half, and the child's until it is init."""

from __future__ import annotations

import errno
import gc
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from labnet.kernel import libc
from labnet.kernel.runtime import capabilities, init
from labnet.kernel.runtime.machine import Machine
from labnet.kernel.runtime.protocol import INIT_TITLE
from labnet.kernel.runtime.sandbox import enter_sandbox
from labnet.kernel.runtime.title import set_title
from labnet.state.process import Process


_ALL = 1 << 20  # more descriptors than there can be


@dataclass(frozen=True, slots=True)
class Origin:
    """Where containers come from.

    `parent` is a pidfd of the process that forks them, and `open_files` the soft limit that
    programs get, because the runtime has raised its own.
    """

    machine: Machine
    parent: int
    open_files: int


class Launched(NamedTuple):
    """A container that has been forked, and the ends of its pipes that are to be read.

    `report` says why it could not start, as JSON; it ends without a word when the command runs.
    """

    pid: int
    report: int
    stdout: int
    stderr: int


def launch(origin: Origin, process: Process, netns: int, volumes: Mapping[str, str]) -> Launched:
    """Fork a container into the network namespace `netns`; `volumes` are folders by their names.

    Raises OSError if there is no room. Whether it could be set up and its command run is said
    later, by its report.
    """
    pipes: list[tuple[int, int]] = []
    try:
        pipes.extend(os.pipe2(os.O_CLOEXEC) for _ in range(3))
        pid = libc.clone(libc.CLONE_NEWPID)
    except OSError:
        for end in (end for pipe in pipes for end in pipe):
            os.close(end)
        raise
    if pid == 0:
        _become(origin, process, netns, volumes, [write for _, write in pipes])
    for read, write in pipes:
        os.close(write)
        os.set_blocking(read, False)
    return Launched(pid, *(read for read, _ in pipes))


class CannotRun(Exception):
    """A container cannot be started: the exit status that Docker gives it, and why."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.status = status


def explain(error: OSError, name: str) -> tuple[int, str]:
    """The exit status and the words with which Docker says that a command cannot be executed."""
    status = init.NOT_FOUND if error.errno == errno.ENOENT else init.NOT_EXECUTABLE
    reason = (error.strerror or str(error)).lower()
    if error.errno == errno.ENOENT and "/" not in name and error.filename == name:
        reason = "executable file not found in $PATH"
    return status, f'exec: "{name}": {reason}'


def die_with(parent: int) -> None:
    """Be killed when the parent is, whose pidfd this is; it may be gone already (prctl(2))."""
    libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    poll = select.poll()
    poll.register(parent, select.POLLIN)
    if poll.poll(0):
        os._exit(init.NOT_STARTED)


def _become(
    origin: Origin,
    process: Process,
    netns: int,
    volumes: Mapping[str, str],
    pipes: Sequence[int],
) -> NoReturn:
    """Be the container to its end, as PID 1; `pipes` are its report, stdout and stderr."""
    status = init.NOT_STARTED
    try:
        gc.disable()  # a collection would write to all that is shared
        die_with(origin.parent)
        os.setsid()
        _take_pipes(pipes, netns)
        prepare(origin.machine, process, netns, volumes)
        os.closerange(init.REPORT + 1, _ALL)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (origin.open_files, hard))
        set_title(INIT_TITLE)
        child = _start(process)
        os.closerange(1, _ALL)
        status = init.run_init(child)
    except CannotRun as error:
        status = error.status
        os.write(init.REPORT, json.dumps([status, str(error)]).encode())
    except BaseException:  # noqa: BLE001  # it must not get into the runtime's loop
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _take_pipes(pipes: Sequence[int], netns: int) -> None:
    """Put the pipes where they belong, and let go of all else that is the runtime's."""
    report, stdout, stderr = pipes
    os.dup2(report, init.REPORT, inheritable=False)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.closerange(init.REPORT + 1, netns)
    os.closerange(netns + 1, _ALL)


def prepare(machine: Machine, process: Process, netns: int, volumes: Mapping[str, str]) -> None:
    """Be in the container's namespaces and working directory, with its capabilities.

    The calling process must be PID 1. Raises CannotRun.
    """
    try:
        libc.setns(netns, libc.CLONE_NEWNET)
        enter_sandbox(machine, process, volumes)
    except OSError as error:
        raise CannotRun(init.NOT_STARTED, f"cannot set up its root: {error}") from error
    try:
        _enter_folder(process.cwd)
    except OSError as error:
        message = f'chdir to "{process.cwd}": {(error.strerror or "").lower()}'
        raise CannotRun(init.NOT_EXECUTABLE, message) from error
    capabilities.drop(machine.last_capability)
    libc.prctl(libc.PR_SET_DUMPABLE, 0)  # else /proc/1/exe would lead to the machine's Python


def _enter_folder(path: str) -> None:
    """Go to the working directory, made as Docker makes it."""
    try:
        os.chdir(path)
    except FileNotFoundError:
        os.makedirs(path)
        os.chdir(path)


def _start(process: Process) -> int:
    """The process id of the container's command; raises CannotRun."""
    if not process.argv and not process.builtin:
        raise CannotRun(init.NOT_STARTED, "no command specified")
    try:
        return init.start_command(process)
    except OSError as error:
        name = process.builtin or process.argv[0]
        raise CannotRun(*explain(error, name)) from error
