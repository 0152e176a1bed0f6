"""`agnhost test-webserver`, `http-echo` and `liveness`: three small HTTP servers."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.endpoints import header_lists
from labnet.images.agnhost.form import decode
from labnet.images.agnhost.golang import SECOND, duration, json_text
from labnet.images.agnhost.log import log
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import (
    Request,
    Response,
    error_response,
    guess_media_type,
    http_date,
    text_response,
)
from labnet.images.agnhost.mux import Handler, Mux, Route, not_found, redirect
from labnet.images.agnhost.serve_hostname import GRACE, end_after
from labnet.images.agnhost.server import HttpServer
from labnet.images.agnhost.sockets import listen_tcp


BUFFER = 64 << 10
ALIVE = 10 * SECOND  # nanoseconds that liveness is well
CORS = (
    ("Cache-Control", "private"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "DNT,X-Mx-ReqToken,Keep-Alive,User-Agent,X-Requested-With,Cache-Control,Content-Type",
    ),
)
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".xml": "text/xml; charset=utf-8",
}


def webserver(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve all files of this container; returns the exit status."""
    return _serve(flags.number("port"), _file_server(Path("/")))


def _serve(port: int, handler: Handler) -> int:
    loop = Loop()
    HttpServer(loop, listen_tcp(port), Mux({"/": Route(handler)}))
    return loop.run()


def _file_server(root: Path) -> Handler:
    def respond(request: Request) -> Response:
        try:
            reply = _file_reply(root, request)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            reply = not_found(request)
        except PermissionError:
            reply = error_response("403 Forbidden", 403)
        except OSError:
            reply = error_response("500 Internal Server Error", 500)
        reply.headers = (*reply.headers, *CORS)
        return reply

    return respond


def _file_reply(root: Path, request: Request) -> Response:
    """A file, a directory's index or list, or a redirect to the path that it should have."""
    path = request.path
    if path.endswith("/index.html"):
        return redirect(request, path.removesuffix("index.html"), 301)
    place = root / path.strip("/")
    is_directory = stat.S_ISDIR(place.stat().st_mode)
    if is_directory and not path.endswith("/"):
        return redirect(request, f"{path}/", 301)
    if path.endswith("/") and not is_directory:
        return redirect(request, path.rstrip("/"), 301)
    if not is_directory:
        return _file(place, request)
    index = place / "index.html"
    return _file(index, request) if index.is_file() else _listing(place)


def _file(path: Path, request: Request) -> Response:
    """A regular file, read as it is sent; what a pipe or a device would do is not tried."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return error_response("403 Forbidden", 403)
    file = path.open("rb")
    start = file.read(512)
    media_type = MEDIA_TYPES.get(path.suffix.lower()) or guess_media_type(start)
    file.seek(0)
    if request.method == "HEAD":
        file.close()
    return Response(
        headers=(("Last-Modified", http_date(status.st_mtime)),),
        media_type=media_type,
        chunks=_chunks(file, status.st_size),
        length=status.st_size,
    )


def _chunks(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The first `length` bytes; EOFError, which ends the connection, when they are no more."""
    with file:
        while length:
            chunk = file.read(min(BUFFER, length))
            if not chunk:
                raise EOFError
            length -= len(chunk)
            yield chunk


def _listing(directory: Path) -> Response:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(directory))
    links = "".join(f'<a href="{_escape(name)}">{_html(name)}</a>\n' for name in names)
    page = f'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n{links}'
    return text_response(f"{page}</pre>\n", media_type="text/html; charset=utf-8")


def _escape(name: str) -> str:
    """A name as a relative URL."""
    safe = frozenset(b"-._~/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    data = name.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def http_echo(flags: Flags, _arguments: Sequence[str]) -> int:
    """Answer each request with its description in JSON; returns the exit status."""
    loop, port = Loop(), flags.number("port")
    end_after(loop, GRACE)
    HttpServer(loop, listen_tcp(port), Mux({"/": Route(partial(_describe, port))}))
    log(f"Serving on port {port}.")
    return loop.run()


def _describe(port: int, request: Request) -> Response:
    log(f"Echoing back request made to {request.target} to client ({request.remote})")
    description = {
        "path": request.target,
        "host": request.host,
        "method": request.method,
        "proto": f"HTTP/1.{request.minor}",
        "headers": header_lists(request),
        "httpPort": str(port),
        "namespace": os.environ.get("NAMESPACE", ""),
        "pod": os.environ.get("POD_NAME", ""),
    }
    reply = text_response(json_text(description, indent=" "), media_type="application/json")
    reply.headers = (("X-Content-Type-Options", "nosniff"),)
    return reply


def liveness(_flags: Flags, _arguments: Sequence[str]) -> int:
    """Be well for ten seconds and ill from then on; returns the exit status."""
    loop = Loop()
    HttpServer(loop, listen_tcp(8080), liveness_mux(time.monotonic_ns()))
    return loop.run()


def liveness_mux(start: int) -> Mux:
    """The endpoints of a liveness that began at this time of the monotonic clock."""
    return Mux(
        {
            "/started": Route(partial(_started, start)),
            "/healthz": Route(partial(_health, start)),
            "/redirect": Route(_redirect),
        }
    )


def _started(start: int, _request: Request) -> Response:
    return text_response(duration(time.monotonic_ns() - start))


def _health(start: int, _request: Request) -> Response:
    age = time.monotonic_ns() - start
    return text_response("ok") if age <= ALIVE else text_response(f"error: {age / SECOND}", 500)


def _redirect(request: Request) -> Response:
    return redirect(request, decode(request.query_value("loc")), 302)


COMMANDS = (
    Command(
        "test-webserver",
        "Serves the files of this container",
        webserver,
        (Flag("port", 80, "port to serve on", "int"),),
    ),
    Command(
        "http-echo",
        "Answers with the request as JSON",
        http_echo,
        (Flag("port", 8080, "port to serve on", "int"),),
    ),
    Command(
        "liveness",
        "Is well for ten seconds, then ill",
        liveness,
        long="Serves /healthz on port 8080, 200 for ten seconds, then 500; /started; /redirect.",
    ),
)
