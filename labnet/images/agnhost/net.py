"""`agnhost net`: the two ends of a connection that one side has half closed.

The server sends its FIN and waits; the client stays in CLOSE_WAIT. Whether NAT still knows the
connection after a while is what the original was written to find out.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from signal import SIGTERM

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.dial import DialError, connect_first, receive, resolve
from labnet.images.agnhost.golang import parse_int, split_host_port
from labnet.images.agnhost.log import fatal, log, out
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, error_response, text_response
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer
from labnet.images.agnhost.sockets import listen, listen_error, listen_tcp


Say = Callable[[str], None]
Options = Mapping[str, object]

LONG = """Runs one end of the close-wait test: nat-closewait-server, or nat-closewait-client.

  agnhost net --runner nat-closewait-client --options '{"RemoteAddr": "127.0.0.1:9999"}'
  agnhost net --serve :8889, then POST the options to /run/nat-closewait-server

Options of the server: LocalAddr, PostFinTimeoutSeconds; of the client: RemoteAddr, TimeoutSeconds,
PostFinTimeoutSeconds, LeakConnection.
"""
FLAGS = (
    Flag("serve", "", "address to serve on, and run what is posted to /run/RUNNER"),
    Flag("runner", "", "runner to run: nat-closewait-client, nat-closewait-server"),
    Flag("options", "", "the runner's options as JSON"),
    Flag("delay-shutdown", 0, "seconds to go on serving after SIGTERM", "int"),
)

_leaked: list[socket.socket] = []  # open as long as the process, as LeakConnection asks


class RunFailed(Exception):
    """A runner could not do its part."""


def _server(options: Options, say: Say) -> None:
    address = _text(options, "LocalAddr")
    seconds = _number(options, "PostFinTimeoutSeconds")
    host, port = _split(address)
    try:
        listener = listen(port, host)
    except OSError as error:
        raise RunFailed(listen_error("tcp", host, port, error)) from None
    with listener:
        say(f"Server listening on {address}")
        connection, _ = listener.accept()
    with connection:
        say("Client connected")
        connection.shutdown(socket.SHUT_WR)
        say(f"Server sent FIN, waiting {seconds} seconds")
        time.sleep(seconds)
    say("Done")


def _client(options: Options, say: Say) -> None:
    timeout = _number(options, "TimeoutSeconds")
    seconds = _number(options, "PostFinTimeoutSeconds")
    connection = connect_first(resolve(_text(options, "RemoteAddr")), "tcp", None)
    say("Connected to server")
    deadline = time.monotonic() + timeout if timeout > 0 else None
    leak = bool(options.get("LeakConnection"))
    with nullcontext() if leak else closing(connection):
        if receive(connection, "tcp", deadline, 1):
            raise RunFailed("Got data but expected EOF")
        say(f"Server has half-closed the connection, waiting {seconds} seconds")
        time.sleep(seconds)
    if leak:
        _leaked.append(connection)
        say("Leaking client connection")
    say("Done")


RUNNERS = {"nat-closewait-client": _client, "nat-closewait-server": _server}


def _text(options: Options, name: str) -> str:
    value = options.get(name, "")
    if not isinstance(value, str):
        raise RunFailed(f"Invalid options JSON: {name} is to be a string")
    return value


def _number(options: Options, name: str) -> int:
    value = options.get(name, 0)
    if not isinstance(value, int) or value < 0:
        raise RunFailed(f"Invalid options JSON: {name} is to be a number")
    return value


def _split(address: str) -> tuple[str, int]:
    try:
        host, port = split_host_port(address)
        return host, parse_int(port or "0")
    except ValueError as error:
        raise RunFailed(str(error)) from None


def run(name: str, options: str, say: Say) -> str:
    """Run a runner and tell `say` what it does; returns its error, nothing when it worked."""
    if name not in RUNNERS:
        return f"Invalid runner: '{name}', see --help"
    try:
        parsed = json.loads(options)
        if not isinstance(parsed, dict):
            return "Invalid options JSON: not an object"
        RUNNERS[name](parsed, say)
    except json.JSONDecodeError as error:
        return f"Invalid options JSON: {error}"
    except (RunFailed, DialError, OSError, ValueError) as error:
        return str(error)
    return ""


def net(flags: Flags, _arguments: Sequence[str]) -> int:
    """Run a runner, or serve until the end; returns the exit status."""
    if flags.text("serve"):
        return _serve(flags)
    if not flags.text("runner"):
        fatal("Must set either --runner or --serve, see --help")
    lines: list[str] = []
    error = run(flags.text("runner"), flags.text("options"), lines.append)
    if error:
        log(f"Error: {error}")
    out(_output(lines))
    return 1 if error else 0


def _output(lines: Sequence[str]) -> str:
    return "output:\n\n" + "".join(f"# closewait: {line}\n" for line in lines)


def _serve(flags: Flags) -> int:
    loop, delay = Loop(), flags.number("delay-shutdown")
    log(f"Running server on {flags.text('serve')}")
    try:
        host, port = _split(flags.text("serve"))
    except RunFailed as error:
        fatal(f"listen tcp: {error}")
    HttpServer(loop, listen_tcp(port, host), Mux({"/run/": Route(_run_request, waits=True)}))

    def terminated() -> None:
        log(f"Sleeping {delay} seconds before terminating...")
        loop.later(delay, partial(loop.exit, 0))

    if delay > 0:
        loop.on_signal(SIGTERM, terminated)
    return loop.run()


def _run_request(request: Request) -> Response:
    log(f"{request.method} {request.target} from {request.remote}")
    lines: list[str] = []
    name = request.path.removeprefix("/run/")
    error = run(name, request.body.decode(errors="replace"), lines.append)
    if error:
        return error_response(f"Error from runner: {error}\n{_output(lines)}", 500)
    return text_response(f"ok\n{_output(lines)}")


COMMAND = Command("net", "Runs the ends of a half-closed connection", net, FLAGS, LONG)
