"""Where requests begin and end, whatever the packets are."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.images.agnhost.form import decode, parse_form, parse_multipart
from labnet.images.agnhost.framing import MAX_BODY, MAX_HEAD, BadMessage, RequestParser
from labnet.images.agnhost.message import Request, canonical, guess_media_type, http_date


STREAM = (
    b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\nx-one: 1\r\n\r\n"
    b"\r\nPOST /b HTTP/1.1\nhost: h\nContent-Length: 3\n\nabc"
    b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;x=y\r\nde\r\n1\r\nf\r\n0\r\nTrailer: t\r\n\r\n"
    b"GET http://other/d HTTP/1.0\r\n\r\n"
)


def parsed(pieces: list[bytes]) -> list[Request]:
    """The requests in a stream that comes in these pieces."""
    parser, requests = RequestParser("10.0.0.1:1"), []
    for piece in pieces:
        parser.feed(piece)
        while request := parser.next():
            requests.append(request)
    return requests


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_requests_do_not_depend_on_packets(cuts: list[int]) -> None:
    """However the stream is cut, the same four requests come out."""
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(bounds)]
    requests = parsed(pieces)
    assert [(r.method, r.path, r.body) for r in requests] == [
        ("GET", "/a", b""),
        ("POST", "/b", b"abc"),
        ("PUT", "/c", b"def"),
        ("GET", "/d", b""),
    ]
    assert requests[0].headers == [("X-One", "1")]
    assert [request.minor for request in requests] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD + 1), 431),
    ],
)
def test_what_is_no_request_is_refused(data: bytes, status: int) -> None:
    """Each kind of malformed request has its status, as soon as it can be known."""
    with pytest.raises(BadMessage) as caught:
        parsed([data])
    assert caught.value.status == status


def test_a_chunked_body_is_bounded() -> None:
    """Chunks add up to no more than a body may have."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (1 << 20, bytes(1 << 20))
    with pytest.raises(BadMessage) as caught:
        parsed([head, *[chunk] * 33])
    assert caught.value.status == 413


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail(data: bytes) -> None:
    """Any bytes are requests, the beginning of one, or refused; nothing else happens."""
    parser = RequestParser("")
    parser.feed(data)
    with suppress(BadMessage):
        while request := parser.next():
            assert request.method


def test_a_head_that_comes_byte_by_byte_is_searched_once() -> None:
    """A long head in single bytes takes time in proportion to its length."""
    parser = RequestParser("")
    parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    for _ in range(200_000):
        parser.feed(b"x")
        assert parser.next() is None
    parser.feed(b"\r\n\r\n")
    assert parser.next() is not None


@given(st.text())
def test_a_decoded_text_is_unicode_or_surrogates(text: str) -> None:
    """Whatever is in a query, decoding it gives a text that can be sent as bytes."""
    decode(text).encode("utf-8", "surrogateescape" if text.isascii() else "surrogatepass")


def test_queries_are_read_as_go_reads_them() -> None:
    """`+` is a space, a pair with a bad escape or a semicolon is left out, no value is empty."""
    pairs = parse_form("a=1+2&b&c=%41%zz&d;e=1&=x&a=3")
    assert pairs == [("a", "1 2"), ("b", ""), ("", "x"), ("a", "3")]


def test_multipart_forms_are_taken_apart() -> None:
    """Fields and files come with their names; the last boundary ends it."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--B\r\ncontent-disposition: form-data; name="f"; filename="x\\"y"\r\n'
        b"Content-Type: text/plain\r\n\r\nline\r\n\r\nline\r\n--B--\r\nignored"
    )
    parts = list(parse_multipart('multipart/form-data; boundary="B"', body))
    assert parts == [("a", False, b"1"), ("f", True, b"line\r\n\r\nline")]
    assert not list(parse_multipart("multipart/form-data", body))
    assert not list(parse_multipart("text/plain; boundary=B", body))


def test_values_of_the_body_come_before_those_of_the_query() -> None:
    """A form that is posted wins over the query, as in Go's FormValue."""
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    request = Request("POST", "/?a=query&b=2", form, body=b"a=body")
    assert (request.form_value("a"), request.form_value("b")) == ("body", "2")
    assert request.query_value("a") == "query"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"hello", "text/plain; charset=utf-8"),
        (b" <HTML>", "text/html; charset=utf-8"),
        (b"<p>x", "text/html; charset=utf-8"),
        (b"<?xml?>", "text/xml; charset=utf-8"),
        (b"a\0b", "application/octet-stream"),
    ],
)
def test_media_types_are_guessed(body: bytes, media_type: str) -> None:
    """From the first bytes, as browsers do."""
    assert guess_media_type(body) == media_type


def test_names_and_dates_have_their_spelling() -> None:
    """Headers are canonical as in Go, dates as RFC 9110 wants."""
    assert canonical("x-FORWARDED-for") == "X-Forwarded-For"
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
