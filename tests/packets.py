"""Real packets between namespaces of a test, sent and received by sockets of this process.

A socket belongs to the namespace in which it was made, so a thread goes there, makes it, and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from labs import SLOW


_PORTS = itertools.count(20000)
CLONE_NEWNET = 0x40000000
IP_PKTINFO = 8
SILENCE = 0.25 * SLOW  # seconds without an answer, after which nothing comes: all is on one machine
STOPPED = {errno.EPERM, errno.EINVAL}  # what a rule of OUTPUT drops; a REJECT's answer follows
REFUSED, UNREACHABLE = {errno.ECONNREFUSED}, {errno.EHOSTUNREACH, errno.ENETUNREACH}


class Seen(NamedTuple):
    """What became of a packet: `delivered`, an error's word, or `silence`.

    Where it was delivered: the namespace, `ip:port` and the address of the sender as seen there.
    """

    verdict: str
    netns: str = ""
    dst: str = ""
    src: str = ""


def socket_in(netns: str, family: int, kind: int) -> socket.socket:
    """A socket of a named network namespace."""
    made: list[socket.socket] = []
    libc = ctypes.CDLL(None, use_errno=True)

    def make() -> None:
        """Go there and make it; the thread is not used again."""
        with Path(f"/run/netns/{netns}").open() as file:
            assert libc.setns(file.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        made.append(socket.socket(family, kind))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


@dataclass
class Receivers:
    """Sockets in several namespaces that receive UDP and TCP on some ports, and who they are."""

    netns: Sequence[str]
    ports: Sequence[int]
    _sockets: dict[socket.socket, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Open all sockets."""
        for netns in self.netns:
            for port in self.ports:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    self._open(netns, port, kind)
        return self

    def _open(self, netns: str, port: int, kind: int) -> None:
        for family in (socket.AF_INET, socket.AF_INET6):
            made = socket_in(netns, family, kind)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            made.bind(("", port))
            if kind == socket.SOCK_STREAM:
                made.listen(512)
            self._sockets[made] = netns

    def __exit__(self, *error: object) -> None:
        """Close them."""
        for item in self._sockets:
            item.close()

    def send(self, netns: str, to: tuple[str, int], kind: str = "udp") -> Seen:
        """Send the first packet of a new connection, and see what becomes of it."""
        with contextlib.closing(self._client(netns, to, kind)) as client:
            try:
                _start(client, to)
            except OSError as error:
                if error.errno not in STOPPED:
                    return Seen(_word(error.errno or 0))
            return next(self._arrivals([client], SILENCE), Seen("silence"))

    def send_many(self, netns: str, to: tuple[str, int], count: int) -> Counter[Seen]:
        """Send a datagram of each of many new connections; what nobody saw is `silence`."""
        seen: Counter[Seen] = Counter()
        with contextlib.ExitStack() as stack:
            clients = [self._client(netns, to, "udp") for _ in range(count)]
            for client in clients:
                stack.enter_context(contextlib.closing(client))
                _start(client, to)
                seen.update(self._arrivals([client], 0))
            while found := list(self._arrivals(clients, SILENCE)):
                seen.update(found)
        seen[Seen("silence")] = count - seen.total()
        return seen

    def _client(self, netns: str, to: tuple[str, int], kind: str) -> socket.socket:
        """A socket with a source port that no packet has had."""
        family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
        client = socket_in(
            netns, family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        )
        client.setblocking(False)
        client.bind(("", next(_PORTS)))
        return client

    def _arrivals(self, clients: Sequence[socket.socket], patience: float) -> Iterator[Seen]:
        """What has arrived, or come back to the clients, as soon as there is anything."""
        poll = select.poll()
        by_number = {item.fileno(): item for item in (*clients, *self._sockets)}
        for number, item in by_number.items():
            poll.register(number, select.POLLIN if item in self._sockets else select.POLLERR)
        for number, _ in poll.poll(patience * 1000):
            item = by_number[number]
            if item in self._sockets:
                yield self._received(item)
            else:
                yield Seen(_word(item.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))

    def _received(self, item: socket.socket) -> Seen:
        port = item.getsockname()[1]
        if item.type == socket.SOCK_STREAM:
            connection, sender = item.accept()
            with contextlib.closing(connection):
                dst = connection.getsockname()[0]
        else:
            _, ancillary, _, sender = item.recvmsg(16, 256)
            dst = next(_destination(*part) for part in ancillary)
        end = f"[{dst}]:{port}" if ":" in dst else f"{dst}:{port}"
        return Seen("delivered", self._sockets[item], end, sender[0])


def _destination(level: int, kind: int, data: bytes) -> str:
    """The address that a datagram was sent to, out of its `pktinfo`."""
    if level == socket.IPPROTO_IP:
        return socket.inet_ntop(socket.AF_INET, struct.unpack("=I4s4s", data)[2])
    assert kind == socket.IPV6_PKTINFO
    return socket.inet_ntop(socket.AF_INET6, data[:16])


def _start(client: socket.socket, to: tuple[str, int]) -> None:
    error = client.connect_ex(to)
    if error not in {0, errno.EINPROGRESS}:
        raise OSError(error, os.strerror(error))
    if client.type == socket.SOCK_DGRAM:
        client.send(b"?")


def _word(error: int) -> str:
    if error in REFUSED:
        return "refused"
    return "unreachable" if error in UNREACHABLE else os.strerror(error)
