"""The client side: names to addresses, connections, one exchange of messages.

All of it blocks until its deadline, so on the loop it belongs into a thread. Errors are
`DialError`s with the text that the original's errors have.
"""

from __future__ import annotations

import re
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from errno import ECONNREFUSED, ETIMEDOUT

from labnet.images.agnhost.golang import (
    Sockaddr,
    address,
    error_text,
    split_host_port,
)
from labnet.images.agnhost.sockets import SCTP


TIMEOUT = 5.0  # seconds that `/dial` and the guestbook wait
BUFFER = 64 << 10


class DialError(Exception):
    """It did not work; `errno` is the kernel's reason, if it was the kernel's."""

    def __init__(self, text: str, errno: int | None = None) -> None:
        """`text` is what the original says."""
        self.errno = errno
        super().__init__(text)

    @property
    def timed_out(self) -> bool:
        """Whether nothing came in time."""
        return self.errno == ETIMEDOUT

    @property
    def refused(self) -> bool:
        """Whether somebody said no."""
        return self.errno == ECONNREFUSED


class LookupFailed(DialError):
    """A name or a port that stands for nothing."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address to connect to."""

    family: socket.AddressFamily
    sockaddr: Sockaddr

    def __str__(self) -> str:
        """`host:port`."""
        return address(self.sockaddr)


def resolve(host_port: str, network: str = "tcp") -> list[Address]:
    """The addresses that `host:port` stands for, IPv4 first; raises LookupFailed, ValueError.

    No host is this machine, no port is port 0, and a port may be the name of a service, as in Go.
    """
    host, port = split_host_port(host_port)
    number = _port(port, network)
    host = host or "127.0.0.1"
    return [Address(socket.AF_INET, (host, number))] if _is_ipv4(host) else _lookup(host, number)


def _is_ipv4(text: str) -> bool:
    """Whether `text` is an IPv4 address: then the resolver, a megabyte of its own, can sleep."""
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def _lookup(host: str, port: int) -> list[Address]:
    try:
        # As bytes: Python would load a table of all scripts to encode a text that is ASCII.
        name = host.encode("ascii") if host.isascii() else host.encode("idna")
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        why = "no such host" if _unknown(error) else str(error.args[-1]).lower()
        raise LookupFailed(f"lookup {host}: {why}") from None
    order = dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found)
    addresses = [
        Address(family, sockaddr)
        for family, sockaddr in order
        if isinstance(sockaddr[0], str) and isinstance(sockaddr[1], int)
    ]
    return sorted(addresses, key=lambda item: item.family != socket.AF_INET)


def _unknown(error: OSError | UnicodeError) -> bool:
    unknown = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    return isinstance(error, UnicodeError) or error.args[0] in unknown


def _port(text: str, network: str) -> int:
    if not text:
        return 0
    if re.fullmatch("[0-9]+", text):
        if int(text) > 65535:
            raise LookupFailed(f"address {text}: invalid port")
        return int(text)
    try:
        return socket.getservbyname(text, "udp" if network == "udp" else "tcp")
    except OSError:
        raise LookupFailed(f"lookup {network}/{text}: unknown port") from None


def connect(target: Address, network: str, deadline: float | None) -> socket.socket:
    """A connected TCP, UDP or SCTP socket; raises DialError."""
    kind = socket.SOCK_DGRAM if network == "udp" else socket.SOCK_STREAM
    try:
        sock = socket.socket(target.family, kind, SCTP if network == "sctp" else 0)
    except OSError as error:
        raise _not_connected("socket", target, network, error) from None
    try:
        sock.settimeout(_left(deadline))
        sock.connect(target.sockaddr)
    except OSError as error:
        sock.close()
        raise _not_connected("connect", target, network, error) from None
    return sock


def _not_connected(call: str, target: Address, network: str, error: OSError) -> DialError:
    """`dial tcp 10.0.0.1:80: connect: connection refused`; for SCTP only the last part."""
    why = error_text(error)
    if network != "sctp":
        why = f"dial {network} {target}: {why if why == 'i/o timeout' else f'{call}: {why}'}"
    return DialError(why, _errno(error))


def _left(deadline: float | None) -> float | None:
    """The seconds until a deadline; raises TimeoutError when it has passed."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _errno(error: OSError) -> int | None:
    return error.errno or (ETIMEDOUT if isinstance(error, TimeoutError) else None)


def receive(sock: socket.socket, network: str, deadline: float | None, size: int = BUFFER) -> bytes:
    """What comes next, nothing at the end; raises DialError."""
    try:
        sock.settimeout(_left(deadline))
        return sock.recv(size)
    except OSError as error:
        raise _broken("read", sock, network, error) from None


def send(sock: socket.socket, network: str, deadline: float | None, data: bytes) -> None:
    """Send all of `data`; raises DialError."""
    try:
        sock.settimeout(_left(deadline))
        sock.sendall(data)
    except OSError as error:
        raise _broken("write", sock, network, error) from None


def _broken(doing: str, sock: socket.socket, network: str, error: OSError) -> DialError:
    """`read udp 10.0.0.1:4711->10.0.0.2:53: read: connection refused`."""
    try:
        ends = f"{address(sock.getsockname())}->{address(sock.getpeername())}"
    except OSError:
        ends = address(sock.getsockname())
    why = error_text(error)
    why = why if why == "i/o timeout" else f"{doing}: {why}"
    return DialError(f"{doing} {network} {ends}: {why}", _errno(error))


def exchange(target: Address, network: str, request: str, size: int) -> str:
    """What a UDP or SCTP server answers to `request`; raises DialError."""
    deadline = time.monotonic() + TIMEOUT
    try:
        sock = connect(target, network, deadline)
    except DialError as error:
        raise DialError(f"{network} dial failed. err:{error}", error.errno) from None
    with closing(sock):
        try:
            send(sock, network, deadline, request.encode("utf-8", "surrogateescape"))
        except DialError as error:
            raise DialError(f"{network} connection write failed. err:{error}") from None
        try:
            answer = receive(sock, network, deadline, size)
        except DialError as error:
            raise DialError(f"reading from {network} connection failed. err:'{error}'") from None
    if not answer:
        raise DialError(f"reading from {network} connection failed. err:'EOF'")
    return answer.decode("utf-8", "surrogateescape")


def connect_first(addresses: list[Address], network: str, deadline: float | None) -> socket.socket:
    """Connect to one after the other; raises the first one's DialError when none answers.

    The time that is left is shared out evenly, as Go does it.
    """
    errors = []
    for position, target in enumerate(addresses):
        share = None
        if deadline is not None:
            left = deadline - time.monotonic()
            share = time.monotonic() + left / (len(addresses) - position)
        try:
            return connect(target, network, share)
        except DialError as error:
            errors.append(error)
    raise errors[0]
