"""An HTTP/1.1 server on the loop.

It keeps connections alive, answers pipelined requests one after the other, and has time for any
number of slow clients. A connection is always in one of four states:

- reading: it is watched for input;
- busy: a handler thinks, and nothing is watched: a client that floods us fills its own buffers;
- writing: it is watched for output;
- draining: the last reply is out, and what still comes is thrown away for a moment, because a close
  with unread input would make the kernel reset the connection under the reply.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import EMFILE, ENFILE
from functools import partial

from labnet.images.agnhost.framing import BadMessage, RequestParser
from labnet.images.agnhost.golang import address
from labnet.images.agnhost.log import Exit, log
from labnet.images.agnhost.loop import READ, WRITE, Loop
from labnet.images.agnhost.message import (
    Request,
    Response,
    error_response,
    render_response,
    text_response,
)
from labnet.images.agnhost.mux import Handler, Route


BUFFER = 64 << 10
ACCEPTS = 64  # connections taken per turn of the loop, so that those that exist get their turn
DRAIN = 0.5  # seconds, as Go's server waits
RETRY = 0.05  # seconds until accepting again when all file descriptors are taken
PLAIN_TO_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

Router = Callable[[Request], Route]


class WouldBlock(BlockingIOError):
    """A TLS socket cannot go on before it is ready for this event, maybe the other one."""

    def __init__(self, interest: int) -> None:
        """`interest` is READ or WRITE."""
        self.interest = interest
        super().__init__()


class Listener:
    """Accepts connections and hands them on, non-blocking, with the client's address."""

    def __init__(
        self, loop: Loop, sock: socket.socket, accepted: Callable[[socket.socket, str], None]
    ) -> None:
        """Take over a listening socket."""
        self._loop, self._sock, self._accepted = loop, sock, accepted
        self._sock.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accept no more."""
        if self._sock.fileno() >= 0:
            self._loop.unwatch(self._sock.fileno())
            self._sock.close()

    def _watch(self) -> None:
        if self._sock.fileno() >= 0:
            self._loop.watch(self._sock.fileno(), READ, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                sock, client = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in {EMFILE, ENFILE}:
                    log(f"http: Accept error: {error.strerror}; retrying in {RETRY}s")
                    self._loop.unwatch(self._sock.fileno())
                    self._loop.later(RETRY, self._watch)
                return  # else the client has gone already
            sock.setblocking(False)
            self._accepted(sock, address(client))


class HttpServer:
    """The connections of one listening socket, and how their requests are answered."""

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        route: Router,
        wrap: Callable[[socket.socket], socket.socket] | None = None,
    ) -> None:
        """Serve on a listening socket; `wrap` makes a TLS socket of an accepted one."""
        self.loop, self.route = loop, route
        self.connections: set[Connection] = set()
        self.stopping = False
        self._stopped: Callable[[str], None] | None = None
        self._wrap = wrap
        self._listener = Listener(loop, sock, self._accepted)

    def shut_down(self, seconds: float, done: Callable[[str], None]) -> None:
        """Accept no more, let what has begun end, then call `done` with Go's error, or `<nil>`."""
        self._listener.close()
        self.stopping, self._stopped = True, done
        for connection in list(self.connections):
            connection.close_if_idle()
        self.loop.later(seconds, partial(self._report, "context deadline exceeded"))
        self._check_stopped()

    def forget(self, connection: Connection) -> None:
        """A connection has closed."""
        self.connections.discard(connection)
        self._check_stopped()

    def _accepted(self, sock: socket.socket, client: str) -> None:
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = self._wrap(sock) if self._wrap else sock
            self.connections.add(Connection(self, sock, client))

    def _check_stopped(self) -> None:
        if self.stopping and not self.connections:
            self._report("<nil>")

    def _report(self, error: str) -> None:
        done, self._stopped = self._stopped, None
        if done:
            done(error)


class Connection:
    """One client."""

    __slots__ = ("_chunks", "_closing", "_ended", "_out", "_parser", "_server", "_sock", "remote")

    def __init__(self, server: HttpServer, sock: socket.socket, remote: str) -> None:
        """Begin to read."""
        self._server, self._sock, self.remote = server, sock, remote
        self._parser = RequestParser(remote)
        self._out = memoryview(b"")
        self._chunks: Iterator[bytes] | None = None
        self._closing = False  # after the reply that is on its way
        self._ended = False  # the client sends no more
        self._watch(READ, self._read)

    def close_if_idle(self) -> None:
        """Close between two requests; a busy connection closes after its reply."""
        if self._parser.idle and not self._out and self._server.loop.watches(self._sock.fileno()):
            self._close()

    def _watch(self, events: int, callback: Callable[[], None]) -> None:
        self._server.loop.watch(self._sock.fileno(), events, callback)

    def _read(self) -> None:
        try:
            data = self._sock.recv(BUFFER)
        except BlockingIOError as error:
            self._watch(getattr(error, "interest", READ), self._read)
            return
        except OSError as error:
            self._fail(error)
            return
        self._ended = not data
        self._parser.feed(data)
        self._advance()

    def _fail(self, error: OSError) -> None:
        """Say why a TLS handshake did not work; a reset needs no words."""
        reason = getattr(error, "reason", None)
        if not reason:
            self._close()
            return
        log(f"http: TLS handshake error from {self.remote}: {reason}")
        if reason == "HTTP_REQUEST":
            with suppress(OSError):
                socket.socket.send(self._sock, PLAIN_TO_TLS)
        self._drain()

    def _advance(self) -> None:
        """Answer the requests that are there, until one has to wait for something."""
        while self._sock.fileno() >= 0 and not self._out:
            try:
                request = self._parser.next()
            except BadMessage as error:
                self._refuse(error)
                return
            if request is None:
                self._await_more()
                return
            if not self._answer(request):
                return

    def _await_more(self) -> None:
        if self._ended:
            self._close()
            return
        if self._parser.wants_continue:
            self._parser.wants_continue = False
            with suppress(OSError):
                self._sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._watch(READ, self._read)

    def _refuse(self, error: BadMessage) -> None:
        """Answer what is no request, and close."""
        reply = text_response(str(error), error.status, "text/plain; charset=utf-8")
        self._closing = True
        self._send(reply, Request("GET", "/"))

    def _answer(self, request: Request) -> bool:
        """Answer a request; whether the next one can be looked at already."""
        self._closing = not request.keeps_alive
        route = self._server.route(request)
        if not route.waits:
            return self._send(self._result(route.handler, request), request)
        self._server.loop.unwatch(self._sock.fileno())
        try:
            self._server.loop.work(partial(self._work, route.handler, request))
        except RuntimeError:  # no more threads
            return self._send(error_response("too many requests at once", 503), request)
        return False

    def _work(self, handler: Handler, request: Request) -> None:
        reply = self._result(handler, request)
        self._server.loop.soon(partial(self._worked, reply, request))

    def _worked(self, reply: Response | None, request: Request) -> None:
        if self._send(reply, request):
            self._advance()

    def _result(self, handler: Handler, request: Request) -> Response | None:
        """What the handler says; None, which closes the connection, if it fails."""
        try:
            return handler(request)
        except Exit:
            raise
        except Exception as error:  # noqa: BLE001 - as a panic in Go's server, it ends one request
            log(f"http: panic serving {self.remote}: {error!r}")
            return None

    def _send(self, reply: Response | None, request: Request) -> bool:
        """Begin to send a reply; whether all of it is out and the connection stays."""
        if reply is None or not 100 <= reply.status <= 999:
            self._close()
            return False
        asked = any(name == "Connection" and value == "close" for name, value in reply.headers)
        self._closing = self._closing or self._server.stopping or asked
        if asked:
            reply.headers = [field for field in reply.headers if field[0] != "Connection"]
        head = render_response(reply, request, keep_alive=not self._closing)
        self._out = memoryview(head)
        self._chunks = None if request.method == "HEAD" else reply.chunks
        return self._flush()

    def _write(self) -> None:
        if self._flush():
            self._advance()

    def _flush(self) -> bool:
        """Send what the kernel takes; whether that is all and the connection stays."""
        try:
            while self._out or self._refill():
                self._out = self._out[self._sock.send(self._out) :]
        except BlockingIOError as error:
            self._watch(getattr(error, "interest", WRITE), self._write)
            return False
        except (OSError, EOFError):
            self._close()
            return False
        if self._closing:
            self._drain()
        return not self._closing

    def _refill(self) -> bool:
        """Take the next chunk of a long body."""
        chunk = next(self._chunks, b"") if self._chunks else b""
        self._out = memoryview(chunk)
        return bool(chunk)

    def _drain(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        if self._ended:
            self._close()
            return
        self._watch(READ, self._discard)
        self._server.loop.later(DRAIN, self._close)

    def _discard(self) -> None:
        try:
            gone = not self._sock.recv(BUFFER)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            self._close()

    def _close(self) -> None:
        if self._sock.fileno() < 0:
            return
        self._server.loop.unwatch(self._sock.fileno())
        self._sock.close()
        self._server.forget(self)
