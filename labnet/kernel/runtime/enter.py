"""Running a command inside: in a container, in a pod without processes, on a node or a host.

The command is a child of the caller's with the caller's standard streams and terminal. It is killed
when the caller is, and carries the lab's name in its environment, so that `labnet down` finds what
it leaves behind.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from labnet.errors import Failed
from labnet.kernel import libc
from labnet.kernel.runtime import capabilities, init
from labnet.kernel.runtime.foreground import (
    HELD,
    is_interactive,
    run_in_foreground,
    take_terminal,
)
from labnet.kernel.runtime.launch import CannotRun, die_with, explain, prepare
from labnet.kernel.runtime.machine import claim_machine
from labnet.kernel.runtime.protocol import INIT_TITLE, LAB_VARIABLE
from labnet.kernel.runtime.title import set_title
from labnet.kernel.runtime.volumes import make_volumes
from labnet.state.process import Process


_ALL = 1 << 20  # more descriptors than there can be
_INSIDE = libc.CLONE_NEWNS | libc.CLONE_NEWUTS | libc.CLONE_NEWIPC | libc.CLONE_NEWNET
_FORKED = struct.Struct("2i")  # what a helper says: process id, errno
_DEFAULTED = (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ)


def enter_container(pidfd: int, lab: str, process: Process, argv: Sequence[str]) -> int:
    """Run `argv` in a running container, and return its exit status as a shell has it.

    `pidfd` is of the container's init (`Client.open`); environment and working directory are the
    container's. 127 if there is no such command, 126 if it cannot be executed, with a line on
    stderr. Raises Failed if the container has ended.
    """
    interactive = is_interactive()
    last = capabilities.last_capability()
    terminal = {"TERM": os.environ.get("TERM", "xterm")} if interactive else {}
    environment = terminal | dict(process.env) | {LAB_VARIABLE: lab}

    def run() -> None:
        if interactive:
            take_terminal()
        libc.setns(pidfd, _INSIDE)
        with suppress(OSError):  # it may have been removed
            os.chdir(process.cwd)
        capabilities.drop(last)
        _execute(argv, environment)

    def fork() -> int:
        return _fork_beside(lambda: libc.setns(pidfd, libc.CLONE_NEWPID), 0, run)

    try:
        return run_in_foreground(fork, interactive=interactive)
    except OSError as error:
        raise Failed(f"{process} cannot be entered: {error.strerror}") from error


def enter_pod(netns: Path, lab: str, process: Process, argv: Sequence[str]) -> int:
    """Run `argv` as `enter_container` does, in a container that is made for it and goes with it.

    `process` describes the container; its own command is not run. `netns` is the pod's network
    namespace. Raises Failed if the container cannot be made.
    """
    inside = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    report, write = os.pipe2(os.O_CLOEXEC)
    try:
        container = _Resting(process, inside, write)
        pid = _fork_beside(container.claim, libc.CLONE_NEWPID, container.rest)
    except OSError as error:
        os.close(report)
        raise Failed(f"{process} cannot be entered: {error}") from error
    finally:
        os.close(write)
        os.close(inside)
    pidfd = os.pidfd_open(pid)
    try:
        if message := os.read(report, 4096).decode():
            raise Failed(f"{process} cannot be entered: {message}")
        return enter_container(pidfd, lab, process, argv)
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os.close(pidfd)
        os.close(report)


@dataclass(frozen=True, slots=True)
class Place:
    """A node or a host: where a command runs with the files and the rights of the machine.

    `netns` is the file of its network namespace. `files` (path to text) lie over those of the
    machine, where it has some.
    """

    lab: str
    netns: Path
    hostname: str
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def enter_netns(place: Place, argv: Sequence[str]) -> int:
    """Run `argv` on a node or a host, as `ip netns exec` does: with /sys of the namespace.

    Statuses as of `enter_container`. Raises OSError if there is no such namespace.
    """
    interactive = is_interactive()
    inside = os.open(place.netns, os.O_RDONLY | os.O_CLOEXEC)

    def run() -> None:
        if interactive:
            take_terminal()
        libc.setns(inside, libc.CLONE_NEWNET)
        libc.unshare(libc.CLONE_NEWNS | libc.CLONE_NEWUTS)
        libc.mount("", "/", "", libc.MS_SLAVE | libc.MS_REC)
        socket.sethostname(place.hostname)
        _show_files(place.files)
        with suppress(PermissionError):  # a user namespace may not be allowed to
            libc.mount("sysfs", "/sys", "sysfs")
        _execute(argv, {**place.environment, LAB_VARIABLE: place.lab})

    try:
        return run_in_foreground(lambda: _fork_beside(_nothing, 0, run), interactive=interactive)
    finally:
        os.close(inside)


class _Resting:
    """A container whose init only rests, for a command that comes from outside."""

    def __init__(self, process: Process, netns: int, report: int) -> None:
        self._process = process
        self._netns = netns
        self._report = report

    def claim(self) -> None:
        """In the helper: take stock of the machine."""
        self._machine = claim_machine()
        self._volumes = make_volumes(self._process)

    def rest(self) -> None:
        """In the container: be its init."""
        gc.disable()
        os.setsid()
        signal.pthread_sigmask(signal.SIG_BLOCK, init.WAITED)
        try:
            prepare(self._machine, self._process, self._netns, self._volumes)
        except CannotRun as error:
            os.write(self._report, str(error).encode())
            return
        set_title(INIT_TITLE)
        os.closerange(0, _ALL)
        init.rest_as_init()


def _nothing() -> None:
    pass


def _fork_beside(before: Callable[[], None], flags: int, main: Callable[[], None]) -> int:
    """The process id of a child that runs `main`, forked by a helper that has done `before`.

    So the caller need not go where the child is to be born, from where it might not come back.
    `flags` are new namespaces for the child. It is killed when the caller is. Raises OSError.
    """
    sys.stdout.flush()
    caller = os.pidfd_open(os.getpid())
    read, write = os.pipe2(os.O_CLOEXEC)
    helper = os.fork()
    if helper == 0:
        _help(before, flags, write)
        _be(main, caller)
    os.close(write)
    os.close(caller)
    words = os.read(read, _FORKED.size)
    os.close(read)
    os.waitpid(helper, 0)
    pid, code = _FORKED.unpack(words) if words else (0, errno.ECANCELED)
    if code:
        raise OSError(code, os.strerror(code))
    return int(pid)


def _help(before: Callable[[], None], flags: int, answer: int) -> None:
    """Fork the caller's child, say so and end; only the child returns."""
    words = _FORKED.pack(0, errno.ECANCELED)
    pid = -1
    try:
        libc.prctl(libc.PR_SET_DUMPABLE, 0)  # until its exec nobody in there can look into it
        before()
        pid = libc.clone(flags | libc.CLONE_PARENT)
        words = _FORKED.pack(pid, 0)
    except OSError as error:
        words = _FORKED.pack(0, error.errno or errno.ECANCELED)
    finally:
        if pid:
            os.write(answer, words)
            os._exit(0)


def _be(main: Callable[[], None], caller: int) -> NoReturn:
    """Be the child, to its end."""
    status = 1
    try:
        die_with(caller)
        main()
    except OSError as error:
        os.write(2, f"labnet: {error}\n".encode())
    except BaseException:  # noqa: BLE001  # it must not get into the caller's code
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _execute(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Execute the command, or say why not as a shell does."""
    for number in _DEFAULTED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    os.closerange(3, _ALL)
    try:
        path = init.find_program(argv[0], environment.get("PATH", os.defpath))
        os.execve(path, list(argv), dict(environment))  # noqa: S606  # as a person asked
    except OSError as error:
        status, message = explain(error, argv[0])
        os.write(2, f"labnet: {message}\n".encode())
        os._exit(status)


def _show_files(files: Mapping[str, str]) -> None:
    """Put files over those of the machine, in a mount namespace of one's own."""
    stage = "/sys"
    libc.mount("tmpfs", stage, "tmpfs", 0, "mode=0755")
    for number, (path, text) in enumerate(files.items()):
        source = f"{stage}/{number}"
        Path(source).write_text(text, encoding="utf-8")
        with suppress(FileNotFoundError):  # nothing to put it over
            libc.mount(source, path, "", libc.MS_BIND)
    libc.umount2(stage, libc.MNT_DETACH)
