"""What the runtime and its clients say to each other: JSON with its length before it, and files.

A message is one JSON object; its key `fds` says how many descriptors came with it. Requests have an
`id` and are answered by a message with the same one, in any order.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from labnet.state.base import Key
from labnet.state.process import Process


SOCKET = "runtime.sock"
"""The socket's name in the lab's folder."""
LAB_VARIABLE, FOLDER_VARIABLE = "LABNET_LAB", "LABNET_RUNTIME"
"""What marks a process as labnet's in its environment: the lab, and of the runtime its folder."""

TITLES = RUNTIME_TITLE, INIT_TITLE = "labnet-runtime", "labnet-init"
"""The names under which ps shows a runtime, and the first process of a container."""
OTHER_VERSION = "its containers were started by another version of labnet: remove the lab first"
"""What is wrong when the two do not know the same fields of a Process."""

Message = dict[str, Any]
_LENGTH = struct.Struct(">I")
_LONGEST = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_FILES = 8  # descriptors that can come with one chunk; nobody sends more than one


@dataclass(frozen=True, slots=True)
class Status:
    """A container as the runtime knows it, `process` exactly as it was started.

    `pid` is that of its init as the reader sees it, 0 if there is none. `exit_status` is as a shell
    has it (128 + signal), None as long as it has not ended; `signal` is what killed it. The times
    are seconds since the epoch. `restarts` counts the runs before this one. `reason` is empty
    while it runs, else Kubernetes' word: PodInitializing, ContainerCreating, CrashLoopBackOff,
    ContainerCannotRun (`message` says why), Completed, Error.
    """

    process: Process
    running: bool = False
    pid: int = 0
    exit_status: int | None = None
    started_at: float | None = None
    finished_at: float | None = None
    restarts: int = 0
    reason: str = ""
    message: str = ""

    @property
    def key(self) -> Key:
        """The process's key."""
        return self.process.key

    @property
    def signal(self) -> int:
        """The signal that it died of, 0 if it did not."""
        return self.exit_status - 128 if self.exit_status and 128 < self.exit_status < 193 else 0

    @property
    def is_present(self) -> bool:
        """Whether there is nothing to heal: it runs, waits its turn, or has ended by rights.

        Kubernetes starts an ended container again unless its pod's restartPolicy says otherwise; an
        init container that has succeeded is done.
        """
        if self.exit_status is None:
            return True
        done = self.exit_status == 0
        return self.process.restart == "Never" or (
            done and (self.process.init or self.process.restart == "OnFailure")
        )


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    text = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(text)) + text


def process_to_json(process: Process) -> Message:
    """A Process as JSON has it."""
    return {item.name: getattr(process, item.name) for item in fields(process)}


def process_from_json(message: Mapping[str, Any]) -> Process:
    """The inverse: JSON's lists become tuples again."""
    return Process(**{name: _frozen(value) for name, value in message.items()})


def status_to_json(status: Status) -> Message:
    """A Status as JSON has it."""
    words = {item.name: getattr(status, item.name) for item in fields(status)}
    return words | {"process": process_to_json(status.process)}


def status_from_json(message: Mapping[str, Any]) -> Status:
    """The inverse."""
    return Status(**{**message, "process": process_from_json(message["process"])})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class Inbox:
    """Puts what comes over a socket together to messages and their descriptors."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._data = bytearray()
        self._files: deque[int] = deque()

    def read(self, sock: socket.socket) -> list[tuple[Message, list[int]]]:
        """Read once; the messages that are whole now, whose descriptors are the caller's.

        Raises EOFError at the end, ValueError if it is no message, OSError (BlockingIOError if
        nothing was there).
        """
        room = socket.CMSG_SPACE(_FILES * struct.calcsize("i"))
        data, ancillary, _, _ = sock.recvmsg(_CHUNK, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(payload)
                self._files.extend(numbers)
        if not data:
            raise EOFError
        self._data += data
        messages = []
        while (message := self._next()) is not None:
            files = [
                self._files.popleft() for _ in range(min(message.get("fds", 0), len(self._files)))
            ]
            messages.append((message, files))
        return messages

    def _next(self) -> Message | None:
        if len(self._data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._data)
        if length > _LONGEST:
            raise ValueError(f"a message of {length} bytes")
        end = _LENGTH.size + length
        if len(self._data) < end:
            return None
        message = json.loads(self._data[_LENGTH.size : end])
        del self._data[:end]
        if not isinstance(message, dict):
            raise ValueError("a message that is no object")  # noqa: TRY004  # it is the text's fault
        return message

    def close(self) -> None:
        """Close the descriptors that nobody has taken."""
        while self._files:
            os.close(self._files.popleft())


class Outbox:
    """What is to be sent over a socket that does not block."""

    def __init__(self, sock: socket.socket) -> None:
        """Nothing is waiting yet."""
        self._sock = sock
        self._waiting: deque[tuple[memoryview, tuple[int, ...]]] = deque()

    def put(self, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
        """Queue a message; `files` are closed when they have been sent."""
        self._waiting.append((memoryview(encode(message)), tuple(files)))

    def send(self) -> bool:
        """Send what the socket takes; whether that was all. Raises OSError if the other is gone."""
        while self._waiting:
            data, files = self._waiting[0]
            try:
                sent = socket.send_fds(self._sock, [data], list(files))
            except BlockingIOError:
                return False
            for file in files:
                os.close(file)
            self._waiting.popleft()
            if sent < len(data):
                self._waiting.appendleft((data[sent:], ()))
        return True

    def close(self) -> None:
        """Close what has not been sent."""
        for _, files in self._waiting:
            for file in files:
                with suppress(OSError):
                    os.close(file)
        self._waiting.clear()
