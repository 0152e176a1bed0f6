"""Where one HTTP/1.1 message ends and the next begins, for server and client.

After RFC 9112. Heads and bodies are bounded; a message that has two lengths, a folded header or a
bad character is refused, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from labnet.images.agnhost.message import Headers, Request, canonical, phrase


MAX_HEAD = 1 << 20
MAX_BODY = 32 << 20
MAX_CHUNK_LINE = 4096
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rf"({_NAME}) ([^\s\x00-\x1f\x7f]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rf"({_NAME}):([^\x00-\x08\x0a-\x1f\x7f]*)")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadMessage(Exception):
    """The bytes are no message that we take; a server answers with the status and closes."""

    def __init__(self, status: int, detail: str = "") -> None:
        """`detail` follows the status in the answer's body."""
        self.status = status
        super().__init__(f"{status} {phrase(status)}{': ' if detail else ''}{detail}")


def parse_request_line(line: str) -> Request:
    """A request without headers and body; raises BadMessage."""
    match = _REQUEST_LINE.fullmatch(line)
    if not match:
        raise BadMessage(400)
    method, target, major, minor = match.groups()
    if major != "1":
        raise BadMessage(505, "unsupported protocol version")
    request = Request(method, target, minor=min(int(minor), 1))
    path = target.partition("?")[0]
    if _BAD_ESCAPE.search(path) or not (path.startswith("/") or "://" in path or path == "*"):
        raise BadMessage(400)
    if path == "*" and method != "OPTIONS":
        raise BadMessage(400)
    return request


def parse_fields(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Headers with their names in Go's spelling; raises BadMessage."""
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if not match:
            raise BadMessage(400)
        fields.append((canonical(match[1]), match[2].strip(" \t")))
    return fields


def head_lines(head: bytes) -> list[str]:
    """The lines of a head, whatever ends them; undecodable bytes become surrogates."""
    text = head.decode("utf-8", "surrogateescape")
    return [line.removesuffix("\r") for line in text.rstrip("\r\n").split("\n")]


def body_length(fields: Headers) -> int | None:
    """How long a body is by its headers, None when it comes in chunks; raises BadMessage."""
    lengths = {value for name, value in fields if name == "Content-Length"}
    codings = [value.lower() for name, value in fields if name == "Transfer-Encoding"]
    if not codings:
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", value) for value in lengths):
            raise BadMessage(400, "invalid Content-Length")
        return int(lengths.pop()) if lengths else 0
    if codings != ["chunked"]:
        raise BadMessage(501, "unsupported transfer encoding")
    if lengths:
        raise BadMessage(400, "both Content-Length and Transfer-Encoding")
    return None


class Chunked:
    """Takes a chunked body out of a buffer as it grows."""

    def __init__(self) -> None:
        """Begin at a chunk's size line."""
        self.body = bytearray()
        self._left = 0
        self._state = "size"

    def take(self, buffer: bytearray) -> bool:
        """Move what there is from the front of `buffer`; whether the body is whole now."""
        while self._state != "done":
            if self._state == "data":
                if not self._take_data(buffer):
                    return False
                continue
            line = self._take_line(buffer)
            if line is None:
                return False
            self._line(line)
        return True

    def _take_data(self, buffer: bytearray) -> bool:
        part = buffer[: self._left]
        self.body += part
        del buffer[: len(part)]
        self._left -= len(part)
        if len(self.body) > MAX_BODY:
            raise BadMessage(413)
        if not self._left:
            self._state = "after data"
        return not self._left

    def _take_line(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        if end < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                raise BadMessage(400)
            return None
        line = bytes(buffer[:end]).removesuffix(b"\r")
        del buffer[: end + 1]
        return line

    def _line(self, line: bytes) -> None:
        if self._state == "trailer":
            self._state = "trailer" if line else "done"
        elif self._state == "after data":
            if line:
                raise BadMessage(400)
            self._state = "size"
        else:
            size = line.partition(b";")[0].strip(b" \t")
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise BadMessage(400)
            self._left = int(size, 16)
            self._state = "data" if self._left else "trailer"


class RequestParser:
    """Cuts the bytes of one connection into requests."""

    def __init__(self, remote: str) -> None:
        """`remote` is the client's address, for the requests."""
        self._remote = remote
        self._buffer = bytearray()
        self._request: Request | None = None
        self._length = 0
        self._chunked: Chunked | None = None
        self._line_checked = False
        self._searched = 0
        self.wants_continue = False

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return not self._buffer and self._request is None

    def feed(self, data: bytes) -> None:
        """Append what has come."""
        self._buffer += data

    def next(self) -> Request | None:
        """The next whole request, None until there is one; raises BadMessage."""
        if self._request is None and not self._take_head():
            return None
        assert self._request is not None
        if not self._take_body(self._request):
            return None
        request, self._request, self._chunked = self._request, None, None
        self.wants_continue = False
        return request

    def _take_head(self) -> bool:
        buffer = self._buffer
        while buffer.startswith((b"\r", b"\n")):
            del buffer[:1]  # RFC 9112, 2.2: an empty line may precede a request
        # A client may send its head byte by byte: look at each only once.
        end = _END_OF_HEAD.search(buffer, max(0, self._searched - 2))
        self._searched = 0 if end else len(buffer)
        if not end or end.start() > MAX_HEAD:
            if len(buffer) > MAX_HEAD:
                raise BadMessage(431)
            self._check_first_line()
            return False
        line, *rest = head_lines(bytes(buffer[: end.end()]))
        del buffer[: end.end()]
        self._line_checked = False
        self._begin(parse_request_line(line), parse_fields(rest))
        return True

    def _check_first_line(self) -> None:
        """Refuse what is no HTTP at its first line, without waiting for an end that never comes."""
        end = self._buffer.find(b"\n")
        if end >= 0 and not self._line_checked:
            parse_request_line(head_lines(bytes(self._buffer[:end]))[0])
            self._line_checked = True

    def _begin(self, request: Request, fields: list[tuple[str, str]]) -> None:
        hosts = [value for name, value in fields if name == "Host"]
        if len(hosts) > 1:
            raise BadMessage(400, "too many Host headers")
        if not hosts and request.minor:
            raise BadMessage(400, "missing required Host header")
        length = body_length(fields)
        if length is not None and length > MAX_BODY:
            raise BadMessage(413)
        request.host = hosts[0] if hosts else ""
        request.headers = [field for field in fields if field[0] != "Host"]
        request.remote = self._remote
        self._request, self._length = request, length or 0
        self._chunked = Chunked() if length is None else None
        self.wants_continue = request.header("Expect").lower() == "100-continue"

    def _take_body(self, request: Request) -> bool:
        if self._chunked:
            whole = self._chunked.take(self._buffer)
            request.body = bytes(self._chunked.body) if whole else b""
            return whole
        if len(self._buffer) < self._length:
            return False
        request.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return True
