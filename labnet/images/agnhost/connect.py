"""`agnhost connect`: one connection, and a word for how it went.

Nothing and status 0 when it worked; else status 1 and on standard error a line that begins with
UNKNOWN (bad arguments), DNS, TIMEOUT, REFUSED or OTHER. Network policy tests read these words.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.dial import (
    Address,
    DialError,
    LookupFailed,
    connect_first,
    receive,
    resolve,
    send,
)
from labnet.images.agnhost.golang import SECOND, split_host_port
from labnet.images.agnhost.log import Exit, error


SIZE = 1024  # bytes of an answer

LONG = """Connects to HOST:PORT once, and says nothing when that works. When it does not, the status
is 1 and the first word on standard error tells why:

  UNKNOWN   bad arguments
  DNS       the name stands for no address
  TIMEOUT   nothing came back in time
  REFUSED   somebody said no
  OTHER     another error of the network (no route to host, say)

Over UDP and SCTP, a message is sent and an answer awaited.
"""
FLAGS = (
    Flag("timeout", 0, "longest time to wait, 0 for no limit", "duration"),
    Flag("protocol", "tcp", "tcp, udp or sctp"),
    Flag("udp-data", "hostname", "message to send over UDP"),
    Flag("sctp-data", "hostname", "message to send over SCTP"),
)


def connect(flags: Flags, arguments: Sequence[str]) -> int:
    """Connect to the one argument; returns the exit status."""
    protocol = flags.text("protocol") or "tcp"
    if protocol not in {"tcp", "udp", "sctp"}:
        error(f"Unsupported protocol\n{protocol}")
        return 1
    timeout = flags.number("timeout")
    deadline = time.monotonic() + timeout / SECOND if timeout > 0 else None
    addresses = _resolve(arguments[0], protocol)
    if protocol == "tcp":
        return _tcp(addresses, deadline)
    return _message(addresses, protocol, flags.text(f"{protocol}-data"), deadline)


def _resolve(destination: str, protocol: str) -> list[Address]:
    try:
        split_host_port(destination)
        return resolve(destination, protocol)
    except ValueError as wrong:
        word = "UNKNOWN" if protocol == "tcp" else "DNS"
        error(f"{word}: {wrong}\n")
    except LookupFailed as failed:
        error(f"DNS: {failed}\n")
    raise Exit(1)


def _tcp(addresses: list[Address], deadline: float | None) -> int:
    try:
        connect_first(addresses, "tcp", deadline).close()
    except DialError as failed:
        if failed.timed_out:
            error("TIMEOUT\n")
        elif failed.refused:
            error("REFUSED\n")
        else:
            error(f"OTHER: {failed}\n")
        return 1
    return 0


def _message(addresses: list[Address], protocol: str, data: str, deadline: float | None) -> int:
    try:
        with closing(connect_first(addresses, protocol, deadline)) as sock:
            send(sock, protocol, deadline, f"{data}\n".encode("utf-8", "surrogateescape"))
            answer = receive(sock, protocol, deadline, SIZE)
    except DialError as failed:
        error(f"{_word(failed, protocol)}\n")
        return 1
    if not answer:
        why = "the answer was empty, so the request may not have arrived"
        error(f"OTHER: {'EOF' if protocol == 'sctp' else why}\n")
        return 1
    return 0


def _word(failed: DialError, protocol: str) -> str:
    """The first word, and the reason: over SCTP the original knows only two words."""
    if protocol == "sctp":
        return "TIMEOUT" if failed.timed_out else f"OTHER: {failed}"
    word = "TIMEOUT" if failed.timed_out else "REFUSED" if failed.refused else "UNKNOWN"
    return f"{word}: {failed}"


COMMAND = Command(
    "connect", "Connects once and says how it went", connect, FLAGS, LONG, 1, "HOST:PORT"
)
