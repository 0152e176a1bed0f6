"""The subcommands that serve nothing: they print something, or wait."""

from __future__ import annotations

import os
import random
import signal
import string
import time
from collections.abc import Sequence
from pathlib import Path

from labnet.images.agnhost.command import PROGRAM, Command, Flag, Flags
from labnet.images.agnhost.golang import SECOND, duration, error_text, quoted
from labnet.images.agnhost.log import Exit, error, log, out


RESOLV_CONF = Path("/etc/resolv.conf")
HOSTS = Path("/etc/hosts")
TERMINATION_LOG = Path("/dev/termination-log")
PANIC = 2  # the exit status of a Go program that gives up
KLOG_FATAL = 255


def pause(_flags: Flags, _arguments: Sequence[str]) -> int:
    """Wait for a signal; SIGINT ends it with status 1, SIGTERM with 2, on purpose."""
    out("Paused\n")
    awaited = {signal.SIGINT, signal.SIGTERM}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    out("Signals registered\n")
    number = signal.sigwait(awaited)
    name = "interrupt" if number == signal.SIGINT else "terminated"
    message = f"exiting because of signal {quoted(name)}\n"
    _tell_kubelet(message)
    out(message)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return 1 if number == signal.SIGINT else 2


def _tell_kubelet(message: str) -> None:
    """Write the termination message, where there is a file for it.

    The original would make the file; here /dev may be the machine's own, which is to stay as it
    was.
    """
    path = Path(os.environ.get("TERMINATION_MESSAGE_PATH") or TERMINATION_LOG)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(fd, "w") as file:
        file.write(message)


def entrypoint_tester(_flags: Flags, arguments: Sequence[str]) -> int:
    """Print the whole command line as Go prints a list."""
    words = (f"/{PROGRAM}", "entrypoint-tester", *arguments)
    out(f"[{' '.join(words)}]\n")
    return 0


def _contents(path: Path) -> str:
    try:
        return path.read_text(errors="surrogateescape")
    except OSError as failed:
        error(f"panic: open {path}: {error_text(failed)}\n")
        raise Exit(PANIC) from None


def _resolver(keyword: str) -> str:
    """The values of the first line with this keyword, separated by commas."""
    for line in _contents(RESOLV_CONF).splitlines():
        if line.startswith(keyword):
            return ",".join(line.split(" ")[1:])
    error(f"panic: {RESOLV_CONF} has no {keyword} line\n")
    raise Exit(PANIC)


def dns_suffix(_flags: Flags, _arguments: Sequence[str]) -> int:
    """Print the search domains."""
    out(f"{_resolver('search')}\n")
    return 0


def dns_server_list(_flags: Flags, _arguments: Sequence[str]) -> int:
    """Print the addresses on the first nameserver line."""
    out(f"{_resolver('nameserver')}\n")
    return 0


def etc_hosts(_flags: Flags, _arguments: Sequence[str]) -> int:
    """Print the hosts file."""
    out(f"{_contents(HOSTS)}\n")
    return 0


def logs_generator(flags: Flags, _arguments: Sequence[str]) -> int:
    """Write so many lines to the log, evenly over so long."""
    total, span = flags.number("log-lines-total"), flags.number("run-duration")
    if total <= 0:
        log(f"Invalid total number of lines: {total}", "F")
        return KLOG_FATAL
    if span <= 0:
        log(f"Invalid duration: {duration(span)}", "F")
        return KLOG_FATAL
    step, start = span / SECOND / total, time.monotonic()
    for number in range(total):
        log(_line(number), source="logs_generator.go:67")
        time.sleep(max(0.0, start + (number + 1) * step - time.monotonic()))
    return 0


def _line(number: int) -> str:
    """A line like one of an API server: `7 PUT /api/v1/namespaces/ns/pods/x2f 418`."""
    noise = random.Random()  # noqa: S311 - it is to look busy, not to be secret
    method = noise.choice(("GET", "POST", "PUT"))
    namespace = noise.choice(("kube-system", "default", "ns"))
    letters = string.ascii_lowercase + string.digits
    pod = "".join(noise.choices(letters, k=noise.randrange(3, 5)))
    status = noise.randrange(200, 600)
    return f"{number} {method} /api/v1/namespaces/{namespace}/pods/{pod} {status}"


COMMANDS = (
    Command(
        "pause",
        "Waits for a signal",
        pause,
        long="Waits until SIGINT (status 1) or SIGTERM (status 2), so that a container runs on.",
    ),
    Command(
        "entrypoint-tester",
        "Prints its command line",
        entrypoint_tester,
        arguments=None,
        operands="[ARGUMENT...]",
    ),
    Command("dns-suffix", "Prints the DNS search list", dns_suffix),
    Command("dns-server-list", "Prints the DNS servers", dns_server_list),
    Command("etc-hosts", "Prints /etc/hosts", etc_hosts),
    Command(
        "logs-generator",
        "Writes lines to the log, evenly over time",
        logs_generator,
        (
            Flag("log-lines-total", 0, "how many lines", "int", "t"),
            Flag("run-duration", 0, "in how long", "duration", "d"),
        ),
    ),
)
