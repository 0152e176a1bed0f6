"""The runtime's loop: descriptors that can be read, things to do later, things to do next."""

from __future__ import annotations

import heapq
import select
import time
from collections import deque
from collections.abc import Callable
from itertools import count


Action = Callable[[], object]


class Timer:
    """Something that will be done at a time, unless it is cancelled."""

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        """Wait with `action`."""
        self.action: Action | None = action

    def cancel(self) -> None:
        """Never mind."""
        self.action = None


class Loop:
    """Runs one thing at a time until it is stopped; nothing that it calls may wait."""

    def __init__(self) -> None:
        """With nothing to do."""
        self._epoll = select.epoll()
        self._readers: dict[int, Action] = {}
        self._writers: dict[int, Action] = {}
        self._next: deque[Action] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._running = True

    def watch(self, fd: int, read: Action) -> None:
        """Call `read` whenever there is something to read."""
        self._readers[fd] = read
        self._epoll.register(fd, select.EPOLLIN)

    def watch_writing(self, fd: int, write: Action | None) -> None:
        """Call `write` whenever a watched descriptor takes data; None ends that."""
        if write is None:
            self._writers.pop(fd, None)
        else:
            self._writers[fd] = write
        self._epoll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if write else 0))

    def forget(self, fd: int) -> None:
        """Watch a descriptor no more; to be called before it is closed."""
        if self._readers.pop(fd, None):
            self._writers.pop(fd, None)
            self._epoll.unregister(fd)

    def next(self, action: Action) -> None:
        """Do it soon, one such thing a turn, so that nothing starves."""
        self._next.append(action)

    def later(self, seconds: float, action: Action) -> Timer:
        """Do it after some time."""
        timer = Timer(action)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def stop(self) -> None:
        """End `run` after this turn."""
        self._running = False

    def run(self) -> None:
        """Run until `stop`."""
        while self._running:
            for fd, events in self._epoll.poll(self._patience()):
                self._ready(fd, events)
            if self._next:
                self._next.popleft()()
            self._expire()

    def _ready(self, fd: int, events: int) -> None:
        """Call back; an earlier callback of the turn may have forgotten the descriptor."""
        if events & select.EPOLLOUT and (write := self._writers.get(fd)):
            write()
        if events & ~select.EPOLLOUT and (read := self._readers.get(fd)):
            read()

    def _patience(self) -> float:
        """How long nothing has to be done, in seconds."""
        if self._next:
            return 0
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        return max(0, self._timers[0][0] - time.monotonic()) if self._timers else -1

    def _expire(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.action:
                timer.action()
