"""A command in the foreground of the caller's terminal, as a shell runs a job (credentials(7))."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from labnet.kernel.runtime.init import shell_status


_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
HELD = (*_KEYBOARD, *_FORWARDED)
"""Signals that are blocked when the child is forked; it unblocks them before it executes."""
_TERMINAL = 0


def is_interactive() -> bool:
    """Whether a person sits at the terminal and this process is in its foreground.

    In a pipeline it is not: the terminal belongs to all of the pipeline's processes.
    """
    if not (os.isatty(0) and os.isatty(1)):
        return False
    with suppress(OSError):
        return os.tcgetpgrp(_TERMINAL) == os.getpgrp()
    return False


def take_terminal() -> None:
    """In the child, before it executes: be a job of one's own, in the foreground.

    It must be told apart from its parent's group, which is 0 in another PID namespace.
    """
    os.setpgid(0, 0)
    _give_terminal(os.getpgrp())


def run_in_foreground(fork: Callable[[], int], *, interactive: bool) -> int:
    """Fork a child, wait for it, and return its status as a shell has it (128 + signal).

    Signals to this process go to the child; those of the terminal it gets anyway. If it stops, so
    does this process, and both go on together.
    """
    old = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        child = fork()
        with _signals_to(child):
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
            status = _wait_for(child, os.WUNTRACED if interactive else 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    if interactive:
        _give_terminal(os.getpgrp())
    return shell_status(status)


def _wait_for(child: int, options: int) -> int:
    """The wait status with which a child ends."""
    while True:
        _, status = os.waitpid(child, options)
        if not os.WIFSTOPPED(status):
            return status
        _stop_with(child)


def _stop_with(child: int) -> None:
    """Give the terminal back and stop; once continued, continue the child."""
    _give_terminal(os.getpgrp())
    os.kill(0, signal.SIGTSTP)
    _give_terminal(child)
    os.killpg(child, signal.SIGCONT)


def _give_terminal(group: int) -> None:
    """Make a process group the foreground's, although one is in the background oneself."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with suppress(OSError):  # the terminal may have gone
            os.tcsetpgrp(_TERMINAL, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


@contextmanager
def _signals_to(child: int) -> Iterator[None]:
    """Pass signals on for a while, and survive those of the keyboard."""

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        with suppress(ProcessLookupError):
            os.kill(child, number)

    old = {number: signal.signal(number, forward) for number in _FORWARDED}
    old |= {n: signal.signal(n, signal.SIG_IGN) for n in _KEYBOARD}
    try:
        yield
    finally:
        for number, action in old.items():
            signal.signal(number, action)
