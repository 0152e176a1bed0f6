"""The other servers: serve-hostname, tcp-reset, porter, no-snat-test, guestbook, net."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from forked import (
    FAMILIES,
    IMPATIENT,
    PATIENCE,
    Forked,
    accepts,
    exchange,
    fetch,
    free_port,
    serving,
    until,
)
from labnet.images.agnhost import guestbook, netexec, porter, serve_hostname


NAME = os.uname().nodename


def datagram(port: int, data: bytes, host: str = "127.0.0.1") -> bytes:
    """What a UDP server answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect((host, port))
        sock.send(data)
        return sock.recv(4096)


@pytest.mark.parametrize("host", FAMILIES)
def test_serve_hostname_over_http(host: str) -> None:
    """Any path, any method; the connection is kept."""
    port = free_port()
    with serving(port, "serve-hostname", f"--port={port}") as child:
        reply = fetch(port, "/any", "POST", body=b"x", host=host)
        assert (reply.status, reply.text) == (200, NAME)
        assert "Connection" not in reply.headers
        assert f"Serving on port {port}." in child.err
        assert "HTTP request from " in child.err


def test_serve_hostname_closes_when_told() -> None:
    """`--close` ends each connection after its reply."""
    port = free_port()
    with serving(port, "serve-hostname", f"--port={port}", "--close"):
        reply = fetch(port, "/")
        assert (reply.text, reply.headers["Connection"]) == (NAME, "close")


@pytest.mark.parametrize("host", FAMILIES)
def test_serve_hostname_over_tcp_and_udp(host: str) -> None:
    """Without HTTP: the name, and the end."""
    port = free_port()
    argv = ["serve-hostname", "--http=false", "--tcp", "--udp", f"--port={port}"]
    with serving(port, *argv) as child:
        assert exchange(port, b"", host).decode() == NAME
        assert datagram(port, b"anything", host).decode() == NAME
        assert "UDP request from " in child.err
        assert "TCP request from " in child.err


def test_serve_hostname_refuses_http_with_the_others() -> None:
    """They would want the same port."""
    with Forked(["serve-hostname", "--tcp"]) as child:
        assert child.status == 1


def test_serve_hostname_serves_on_after_sigterm() -> None:
    """Until endpoints have forgotten it."""
    port = free_port()
    with serving(port, "serve-hostname", f"--port={port}") as child:
        child.send(signal.SIGTERM)
        until(lambda: "Awaiting pod deletion." in child.err)
        assert fetch(port, "/").text == NAME
        assert child.running


def test_serve_hostname_ends_after_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """With status 0."""
    monkeypatch.setattr(serve_hostname, "GRACE", 0.01)
    port = free_port()
    with serving(port, "serve-hostname", f"--port={port}") as child:
        child.send(signal.SIGTERM)
        assert child.status == 0


def test_tcp_reset_resets_who_sends_more_than_a_byte() -> None:
    """One byte is answered with the end, two with a reset."""
    port = free_port()
    with serving(port, "tcp-reset", f"--port={port}") as child:
        assert exchange(port, b"1") == b""
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"12")
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        child.send(signal.SIGTERM)
        assert child.status == 0


def test_porter_serves_what_the_environment_says() -> None:
    """HTTP and UDP on the ports in the names of the variables, over both families."""
    one, two, udp = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    environment = {
        f"SERVE_PORT_{one}": "one=1",
        f"SERVE_TCP_PORT_{two}": "two",
        f"SERVE_UDP_PORT_{udp}": "three",
        "SERVE_PORT_NONE": "x",
    }
    with serving(one, "porter", environment=environment) as child:
        assert fetch(one, "/any").text == "one=1"
        assert fetch(two, "/").text == "two"
        assert datagram(udp, b"x") == b"three"
        assert 'server on port "NONE" failed: ' in child.err


def test_porter_answers_in_json_when_told() -> None:
    """With the request's method."""
    port = free_port()
    environment = {f"SERVE_PORT_{port}": "<x>"}
    with serving(port, "porter", "--json-response", environment=environment):
        reply = fetch(port, "/", "PUT")
        assert reply.text == r'{"Method":"PUT","Body":"\u003cx\u003e"}'
        assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.openssl
def test_porter_serves_https(certificate: tuple[Path, Path]) -> None:
    """With the certificate that the environment names."""
    port = free_port()
    cert, key = map(str, certificate)
    environment = {f"SERVE_TLS_PORT_{port}": "x", "CERT_FILE": cert, "KEY_FILE": key}
    context = ssl.create_default_context(cafile=cert)
    with (
        serving(port, "porter", environment=environment),
        socket.create_connection(("127.0.0.1", port), PATIENCE) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while part := secured.recv(4096):
            answer += part
        assert answer.endswith(b"\r\n\r\nx")


def test_porter_logs_what_it_cannot_serve() -> None:
    """A taken port or a missing certificate, and the others are served."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, free = taken.getsockname()[1], free_port()
        environment = {
            f"SERVE_PORT_{port}": "x",
            f"SERVE_TLS_PORT_{free_port()}": "x",
            "CERT_FILE": "/no/such.crt",
            f"SERVE_PORT_{free}": "ok",
        }
        with serving(free, "porter", environment=environment) as child:
            assert fetch(free, "/").text == "ok"
            assert f"listen tcp 0.0.0.0:{port}: bind: address already in use" in child.err
            assert "open /no/such.crt: no such file or directory" in child.err


def has_sctp() -> bool:
    """Whether the kernel has SCTP."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(has_sctp(), reason="the kernel has SCTP")
def test_without_sctp_servers_say_so_and_go_on() -> None:
    """One line in the log; everything else works."""
    port = free_port()
    argv = ["netexec", f"--http-port={port}", "--udp-port=-1", "--sctp-port=8082"]
    environment = {"SERVE_SCTP_PORT_9003": "x"}
    with serving(port, *argv) as child, Forked(["porter"], environment) as other:
        assert fetch(port, "/hostname").text == NAME
        assert fetch(port, "/healthz").status == 412
        assert "SCTP server on port 8082 not started: protocol not supported" in child.err
        until(lambda: 'server on port "9003" failed: SCTP: protocol not supported' in other.err)
        assert other.running


def test_sctp_answers_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands are those of UDP; then the association ends.

    TCP stands in for SCTP where the kernel has none: one-to-one sockets have the same calls.
    """
    protocol = socket.IPPROTO_SCTP if has_sctp() else socket.IPPROTO_TCP
    monkeypatch.setattr(netexec, "SCTP", protocol)
    monkeypatch.setattr(porter, "SCTP", protocol)
    sctp, other = free_port(), free_port()
    flags = ["--http-port=0", "--udp-port=-1", f"--sctp-port={sctp}"]
    with (
        Forked(["netexec", *flags]) as child,
        Forked(["porter"], {f"SERVE_SCTP_PORT_{other}": "p"}),
    ):
        until(lambda: "Started SCTP server" in child.err)

        def ask(port: int, data: bytes) -> bytes:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as sock:
                sock.settimeout(PATIENCE)
                sock.connect(("127.0.0.1", port))
                sock.send(data) if data else None
                return sock.recv(100)

        assert ask(sctp, b"hostname").decode() == NAME
        assert ask(sctp, b"echo A b\n") == b"a b"
        assert ask(sctp, b"serverport") == b"%d" % sctp
        assert re.fullmatch(rb"127\.0\.0\.1:\d+", ask(sctp, b"clientip"))
        assert ask(sctp, b"nonsense") == b""
        assert "Unknown SCTP command received from 127.0.0.1:" in child.err
        until(lambda: accepts(other))
        assert ask(other, b"") == b"p"


def test_no_snat_test_finds_its_own_address() -> None:
    """200 when all peers see POD_IP; else 500 and who saw what instead."""
    port, wrong, proxy = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        for at, pod, node in ((port, "127.0.0.1", "10.0.0.9"), (wrong, "10.9.9.9", "127.0.0.1")):
            environment = {"POD_IP": pod, "NODE_IP": node}
            argv = ["no-snat-test", f"--port={at}"]
            stack.enter_context(serving(at, *argv, environment=environment))
        stack.enter_context(serving(proxy, "no-snat-test-proxy", f"--port={proxy}"))
        peers = f"127.0.0.1:{port},127.0.0.1:{wrong}"
        assert re.fullmatch(r"127\.0\.0\.1:\d+", fetch(port, "/whoami").text)
        good = fetch(port, f"/checknosnat?ips={peers}")
        assert (good.status, good.text) == (200, "")
        bad = fetch(proxy, f"/checknosnat?target=127.0.0.1:{wrong}&ips={peers}")
        assert bad.status == 500
        assert bad.text.count("saw 127.0.0.1 instead of my 10.9.9.9: my node's, so SNAT") == 2
        gone = fetch(proxy, f"/checknosnat?target=127.0.0.1:{free_port()}&ips=x")
        assert gone.status == 500
        assert "connection refused" in gone.text
        assert fetch(proxy, "/other").status == 404


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "POD_IP is not in the environment"),
        ({"POD_IP": "x"}, 'POD_IP is "x", which is no IP address'),
        ({"POD_IP": "10.0.0.1"}, "NODE_IP is not in the environment"),
    ],
)
def test_no_snat_test_needs_addresses(environment: dict[str, str], why: str) -> None:
    """Without them there is nothing to compare with."""
    with Forked(["no-snat-test"], environment) as child:
        assert child.status == 1
        assert why in child.err


def test_guestbook_replicates() -> None:
    """A replica has what was set before it came, and what is set after.

    All are at one address here, so each has the other's port as the backend's.
    """
    one, two = free_port(), free_port()
    primary = ["guestbook", f"--http-port={one}", f"--backend-port={two}"]
    replica = ["guestbook", f"--http-port={two}", f"--backend-port={one}"]
    with serving(one, *primary):
        assert fetch(one, "/set?key=a&value=1").text == '{"message":"Updated"}'
        with serving(two, *replica, "--replicaof=127.0.0.1") as child:
            until(lambda: "Registered to node: 127.0.0.1" in child.err)
            assert fetch(one, "/set?key=b+c&value=%26").text == '{"message":"Updated"}'
            assert fetch(two, "/get").text == '{"data":{"a":"1","b c":"\\u0026"}}'
            assert fetch(two, "/get?key=a").text == '{"data":"1"}'
            assert fetch(two, "/get?key=none").text == '{"data":""}'
        gone = fetch(one, "/set?key=d&value=1")
        assert (gone.status, "propagating to replica '127.0.0.1'" in gone.text) == (417, True)


def test_guestbook_front_end_asks_the_services() -> None:
    """agnhost-primary and agnhost-replica, which do not exist here; bad requests are 400."""
    port = free_port()
    with serving(port, "guestbook", f"--http-port={port}", environment=IMPATIENT):
        assert fetch(port, "/set").text == "cannot set with empty key.\n"
        assert fetch(port, "/guestbook?cmd=drop").text == "unsupported cmd: 'drop'\n"
        assert fetch(port, "/guestbook?cmd=set").status == 400
        for command, host in (("get", "agnhost-replica"), ("SET", "agnhost-primary")):
            answer = fetch(port, f"/guestbook?cmd={command}&key=a")
            assert answer.status == 417
            assert f"lookup {host}: " in answer.text


def test_guestbook_gives_up_without_a_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, with status 1."""
    monkeypatch.setattr(guestbook, "PATIENCE", 0.1)
    monkeypatch.setattr(guestbook, "PAUSE", 0.02)
    argv = ["guestbook", "--http-port=0", f"--backend-port={free_port()}", "--replicaof=127.0.0.1"]
    with Forked(argv) as child:
        assert child.status == 1
        assert "Timed out while registering to primary." in child.err


def test_net_half_closes_a_connection() -> None:
    """The server by HTTP, the client by flags: the client reads the server's FIN."""
    port, serve = free_port(), free_port()
    options = json.dumps({"LocalAddr": f"127.0.0.1:{port}"}).encode()
    replies = []
    with serving(serve, "net", f"--serve=127.0.0.1:{serve}") as child:
        post = threading.Thread(
            target=lambda: replies.append(
                fetch(serve, "/run/nat-closewait-server", "POST", body=options)
            )
        )
        post.start()
        until(lambda: "POST /run/nat-closewait-server from 127.0.0.1" in child.err)
        client = {"RemoteAddr": f"127.0.0.1:{port}", "TimeoutSeconds": 5, "LeakConnection": True}

        def run() -> Forked | None:
            argv = ["net", "--runner=nat-closewait-client", f"--options={json.dumps(client)}"]
            with Forked(argv) as runner:
                return runner if runner.status == 0 and "Done" in runner.out else None

        until(run)
        post.join()
        assert replies[0].status == 200
        assert (
            "# closewait: Server sent FIN, waiting 0 seconds\n# closewait: Done" in replies[0].text
        )


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "Must set either --runner or --serve"),
        (["--runner=x"], "Invalid runner: 'x'"),
        (["--runner=nat-closewait-client", "--options={"], "Invalid options JSON"),
        (["--runner=nat-closewait-client", "--options=[]"], "Invalid options JSON"),
        (["--runner=nat-closewait-server", '--options={"LocalAddr":1}'], "Invalid options JSON"),
        (["--runner=nat-closewait-client", '--options={"RemoteAddr":"x"}'], "missing port"),
        (["--serve=x"], "missing port"),
    ],
)
def test_net_refuses_what_it_cannot_run(argv: list[str], why: str) -> None:
    """Status 1, and the reason in the log."""
    with Forked(["net", *argv]) as child:
        assert child.status == 1
        assert why in child.err
