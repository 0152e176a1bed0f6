"""One loop that waits for sockets, timers, signals and threads: all that a server here needs.

The loop runs in the thread that made it. `soon` is the only method that another thread may call.
"""

from __future__ import annotations

import _thread
import gc
import heapq
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from labnet.images.agnhost.log import Exit


READ = select.EPOLLIN
WRITE = select.EPOLLOUT
STACK = 512 << 10  # bytes; enough for the resolver, and 8 MB per thread would look alarming

# Go's answer to a signal that a program does not ask for, when it is its container's PID 1.
UNASKED = 2


class Loop:
    """Callbacks for what happens; `run` calls them until `exit`."""

    def __init__(self) -> None:
        """Open the epoll set, and the pipe by which signals and threads wake it.

        From now on a signal that nobody asks for ends `run` with status 2, as it ends a Go program.
        """
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._soon: deque[Callable[[], None]] = deque()
        self._status: int | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._wake_read, READ, self._woken)
        # Without it a signal between a check and the wait would wait for the next event.
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.on_signal(number, lambda: self.exit(UNASKED))

    def watch(self, fd: int, events: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` is ready for `events` (or has failed)."""
        if fd in self._callbacks:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._callbacks[fd] = callback

    def watches(self, fd: int) -> bool:
        """Whether `fd` is watched."""
        return fd in self._callbacks

    def unwatch(self, fd: int) -> None:
        """Stop watching `fd`, before it is closed; nothing when it is not watched."""
        if self._callbacks.pop(fd, None):
            self._epoll.unregister(fd)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` once, after that time."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback))

    def soon(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the loop's thread; may be called from any thread."""
        self._soon.append(callback)
        with suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_write, b"\0")

    def on_signal(self, number: signal.Signals, callback: Callable[[], None]) -> None:
        """Call `callback` when the process gets a signal."""
        signal.signal(number, lambda _number, _frame: self.soon(callback))

    def work(self, job: Callable[[], None]) -> None:
        """Run a job that may wait in a thread of its own; `Exit` in it ends the program."""

        def run() -> None:
            try:
                job()
            except Exit as end:
                status = end.status
                self.soon(lambda: self.exit(status))

        _thread.stack_size(STACK)
        _thread.start_new_thread(run, ())

    def exit(self, status: int) -> None:
        """End `run` after the present callback."""
        self._status = status & 0xFF

    def run(self) -> int:
        """Serve until `exit`, and return its status."""
        # What the parent had made is not garbage, and looking at it would copy its pages.
        gc.freeze()
        # The parent may ignore children, and then their status could not be read.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        while self._status is None:
            self._turn()
        return self._status

    def _turn(self) -> None:
        for fd, _events in self._epoll.poll(self._patience()):
            callback = self._callbacks.get(fd)
            if callback:
                callback()
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
        while self._soon:
            self._soon.popleft()()

    def _patience(self) -> float | None:
        if self._soon:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _woken(self) -> None:
        os.read(self._wake_read, 4096)
