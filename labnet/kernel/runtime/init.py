"""PID 1 of a container: starts the command, passes signals on, reaps, and ends as the command ends.

It is a fork of the runtime that never execs, so it owns only the memory that it writes to. All its
signals are blocked and waited for one at a time: no handler runs, and none is lost to a race.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from stat import S_ISREG
from typing import NoReturn

from labnet.kernel import libc
from labnet.kernel.runtime.title import set_title
from labnet.state.process import Process


FORWARDED = {
    signal.SIGALRM,
    signal.SIGCONT,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
}
WAITED = FORWARDED | {signal.SIGCHLD}
"""What the runtime blocks before it forks, and an init waits for."""

NOT_FOUND, NOT_EXECUTABLE, NOT_STARTED = 127, 126, 128
"""Exit statuses of a container whose command cannot be run; the first two are Docker's."""
REPORT = 3
"""The descriptor on which an init reports why it could not start, and closes when it has."""

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def run_init(child: int) -> int:
    """Look after `child` until it ends, and return its status as a shell has it (128 + signal)."""
    while True:
        received = signal.sigwaitinfo(WAITED).si_signo
        if received != signal.SIGCHLD:
            os.kill(child, received)
        elif (status := _reap(child)) is not None:
            return status


def rest_as_init() -> NoReturn:
    """Only reap, for commands that come from outside, until somebody kills it."""
    while True:
        if signal.sigwaitinfo(WAITED).si_signo == signal.SIGCHLD:
            _reap(0)


def _reap(child: int) -> int | None:
    """Bury all that have died; the status of `child`, if it is among them."""
    status = None
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == child:
                status = shell_status(found[1])
    except ChildProcessError:
        pass
    return status


def shell_status(wait_status: int) -> int:
    """The status of an ended process as a shell has it: 128 + the signal that killed it."""
    code = os.waitstatus_to_exitcode(wait_status)
    return 128 - code if code < 0 else code


def start_command(process: Process) -> int:
    """Start the container's program; its process id. Raises OSError if it cannot be executed."""
    environment = dict(process.env)
    if process.builtin:
        return _fork_builtin(process, environment)
    path = find_program(process.argv[0], environment.get("PATH", ""))
    return os.posix_spawn(
        path,
        process.argv,
        environment,
        setsid=True,
        setsigmask=(),
        setsigdef=(*FORWARDED, *_IGNORED_BY_PYTHON),
    )


def find_program(name: str, path: str) -> str:
    """The file that execvp(3) would run.

    Raises FileNotFoundError, or PermissionError if all that was found is not executable.
    """
    code = errno.ENOENT
    folders = [""] if "/" in name else path.split(":")
    for folder in folders:
        candidate = os.path.join(folder or ".", name)
        try:
            regular = S_ISREG(os.stat(candidate).st_mode)
        except OSError:
            continue
        if regular and os.access(candidate, os.X_OK):
            return candidate
        code = errno.EACCES
    raise OSError(code, os.strerror(code), name)


def _fork_builtin(process: Process, environment: Mapping[str, str]) -> int:
    """Fork a program of labnet's own: what it has imported is shared with all the others."""
    run = builtin(process.builtin)
    child = os.fork()
    if child == 0:
        os.close(REPORT)
        os.setsid()
        libc.prctl(libc.PR_SET_DUMPABLE, 1)  # as after an exec, so that `ss -p` can tell its name
        gc.freeze()
        gc.enable()
        for number in FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.environ.clear()
        os.environ.update(environment)
        set_title(f"{process.builtin} {' '.join(process.argv)}")
        os._exit(_call(run, process.argv))
    return child


def builtin(name: str) -> Callable[[tuple[str, ...]], int]:
    """The `main` of a program of `labnet.images`, or of any module whose name has a dot.

    Raises FileNotFoundError if there is none.
    """
    module = name if "." in name else f"labnet.images.{name}"
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from error
    main: Callable[[tuple[str, ...]], int] = found.main
    return main


def _call(run: Callable[[tuple[str, ...]], int], arguments: tuple[str, ...]) -> int:
    """Run a program to its end as the interpreter would: its status, and what it wrote."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # is a TextIOWrapper
    status = 1
    try:
        status = run(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # the last line of defence of a process
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return status & 0xFF
