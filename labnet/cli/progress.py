"""How far a long operation has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO


if TYPE_CHECKING:  # `down` does without the rooms that `up` needs
    from labnet.plan import Op, Plan


PATIENCE = 0.5  # seconds after which one wants to know
_FRAME, _LINE = 0.1, 1.0  # seconds between two looks
_BAR = 24


class Progress:
    """Told of every operation; says so if it takes long."""

    def __init__(
        self,
        what: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`what` is being done: `up`, `down two-node`."""
        self._what = what
        self._stream = stream or sys.stderr
        self._clock = clock
        self._terminal = self._stream.isatty()
        self._next = clock() + PATIENCE
        self._total = 0
        self._done = 0
        self._drawn = False

    def planned(self, plan: Plan) -> None:
        """So many operations are to come."""
        self._total = len(plan)

    def advance(self, op: Op) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if now >= self._next:
            self._next = now + (_FRAME if self._terminal else _LINE)
            self._show(str(op.object))

    def waiting(self) -> None:
        """Another process is changing the lab."""
        self.say(f"{self._what}: another labnet is changing it; waiting")

    def say(self, line: str) -> None:
        """Print a line of its own."""
        self.close()
        print(f"labnet: {line}", file=self._stream, flush=True)

    def close(self) -> None:
        """Remove the bar."""
        if self._drawn:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
            self._drawn = False

    def _show(self, what: str) -> None:
        count = f"{self._done}/{self._total}" if self._total else str(self._done)
        if not self._terminal:
            noun = "operation" if count == "1" else "operations"
            print(f"labnet: {self._what}: {count} {noun}", file=self._stream, flush=True)
            return
        full = _BAR * self._done // self._total if self._total else 0
        bar = f"[{'#' * full}{'.' * (_BAR - full)}] " if self._total else ""
        line = f"{self._what} {bar}{count} {what}"
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{line[:width]}", end="", file=self._stream, flush=True)
        self._drawn = True
