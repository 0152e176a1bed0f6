"""The HTTP endpoints of netexec."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from labnet.images.agnhost.dial import TIMEOUT, Address, DialError, exchange, resolve
from labnet.images.agnhost.get import http_get
from labnet.images.agnhost.golang import (
    SECOND,
    duration,
    error_text,
    join_host_port,
    json_text,
    now,
    parse_duration,
    parse_int,
    quoted,
)
from labnet.images.agnhost.log import Exit, log
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, error_response, text_response
from labnet.images.agnhost.mux import Mux, Route, redirect
from labnet.images.agnhost.server import HttpServer
from labnet.images.agnhost.shell import run_shell


UPLOADS = Path("/uploads")
SIZES = {"udp": 2048, "sctp": 1024}  # bytes of an answer


def hostname() -> str:
    """The name of the UTS namespace, which is the pod's name."""
    return os.uname().nodename


class Endpoints:
    """What the endpoints say, and the little that they know."""

    def __init__(self, loop: Loop, port: int) -> None:
        """`port` is the HTTP server's, which is to be set as `server` when it exists."""
        self.server: HttpServer | None = None
        self.ready = False
        self.terminated = False
        self._loop, self._port = loop, port
        self._start = time.monotonic_ns()
        self.mux = Mux(
            {
                "/": Route(self._root),
                "/clientip": Route(_client_ip),
                "/serverport": Route(self._server_port),
                "/header": Route(_header),
                "/envvar": Route(_variable),
                "/dial": Route(_dial, waits=True),
                "/echo": Route(_echo),
                "/exit": Route(self._exit, waits=True),
                "/healthz": Route(self._healthz),
                "/readyz": Route(self._readyz),
                "/hostname": Route(partial(_hostname, "/hostname")),
                "/hostName": Route(partial(_hostname, "/hostName")),
                "/redirect": Route(_redirect),
                "/shell": Route(_shell, waits=True),
                "/upload": Route(_upload, waits=True),
                "/shutdown": Route(_shutdown),
            }
        )

    def _root(self, _request: Request) -> Response:
        log("GET /")
        return text_response(f"NOW: {now(time.monotonic_ns() - self._start)}")

    def _server_port(self, _request: Request) -> Response:
        log("GET /serverport")
        return text_response(str(self._port))

    def _healthz(self, _request: Request) -> Response:
        log("GET /healthz")
        return Response(status=200 if self.ready else 412)

    def _readyz(self, _request: Request) -> Response:
        log("GET /readyz")
        if self.terminated:
            return text_response("shutting down", 503)
        return text_response("ok") if self.ready else Response(status=412)

    def _exit(self, request: Request) -> Response:
        """End after a while; without a timeout the client gets no reply any more."""
        code, timeout, wait = map(request.form_value, ("code", "timeout", "wait"))
        log(f"GET /exit?code={code}&timeout={timeout}&wait={wait}")
        for name, text in (("timeout", timeout), ("wait", wait)):
            if text and not _valid(parse_duration, text):
                return text_response(
                    f"argument '{name}' must be a valid golang duration or empty, "
                    f"got {quoted(text)}\n"
                )
        if code and not _valid(parse_int, code):
            return text_response(
                f"argument 'code' must be an integer [0-127] or empty, got {quoted(code)}\n"
            )
        pause, grace, status = (
            parse_duration(wait or "0"),
            parse_duration(timeout or "0"),
            parse_int(code or "0"),
        )
        log(
            f"Will begin shutdown in {duration(pause)}, allowing {duration(grace)} for "
            f"connections to close, then will exit with {status}"
        )
        time.sleep(max(0, pause) / SECOND)
        if not grace:
            raise Exit(status)
        self._loop.soon(partial(self._shut_down, grace / SECOND, status))
        return Response()

    def _shut_down(self, seconds: float, status: int) -> None:
        def done(error: str) -> None:
            log(f"Graceful shutdown completed with: {error}")
            self._loop.exit(status)

        assert self.server
        if not self.server.stopping:
            self.server.shut_down(seconds, done)


def _valid(parse: Callable[[str], int], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _client_ip(request: Request) -> Response:
    log("GET /clientip")
    return text_response(request.remote)


def _hostname(path: str, _request: Request) -> Response:
    log(f"GET {path}")
    return text_response(hostname())


def _header(request: Request) -> Response:
    key = request.form_value("key")
    if key:
        log(f"GET /header?key={key}")
        return text_response(request.header(key))
    log("GET /header")
    return text_response(json_text(header_lists(request)))


def header_lists(request: Request) -> dict[str, list[str]]:
    """All values of each header, as Go keeps them."""
    values: dict[str, list[str]] = {}
    for name, value in sorted(request.headers, key=lambda field: field[0]):
        values.setdefault(name, []).append(value)
    return values


def _variable(request: Request) -> Response:
    name = request.form_value("var")
    log(f"GET /envvar?var={name}")
    if not name:
        return error_response("no 'var' given", 400)
    if name not in os.environ:
        return error_response(f"environment variable {quoted(name)} is not set", 500)
    return text_response(os.environ[name])


def _echo(request: Request) -> Response:
    message, code = request.form_value("msg"), request.form_value("code")
    log(f"GET /echo?msg={message}&code={code}")
    if code and not _valid(parse_int, code):
        return _not_an_integer(code)
    return text_response(message, parse_int(code or "200"))


def _not_an_integer(code: str) -> Response:
    return text_response(f"argument 'code' must be an integer or empty, got {quoted(code)}\n")


def _redirect(request: Request) -> Response:
    location, code = request.form_value("location"), request.form_value("code")
    log(f"{request.method} /redirect?msg={location}&code={code}")
    if code and not _valid(parse_int, code):
        return _not_an_integer(code)
    return redirect(request, location, parse_int(code or "302"))


def _shutdown(_request: Request) -> Response:
    log("GET /shutdown")
    raise Exit(0)


def _shell(request: Request) -> Response:
    command = request.form_value("shellCommand") or request.form_value("cmd")
    log(f"GET /shell?cmd={command}")
    output, error = run_shell(command)
    answer = {key: text for key, text in (("error", error), ("output", output)) if text}
    pairs = " ".join(f"{key}:{text}" for key, text in answer.items())
    log(f"Output: map[{pairs}]")
    return text_response(json_text(answer))


def _upload(request: Request) -> Response:
    log("GET /upload")
    contents = request.file("file")
    if contents is None:
        log("Unable to upload file: http: no such file")
        return text_response(json_text({"error": "Unable to upload file."}))
    path = UPLOADS / f"upload{int.from_bytes(os.urandom(5), 'big')}"
    try:
        path.touch(0o700, exist_ok=False)
    except OSError as error:
        log(f"Unable to open file for write: {error_text(error)}")
        return text_response(json_text({"error": "Unable to open file for write"}))
    try:
        path.write_bytes(contents)
    except OSError as error:
        log(f"Unable to write file: {error_text(error)}")
        return text_response(json_text({"error": "Unable to write file."}))
    log(f"Wrote upload to {path}")
    return text_response(json_text({"output": str(path)}), 201)


def _dial(request: Request) -> Response:
    names = ("host", "protocol", "port", "request", "tries")
    host, protocol, port, wanted, tries = map(request.query_value, names)
    log(f"GET /dial?host={host}&protocol={protocol}&port={port}&request={wanted}&tries={tries}")
    try:
        count = parse_int(tries or "1")
    except ValueError as error:
        return error_response(f"tries parameter is invalid. {error}", 400)
    if not wanted:
        return error_response("request parameter not specified. <nil>", 400)
    network = protocol.lower() or "http"
    if network not in {"http", "udp", "sctp"}:
        return error_response(f"unsupported protocol. {protocol}", 400)
    try:
        target = resolve(join_host_port(host, port), "udp" if network == "udp" else "tcp")[0]
    except (DialError, ValueError) as error:
        return error_response(f"host and/or port param are invalid. {error}", 400)
    return text_response(json_text(_dials(target, network, wanted, count)))


def _dials(target: Address, network: str, wanted: str, tries: int) -> dict[str, list[str]]:
    """What came back. As in the original, no responses at all if the last one was none."""
    responses, errors, response = [], [], ""
    for _ in range(tries):
        try:
            response = _dial_once(target, network, wanted)
            responses.append(response)
        except DialError as error:
            response = ""
            errors.append(str(error))
    output = {"errors": errors} if errors else {}
    return output | ({"responses": responses} if response else {})


def _dial_once(target: Address, network: str, wanted: str) -> str:
    if network != "http":
        return exchange(target, network, wanted, SIZES[network])
    body = http_get(f"http://{target}/{wanted}", TIMEOUT).body
    return body.decode("utf-8", "surrogateescape")
