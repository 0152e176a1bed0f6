"""What agnhost writes: its answers to standard output, its log to standard error.

Log lines have klog's form, as the original's have. All goes out at once and past Python's own
buffers: a reader of the log sees the line of a request before the client sees the reply, and a
process that was forked cannot write its parent's buffer a second time.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import NoReturn


STDOUT = 1
STDERR = 2
# The original's log lines all carry the place where klog took over the standard logger.
SOURCE = "log.go:245"


class Exit(Exception):
    """The program ends with this status, at once."""

    def __init__(self, status: int) -> None:
        """`status` is the exit status, of which the kernel keeps the low eight bits."""
        self.status = status & 0xFF
        super().__init__(status)


def out(text: str) -> None:
    """Write `text` to standard output."""
    _write(STDOUT, text)


def error(text: str) -> None:
    """Write `text` to standard error, without a header."""
    _write(STDERR, text)


def log(text: str, severity: str = "I", source: str = SOURCE) -> None:
    """Write one line to the log; `severity` is klog's letter, I, W, E or F."""
    seconds, ns = divmod(time.time_ns(), 1_000_000_000)
    at = time.strftime("%m%d %H:%M:%S", time.localtime(seconds))
    line = text.removesuffix("\n")
    _write(STDERR, f"{severity}{at}.{ns // 1000:06} {os.getpid():7} {source}] {line}\n")


def fatal(text: str) -> NoReturn:
    """Log the reason and end the program with status 1, as the original does."""
    log(text)
    raise Exit(1)


def _write(fd: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    # A reader that went away must not end a server.
    with suppress(OSError):
        while data:
            data = data[os.write(fd, data) :]
