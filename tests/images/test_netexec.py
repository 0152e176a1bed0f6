"""netexec: every endpoint, over both families, and UDP."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable

import pytest

from forked import FAMILIES, Netexec, exchange, fetch, free_port, started


@pytest.mark.parametrize("path", ["/hostname", "/hostName"])
@pytest.mark.parametrize("host", FAMILIES)
def test_hostname_is_that_of_the_uts_namespace(server: Netexec, path: str, host: str) -> None:
    """Both spellings answer with the host's name, as plain text."""
    reply = server.get(path, host)
    assert (reply.status, reply.text) == (200, os.uname().nodename)
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"] GET {path}\n" in server.child.err


def test_clientip_is_the_clients_address_and_port(server: Netexec) -> None:
    """An IPv4 client on the dual-stack socket is seen with its IPv4 address."""
    with socket.create_connection(("127.0.0.1", server.http)) as sock:
        sock.sendall(b"GET /clientip HTTP/1.0\r\n\r\n")
        body = sock.recv(4096).partition(b"\r\n\r\n")[2]
        assert body.decode() == f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.mark.ipv6
def test_clientip_over_ipv6_has_brackets(server: Netexec) -> None:
    """An IPv6 client is seen as `[::1]:port`."""
    assert re.fullmatch(r"\[::1\]:\d+", server.get("/clientip", "::1").text)


@pytest.mark.parametrize("target", ["/", "/no/such/path"])
def test_all_other_paths_tell_the_time(server: Netexec, target: str) -> None:
    """There is no 404: what no endpoint has is the root's."""
    reply = server.get(target)
    assert reply.status == 200
    assert re.match(r"NOW: \d{4}-\d\d-\d\d .* m=\+\d+\.\d{9}$", reply.text)


def test_serverport_is_the_port_of_the_flag(server: Netexec) -> None:
    """Which container of a pod answers can be told by its port."""
    assert server.get("/serverport").text == str(server.http)


def test_header_shows_one_or_all(server: Netexec) -> None:
    """One header by any spelling, or all in JSON with Go's names, Host not among them."""
    headers = {"X-Forwarded-For": "10.0.0.1", "x-b": "2"}
    one = fetch(server.http, "/header?key=x-forwarded-for", headers=headers)
    assert one.text == "10.0.0.1"
    every = json.loads(fetch(server.http, "/header", headers=headers).text)
    assert every["X-Forwarded-For"] == ["10.0.0.1"]
    assert every["X-B"] == ["2"]
    assert "Host" not in every
    assert server.get("/header?key=X-None").text == ""


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/envvar?var=NODE_NAME", 200, "node1"),
        ("/envvar?var=EMPTY", 200, ""),
        ("/envvar?var=NO_SUCH", 500, 'environment variable "NO_SUCH" is not set\n'),
        ("/envvar", 400, "no 'var' given\n"),
    ],
)
def test_envvar_tells_the_environment(server: Netexec, target: str, status: int, text: str) -> None:
    """A variable's value; unset and empty are different."""
    reply = server.get(target)
    assert (reply.status, reply.text) == (status, text)


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/echo?msg=hello", 200, "hello"),
        ("/echo?msg=a%20b+c%2B", 200, "a b c+"),
        ("/echo?msg=x&code=404", 404, "x"),
        ("/echo?msg=x&code=299", 299, "x"),
        ("/echo?msg=x&code=204", 204, ""),
        ("/echo?code=abc", 200, "argument 'code' must be an integer or empty, got \"abc\"\n"),
        ("/echo", 200, ""),
    ],
)
def test_echo_gives_back_message_and_code(
    server: Netexec, target: str, status: int, text: str
) -> None:
    """The message of the query, with the status asked for."""
    reply = server.get(target)
    assert (reply.status, reply.text) == (status, text)


def test_echo_keeps_bytes_that_are_no_text(server: Netexec) -> None:
    """A byte that is not UTF-8 comes back as it was sent."""
    assert server.get("/echo?msg=%ff%00a").body == b"\xff\x00a"


def test_echo_takes_the_message_of_a_posted_form(server: Netexec) -> None:
    """As curl -d sends it, in one piece or chunked."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = fetch(server.http, "/echo", "POST", body=b"msg=posted", headers=headers)
    assert reply.text == "posted"
    head = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    head += f"Content-Type: {headers['Content-Type']}\r\n\r\n"
    answer = exchange(server.http, head.encode() + b"4\r\nmsg=\r\n3\r\nabc\r\n0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nabc")


def test_an_impossible_code_closes_the_connection(server: Netexec) -> None:
    """As a panic in the original, it ends the connection without a reply, and only that."""
    request = b"GET /echo?code=99 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert exchange(server.http, request) == b""
    assert server.get("/echo?msg=still-here").text == "still-here"


def test_an_informational_code_comes_before_the_reply(server: Netexec) -> None:
    """A 1xx is no reply yet: a 200 follows it."""
    request = b"GET /echo?code=103&msg=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = exchange(server.http, request)
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_redirect_goes_where_it_is_told(server: Netexec) -> None:
    """302 or the code asked for, absolute or made absolute, with a page that links there."""
    reply = server.get("/redirect?location=/echo%3Fmsg=foobar&code=307")
    assert reply.status == 307
    assert reply.headers["Location"] == "/echo?msg=foobar"
    assert reply.text == '<a href="/echo?msg=foobar">Temporary Redirect</a>.\n\n'
    assert server.get("/redirect?location=a").headers["Location"] == "/a"
    assert server.get("/redirect?location=http://x/y").headers["Location"] == "http://x/y"
    assert server.get("/redirect?location=/&code=x").text.startswith("argument 'code' must be")


def test_redirect_cannot_add_headers(server: Netexec) -> None:
    """A line break in the location stays within it."""
    reply = server.get("/redirect?location=/a%0d%0aX-Evil:1")
    assert reply.headers["Location"] == "/a%0D%0AX-Evil:1"
    assert "X-Evil" not in reply.headers


def test_unclean_paths_are_redirected(server: Netexec) -> None:
    """Dots and double slashes are taken out first, as Go's router does."""
    reply = server.get("//a/../hostname?x=1")
    assert (reply.status, reply.headers["Location"]) == (301, "/hostname?x=1")


def test_shell_answers_output_and_error(server: Netexec) -> None:
    """Both streams are the output; how it ended is the error."""
    assert server.get("/shell?cmd=echo%20out%3B%20echo%20err%20>%262").text == (
        '{"output":"out\\nerr\\n"}'
    )
    assert server.get("/shell?shellCommand=exit%203").text == '{"error":"exit status 3"}'
    assert server.get("/shell?cmd=kill%20-9%20$$").text == '{"error":"signal: killed"}'
    assert server.get("/shell?cmd=echo%20a%3B%20false").text == (
        '{"error":"exit status 1","output":"a\\n"}'
    )


def test_a_shell_that_waits_does_not_stop_the_others(server: Netexec) -> None:
    """A command that reads a pipe blocks its own client only."""
    read, write = os.pipe()
    with socket.create_connection(("127.0.0.1", server.http)) as sock, os.fdopen(write, "wb") as w:
        path = f"/proc/{os.getpid()}/fd/{read}"
        sock.sendall(f"GET /shell?cmd=cat%20{path} HTTP/1.0\r\n\r\n".encode())
        assert server.get("/hostname").status == 200
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        w.write(b"done")
        w.close()
        sock.settimeout(5)
        assert b'{"output":"done"}' in sock.recv(4096)
    os.close(read)


def test_healthz_and_readyz_are_200(server: Netexec) -> None:
    """Once the UDP server runs."""
    assert (server.get("/healthz").status, server.get("/healthz").text) == (200, "")
    assert (server.get("/readyz").status, server.get("/readyz").text) == (200, "ok")


def test_without_udp_and_sctp_it_is_never_healthy() -> None:
    """The original counts as healthy only with one of them, and so does this."""
    server = started("--udp-port=-1")
    with server.child:
        assert server.get("/healthz").status == 412
        assert server.get("/readyz").status == 412


def test_upload_stores_a_file(server: Netexec) -> None:
    """Without the folder /uploads, or without a file, the answer is the error."""
    body = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n#!\r\n--B--'
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    reply = fetch(server.http, "/upload", "POST", body=body, headers=headers)
    assert (reply.status, reply.text) == (200, '{"error":"Unable to open file for write"}')
    assert server.get("/upload").text == '{"error":"Unable to upload file."}'


def test_head_has_the_headers_of_get(server: Netexec) -> None:
    """The length, and nothing of the body."""
    reply = fetch(server.http, "/echo?msg=12345", "HEAD")
    assert (reply.headers["Content-Length"], reply.body) == ("5", b"")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"hostname", lambda: os.uname().nodename),
        (b"  HostName \n", lambda: os.uname().nodename),
        (b"echo Hello  You\n", lambda: "hello  you"),
        (b"envvar NODE_NAME", lambda: "node1"),
        (b"envvar NO_SUCH", lambda: ""),
    ],
)
@pytest.mark.parametrize("host", FAMILIES)
def test_udp_answers_commands(
    server: Netexec, question: bytes, answer: Callable[[], str], host: str
) -> None:
    """Commands count in lower case and without space around them, echoed text too."""
    assert server.ask(question, host)[0].decode() == answer()


def test_udp_tells_who_talks_to_whom(server: Netexec) -> None:
    """The client's address and port as seen here, and the server's port."""
    answer, port = server.ask(b"clientip")
    assert answer.decode() == f"127.0.0.1:{port}"
    assert server.ask(b"serverport")[0].decode() == str(server.udp)


@pytest.mark.parametrize("question", [b"nonsense", b"echo", b"echo ", b"\xff\xfe"])
def test_udp_does_not_answer_what_it_does_not_know(server: Netexec, question: bytes) -> None:
    """It is logged, and the next datagram is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", server.udp))
        sock.send(question)
        sock.send(b"echo next")
        assert sock.recv(100) == b"next"
    assert "Unknown UDP command received from 127.0.0.1:" in server.child.err


def test_dial_http_collects_responses(server: Netexec) -> None:
    """As many as tries, through redirects too; the port is a number."""
    target = f"/dial?host=127.0.0.1&port={server.http}&tries=3&request="
    assert json.loads(server.get(target + "echo?msg=hi").text) == {"responses": ["hi"] * 3}
    redirected = server.get(target + "redirect?location=/echo%253Fmsg%253Dhi").text
    assert json.loads(redirected) == {"responses": ["hi"] * 3}


def test_dial_udp_collects_responses(server: Netexec) -> None:
    """The request is the datagram."""
    target = f"/dial?host=127.0.0.1&port={server.udp}&protocol=udp&request=hostname"
    assert json.loads(server.get(target).text) == {"responses": [os.uname().nodename]}


@pytest.mark.ipv6
def test_dial_takes_ipv6(server: Netexec) -> None:
    """A bare address, which gets its brackets."""
    target = f"/dial?host=::1&port={server.http}&request=echo?msg=six"
    assert json.loads(server.get(target).text) == {"responses": ["six"]}


def test_dial_reports_errors(server: Netexec) -> None:
    """The text is Go's; the status is 200 all the same."""
    port = free_port()
    answer = server.get(f"/dial?host=127.0.0.1&port={port}&request=x&tries=2")
    error = f'Get "http://127.0.0.1:{port}/x": dial tcp 127.0.0.1:{port}: connect: '
    assert answer.status == 200
    assert json.loads(answer.text) == {"errors": [f"{error}connection refused"] * 2}
    port = free_port(socket.SOCK_DGRAM)
    answer = server.get(f"/dial?host=127.0.0.1&port={port}&request=x&protocol=UDP")
    (error,) = json.loads(answer.text)["errors"]
    ends = rf"127\.0\.0\.1:\d+->127\.0\.0\.1:{port}"
    pattern = rf"reading from udp connection failed. err:'read udp {ends}: read: (.*)'"
    match = re.fullmatch(pattern, error)
    assert match
    assert match[1] == "connection refused"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("host=a&port=1", "request parameter not specified."),
        ("host=a&port=1&request=x&tries=z", "tries parameter is invalid."),
        ("host=a&port=1&request=x&protocol=icmp", "unsupported protocol. icmp"),
        ("host=127.0.0.1&port=99999&request=x", "host and/or port param are invalid."),
        ("host=127.0.0.1&port=nosuch&request=x", "host and/or port param are invalid."),
    ],
)
def test_dial_refuses_bad_parameters(server: Netexec, query: str, why: str) -> None:
    """400, and which parameter it is."""
    reply = server.get(f"/dial?{query}")
    assert reply.status == 400
    assert reply.text.startswith(why)
