"""HTTP messages as values, and replies as bytes.

After RFC 9110; where it leaves a choice, as Go's net/http does: the texts of errors, the order of
headers, the media type guessed from a body.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from labnet.images.agnhost.form import decode, first, parse_form, parse_multipart


# Where Go's phrase is not that of Python's standard library.
_PHRASES = {
    302: "Found",
    414: "Request URI Too Long",
    418: "I'm a teapot",
    505: "HTTP Version Not Supported",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TEXT = "text/plain; charset=utf-8"

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Request:
    """A whole request. `path` is decoded; `headers` have Go's spelling, and not Host."""

    method: str
    target: str
    headers: Headers = ()
    host: str = ""
    body: bytes = b""
    remote: str = ""
    minor: int = 1

    @property
    def path(self) -> str:
        """The decoded path of the target."""
        return decode(self._split()[0], plus=False)

    @property
    def query(self) -> str:
        """What follows the first `?` of the target, as it came."""
        return self._split()[1]

    def _split(self) -> tuple[str, str]:
        target = self.target.partition("#")[0]
        if not target.startswith("/") and "://" in target:
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("?")
        return path, query

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return first(self.headers, canonical(name))

    def query_value(self, key: str) -> str:
        """The first value of a key of the query, or nothing."""
        return first(parse_form(self.query), key)

    def form_value(self, key: str) -> str:
        """The first value of a key in the body's form, else in the query."""
        return first((*self._body_form(), *parse_form(self.query)), key)

    def file(self, key: str) -> bytes | None:
        """The contents of an uploaded file."""
        for name, is_file, contents in parse_multipart(self.header("Content-Type"), self.body):
            if is_file and name == key:
                return contents
        return None

    def _body_form(self) -> Headers:
        media_type = self.header("Content-Type")
        if media_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            return parse_form(self.body.decode("utf-8", "surrogateescape"))
        return [
            (name, contents.decode("utf-8", "surrogateescape"))
            for name, is_file, contents in parse_multipart(media_type, self.body)
            if not is_file
        ]

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to send another request after this one."""
        wishes = self.header("Connection").lower().replace(" ", "").split(",")
        return "close" not in wishes if self.minor else "keep-alive" in wishes


@dataclass(slots=True)
class Response:
    """A reply; its media type is guessed from the body when none is given.

    A long body comes as `chunks` of together `length` bytes instead.
    """

    body: bytes = b""
    status: int = 200
    headers: Headers = ()
    media_type: str = ""
    chunks: Iterator[bytes] | None = None
    length: int = 0


def text_response(text: str, status: int = 200, media_type: str = "") -> Response:
    """A reply with a text."""
    return Response(text.encode("utf-8", "surrogateescape"), status, (), media_type)


def error_response(text: str, status: int) -> Response:
    """A reply that says what went wrong, as Go's `http.Error` makes it."""
    reply = text_response(f"{text}\n", status, TEXT)
    reply.headers = (("X-Content-Type-Options", "nosniff"),)
    return reply


def phrase(status: int) -> str:
    """The words after a status code; nothing for one that has none."""
    if status in _PHRASES:
        return _PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def canonical(name: str) -> str:
    """A header's name in Go's spelling: `x-forwarded-for` is `X-Forwarded-For`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def http_date(seconds: float) -> str:
    """`Sun, 06 Nov 1994 08:49:37 GMT`, whatever the locale."""
    at = time.gmtime(seconds)
    day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"


def guess_media_type(body: bytes) -> str:
    """What a browser would take the body for: a page, a text or neither (WHATWG's sniffing)."""
    start = body[:512]
    lead = start.lstrip(b" \t\r\n\f").lower()
    if lead.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body", b"<!--")):
        return "text/html; charset=utf-8"
    if re.match(rb"<(a|h1|p|b|br|div|font|iframe|style|table|title)[ >]", lead):
        return "text/html; charset=utf-8"
    if lead.startswith(b"<?xml"):
        return "text/xml; charset=utf-8"
    if re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", start):
        return "application/octet-stream"
    return TEXT


def render_response(reply: Response, request: Request, *, keep_alive: bool) -> bytes:
    """The head of a reply, and its body unless that is forbidden or comes in chunks."""
    status = reply.status
    if 100 <= status < 200 and status != 101:
        # An informational status announces the real one, which is 200 for want of another.
        rest = Response(reply.body, 200, reply.headers, reply.media_type)
        early = f"HTTP/1.1 {status} {phrase(status)}\r\n\r\n".encode()
        return early + render_response(rest, request, keep_alive=keep_alive)
    without_body = status in {101, 204, 304}
    length = reply.length if reply.chunks is not None else len(reply.body)
    lines = [f"HTTP/1.{request.minor} {status} {phrase(status) or f'status code {status}'}"]
    lines += [f"{name}: {value}" for name, value in sorted(reply.headers)]
    lines.append(f"Date: {http_date(time.time())}")
    if not without_body:
        lines.append(f"Content-Length: {length}")
        if reply.media_type or length:
            lines.append(f"Content-Type: {reply.media_type or guess_media_type(reply.body)}")
    if not keep_alive and request.minor:
        lines.append("Connection: close")
    if keep_alive and not request.minor:
        lines.append("Connection: keep-alive")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
    return head if without_body or request.method == "HEAD" else head + reply.body
