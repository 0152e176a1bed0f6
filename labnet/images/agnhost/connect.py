"""`agnhost connect`: one connection, and a word for how it went.

Nothing and status 0 when it worked; else status 1 and on standard error a line that begins with
UNKNOWN (bad arguments), DNS, TIMEOUT, REFUSED or OTHER. Network policy tests read these words.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from socket import socket

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
    if protocol == "udp":
        return _udp(addresses, flags.text("udp-data"), deadline)
    return _sctp(addresses, flags.text("sctp-data"), deadline)


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


def _udp(addresses: list[Address], data: str, deadline: float | None) -> int:
    try:
        sock = connect_first(addresses, "udp", deadline)
    except DialError as failed:
        error(f"OTHER: {failed}\n")
        return 1
    try:
        with closing(sock):
            answer = _ask(sock, "udp", data, deadline)
    except DialError as failed:
        word = "TIMEOUT" if failed.timed_out else "REFUSED" if failed.refused else "UNKNOWN"
        error(f"{word}: {failed}\n")
        return 1
    if not answer:
        error("OTHER: the answer was empty, so the request may not have arrived\n")
    return 0 if answer else 1


def _sctp(addresses: list[Address], data: str, deadline: float | None) -> int:
    try:
        with closing(connect_first(addresses, "sctp", deadline)) as sock:
            answer = _ask(sock, "sctp", data, deadline)
    except DialError as failed:
        error("TIMEOUT\n" if failed.timed_out else f"OTHER: {failed}\n")
        return 1
    if not answer:
        error("OTHER: EOF\n")
    return 0 if answer else 1


def _ask(sock: socket, network: str, data: str, deadline: float | None) -> bytes:
    send(sock, network, deadline, f"{data}\n".encode("utf-8", "surrogateescape"))
    return receive(sock, network, deadline, SIZE)


COMMAND = Command(
    "connect", "Connects once and says how it went", connect, FLAGS, LONG, 1, "HOST:PORT"
)
