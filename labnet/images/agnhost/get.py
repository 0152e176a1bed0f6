"""GET over HTTP/1.1, as little of it as tests between pods need."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from labnet.images.agnhost.dial import BUFFER, DialError, connect_first, receive, resolve, send
from labnet.images.agnhost.form import first
from labnet.images.agnhost.framing import (
    MAX_BODY,
    MAX_HEAD,
    BadMessage,
    Chunked,
    body_length,
    head_lines,
    parse_fields,
)
from labnet.images.agnhost.golang import join_host_port
from labnet.images.agnhost.message import Headers


REDIRECTS = 10
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([0-9]{3})(?: .*)?")
_URL = re.compile(r"http://([^/?#]*)([^#]*)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What an HTTP server said."""

    status: int
    headers: Headers
    body: bytes


def http_get(url: str, timeout: float | None) -> Reply:
    """The reply to a GET, redirects followed; raises DialError."""
    deadline = None if timeout is None else time.monotonic() + timeout
    for _ in range(REDIRECTS):
        try:
            reply = _http_once(url, deadline)
        except DialError as error:
            late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            why = late if error.timed_out and timeout is not None else str(error)
            raise DialError(f'Get "{url}": {why}', error.errno) from None
        location = first(reply.headers, "Location")
        if reply.status not in {301, 302, 303, 307, 308} or not location:
            return reply
        url = _relative(url, location)
    raise DialError(f'Get "{url}": stopped after {REDIRECTS} redirects')


def _relative(url: str, location: str) -> str:
    if "://" in location.partition("?")[0]:
        return location
    match = _URL.match(url)
    assert match
    path = match[2].partition("?")[0] or "/"
    if not location.startswith("/"):
        location = path.rpartition("/")[0] + "/" + location
    return f"http://{match[1]}{location}"


def _http_once(url: str, deadline: float | None) -> Reply:
    match = _URL.match(url)
    if not match:
        raise DialError(f'unsupported protocol scheme "{url.partition(":")[0]}"')
    authority, path = match[1], match[2] or "/"
    path = path if path.startswith("/") else f"/{path}"
    target = "".join(c if "!" <= c <= "~" else _percent(c) for c in path)
    head = f"GET {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: Go-http-client/1.1\r\n\r\n"
    with closing(_connect_any(_with_port(authority), deadline)) as sock:
        send(sock, "tcp", deadline, head.encode())
        try:
            return _read_reply(lambda: receive(sock, "tcp", deadline))
        except BadMessage as error:
            raise DialError(f"malformed HTTP response: {error}") from None


def _with_port(authority: str) -> str:
    """`host:port` of a URL's authority, whose port may be missing."""
    if re.search(r":[0-9]*$", authority.rpartition("]")[2]):
        return authority
    return authority + ":80" if authority.startswith("[") else join_host_port(authority, 80)


def _percent(character: str) -> str:
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"%{byte:02X}" for byte in data)


def _connect_any(host_port: str, deadline: float | None) -> socket.socket:
    """Connect to the first address that answers, or raise what the first one said."""
    try:
        addresses = resolve(host_port)
    except ValueError as error:
        raise DialError(str(error)) from None
    return connect_first(addresses, "tcp", deadline)


def _read_reply(more: Callable[[], bytes]) -> Reply:
    """One reply, interim ones skipped, from what `more` gives until it gives nothing."""
    buffer = bytearray()
    status, fields = 100, []
    while 100 <= status < 200:
        end = _until(lambda: buffer.find(b"\r\n\r\n") + 1, buffer, more, MAX_HEAD)
        line, *rest = head_lines(bytes(buffer[:end]))
        del buffer[: end + 3]
        match = _STATUS_LINE.fullmatch(line)
        if not match:
            raise BadMessage(502)
        status, fields = int(match[1]), parse_fields(rest)
    return Reply(status, fields, _read_body(status, fields, buffer, more))


def _read_body(status: int, fields: Headers, buffer: bytearray, more: Callable[[], bytes]) -> bytes:
    length = body_length(fields)
    if status in {204, 304}:
        return b""
    if length is None:
        chunked = Chunked()
        _until(lambda: chunked.take(buffer), buffer, more, MAX_BODY)
        return bytes(chunked.body)
    if first(fields, "Content-Length"):
        _until(lambda: len(buffer) >= length, buffer, more, MAX_BODY)
        return bytes(buffer[:length])
    while data := more():
        buffer += data
        if len(buffer) > MAX_BODY:
            raise BadMessage(502)
    return bytes(buffer)


def _until(
    whole: Callable[[], int], buffer: bytearray, more: Callable[[], bytes], limit: int
) -> int:
    """Read more until `whole` is true of the buffer, and return what it said."""
    while not (result := whole()):
        data = more()
        if not data:
            raise DialError("unexpected EOF" if buffer else "EOF")
        buffer += data
        if len(buffer) > limit + BUFFER:
            raise BadMessage(502)
    return result
