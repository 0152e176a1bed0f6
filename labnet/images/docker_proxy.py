"""docker-proxy: what answers a published port where Docker's rules do not.

dockerd starts one for every published port, in the host's namespace. It serves clients on the
host's loopback, which the OUTPUT rule leaves out, and containers on the bridge, which the first
rule of chain DOCKER lets pass; everybody else is DNATed before it sees them. Its flags are those of
moby's cmd/docker-proxy; it is a proxy, so the container sees the bridge's address.
"""

from __future__ import annotations

import _thread
import argparse
import select
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress


_CHUNK = 64 * 1024
_BACKLOG = 128
_UDP_TIMEOUT = 90.0  # seconds; moby's UDPConnTrackTimeout
_STACK = 256 * 1024


def main(argv: Sequence[str]) -> int:
    """Serve until killed; returns 1 if the port is taken."""
    parser = argparse.ArgumentParser("docker-proxy", allow_abbrev=False)
    parser.add_argument("-proto", choices=["tcp", "udp"], default="tcp")
    parser.add_argument("-host-ip", default="0.0.0.0")  # noqa: S104  # docker's own default
    parser.add_argument("-host-port", type=int, required=True)
    parser.add_argument("-container-ip", required=True)
    parser.add_argument("-container-port", type=int, required=True)
    options = parser.parse_args(argv)
    here = (options.host_ip, options.host_port)
    there = (options.container_ip, options.container_port)
    _thread.stack_size(_STACK)
    serve: dict[str, Callable[..., None]] = {"tcp": _serve_tcp, "udp": _serve_udp}
    try:
        serve[options.proto](here, there)
    except OSError as error:
        sys.stderr.write(f"docker-proxy: {here[0]}:{here[1]}: {error.strerror}\n")
    return 1


Endpoint = tuple[str, int]


def _serve_tcp(here: Endpoint, there: Endpoint) -> None:
    """A thread for each connection."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(here)
        listener.listen(_BACKLOG)
        while True:
            client, _ = listener.accept()
            _thread.start_new_thread(_connect, (client, there))


def _connect(client: socket.socket, there: Endpoint) -> None:
    """Join a client with the container, until both have said all."""
    with client, suppress(OSError), socket.create_connection(there) as server:
        _copy_both_ways(client, server)


def _copy_both_ways(one: socket.socket, two: socket.socket) -> None:
    """Copy until both sides have ended; the end of one is passed on, the other may go on."""
    others = {one: two, two: one}
    while others:
        for source in select.select(list(others), [], [])[0]:
            target = others[source]
            data = source.recv(_CHUNK)
            if data:
                target.sendall(data)
            else:
                with suppress(OSError):
                    target.shutdown(socket.SHUT_WR)
                del others[source]


def _serve_udp(here: Endpoint, there: Endpoint) -> None:
    """A socket to the container for each client, until it has been quiet for a while."""
    with socket.socket(type=socket.SOCK_DGRAM) as listener:
        listener.bind(here)
        clients: dict[Endpoint, socket.socket] = {}
        while True:
            data, client = listener.recvfrom(_CHUNK)
            if client not in clients:
                server = socket.socket(type=socket.SOCK_DGRAM)
                server.settimeout(_UDP_TIMEOUT)
                server.connect(there)
                clients[client] = server
                _thread.start_new_thread(_answer, (listener, server, client, clients))
            with suppress(OSError):  # refused, or just closed: a datagram may be lost
                clients[client].send(data)


def _answer(
    listener: socket.socket,
    server: socket.socket,
    client: Endpoint,
    clients: dict[Endpoint, socket.socket],
) -> None:
    """Carry the container's answers to one client."""
    with server:
        try:
            while True:
                with suppress(ConnectionRefusedError):
                    listener.sendto(server.recv(_CHUNK), client)
        except OSError:  # quiet for too long
            del clients[client]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
