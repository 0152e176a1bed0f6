"""The name under which a process that was forked without an exec is seen in ps."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

from labnet.kernel import libc


@cache
def _arguments() -> tuple[int, int]:
    """Where the kernel finds the process's arguments: address and length (proc_pid_stat(5)).

    A fork has them in the same place.
    """
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    return start, end - start


def set_title(title: str) -> None:
    """Show `title` instead of the runtime's own arguments, as much of it as there is room for."""
    text = title.encode()
    libc.prctl(libc.PR_SET_NAME, text.split(b" ")[0][:15])
    start, length = _arguments()
    if length:
        ctypes.memmove(start, text[: length - 1].ljust(length, b"\0"), length)
