"""What containers write, in files as kubelet has them (KEP-1342, CRI logging format).

    LAB/logs/POD/CONTAINER.log            the running container, `TIME STREAM TAG TEXT` a line
    LAB/logs/POD/CONTAINER.log.1          what was there before the file reached 10 MiB
    LAB/logs/POD/CONTAINER.previous.log   the end of the one before, as `logs --previous` shows it

POD is the pod's key with its slashes: `pod/default/web-1`. The tag is F for a whole line and P for
a part of one that is longer than 16 KiB.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path


FOLDER = "logs"
FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file before it is put aside: kubelet's `containerLogMaxSize`, with one file more."""
LINE_LIMIT = 16 * 1024
"""Bytes of a line before it is split, as containerd does it."""


def log_path(pod: str, container: str) -> str:
    """The log of a container, relative to the lab's folder."""
    return f"{FOLDER}/{pod}/{container}.log"


def previous_path(pod: str, container: str) -> str:
    """The log of the container's last run but one, relative to the lab's folder."""
    return f"{FOLDER}/{pod}/{container}.previous.log"


class LineCutter:
    """Cuts what comes from one stream of a container into lines of the log."""

    def __init__(self, stream: str) -> None:
        """`stream` is `stdout` or `stderr`."""
        self._full = f" {stream} F ".encode()
        self._part = f" {stream} P ".encode()
        self._rest = b""

    def cut(self, data: bytes, nanoseconds: int) -> bytes:
        """The lines that are complete now, as they were read at this time since the epoch."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        stamp = timestamp(nanoseconds)
        lines = [line for text in whole for line in self._lines(stamp, text)]
        while len(self._rest) >= LINE_LIMIT:
            head, self._rest = self._rest[:LINE_LIMIT], self._rest[LINE_LIMIT:]
            lines.append(b"".join((stamp, self._part, head, b"\n")))
        return b"".join(lines)

    def rest(self, nanoseconds: int) -> bytes:
        """The last line, which has no end, once there is no more to come."""
        text, self._rest = self._rest, b""
        return b"".join(self._lines(timestamp(nanoseconds), text)) if text else b""

    def _lines(self, stamp: bytes, text: bytes) -> list[bytes]:
        parts = []
        while len(text) > LINE_LIMIT:
            parts.append(b"".join((stamp, self._part, text[:LINE_LIMIT], b"\n")))
            text = text[LINE_LIMIT:]
        parts.append(b"".join((stamp, self._full, text, b"\n")))
        return parts


def timestamp(nanoseconds: int) -> bytes:
    """A time since the epoch in RFC 3339 with nanoseconds, in UTC."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return time.strftime(f"%Y-%m-%dT%H:%M:%S.{fraction:09d}Z", time.gmtime(seconds)).encode()


class LogFile:
    """The log of one container, bounded; it keeps no descriptor open."""

    def __init__(self, folder: int, pod: str, container: str, limit: int = FILE_LIMIT) -> None:
        """`folder` is a descriptor of the lab's; the log of an earlier run is put aside."""
        self._folder = folder
        self._path = log_path(pod, container)
        self._limit = limit
        _make_folders(folder, Path(self._path).parent)
        with suppress(FileNotFoundError):
            self._rename(previous_path(pod, container))
        with suppress(FileNotFoundError):
            os.unlink(f"{self._path}.1", dir_fd=folder)
        os.close(self._open())

    def append(self, lines: bytes) -> None:
        """Write lines, whole; what the disk has no room for is lost."""
        with suppress(OSError):
            file = self._open()
            try:
                if os.fstat(file).st_size + len(lines) > self._limit:
                    self._rename(f"{self._path}.1")
                    os.close(file)
                    file = self._open()
                os.write(file, lines)
            finally:
                os.close(file)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600, dir_fd=self._folder)

    def _rename(self, path: str) -> None:
        os.rename(self._path, path, src_dir_fd=self._folder, dst_dir_fd=self._folder)


def _make_folders(folder: int, path: Path) -> None:
    """Make a folder and those above it, relative to a descriptor."""
    for parent in (*reversed(path.parents[:-1]), path):
        with suppress(FileExistsError):
            os.mkdir(parent, 0o700, dir_fd=folder)
