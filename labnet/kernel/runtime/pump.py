"""Reads what comes out of one container: how its start went, and its two streams for the log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

from labnet.kernel.runtime.launch import Launched
from labnet.kernel.runtime.logs import LineCutter, LogFile
from labnet.kernel.runtime.loop import Loop


_CHUNK = 64 * 1024


class Pump:
    """The pipes of one container, until each has ended."""

    def __init__(
        self, loop: Loop, launched: Launched, log: LogFile, reported: Callable[[bytes], None]
    ) -> None:
        """Begin to read; `reported` is called once, with what the report says."""
        self._loop = loop
        self._log = log
        self._reported = reported
        self._report = b""
        self._readers: dict[int, Callable[[], bool]] = {
            launched.report: partial(self._read_report, launched.report),
            launched.stdout: partial(self._read_stream, launched.stdout, LineCutter("stdout")),
            launched.stderr: partial(self._read_stream, launched.stderr, LineCutter("stderr")),
        }
        for fd in self._readers:
            loop.watch(fd, partial(self._read, fd))

    def finish(self) -> None:
        """Read the rest: those who could write are dead."""
        for fd in list(self._readers):
            while fd in self._readers and self._read(fd):
                pass
            self._close(fd)

    def _read(self, fd: int) -> bool:
        """Read once; whether there may be more."""
        try:
            more = self._readers[fd]()
        except BlockingIOError:
            return False
        if not more:
            self._close(fd)
        return more

    def _close(self, fd: int) -> None:
        if self._readers.pop(fd, None):
            self._loop.forget(fd)
            os.close(fd)

    def _read_report(self, fd: int) -> bool:
        data = os.read(fd, _CHUNK)
        self._report += data
        if not data:
            self._reported(self._report)
        return bool(data)

    def _read_stream(self, fd: int, cutter: LineCutter) -> bool:
        data = os.read(fd, _CHUNK)
        now = time.time_ns()
        lines = cutter.cut(data, now) if data else cutter.rest(now)
        if lines:
            self._log.append(lines)
        return bool(data)
