"""`agnhost netexec`: the server that Kubernetes' network tests run in most of their pods.

HTTP or HTTPS on one port, UDP on another, SCTP on a third where the kernel has it. The endpoints
are in `endpoints`; here are the sockets, the commands over UDP and SCTP, and how it ends.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from signal import SIGTERM

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.endpoints import Endpoints, hostname
from labnet.images.agnhost.golang import error_text
from labnet.images.agnhost.log import fatal, log
from labnet.images.agnhost.loop import READ, Loop
from labnet.images.agnhost.message import Request
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer, Listener, Router
from labnet.images.agnhost.sockets import SCTP, listen, listen_tcp, listen_udp, serve_udp


SCTP_SIZE = 1024  # bytes of a message that are looked at

LONG = """Serves HTTP (HTTPS with --tls-cert-file) with these endpoints:

  /             the time
  /clientip     the client's address and port, as seen here
  /serverport   the port of this server
  /hostname     this machine's name (/hostName is the same)
  /header       the request's header of ?key=, or all of them as JSON
  /envvar       the environment variable of ?var=
  /echo         ?msg=, with the status ?code=
  /redirect     to ?location=, with the status ?code= (302)
  /dial         asks ?host= ?port= for ?request= over ?protocol=http|udp|sctp, ?tries= times;
                answers {"responses": [...], "errors": [...]}
  /shell        runs ?cmd= with /bin/sh; answers {"output": "...", "error": "..."}
  /upload       stores the form's "file" below /uploads; answers {"output": path}
  /healthz      200 once the UDP or SCTP server runs, 412 before
  /readyz       the same, and 503 after SIGTERM
  /exit         ends with ?code=, after ?wait= and ?timeout= for open connections
  /shutdown     ends with code 0

Over UDP (--udp-port=-1 for none) and SCTP (--sctp-port) it answers: hostname, echo TEXT, clientip,
serverport, envvar NAME.
"""
FLAGS = (
    Flag("http-port", 8080, "port for HTTP", "int"),
    Flag("udp-port", 8081, "port for UDP, -1 for none", "int"),
    Flag("sctp-port", -1, "port for SCTP, -1 for none", "int"),
    Flag("tls-cert-file", "", "PEM file with the certificate (and its CA's): serve HTTPS"),
    Flag("tls-private-key-file", "", "PEM file with the key of --tls-cert-file"),
    Flag("http-override", "", "answer all requests as if they were a GET of this path and query"),
    Flag("udp-listen-addresses", "", "comma-separated addresses for UDP instead of all"),
    Flag("delay-shutdown", 0, "seconds to go on serving after SIGTERM", "int"),
)


def netexec(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve until the end; returns the exit status."""
    loop = Loop()
    endpoints = Endpoints(loop, flags.number("http-port"))
    loop.on_signal(SIGTERM, partial(_terminated, loop, endpoints, flags.number("delay-shutdown")))
    log(f"Started HTTP server on port {flags.number('http-port')}")
    _serve_udp(loop, flags, endpoints)
    if flags.number("sctp-port") != -1:
        _serve_sctp(loop, flags.number("sctp-port"), endpoints)
    # Last: who can connect to it can rely on the others too.
    endpoints.server = _http_server(loop, flags, endpoints.mux)
    return loop.run()


def _terminated(loop: Loop, endpoints: Endpoints, delay: int) -> None:
    endpoints.terminated = True
    if delay > 0:
        log(f"Sleeping {delay} seconds before terminating...")
    loop.later(max(0, delay), partial(loop.exit, 0))


def _http_server(loop: Loop, flags: Flags, mux: Mux) -> HttpServer:
    wrap = None
    certificate = flags.text("tls-cert-file")
    if certificate:
        from labnet.images.agnhost.tls import tls_wrapper  # noqa: PLC0415 - 2 MB few pods need

        try:
            wrap = tls_wrapper(certificate, flags.text("tls-private-key-file"))
        except ValueError as error:
            fatal(str(error))
    route: Router = mux
    if flags.text("http-override"):
        route = partial(_overridden, mux, flags.text("http-override"))
    return HttpServer(loop, listen_tcp(flags.number("http-port")), route, wrap)


def _overridden(mux: Mux, target: str, _request: Request) -> Route:
    """The route of the overriding path, whose handler sees nothing of the real request."""
    request = Request("GET", target)
    route = mux(request)
    return Route(lambda _request: route.handler(request), route.waits)


def _serve_udp(loop: Loop, flags: Flags, endpoints: Endpoints) -> None:
    port = flags.number("udp-port")
    if port == -1:
        return
    for host in _addresses(flags.text("udp-listen-addresses")):
        sock = listen_udp(port, host)
        log(f"Started UDP server on port {host} {port}")
        endpoints.ready = True
        serve_udp(loop, sock, partial(answer, "UDP", port))


def _addresses(text: str) -> list[str]:
    """The addresses to listen on for UDP, sorted; the empty one is all."""
    if not text:
        return [""]
    for address in text.split(","):
        try:
            ip_address(address)
        except ValueError:
            fatal(f"parseAddress: invalid address {address}")
    return sorted(set(text.split(",")))


def answer(network: str, port: int, data: bytes, client: str) -> str | None:
    """What the UDP and the SCTP server reply to a message, None for nothing.

    The message counts in lower case and without space around it, as in the original; the name of
    a variable keeps its case.
    """
    text = data.decode("utf-8", "replace").strip()
    word, _, rest = text.lower().partition(" ")
    if word == "echo" and rest:
        log(f"Echoing {rest} to {network} client {client}")
        return rest
    if word == "envvar" and rest:
        name = text.partition(" ")[2]
        log(f"Sending envvar {name} to {network} client {client}")
        return os.environ.get(name, "")
    answers = {"hostname": hostname(), "clientip": client, "serverport": str(port)}
    if text.lower() in answers:
        log(f"Sending {text.lower()} to {network} client {client}")
        return answers[text.lower()]
    if text:
        log(f"Unknown {network} command received from {client}: {text.lower()}")
    return None


def _serve_sctp(loop: Loop, port: int, endpoints: Endpoints) -> None:
    """Serve SCTP, or say that the kernel has none and go on without."""
    try:
        sock = listen(port, protocol=SCTP)
    except OSError as error:
        log(f"SCTP server on port {port} not started: {error_text(error)}", "E")
        return
    log("Started SCTP server")
    endpoints.ready = True

    def accepted(sock: socket.socket, client: str) -> None:
        loop.watch(sock.fileno(), READ, partial(_answer_sctp, loop, sock, port, client))

    Listener(loop, sock, accepted)


def _answer_sctp(loop: Loop, sock: socket.socket, port: int, client: str) -> None:
    """One message, one reply, and the association ends."""
    loop.unwatch(sock.fileno())
    with sock:
        try:
            reply = answer("SCTP", port, sock.recv(SCTP_SIZE), client)
            if reply is not None:
                sock.send(reply.encode("utf-8", "surrogateescape"))
        except OSError as error:
            log(f"failed to answer SCTP client {client}: {error_text(error)}")


COMMAND = Command(
    "netexec", "Serves HTTP(S), UDP and SCTP with many endpoints", netexec, FLAGS, LONG
)
