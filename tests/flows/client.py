"""A client in a namespace that asks agnhost who it is and whom it has seen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from flows.expected import REFUSED, TIMEOUT
from labnet.kernel import netns


HOST_NETWORK = {"n2": "h2"}
"""A pod on the host network has its node's hostname."""
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def ask(where: str, protocol: str, family: int, target: tuple[str, int], seconds: float) -> str:
    """One connection from the namespace `where`: `refused`, `timeout`, or `HOSTNAME CLIENT-IP`."""
    with connected(where, protocol, family) as sock:
        sock.settimeout(seconds)
        try:
            sock.connect(target)
            who = _question(sock, protocol, "hostname")
            seen = _question(sock, protocol, "clientip")
        except ConnectionRefusedError:
            return REFUSED
        except PermissionError:  # what OUTPUT drops; whether it was refused, the next call tells
            return _after_output(sock)
        except TimeoutError:
            return TIMEOUT
        except OSError as error:
            return f"{error.strerror}"
    return f"{HOST_NETWORK.get(who, who)} {seen.rpartition(':')[0].strip('[]')}"


def _after_output(sock: socket.socket) -> str:
    try:
        sock.recv(1)
    except ConnectionRefusedError:
        return REFUSED
    except TimeoutError:
        return TIMEOUT
    return "an answer to what was not sent"


@contextmanager
def connected(where: str, protocol: str, family: int) -> Iterator[socket.socket]:
    """A socket that was made in a namespace."""
    with netns.Thread() as thread:
        thread.enter(where)
        sock = socket.socket(_FAMILIES[family], _KINDS[protocol])
    with sock:
        yield sock


def _question(sock: socket.socket, protocol: str, what: str) -> str:
    """The answer to `hostname` or `clientip`, on the connection that is there."""
    if protocol == "udp":
        sock.send(what.encode())
        return sock.recv(512).decode()
    sock.sendall(f"GET /{what} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += _received(sock)
    head, _, body = got.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += _received(sock)
    return body.decode().strip()


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(4096)
    if not data:
        raise ConnectionResetError(0, "the server has closed the connection")
    return data
