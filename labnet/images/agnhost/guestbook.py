"""`agnhost guestbook`: a store of keys with replicas, and a front end for them.

The primary answers /set and hands each change on to the replicas that have registered; all answer
/get; /guestbook asks the Service agnhost-primary or agnhost-replica, as its cmd says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.dial import TIMEOUT, DialError, connect_first, resolve
from labnet.images.agnhost.get import http_get
from labnet.images.agnhost.golang import join_host_port, json_text, parse_int
from labnet.images.agnhost.log import fatal, log
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, error_response, text_response
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer
from labnet.images.agnhost.sockets import listen_tcp


PATIENCE = 15.0  # seconds to find the primary
PAUSE = 1.0  # seconds between two tries

FLAGS = (
    Flag("http-port", "80", "port to serve on"),
    Flag("backend-port", "6379", "port of the primary and the replicas"),
    Flag("replicaof", "", "host of the primary to register with"),
)


class Guestbook:
    """The store, the replicas that have registered, and the handlers."""

    def __init__(self, backend_port: str) -> None:
        """An empty store, without replicas."""
        self._port = backend_port
        self._store: dict[str, object] = {}
        self._replicas: list[str] = []
        self.mux = Mux(
            {
                "/register": Route(self._register),
                "/get": Route(self._get),
                "/set": Route(self._set, waits=True),
                "/guestbook": Route(self._front, waits=True),
            }
        )

    def _register(self, request: Request) -> Response:
        host = request.query_value("host")
        log(f"GET /register?host={host}")
        self._replicas.append(host)
        log(f"Node '{host}' registered.")
        return self._data(self._store)

    def _data(self, value: object) -> Response:
        if isinstance(value, dict):
            value = dict(sorted(value.items()))
        return text_response(json_text({"data": value}))

    def _get(self, request: Request) -> Response:
        key = request.query_value("key")
        log(f"GET /get?key={key}")
        return self._data(self._store.get(key, "") if key else self._store)

    def _set(self, request: Request) -> Response:
        key, value = request.query_value("key"), request.query_value("value")
        log(f"GET /set?key={key}&value={value}")
        if not key:
            return error_response("cannot set with empty key.", 400)
        self._store[key] = value
        for replica in list(self._replicas):
            try:
                self._ask(replica, f"set?key={_escape(key)}&value={_escape(value)}")
            except DialError as error:
                why = f"encountered error while propagating to replica '{replica}': {error}"
                return error_response(why, 417)
        return text_response(json_text({"message": "Updated"}))

    def _front(self, request: Request) -> Response:
        command, key, value = map(request.query_value, ("cmd", "key", "value"))
        log(f"GET /guestbook?cmd={command}&key={key}&value={value}")
        if command.lower() not in {"get", "set"}:
            return error_response(f"unsupported cmd: '{command}'", 400)
        if command.lower() == "set" and not key:
            return error_response("cannot set with empty key.", 400)
        host = "agnhost-primary" if command.lower() == "set" else "agnhost-replica"
        wanted = f"{command.lower()}?key={_escape(key)}&value={_escape(value)}"
        try:
            resolve(join_host_port(host, self._port))
            return text_response(self._ask(host, wanted))
        except DialError as error:
            return error_response(f"encountered error: {error}", 417)

    def _ask(self, host: str, wanted: str) -> str:
        reply = http_get(f"http://{join_host_port(host, self._port)}/{wanted}", TIMEOUT)
        return reply.body.decode("utf-8", "surrogateescape")

    def follow(self, primary: str) -> None:
        """Register with the primary and take its store; without one the program ends."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                own = _own_address(join_host_port(primary, self._port))
                answer = json.loads(self._ask(primary, f"register?host={own}"))
                self._store.update(answer["data"])
            except DialError as error:
                log(f"encountered error while registering to primary: {error}. Retrying in 1s.")
                time.sleep(PAUSE)
            except (KeyError, TypeError, ValueError) as error:
                fatal(f"the primary's answer is not a store: {error}")
            else:
                log(f"Registered to node: {primary}")
                return
        fatal("Timed out while registering to primary.")


def _escape(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return "".join(f"%{byte:02X}" for byte in data)


def _own_address(peer: str) -> str:
    """The address from which this machine talks to a peer."""
    with closing(connect_first(resolve(peer, "udp"), "udp", None)) as sock:
        address: str = sock.getsockname()[0]
    return address


def guestbook(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve until the end; returns the exit status."""
    loop = Loop()
    book = Guestbook(flags.text("backend-port"))
    try:
        port = parse_int(flags.text("http-port"))
    except ValueError as error:
        fatal(f"listen tcp: {error}")
    HttpServer(loop, listen_tcp(port), book.mux)
    if flags.text("replicaof"):
        loop.work(partial(book.follow, flags.text("replicaof")))
    return loop.run()


COMMAND = Command(
    "guestbook",
    "Serves a guestbook: a store with replicas",
    guestbook,
    FLAGS,
    "Serves /get and /set of a store, /register for its replicas, and /guestbook, the front end.",
)
