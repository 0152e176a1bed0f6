"""Listening sockets, and the servers of plain datagrams."""

from __future__ import annotations

import socket
from collections.abc import Callable
from errno import EINVAL

from labnet.images.agnhost.golang import Sockaddr, address, error_text, join_host_port
from labnet.images.agnhost.log import fatal, log
from labnet.images.agnhost.loop import READ, Loop


SCTP = getattr(socket, "IPPROTO_SCTP", 132)
WILD = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - what users write, not our choice
DATAGRAMS = 64  # answered per turn of the loop, so that others get their turn

Answer = Callable[[bytes, str], str | None]


def listen(
    port: int,
    host: str = "",
    kind: socket.SocketKind = socket.SOCK_STREAM,
    protocol: int = 0,
) -> socket.socket:
    """A socket bound to `host:port`, listening if it is of streams; raises OSError.

    Without a host it is on both families where the kernel has IPv6, else on IPv4 alone; so is
    one for `0.0.0.0`, as in Go.
    """
    if not 0 <= port <= 65535:
        raise OSError(EINVAL, "invalid port")
    wild = host in WILD
    if wild:
        try:
            sock = socket.socket(socket.AF_INET6, kind, protocol)
        except OSError:
            sock = socket.socket(socket.AF_INET, kind, protocol)
    else:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind, protocol)
    try:
        _bind(sock, "" if wild else host, port)
    except OSError:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, host: str, port: int) -> None:
    streams = sock.type == socket.SOCK_STREAM
    if streams:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if host else 0)
    sock.bind((host, port))
    if streams:
        sock.listen(socket.SOMAXCONN)


def listen_error(network: str, host: str, port: int, error: OSError) -> str:
    """Why `listen` did not work, in Go's words."""
    if error.errno == EINVAL and not 0 <= port <= 65535:
        return f"listen {network}: address {port}: invalid port"
    return f"listen {network} {join_host_port(host, port)}: bind: {error_text(error)}"


def listen_tcp(port: int, host: str = "") -> socket.socket:
    """A listening TCP socket; without one the program cannot go on, and ends."""
    try:
        return listen(port, host)
    except OSError as error:
        fatal(listen_error("tcp", host, port, error))


def listen_udp(port: int, host: str = "") -> socket.socket:
    """A bound UDP socket; without one the program cannot go on, and ends."""
    try:
        return listen(port, host, socket.SOCK_DGRAM)
    except OSError as error:
        fatal(listen_error("udp", host, port, error))


def serve_udp(loop: Loop, sock: socket.socket, answer: Answer, size: int = 2048) -> None:
    """Answer datagrams, of which `size` bytes are looked at; no answer where it is None.

    Unlike the original, a reply that the kernel refuses to send (a rule rejects it, say) does not
    end the server.
    """
    sock.setblocking(False)

    def ready() -> None:
        for _ in range(DATAGRAMS):
            try:
                data, client = sock.recvfrom(size)
            except BlockingIOError:
                return
            except OSError as error:
                log(f"failed accepting UDP connections: {error_text(error)}")
                return
            _reply(sock, answer(data, address(client)), client)

    loop.watch(sock.fileno(), READ, ready)


def _reply(sock: socket.socket, text: str | None, client: Sockaddr) -> None:
    if text is None:
        return
    try:
        sock.sendto(text.encode("utf-8", "surrogateescape"), client)
    except OSError as error:
        log(f"failed to write to UDP client {address(client)}: {error_text(error)}")
