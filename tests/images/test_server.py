"""The HTTP server against clients that are slow, many, rude or gone."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from forked import PATIENCE, Forked, accepts, exchange, fetch, free_port, until
from labnet.images.agnhost.server import DRAIN


GET = b"GET /echo?msg=hello HTTP/1.1\r\nHost: a\r\n\r\n"


def serving(port: int, *flags: str) -> Forked:
    """A netexec on this port, without UDP, when it accepts."""
    child = Forked(["netexec", f"--http-port={port}", "--udp-port=-1", *flags])
    until(lambda: accepts(port) or not child.running)
    return child


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server."""
    port = free_port()
    with serving(port):
        yield port


def connected(port: int) -> socket.socket:
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def reply(sock: socket.socket, end: bytes = b"hello") -> bytes:
    """What comes until it ends like this."""
    data = b""
    while not data.endswith(end):
        part = sock.recv(65536)
        assert part, f"the connection ended after {data!r}"
        data += part
    return data


def test_a_connection_is_kept_for_further_requests(port: int) -> None:
    """HTTP/1.1 keeps it without being asked, HTTP/1.0 when it is asked."""
    with connected(port) as sock:
        for _ in range(3):
            sock.sendall(GET)
            assert b"Connection:" not in reply(sock)
    with connected(port) as sock:
        for _ in range(2):
            sock.sendall(b"GET /echo?msg=hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: keep-alive" in reply(sock)


@pytest.mark.parametrize(
    "request_",
    [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
)
def test_a_connection_ends_when_the_client_wants(port: int, request_: bytes) -> None:
    """After the reply, without the wait that a client gets which says no end."""
    times = []
    for _ in range(3):
        start = time.monotonic()
        assert b"\r\n\r\nNOW: " in exchange(port, request_)
        times.append(time.monotonic() - start)
    assert min(times) < DRAIN / 2


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    """Also when one of them needs a thread and the one behind it does not."""
    requests = [b"/echo?msg=1", b"/shell?cmd=echo+2", b"/echo?msg=3", b"/shell?cmd=echo+4"]
    stream = b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in requests)
    answer = exchange(port, stream + b"GET /echo?msg=5 HTTP/1.0\r\n\r\n")
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.")[1:]]
    assert bodies == [b"1", b'{"output":"2\\n"}', b"3", b'{"output":"4\\n"}', b"5"]


def test_a_client_that_closes_its_side_gets_its_replies(port: int) -> None:
    """As `nc -N` does: half a close is not the end."""
    with connected(port) as sock:
        sock.sendall(GET + GET)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while part := sock.recv(65536):
            data += part
    assert data.count(b"hello") == 2


def test_slow_clients_do_not_block_others(port: int) -> None:
    """A hundred clients that never end their request take nothing from one that does."""
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(port)) for _ in range(100)]
        for index, sock in enumerate(slow):
            sock.sendall(GET[: index % len(GET)])
        assert fetch(port, "/echo?msg=x").text == "x"
        slow[5].sendall(GET[5:])
        assert reply(slow[5]).startswith(b"HTTP/1.1 200 OK")


def test_two_hundred_connections_at_once(port: int) -> None:
    """All are open before the first asks; all get their own answer, twice."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(connected(port)) for _ in range(200)]
        for _ in range(2):
            for index, sock in enumerate(sockets):
                sock.sendall(b"GET /echo?msg=%d. HTTP/1.1\r\nHost: a\r\n\r\n" % index)
            for index, sock in enumerate(sockets):
                assert reply(sock, b".").endswith(b"\r\n\r\n%d." % index)


def test_fifty_handlers_that_wait_at_once(port: int) -> None:
    """Commands that sleep do so side by side."""
    request = b"GET /shell?cmd=sleep+0.3 HTTP/1.1\r\nHost: a\r\n\r\n"
    start = time.monotonic()
    with ExitStack() as stack:
        sockets = [stack.enter_context(connected(port)) for _ in range(50)]
        for sock in sockets:
            sock.sendall(request)
        for sock in sockets:
            reply(sock, b"{}")
    assert time.monotonic() - start < 50 * 0.3 / 2


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x16\x03\x01\x02\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"nonsense\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400 Bad Request: missing required Host header"),
        (b"GET / HTTP/3.0\r\n\r\n", b"505 HTTP Version Not Supported"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"x" * (2 << 20), b"HTTP/1.1 431 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", b"HTTP/1.1 413 "),
        (b"* * *\r\n\r\n" * 50_000, b"HTTP/1.1 400 Bad Request\r\n"),
    ],
)
def test_what_is_no_request_is_answered_and_closed(port: int, data: bytes, answer: bytes) -> None:
    """The answer arrives, even when the client had sent more than was read."""
    received = exchange(port, data)
    assert answer in received
    assert b"Connection: close\r\n" in received


def test_a_long_body_is_taken(port: int) -> None:
    """Megabytes, after the go-ahead that curl waits for."""
    body = b"msg=" + b"x" * (3 << 20) + b"end"
    with connected(port) as sock:
        sock.sendall(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" % len(body)
        )
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert reply(sock, b"end").count(b"x") >= 3 << 20


def test_a_client_that_reads_slowly_gets_all_of_it(port: int) -> None:
    """The rest waits in the server, who goes on with others meanwhile."""
    request = b"GET /shell?cmd=head+-c+4000000+/dev/zero|tr+'\\0'+x HTTP/1.1\r\nHost: a\r\n\r\n"
    with connected(port) as sock:
        sock.sendall(request)
        assert sock.recv(12) == b"HTTP/1.1 200"
        assert fetch(port, "/echo?msg=x").text == "x"
        assert len(reply(sock, b'"}')) > 4_000_000


def test_clients_that_vanish_leave_nothing(port: int) -> None:
    """A reset in any state is no more than the end of a connection."""
    linger = b"\1\0\0\0\0\0\0\0"
    for data in (b"", GET[:9], GET, b"GET /shell?cmd=sleep+0.1 HTTP/1.1\r\nHost: a\r\n\r\n"):
        for _ in range(5):
            with connected(port) as sock:
                sock.sendall(data)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert fetch(port, "/echo?msg=x").text == "x"


def test_descriptors_are_given_back() -> None:
    """After many connections the server holds as many descriptors as before."""
    port = free_port()
    with serving(port) as child:
        folder = Path(f"/proc/{child.pid}/fd")
        before = len(list(folder.iterdir()))
        for _ in range(30):
            fetch(port, "/shell?cmd=true")
            fetch(port, f"/dial?host=127.0.0.1&port={port}&request=hostname")
        until(lambda: len(list(folder.iterdir())) <= before)


def test_more_clients_than_descriptors_wait_their_turn() -> None:
    """The server says so, does not spin, and goes on when others have left."""
    port = free_port()
    with serving(port) as child:
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (40, 40))
        with ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(connected(port))
            until(lambda: "Accept error: Too many open files" in child.err)
            used = _cpu_ticks(child.pid)
            time.sleep(0.3)  # over which it is measured
            assert _cpu_ticks(child.pid) - used < 10
        assert fetch(port, "/echo?msg=x").text == "x"


def _cpu_ticks(pid: int) -> int:
    """The hundredths of a second of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_an_idle_server_uses_no_cpu() -> None:
    """Nothing is polled: waiting costs nothing."""
    port = free_port()
    with serving(port) as child, connected(port) as sock:
        sock.sendall(GET + GET[:5])
        reply(sock)
        status = Path(f"/proc/{child.pid}/status")
        until(lambda: "(sleeping)" in status.read_text())
        before = [line for line in status.read_text().splitlines() if "ctxt" in line]
        time.sleep(0.2)  # over which nothing is to happen
        assert before == [line for line in status.read_text().splitlines() if "ctxt" in line]


def test_a_log_that_nobody_reads_does_not_end_the_server() -> None:
    """Its standard error is a pipe that is closed at the other end."""
    port = free_port()
    read, write = os.pipe()
    with Forked(["netexec", f"--http-port={port}", "--udp-port=-1"], log=write) as child:
        os.close(write)
        os.close(read)
        until(lambda: accepts(port))
        assert fetch(port, "/echo?msg=x").text == "x"
        assert child.running


@pytest.fixture(scope="module")
def tls(certificate: tuple[Path, Path]) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The port of an HTTPS server, and a context that trusts it."""
    port = free_port()
    cert, key = certificate
    with serving(port, f"--tls-cert-file={cert}", f"--tls-private-key-file={key}") as child:
        yield port, ssl.create_default_context(cafile=str(cert))
        assert child.running


def secured(tls: tuple[int, ssl.SSLContext]) -> ssl.SSLSocket:
    """A TLS connection to the server."""
    port, context = tls
    sock = connected(port)
    return context.wrap_socket(sock, server_hostname="localhost")


@pytest.mark.openssl
def test_https_serves_what_http_serves(tls: tuple[int, ssl.SSLContext]) -> None:
    """One connection, several requests, pipelined and not."""
    with secured(tls) as sock:
        for _ in range(2):
            sock.sendall(GET)
            assert reply(sock).startswith(b"HTTP/1.1 200 OK")
        sock.sendall(GET * 3 + b"GET /clientip HTTP/1.0\r\n\r\n")
        data = b""
        while part := sock.recv(65536):
            data += part
        assert data.count(b"hello") == 3
        assert data.endswith(b"127.0.0.1:%d" % sock.getsockname()[1])


@pytest.mark.openssl
def test_https_carries_long_bodies_both_ways(tls: tuple[int, ssl.SSLContext]) -> None:
    """Records, buffers and half-written data do not lose a byte."""
    message = hashlib.sha256(b"x").hexdigest() * 20_000
    body = f"msg={message}".encode()
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(body)
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with secured(tls) as sock:
        sock.sendall(head + body)
        answer = reply(sock, message[-100:].encode())
        assert answer.partition(b"\r\n\r\n")[2].decode() == message


@pytest.mark.openssl
def test_https_survives_what_is_no_tls(tls: tuple[int, ssl.SSLContext]) -> None:
    """Plain HTTP is told so; noise, silence and a client that distrusts us harm nobody else."""
    port, _ = tls
    assert b"Client sent an HTTP request to an HTTPS server." in exchange(port, GET)
    exchange(port, b"\0" * 100)
    with connected(port), connected(port) as rude:
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(rude, server_hostname="localhost")
        with secured(tls) as sock:
            sock.sendall(GET)
            assert reply(sock).endswith(b"hello")


def test_a_missing_certificate_ends_the_server() -> None:
    """The file's name is in the log."""
    with Forked(["netexec", "--http-port=0", "--tls-cert-file=/no/such.pem"]) as child:
        assert child.status == 1
        assert "open /no/such.pem: no such file or directory" in child.err


@pytest.mark.openssl
def test_a_key_that_does_not_match_ends_the_server(certificate: tuple[Path, Path]) -> None:
    """As does a certificate where the key should be."""
    cert, _ = certificate
    flags = [f"--tls-cert-file={cert}", f"--tls-private-key-file={cert}"]
    with Forked(["netexec", "--http-port=0", *flags]) as child:
        assert child.status == 1
        assert "tls: " in child.err


def test_a_signal_during_a_request_is_not_lost() -> None:
    """SIGTERM ends the loop whatever it does at that moment."""
    for _ in range(5):
        port = free_port()
        with serving(port) as child, connected(port) as sock:
            sock.sendall(GET * 50)
            child.send(signal.SIGTERM)
            assert child.status == 0
