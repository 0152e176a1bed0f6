"""The runtime's socket: takes requests and answers them, in whatever order they are done.

    start   process + descriptor of its network namespace   no answer
    commit  timeout                                         statuses of all that were started since
    list                                                    statuses
    stop    keys, grace                                     when they are gone
    settle  keys, timeout                                   statuses, when they are settled
    wait    keys, timeout                                   statuses, when they have ended
    open    key                                             a pidfd of the container's init
    end                                                     when all are gone, and it ends

What a client has started but not committed when it goes away is forgotten.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from labnet.errors import Failed
from labnet.kernel.runtime.containers import Container, Phase
from labnet.kernel.runtime.keeper import Keeper
from labnet.kernel.runtime.loop import Loop
from labnet.kernel.runtime.protocol import (
    OTHER_VERSION,
    Inbox,
    Message,
    Outbox,
    process_from_json,
    status_to_json,
)
from labnet.state.base import Key
from labnet.state.process import Process


class Server:
    """Accepts clients."""

    def __init__(self, loop: Loop, keeper: Keeper, sock: socket.socket) -> None:
        """`sock` listens and does not block."""
        self._loop = loop
        self._keeper = keeper
        self._sock = sock
        loop.watch(sock.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._sock.accept()
        except OSError:  # gone again, or there are no descriptors left: it will try again
            return
        client.setblocking(False)
        _Connection(self._loop, self._keeper, client)


class _Connection:
    """One client."""

    def __init__(self, loop: Loop, keeper: Keeper, sock: socket.socket) -> None:
        self._loop = loop
        self._keeper = keeper
        self._sock = sock
        self._inbox = Inbox()
        self._outbox = Outbox(sock)
        self._pending: list[tuple[Process, int]] = []
        self._problem = ""
        self._open = True
        loop.watch(sock.fileno(), self._read)

    def _read(self) -> None:
        """Take what has come; a client that cannot speak is sent away."""
        try:
            for message, files in self._inbox.read(self._sock):
                self._take(message, files)
        except BlockingIOError:
            pass
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            self._close()

    def _take(self, message: Message, files: list[int]) -> None:
        """Do what one message asks for."""
        if message["op"] == "start":
            self._start(message, *files)
            return
        for file in files:
            os.close(file)
        requests: dict[str, Callable[[Message], None]] = {
            "commit": self._commit,
            "list": self._list,
            "stop": self._stop,
            "settle": self._settle,
            "wait": self._wait,
            "open": self._pidfd,
            "end": self._end,
        }
        try:
            requests[message["op"]](message)
        except Failed as error:
            self._answer(message, error=str(error))

    def _start(self, message: Message, netns: int) -> None:
        """Remember what is to start; a process of another version has other fields."""
        try:
            self._pending.append((process_from_json(message["process"]), netns))
        except TypeError:
            self._problem = OTHER_VERSION
            os.close(netns)

    def _commit(self, message: Message) -> None:
        if self._problem:
            raise Failed(self._problem)
        started: list[Container] = []
        pending, self._pending = self._pending, []
        try:
            while pending:
                started.append(self._keeper.add(*pending.pop(0)))
        finally:
            _close_files(pending)
            self._keeper.begin(item.pod for item in started)
        self._settle({**message, "keys": [item.process.key for item in started]})

    def _settle(self, message: Message) -> None:
        keys = _keys(message)
        done = partial(self._answer_statuses, message, keys)
        self._keeper.when(keys, lambda item: item.is_settled, message["timeout"], done)

    def _list(self, message: Message) -> None:
        keys = [item.process.key for item in self._keeper.containers()]
        self._answer_statuses(message, keys)

    def _stop(self, message: Message) -> None:
        self._keeper.end(_keys(message), message["grace"], partial(self._answer, message))

    def _wait(self, message: Message) -> None:
        keys = _keys(message)
        done = partial(self._answer_statuses, message, keys)
        self._keeper.when(keys, lambda item: item.phase is Phase.ENDED, message["timeout"], done)

    def _pidfd(self, message: Message) -> None:
        (key,) = _keys(message)
        container = self._keeper.find(key)
        if container is None or container.phase is not Phase.RUNNING:
            raise Failed(f"{' '.join(key)} is not running")
        try:
            pidfd = os.pidfd_open(container.pid)  # ours until it is reaped, so it is the right one
        except OSError as error:
            raise Failed(f"{' '.join(key)} cannot be joined: {error}") from error
        self._answer(message, files=[pidfd])

    def _end(self, message: Message) -> None:
        def done() -> None:
            self._answer(message)
            self._loop.stop()

        self._keeper.end_all(done)

    def _answer_statuses(self, message: Message, keys: Iterable[Key]) -> None:
        found = (self._keeper.find(key) for key in keys)
        self._answer(message, statuses=[status_to_json(item.status) for item in found if item])

    def _answer(self, message: Message, *, files: Iterable[int] = (), **words: Any) -> None:
        """Answer a request, if the client is still there to hear."""
        numbers = list(files)
        if not self._open:
            _close_files((None, number) for number in numbers)
            return
        self._outbox.put({"id": message["id"], "fds": len(numbers)} | words, numbers)
        self._write()

    def _write(self) -> None:
        try:
            done = self._outbox.send()
        except OSError:
            self._close()
        else:
            self._loop.watch_writing(self._sock.fileno(), None if done else self._write)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._loop.forget(self._sock.fileno())
            self._sock.close()
            self._inbox.close()
            self._outbox.close()
            _close_files(self._pending)


def _keys(message: Message) -> list[Key]:
    return [tuple(key) for key in message["keys"]]


def _close_files(pairs: Iterable[tuple[Any, int]]) -> None:
    for _, file in pairs:
        os.close(file)
