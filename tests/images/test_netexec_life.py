"""netexec: how it starts, what its flags change, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from forked import Forked, Netexec, accepts, exchange, fetch, started, until
from labnet.images.agnhost import endpoints


def test_http_override_answers_everything_alike() -> None:
    """Whatever is asked, the overriding path is answered."""
    server = started("--http-override=/echo?msg=over&code=202")
    with server.child:
        reply = fetch(server.http, "/hostname", "POST", body=b"msg=x")
        assert (reply.status, reply.text) == (202, "over")


def test_upload_stores_what_curl_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the file's path; the file can be executed."""
    monkeypatch.setattr(endpoints, "UPLOADS", tmp_path)
    contents = bytes(range(256)) * 3000
    body = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body += contents + b"\r\n--B--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    server = started()
    with server.child:
        reply = fetch(server.http, "/upload", "POST", body=body, headers=headers)
    (path,) = tmp_path.iterdir()
    assert (reply.status, reply.text) == (201, f'{{"output":"{path}"}}')
    assert path.read_bytes() == contents
    assert os.access(path, os.X_OK)


def test_udp_listen_addresses_are_those_and_no_others() -> None:
    """Only the addresses given are bound, each once."""
    server = started("--udp-listen-addresses=127.0.0.2,127.0.0.1,127.0.0.2")
    with server.child:
        assert server.ask(b"echo one", "127.0.0.1")[0] == b"one"
        assert server.ask(b"echo two", "127.0.0.2")[0] == b"two"
        with pytest.raises(ConnectionRefusedError):
            server.ask(b"echo three", "127.0.0.3")
        assert server.child.err.count("Started UDP server on port 127.0.0.2 ") == 1


def test_a_bad_listen_address_is_refused() -> None:
    """Before anything is served for long."""
    server = started("--udp-listen-addresses=127.0.0.1,x")
    with server.child:
        assert server.child.status == 1
        assert "invalid address x" in server.child.err


def test_a_taken_port_ends_it() -> None:
    """EADDRINUSE, in Go's words: this is how containers of one pod notice each other."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Forked(["netexec", f"--http-port={port}", "--udp-port=-1"]) as child:
            assert child.status == 1
            assert f"listen tcp :{port}: bind: address already in use\n" in child.err


def test_a_port_that_is_none_ends_it() -> None:
    """Above 65535 there are no ports."""
    with Forked(["netexec", "--http-port=65536"]) as child:
        assert child.status == 1
        assert "address 65536: invalid port" in child.err


def test_log_lines_have_klogs_form() -> None:
    """Severity and date, time, process, place, text."""
    server = started()
    with server.child:
        server.get("/hostname")
        first, *rest = server.child.err.splitlines()
        head = rf"I\d{{4}} \d\d:\d\d:\d\d\.\d{{6}} +{server.child.pid} log\.go:\d+\] "
        assert re.fullmatch(head + f"Started HTTP server on port {server.http}", first)
        assert re.fullmatch(head + "GET /hostname", rest[-1])


def test_sigterm_ends_it_with_status_0() -> None:
    """At once, unless told otherwise."""
    server = started()
    with server.child as child:
        child.send(signal.SIGTERM)
        assert child.status == 0


def test_a_signal_that_it_does_not_ask_for_is_status_2() -> None:
    """As a Go program that is its container's first process."""
    server = started()
    with server.child as child:
        child.send(signal.SIGINT)
        assert child.status == 2


def test_delay_shutdown_goes_on_serving() -> None:
    """After SIGTERM: not ready, but healthy, until the delay is over."""
    server = started("--delay-shutdown=1")
    with server.child as child:
        child.send(signal.SIGTERM)
        until(lambda: server.get("/readyz").status == 503)
        assert server.get("/readyz").text == "shutting down"
        assert server.get("/healthz").status == 200
        assert "Sleeping 1 seconds before terminating..." in child.err
        assert child.status == 0


def test_shutdown_ends_it_without_a_reply() -> None:
    """The process is gone before it could answer."""
    server = started()
    with server.child as child:
        assert exchange(server.http, b"GET /shutdown HTTP/1.0\r\n\r\n") == b""
        assert child.status == 0


def test_exit_ends_it_with_the_code() -> None:
    """Without a timeout at once, and without a reply."""
    server = started()
    with server.child as child:
        assert exchange(server.http, b"GET /exit?code=7&wait=1ms HTTP/1.0\r\n\r\n") == b""
        assert child.status == 7


def test_exit_with_a_timeout_lets_requests_end() -> None:
    """Idle connections are closed, new ones refused, one that is busy gets its reply."""
    server = started()
    with server.child as child, socket.create_connection(("127.0.0.1", server.http)) as busy:
        idle = socket.create_connection(("127.0.0.1", server.http))
        with idle:
            idle.sendall(b"GET /hostname HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200 OK")
            busy.sendall(b"GET /shell?cmd=sleep%200.3%3Becho%20x HTTP/1.1\r\nHost: a\r\n\r\n")
            until(lambda: "GET /shell" in child.err)
            assert server.get("/exit?code=3&timeout=5s").status == 200
            assert idle.recv(4096) == b""
            until(lambda: not accepts(server.http))
        assert b'{"output":"x\\n"}' in busy.recv(4096)
        assert child.status == 3
        assert "Graceful shutdown completed with: <nil>" in child.err


def test_exit_does_not_wait_longer_than_its_timeout() -> None:
    """A request that lasts is cut off."""
    server = started()
    with server.child as child, socket.create_connection(("127.0.0.1", server.http)) as busy:
        busy.sendall(b"GET /shell?cmd=sleep%205 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: "GET /shell" in child.err)
        assert server.get("/exit?code=4&timeout=100ms").status == 200
        assert child.status == 4
        assert "completed with: context deadline exceeded" in child.err


@pytest.mark.parametrize("query", ["timeout=x", "wait=5", "code=x"])
def test_exit_refuses_bad_parameters(server: Netexec, query: str) -> None:
    """It says so, and stays."""
    name = query.partition("=")[0]
    assert server.get(f"/exit?{query}").text.startswith(f"argument '{name}' must be")
    assert server.child.running
