"""The servers of files and of descriptions: test-webserver, http-echo, liveness."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from forked import fetch, free_port, serving
from labnet.images.agnhost import web
from labnet.images.agnhost.message import Request
from labnet.images.agnhost.mux import Mux


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with pages, below the root that test-webserver serves."""
    (tmp_path / "page.html").write_text("<p>page</p>")
    (tmp_path / "big").write_bytes(bytes(range(256)) * 4000)
    (tmp_path / "a&b <c>").mkdir()
    (tmp_path / "with").mkdir()
    (tmp_path / "with" / "index.html").write_text("index")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_webserver_serves_files(site: Path) -> None:
    """Files, indexes, lists and redirects, as Go's file server does."""
    port = free_port()
    with serving(port, "test-webserver", f"--port={port}"):
        page = fetch(port, f"{site}/page.html", headers={"If-Modified-Since": "x"})
        assert (page.text, page.headers["Content-Type"]) == (
            "<p>page</p>",
            "text/html; charset=utf-8",
        )
        assert page.headers["Access-Control-Allow-Origin"] == "*"
        big = fetch(port, f"{site}/big")
        assert big.body == (site / "big").read_bytes()
        head = fetch(port, f"{site}/big", "HEAD")
        assert (head.body, head.headers["Content-Length"]) == (b"", "1024000")
        listing = fetch(port, f"{site}/").text
        assert '<a href="a%26b%20%3Cc%3E/">a&amp;b &lt;c&gt;/</a>' in listing
        assert fetch(port, f"{site}/with/").text == "index"
        for path, location in (
            ("with", "with/"),
            ("with/index.html", "with/"),
            ("page.html/", "page.html"),
        ):
            reply = fetch(port, f"{site}/{path}")
            assert (reply.status, reply.headers["Location"]) == (301, f"{site}/{location}")
        assert fetch(port, f"{site}/none").status == 404
        assert fetch(port, f"{site}/page.html/x").status == 404
        assert fetch(port, f"{site}/%00").status == 404
        assert fetch(port, f"{site}/pipe").status == 403
        assert fetch(port, "/%2e%2e/%2e%2e/etc/hosts").status in {200, 301}


def test_a_file_that_shrinks_ends_the_connection(tmp_path: Path) -> None:
    """Less than was promised is not padded, nor taken for all."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10)
    reply = web._file(path, Request("GET", "/"))  # noqa: SLF001 - the race cannot be staged outside
    path.write_bytes(b"x")
    assert reply.chunks is not None
    assert next(reply.chunks) == b"x"
    with pytest.raises(EOFError):
        next(reply.chunks)


def test_http_echo_describes_the_request() -> None:
    """Path, host, method, protocol and headers, and which pod it was."""
    port = free_port()
    environment = {"NAMESPACE": "ns", "POD_NAME": "p"}
    with serving(port, "http-echo", f"--port={port}", environment=environment):
        reply = fetch(port, "/a?b=1", "PUT", headers={"X-A": "1"}, body=b"x")
        assert reply.headers["Content-Type"] == "application/json"
        answer = json.loads(reply.text)
        headers = answer.pop("headers")
        assert headers["X-A"] == ["1"]
        assert answer == {
            "path": "/a?b=1",
            "host": f"127.0.0.1:{port}",
            "method": "PUT",
            "proto": "HTTP/1.1",
            "httpPort": str(port),
            "namespace": "ns",
            "pod": "p",
        }


def test_liveness_is_well_and_then_ill() -> None:
    """By its age; /started tells it, and there is nothing else."""
    now = time.monotonic_ns()
    young, old = web.liveness_mux(now), web.liveness_mux(now - 11 * 10**9)

    def ask(mux: Mux, target: str) -> tuple[int, str]:
        request = Request("GET", target)
        reply = mux(request).handler(request)
        assert reply
        return reply.status, reply.body.decode()

    assert ask(young, "/healthz") == (200, "ok")
    status, text = ask(old, "/healthz")
    assert (status, text[:9]) == (500, "error: 11")
    assert ask(old, "/started")[1].startswith("11.")
    assert ask(young, "/redirect?loc=http%3A%2F%2Fx%2F")[0] == 302
    assert ask(young, "/none") == (404, "404 page not found\n")
