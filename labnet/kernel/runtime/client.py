"""What the rest of the kernel room uses to have containers: requests to a lab's runtime."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from labnet.errors import Failed
from labnet.kernel.runtime.protocol import (
    OTHER_VERSION,
    SOCKET,
    Inbox,
    Message,
    Status,
    encode,
    process_to_json,
    status_from_json,
)
from labnet.state.base import Key
from labnet.state.process import Process


_PATIENCE = 30
"""Seconds after which a runtime that does not answer is taken to hang."""
_CREDENTIALS = struct.Struct("3i")


def connect(folder: Path) -> Client | None:
    """A client of the runtime of the lab in `folder`; None if none runs.

    Raises Failed if one runs that does not answer.
    """
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(_PATIENCE)
    try:
        directory = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        sock.close()
        return None
    try:
        sock.connect(f"/proc/self/fd/{directory}/{SOCKET}")  # a long path has no room in a sockaddr
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except BlockingIOError as error:
        sock.close()
        raise _hangs(folder.name) from error
    finally:
        os.close(directory)
    return Client(sock, folder.name)


def _hangs(lab: str) -> Failed:
    return Failed(f"the container runtime of {lab} does not answer; `labnet down {lab}` ends it")


class Client:
    """A connection to a lab's runtime; each method raises Failed if the runtime hangs or dies."""

    def __init__(self, sock: socket.socket, lab: str) -> None:
        """`sock` is connected, and blocks with a timeout."""
        self._sock = sock
        self._lab = lab
        self._inbox = Inbox()
        self._ids = count()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; what was started but not waited for is not started."""
        self._inbox.close()
        self._sock.close()

    def start(self, process: Process, netns: int) -> None:
        """Ask for a container in the network namespace of this descriptor, and do not wait.

        `started` begins with all that were asked for and says how it went. One that is running
        already is left alone, and one that has ended is started again.
        """
        self._send({"op": "start", "process": process_to_json(process), "fds": 1}, [netns])

    def started(self, timeout: float = 60) -> Sequence[Status]:
        """The containers asked for with `start`, once they are settled or the seconds are over.

        A container is settled when its command runs, has ended, or cannot be run (its `reason` is
        ContainerCannotRun then), or when it waits for an init container that has failed for good.
        """
        return self._statuses({"op": "commit", "timeout": timeout}, timeout)

    def settled(self, keys: Iterable[Key], timeout: float) -> Sequence[Status]:
        """The containers, once they are settled or the seconds are over."""
        return self._statuses({"op": "settle", "keys": list(keys), "timeout": timeout}, timeout)

    def list(self) -> Sequence[Status]:
        """All containers that were started and not stopped."""
        return self._statuses({"op": "list"})

    def stop(self, keys: Iterable[Key], grace: float | None = None) -> None:
        """End containers and forget them; returns when they are gone.

        Each gets SIGTERM, and SIGKILL after `grace` seconds (its process's own grace, if None).
        """
        wanted = list(keys)
        longest = self._longest_grace(wanted) if grace is None else grace
        self._request({"op": "stop", "keys": wanted, "grace": grace}, longest)

    def wait(self, keys: Iterable[Key], timeout: float | None = None) -> Sequence[Status]:
        """The containers, once they have ended or the seconds are over."""
        message = {"op": "wait", "keys": list(keys), "timeout": timeout}
        return self._statuses(message, float("inf") if timeout is None else timeout)

    def watch(self, keys: Iterable[Key]) -> None:
        """Ask to be told when containers have ended, by something to read on the connection."""
        self._send({"op": "wait", "keys": [*keys], "timeout": None, "id": next(self._ids)})

    def open(self, key: Key) -> int:
        """A pidfd of the init of a running container; it can be no other process's."""
        _, files = self._request({"op": "open", "keys": [key]})
        return files[0]

    def end(self, timeout: float) -> None:
        """Have the runtime kill all containers and bury them; it ends as soon as it has."""
        self._request({"op": "end"}, timeout, patience=0)

    def fileno(self) -> int:
        """The connection's descriptor, to poll for its end."""
        return self._sock.fileno()

    @property
    def pid(self) -> int:
        """The runtime's process id when it began to listen (SO_PEERCRED, unix(7))."""
        data = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid: int = _CREDENTIALS.unpack(data)[0]
        return pid

    def _longest_grace(self, keys: Sequence[Key]) -> float:
        wanted = set(keys)
        return max((item.process.grace for item in self.list() if item.key in wanted), default=0)

    def _statuses(self, message: Message, seconds: float = 0) -> Sequence[Status]:
        answer, _ = self._request(message, seconds)
        try:
            return [status_from_json(item) for item in answer["statuses"]]
        except TypeError as error:
            raise Failed(f"{self._lab}: {OTHER_VERSION}") from error

    def _request(
        self, message: Message, seconds: float = 0, patience: float = _PATIENCE
    ) -> tuple[Message, Sequence[int]]:
        """The answer to a request that takes the runtime so many seconds at most."""
        number = next(self._ids)
        self._send(message | {"id": number})
        self._sock.settimeout(None if seconds == float("inf") else seconds + patience)
        while True:
            for answer, files in self._receive():
                if answer["id"] == number:
                    if "error" in answer:
                        raise Failed(f"{self._lab}: {answer['error']}")
                    return answer, files

    def _send(self, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
        data = memoryview(encode(message))
        self._sock.settimeout(_PATIENCE)
        try:
            sent = socket.send_fds(self._sock, [data], list(files))
            self._sock.sendall(data[sent:])
        except OSError as error:
            raise self._failure(error) from error

    def _receive(self) -> Sequence[tuple[Message, Sequence[int]]]:
        try:
            return self._inbox.read(self._sock)
        except (OSError, EOFError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Failed:
        if isinstance(error, TimeoutError):
            return _hangs(self._lab)
        return Failed(
            f"the container runtime of {self._lab} has ended; `labnet up` starts it again"
        )
