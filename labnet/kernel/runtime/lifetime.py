"""Starting and ending the runtime of a lab."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import labnet
from labnet.errors import Failed, LabnetError, MachineError
from labnet.kernel.runtime.census import (
    is_of_runtime,
    is_stopped,
    kill_runtime,
    wait_for_dying,
    wait_for_end,
)
from labnet.kernel.runtime.client import Client, connect
from labnet.kernel.runtime.protocol import FOLDER_VARIABLE, LAB_VARIABLE, SOCKET


LOG = "runtime.log"
"""What the runtime has to say that nobody else can hear, in the lab's folder."""

_READY = 3
_PATIENCE = 30  # seconds for it to start
_POLITENESS = 5  # seconds for it to end by itself
_TROUBLE = "the container runtime cannot start"
_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE)
_BOOT = """\
import sys
sys.path.append(sys.argv[1])
from labnet.kernel.runtime.__main__ import main
main(sys.argv[2:])
"""


class Spawned:
    """A runtime that runs, or is on its way."""

    def __init__(self, folder: Path, ready: int = -1, client: Client | None = None) -> None:
        """`ready` is the descriptor on which it says that it is there."""
        self._folder = folder
        self._ready = ready
        self._client = client

    def connect(self) -> Client:
        """A client of it, once it is there; the caller closes it.

        Raises MachineError if this machine cannot have one, Failed if it does not start.
        """
        client, self._client = self._client, None
        if client is None:
            if self._ready >= 0:
                self._wait()
            client = connect(self._folder)
        if client is None:
            raise Failed(f"{_TROUBLE}: see {self._folder / LOG}")
        return client

    def _wait(self) -> None:
        """Read what it says when it has taken charge, or cannot."""
        ready, self._ready = self._ready, -1
        words = b""
        try:
            poll = select.poll()
            poll.register(ready, select.POLLIN)
            while poll.poll(_PATIENCE * 1000) and (data := os.read(ready, 4096)):
                words += data
        finally:
            os.close(ready)
        said = json.loads(words) if words else {}
        if "error" in said:
            raise _failure(said["errno"], said["error"])


def spawn(folder: Path, lab: str, paths: Sequence[str] = ()) -> Spawned:
    """Start the runtime of a lab in its folder, unless one runs, and do not wait for it.

    To be called from the main thread: it dies with the calling thread until it has taken
    charge. `paths` are folders that programs may be imported from, beside labnet's own.
    Raises Failed if one runs that does not answer, OSError if there can be no process.
    """
    if client := connect(folder):
        return Spawned(folder, client=client)
    ready, write = os.pipe2(os.O_CLOEXEC)
    place = str(folder.resolve())
    root = str(Path(labnet.__file__).resolve().parents[1])
    python = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        os.posix_spawn(
            sys.executable,
            [*python, root, place, lab, str(os.getpid()), *paths],
            {LAB_VARIABLE: lab, FOLDER_VARIABLE: place},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, f"{place}/{LOG}", flags, 0o600),
                (os.POSIX_SPAWN_DUP2, write, _READY),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=_SIGNALS,
        )
    except OSError:
        os.close(ready)
        raise
    finally:
        os.close(write)
    return Spawned(folder, ready)


def shutdown(folder: Path, timeout: float = 30) -> None:
    """End the runtime of the lab in `folder` and all its containers, and wait until they are gone.

    It works on a runtime that hangs, is stopped, is dead or has just been started, and if there
    was none. Raises Failed if a process cannot be killed in so many seconds.
    """
    end = time.monotonic() + timeout
    ended = False
    with suppress(Failed):  # it is killed then
        ended = _ask_to_end(folder)
    kill_runtime(folder, max(0, end - time.monotonic()))
    if not ended:
        wait_for_dying()
    (folder / SOCKET).unlink(missing_ok=True)


def _ask_to_end(folder: Path) -> bool:
    """Let it bury its containers itself, because nobody else might; whether it has."""
    client = connect(folder)
    if client is None:
        return False
    with client, suppress(ProcessLookupError):
        pidfd = os.pidfd_open(client.pid)
        try:
            if is_of_runtime(client.pid, folder) and not is_stopped(client.pid):
                client.end(_POLITENESS)
                return wait_for_end(pidfd, time.monotonic() + _POLITENESS)
        finally:
            os.close(pidfd)
    return False


def _failure(code: int, words: str) -> LabnetError:
    """Why it cannot take charge, as an error of labnet's."""
    if code in {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENODEV}:
        return MachineError(f"{_TROUBLE} on this machine: {words}; see `labnet doctor`")
    return Failed(f"{_TROUBLE}: {words}")
