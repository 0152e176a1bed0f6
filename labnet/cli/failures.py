"""From what went wrong to a line on standard error and an exit status; the console entry.

0  done                       LabnetError says 1, 2 or 3 (labnet.errors)
1  it did not work            an exception that nobody expected is a bug, and 1
2  the usage is wrong         click's UsageError
3  this machine cannot        no privilege, no memory, no room, no descriptors
130  interrupted                141  nobody reads the output any more
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from labnet.cli.program import program_name
from labnet.cli.root import root
from labnet.errors import LabnetError, MachineError, Problems


DEBUG = "LABNET_DEBUG"
INTERRUPTED = 130  # 128 and SIGINT: what a shell says of such an end
_COLLECTIONS = (100_000, 50, 100)
"""A file of 5,000 Services becomes a million objects without a cycle: to look for some as often as
Python does by itself would be a third of the work."""
_ADVICE = {
    errno.EACCES: "root is needed",
    errno.EPERM: "root is needed, with CAP_SYS_ADMIN and CAP_NET_ADMIN",
    errno.EMFILE: "raise the limit: `ulimit -n 1048576`",
    errno.ENFILE: "raise the limit: `sysctl -w fs.file-max=9223372036854775807`",
    errno.ENOMEM: "the machine has no memory left for it",
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EROFS: "labs need it to be writable",
}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that the arguments name, and exit."""
    gc.set_threshold(*_COLLECTIONS)
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run a command; the exit status. Whatever goes wrong has been said when it returns."""
    if sys.stdout is None:  # it was closed, and that is no reason to fail
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the end
    try:
        result = root.main(
            list(arguments),
            prog_name=program_name(),
            complete_var="_LABNET_COMPLETE",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except (click.Abort, KeyboardInterrupt):
        _say("labnet: interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        error.show()
        return 2
    except Exception as error:  # noqa: BLE001  # a traceback is always a bug
        return _explained(error)
    return result if isinstance(result, int) else 0


def _explained(error: Exception) -> int:
    """Say what an exception means, and return its status."""
    if os.environ.get(DEBUG):
        import traceback  # noqa: PLC0415  # nobody else pays for it

        traceback.print_exception(error)
    status, message = explanation(error)
    _say(message)
    try:
        sys.stdout.flush()
    except OSError:  # it is standard output itself that cannot be written
        _forget_stdout()
    return status


def explanation(error: Exception) -> tuple[int, str]:
    """The exit status and the words for an exception."""
    if isinstance(error, Problems):
        return error.exit_status, str(error)
    if isinstance(error, LabnetError):
        return error.exit_status, "\n".join(map(_prefixed, str(error).splitlines()))
    if isinstance(error, click.ClickException):
        return 2, f"labnet: {error.format_message()}"
    if isinstance(error, MemoryError):
        return MachineError.exit_status, "labnet: this machine has no memory left for it"
    if isinstance(error, OSError) and error.errno is not None:
        return _os_error(error)
    words = " ".join(f"{type(error).__name__}: {error}".split())
    report = f"(please report; {DEBUG}=1 shows the traceback)"
    return 1, f"labnet: internal error: {words} {report}"


def _prefixed(line: str) -> str:
    """A line of an error with our name before it; what is indented belongs to the one above."""
    return line if line.startswith(" ") else f"labnet: {line}"


def _os_error(error: OSError) -> tuple[int, str]:
    """What the system refused, and what helps; 3 if it is the machine's fault."""
    advice = _ADVICE.get(error.errno or 0)
    where = f"{error.filename}: " if error.filename else ""
    said = f"labnet: {where}{error.strerror}"
    if advice is None:
        return 1, said
    return MachineError.exit_status, f"{said}; {advice}"


def _say(message: str) -> None:
    """Print to standard error, if there is anybody left to read it."""
    try:
        click.echo(message, err=True)
    except OSError:
        return


def _forget_stdout() -> None:
    """Keep the interpreter from flushing into a pipe that nobody reads when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
