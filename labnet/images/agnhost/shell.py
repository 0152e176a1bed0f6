"""Running a command for `/shell`, without what importing subprocess costs."""

from __future__ import annotations

import os
import signal

from labnet.images.agnhost.golang import error_text


SHELL = "/bin/sh"


def run_shell(command: str) -> tuple[str, str]:
    """The output (both streams) and the error, empty on success, of a shell command."""
    read, write = os.pipe2(os.O_CLOEXEC)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            SHELL,
            [SHELL, "-c", command],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, write, 1),
                (os.POSIX_SPAWN_DUP2, write, 2),
            ],
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
        )
    except (OSError, ValueError) as error:
        os.close(read)
        text = error_text(error) if isinstance(error, OSError) else "invalid argument"
        return "", f"fork/exec {SHELL}: {text}"
    finally:
        os.close(write)
        os.close(null)
    with os.fdopen(read, "rb", buffering=0) as pipe:
        output = pipe.read()
    _, status = os.waitpid(pid, 0)
    return output.decode("utf-8", "surrogateescape"), _outcome(status)


def _outcome(status: int) -> str:
    """How a process ended, in Go's words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}" if code else ""
    name = signal.strsignal(-code) or f"signal {-code}"
    return f"signal: {name.lower()}"
