"""The runtime of one lab; `spawn` starts it, nobody types it.

Arguments: the lab's folder, its name, the process id of the spawner, folders to import from. On
descriptor 3 it says that it has taken charge, or why it cannot.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress

from labnet.kernel import libc
from labnet.kernel.runtime.init import WAITED
from labnet.kernel.runtime.keeper import Keeper
from labnet.kernel.runtime.launch import Origin
from labnet.kernel.runtime.loop import Loop
from labnet.kernel.runtime.machine import claim_machine
from labnet.kernel.runtime.protocol import RUNTIME_TITLE, SOCKET, Message
from labnet.kernel.runtime.server import Server
from labnet.kernel.runtime.title import set_title


READY = 3
PRELOADED = ("labnet.images.agnhost",)
"""Programs whose import every container then shares."""

_BACKLOG = 128
_SIGINFO = 128  # bytes of a struct signalfd_siginfo
_EVENT = struct.Struct("iIII")  # struct inotify_event without its name


def main(arguments: Sequence[str]) -> None:
    """Take charge of a lab and keep its containers until the end."""
    folder, lab, spawner, *paths = arguments
    _die_with(int(spawner))
    os.closerange(READY + 1, 1 << 20)
    sys.path[:0] = paths
    for name in PRELOADED:
        importlib.import_module(name)  # now: its file may lie on a mount that is let go
    try:
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        open_files = _detach()
        origin = Origin(claim_machine(), os.pidfd_open(os.getpid()), open_files)
        _settle_memory()
        _remove_dead_socket(directory)  # before we watch for whoever removes ours
        changes = _watch_folder(directory)
        sock = _bind(directory)
    except OSError as error:
        _say({"error": str(error), "errno": error.errno})
        sys.exit(1)
    set_title(f"{RUNTIME_TITLE} {lab}")
    loop = Loop()
    keeper = Keeper(loop, origin, directory)
    Server(loop, keeper, sock)
    _watch_signals(loop, keeper)
    loop.watch(changes, lambda: loop.stop() if _socket_removed(changes) else None)
    _take_charge()
    loop.run()


def _die_with(spawner: int) -> None:
    """Until it is in charge, it must not outlive the one that wants it (prctl(2))."""
    libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != spawner:
        sys.exit(1)


def _detach() -> int:
    """Keep nothing of the caller's; the soft limit of open files that there was.

    The network namespace is an empty one, because the caller may be in one of the lab's, which
    must be able to go.
    """
    os.chdir("/")
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITED)
    libc.unshare(libc.CLONE_NEWNET)
    libc.prctl(libc.PR_SET_THP_DISABLE, 1)  # one huge page would cost more than a container
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


def _settle_memory() -> None:
    """Keep the collector from ever writing to what has been imported."""
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()


def _remove_dead_socket(folder: int) -> None:
    """The socket of a runtime that was killed."""
    with suppress(FileNotFoundError):
        os.unlink(SOCKET, dir_fd=folder)


def _bind(folder: int) -> socket.socket:
    """Listen in the lab's folder.

    A path through the descriptor is short enough for sockaddr_un, however long the lab's name is.
    Raises FileNotFoundError if the folder has been removed.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    sock.bind(f"/proc/self/fd/{folder}/{SOCKET}")
    sock.listen(_BACKLOG)
    return sock


def _watch_folder(folder: int) -> int:
    fd = libc.inotify_init1()
    libc.inotify_add_watch(fd, f"/proc/self/fd/{folder}", libc.IN_DELETE | libc.IN_MOVED_FROM)
    return fd


def _socket_removed(changes: int) -> bool:
    """Whether the socket is among the files that have been removed from the folder."""
    data = os.read(changes, 65536)
    while data:
        *_, length = _EVENT.unpack_from(data)
        name, data = data[_EVENT.size : _EVENT.size + length], data[_EVENT.size + length :]
        if name.rstrip(b"\0") == SOCKET.encode():
            return True
    return False


def _watch_signals(loop: Loop, keeper: Keeper) -> None:
    """Bury children; end when told to, as the machine does when it is shut down."""
    fd = libc.signalfd([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT])

    def received() -> None:
        number = int.from_bytes(os.read(fd, _SIGINFO)[:4], sys.byteorder)
        if number == signal.SIGCHLD:
            keeper.reap()
        else:
            loop.stop()

    loop.watch(fd, received)


def _take_charge() -> None:
    """Whoever wants to end it finds it now: it may outlive its spawner."""
    libc.prctl(libc.PR_SET_PDEATHSIG, 0)
    _say({})
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, READY, inheritable=False)  # so that no pipe of a container gets this number
    os.close(null)


def _say(message: Message) -> None:
    """Tell the spawner, if it still listens."""
    with suppress(BrokenPipeError):
        os.write(READY, json.dumps(message).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
