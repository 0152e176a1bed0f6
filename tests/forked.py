"""agnhost, run as containers run it: forked from a process that has imported it.

with Forked(["netexec", "--http-port=8080"]) as child:
    ...
assert child.status == 0
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Self, TypeVar

import pytest

from labnet.images import agnhost


PATIENCE = 10.0  # seconds for what takes milliseconds
T = TypeVar("T")
IMPATIENT = {"RES_OPTIONS": "timeout:1 attempts:1"}
"""The environment of who asks name servers that may be silent (resolv.conf(5))."""
_given: set[int] = set()


def until(what: Callable[[], T]) -> T:
    """What the function returns as soon as that is true; fails when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (result := what()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.002)
    return result


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has at the moment, and that nobody was given before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("", 0))
            port: int = sock.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def ipv6_refusal() -> str:
    """Why nobody can serve on ::1; empty if they can."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError as error:
        return f"::1: {error.strerror}"
    return ""


FAMILIES = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.ipv6),
]


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on a TCP port."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@dataclass(frozen=True, slots=True)
class Reply:
    """What an HTTP server said."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def fetch(
    port: int,
    target: str,
    method: str = "GET",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
) -> Reply:
    """One request over a connection of its own."""
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request(method, target, body, dict(headers or {}))
        response = connection.getresponse()
        return Reply(response.status, response.read(), dict(response.getheaders()))
    finally:
        connection.close()


def exchange(port: int, data: bytes, host: str = "127.0.0.1") -> bytes:
    """What comes back for raw bytes, up to the end."""
    with socket.create_connection((host, port), timeout=PATIENCE) as sock:
        sock.sendall(data)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer


class Forked:
    """A child process that runs agnhost; its output is in `out` and `err`."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str] | None = None,
        log: int | None = None,
    ) -> None:
        """Start it; `environment` is added to this process's, `log` its standard error instead."""
        self._log = log
        self._files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - closed in stop
        self._status: int | None = None
        self.pid = os.fork()
        if not self.pid:
            self._run(argv, environment or {})

    def _run(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """The child's life, which never returns into the tests."""
        status = 99
        try:
            for fd, file in enumerate(self._files, start=1):
                os.dup2(file.fileno(), fd)
            if self._log is not None:
                os.dup2(self._log, 2)
            os.environ.update(environment)
            status = agnhost.main(argv)
        finally:
            os._exit(status)

    @property
    def out(self) -> str:
        """What it has written to standard output until now."""
        return self._contents(0)

    @property
    def err(self) -> str:
        """What it has written to its log until now."""
        return self._contents(1)

    def _contents(self, index: int) -> str:
        fd = self._files[index].fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode("utf-8", "replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is None

    @property
    def status(self) -> int:
        """Its exit status, waited for."""
        until(lambda: not self.running)
        assert self._status is not None
        return self._status

    def __enter__(self) -> Self:
        """The child."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, if it still runs, and forget its output."""
        if self.running:
            self.send(signal.SIGKILL)
            until(lambda: not self.running)
        for file in self._files:
            file.close()


def serving(port: int, *argv: str, environment: dict[str, str] | None = None) -> Forked:
    """A server, when it accepts on the port."""
    child = Forked(argv, environment)
    until(lambda: accepts(port) or not child.running)
    return child


@dataclass(frozen=True)
class Netexec:
    """A netexec that runs, and its ports."""

    child: Forked
    http: int
    udp: int

    def get(self, target: str, host: str = "127.0.0.1") -> Reply:
        """One GET."""
        return fetch(self.http, target, host=host)

    def ask(self, data: bytes, host: str = "127.0.0.1") -> tuple[bytes, str]:
        """One datagram: the answer, and the port that asked."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((host, self.udp))
            sock.send(data)
            return sock.recv(4096), str(sock.getsockname()[1])


def started(*flags: str, environment: dict[str, str] | None = None) -> Netexec:
    """A netexec with these flags besides its ports, when it accepts."""
    http, udp = free_port(), free_port(socket.SOCK_DGRAM)
    argv = ["netexec", f"--http-port={http}", f"--udp-port={udp}", *flags]
    server = Netexec(Forked(argv, environment), http, udp)
    until(lambda: accepts(http) or not server.child.running)
    return server
