"""Reading what containers have written: `labnet logs`."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from labnet.errors import Failed
from labnet.kernel import libc
from labnet.kernel.runtime.client import Client, connect
from labnet.kernel.runtime.logs import log_path, previous_path


_EVENTS = libc.IN_MODIFY | libc.IN_CREATE | libc.IN_MOVED_TO


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What `kubectl logs` can be told: `tail` is a number of lines, None for all."""

    follow: bool = False
    tail: int | None = None
    timestamps: bool = False
    previous: bool = False


def read_logs(
    folder: Path, pod: str, container: str, options: LogOptions | None = None
) -> Iterator[bytes]:
    """The lines that a container has written, with their newlines; `pod` is the pod's key.

    Following ends when the container does. Raises Failed if there is no such log.
    """
    chosen = options or LogOptions()
    path = folder / (previous_path if chosen.previous else log_path)(pod, container)
    if not path.exists():
        what = "previous container" if chosen.previous else "container"
        raise Failed(f"{what} {container} of {pod} has written no log")
    return _read(folder, path, (pod, container), chosen)


class LogParser:
    """The inverse of the CRI logging format; the parts of a long line are joined again."""

    def __init__(self, *, timestamps: bool = False) -> None:
        """`timestamps` keeps the time of each line before it."""
        self._timestamps = timestamps
        self._parts: dict[bytes, list[bytes]] = {}

    def texts(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The text of these lines of the log, each with a newline."""
        for line in lines:
            with suppress(ValueError):  # a line that the disk had no room for
                stamp, stream, tag, text = line.split(b" ", 3)
                first = [stamp + b" "] if self._timestamps else []
                parts = self._parts.setdefault(stream, first)
                parts.append(text)
                if tag == b"F":
                    yield b"".join(self._parts.pop(stream)) + b"\n"


class _Tail:
    """The end of a log that grows, and is put aside for a new one when it is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("rb")
        self._rest = b""

    def older(self) -> list[bytes]:
        """The lines that were put aside before, unless that is this very file by now."""
        try:
            with Path(f"{self._path}.1").open("rb") as older:
                same = os.path.sameopenfile(older.fileno(), self._file.fileno())
                return [] if same else older.read().splitlines()
        except FileNotFoundError:
            return []

    def lines(self) -> Iterator[bytes]:
        """The lines that are whole now and have not been read yet, over to the newest file."""
        while True:
            moved = self._newer()  # asked first: nothing is written to a file that has moved
            *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
            yield from lines
            if moved is None:
                return
            self.close()
            self._file = moved

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _newer(self) -> BinaryIO | None:
        """The file at the path, if it is another."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return None
        if os.path.sameopenfile(file.fileno(), self._file.fileno()):
            file.close()
            return None
        return file


def _read(
    folder: Path, path: Path, container: tuple[str, str], options: LogOptions
) -> Iterator[bytes]:
    """What is there, and with `follow` what comes."""
    client = _watch(folder, *container) if options.follow and not options.previous else None
    tail = _Tail(path)
    parser = LogParser(timestamps=options.timestamps)
    try:
        texts = parser.texts(chain(tail.older(), tail.lines()))
        yield from texts if options.tail is None else deque(texts, options.tail)
        if client:
            for _ in _changes(path.parent, client):
                yield from parser.texts(tail.lines())
    finally:
        tail.close()
        if client:
            client.close()


def _watch(folder: Path, pod: str, container: str) -> Client | None:
    """A client that hears when the container ends; None if it does not run."""
    client = connect(folder)
    if client is None:
        return None
    running = [
        item.key
        for item in client.list()
        if (item.process.pod, item.process.name) == (pod, container) and item.exit_status is None
    ]
    if not running:
        client.close()
        return None
    client.watch(running)
    return client


def _changes(folder: Path, client: Client) -> Iterator[None]:
    """Whenever something in the folder may have changed, a last time when the container ends."""
    changes = libc.inotify_init1()
    try:
        libc.inotify_add_watch(changes, str(folder), _EVENTS)
        poll = select.poll()
        poll.register(changes, select.POLLIN)
        poll.register(client.fileno(), select.POLLIN)
        ended = False
        while not ended:
            yield
            ended = any(fd == client.fileno() for fd, _ in poll.poll())
            with suppress(BlockingIOError):
                os.read(changes, 65536)
        yield
    finally:
        os.close(changes)
