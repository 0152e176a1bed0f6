"""`agnhost porter`: a text on each of many ports, as environment variables say.

SERVE_PORT_80 or SERVE_TCP_PORT_80 over HTTP, SERVE_TLS_PORT_443 over HTTPS, SERVE_UDP_PORT_53,
SERVE_SCTP_PORT_5000. A port that cannot be served is logged; the others are.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.golang import error_text, json_text, parse_int
from labnet.images.agnhost.log import log
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, text_response
from labnet.images.agnhost.mux import Handler, Mux, Route
from labnet.images.agnhost.server import HttpServer, Listener
from labnet.images.agnhost.sockets import SCTP, listen, listen_error, serve_udp


UDP_SIZE = 16  # bytes of a datagram that are looked at

LONG = """Serves the values of variables of the environment: SERVE_PORT_N (or SERVE_TCP_PORT_N) over
HTTP on port N, SERVE_TLS_PORT_N over HTTPS, SERVE_UDP_PORT_N over UDP, SERVE_SCTP_PORT_N over SCTP.
For HTTPS, CERT_FILE and KEY_FILE name the certificate and its key (localhost.crt, localhost.key).
"""


@dataclass(frozen=True, slots=True)
class _Porter:
    loop: Loop
    json: bool

    def http(self, port: int, value: str) -> None:
        """Serve `value` over HTTP; raises OSError."""
        HttpServer(self.loop, listen(port), self._mux(value))

    def tls(self, port: int, value: str) -> None:
        """Serve `value` over HTTPS; raises OSError, and ValueError for a bad certificate."""
        from labnet.images.agnhost.tls import tls_wrapper  # noqa: PLC0415 - 2 MB few pods need

        certificate = os.environ.get("CERT_FILE") or "localhost.crt"
        wrap = tls_wrapper(certificate, os.environ.get("KEY_FILE") or "localhost.key")
        HttpServer(self.loop, listen(port), self._mux(value), wrap)

    def udp(self, port: int, value: str) -> None:
        """Answer every datagram with `value`; raises OSError."""
        sock = listen(port, kind=socket.SOCK_DGRAM)
        serve_udp(self.loop, sock, lambda _data, _client: value, UDP_SIZE)
        log(f"Started UDP server on port {port}")

    def sctp(self, port: int, value: str) -> None:
        """Say `value` on every SCTP association and close it; raises OSError."""
        Listener(self.loop, listen(port, protocol=SCTP), partial(_say, value))
        log("Started SCTP server")

    def _mux(self, value: str) -> Mux:
        return Mux({"/": Route(_json(value) if self.json else _plain(value))})


def _plain(value: str) -> Handler:
    return lambda _request: text_response(value)


def _json(value: str) -> Handler:
    def respond(request: Request) -> Response:
        answer = json_text({"Method": request.method, "Body": value})
        return text_response(answer, media_type="application/json")

    return respond


def _say(value: str, sock: socket.socket, _client: str) -> None:
    with sock, suppress(OSError):
        sock.send(value.encode("utf-8", "surrogateescape"))


def porter(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve what the environment says until the end; returns the exit status."""
    server = _Porter(Loop(), flags.on("json-response"))
    kinds: dict[str, tuple[str, Callable[[int, str], None]]] = {
        "SERVE_PORT_": ("tcp", server.http),
        "SERVE_TCP_PORT_": ("tcp", server.http),
        "SERVE_UDP_PORT_": ("udp", server.udp),
        "SERVE_TLS_PORT_": ("tcp", server.tls),
        "SERVE_SCTP_PORT_": ("sctp", server.sctp),
    }
    for name, value in os.environ.items():
        for prefix, (network, serve) in kinds.items():
            if name.startswith(prefix):
                _serve(network, serve, name.removeprefix(prefix), value)
    return server.loop.run()


def _serve(network: str, serve: Callable[[int, str], None], port: str, value: str) -> None:
    try:
        serve(parse_int(port), value)
    except OSError as error:
        why = listen_error(network, "0.0.0.0", int(port), error)  # noqa: S104 - as the original says
        if network == "sctp":
            why = f"SCTP: {error_text(error)}"
        log(f'server on port "{port}" failed: {why}')
    except ValueError as error:
        log(f'server on port "{port}" failed: {error}')


COMMAND = Command(
    "porter",
    "Serves texts on the ports that the environment names",
    porter,
    (
        Flag(
            "json-response", default=False, help="answer with JSON that has the method", kind="bool"
        ),
    ),
    LONG,
)
