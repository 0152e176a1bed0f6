"""`agnhost serve-hostname` and `agnhost tcp-reset`: servers that say or do one thing."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from signal import SIGTERM

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.endpoints import hostname
from labnet.images.agnhost.log import fatal, log
from labnet.images.agnhost.loop import READ, Loop
from labnet.images.agnhost.message import Request, Response, text_response
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer, Listener
from labnet.images.agnhost.sockets import listen_tcp, listen_udp, serve_udp


GRACE = 60.0  # seconds that serve-hostname goes on after SIGTERM, to be removed from endpoints
UDP_SIZE = 16  # bytes of a datagram that are looked at

FLAGS = (
    Flag("tcp", default=False, help="serve over TCP without HTTP", kind="bool"),
    Flag("udp", default=False, help="serve over UDP", kind="bool"),
    Flag("http", default=True, help="serve over HTTP", kind="bool"),
    Flag("close", default=False, help="close the connection after each HTTP reply", kind="bool"),
    Flag("port", 9376, "port to serve on", "int"),
)


def serve_hostname(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve the name that this machine has now; returns the exit status."""
    if flags.on("http") and (flags.on("tcp") or flags.on("udp")):
        fatal("Can't serve TCP/UDP mode and HTTP mode at the same time")
    loop, name, port = Loop(), hostname(), flags.number("port")
    end_after(loop, GRACE)
    if flags.on("tcp"):
        Listener(loop, listen_tcp(port), partial(_say, name))
    if flags.on("udp"):
        serve_udp(loop, listen_udp(port), partial(_reply, name), UDP_SIZE)
    if flags.on("http"):
        handler = partial(_respond, name, flags.on("close"))
        HttpServer(loop, listen_tcp(port), Mux({"/": Route(handler)}))
    log(f"Serving on port {port}.")
    return loop.run()


def end_after(loop: Loop, seconds: float) -> None:
    """On SIGTERM, serve for so long, then end with status 0."""

    def terminated() -> None:
        log("Shutting down after receiving signal: terminated.")
        log("Awaiting pod deletion.")
        loop.later(seconds, partial(loop.exit, 0))

    loop.on_signal(SIGTERM, terminated)


def _say(name: str, sock: socket.socket, client: str) -> None:
    log(f"TCP request from {client}")
    with sock, suppress(OSError):
        sock.send(name.encode())


def _reply(name: str, _data: bytes, client: str) -> str:
    log(f"UDP request from {client}")
    return name


def _respond(name: str, close: bool, request: Request) -> Response:  # noqa: FBT001 - a flag's value
    log(f"HTTP request from {request.remote}")
    reply = text_response(name)
    if close:
        reply.headers = (("Connection", "close"),)
    return reply


def tcp_reset(flags: Flags, _arguments: Sequence[str]) -> int:
    """Reset every connection on which more than one byte came; returns the exit status."""
    loop, port = Loop(), flags.number("port")
    end_after(loop, 0)

    def accepted(sock: socket.socket, client: str) -> None:
        loop.watch(sock.fileno(), READ, partial(_reset, loop, sock, client))

    Listener(loop, listen_tcp(port), accepted)
    log(f"Serving on port {port}.")
    return loop.run()


def _reset(loop: Loop, sock: socket.socket, client: str) -> None:
    """Read one byte and close: the kernel resets a connection that is closed with unread input."""
    loop.unwatch(sock.fileno())
    with sock, suppress(OSError):
        sock.recv(1)
    log(f"TCP request from {client}")


SERVE_HOSTNAME = Command(
    "serve-hostname",
    "Serves the host's name",
    serve_hostname,
    FLAGS,
    "Serves the host's name over HTTP, or (--http=false) over plain TCP or UDP or both.",
)
TCP_RESET = Command(
    "tcp-reset",
    "Resets the TCP connections it receives",
    tcp_reset,
    (Flag("port", 8080, "port to serve on", "int"),),
    "Reads one byte of each connection and closes it, so that a client which sent more gets a RST.",
)
