"""netlink messages as bytes, and a socket that carries them (netlink(7)).

The codec is hand-packed: see the decisions of the room.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator


NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x4, 0x10, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_RECEIVE = 1 << 18  # bytes; the kernel fills at most 32 KiB of a dump at a time
_ATTEMPTS = 5
BATCH = 128  # messages in one send: their acknowledgements fit any receive buffer

Message = tuple[int, int, bytes]
"""A request: its type, its flags besides NLM_F_REQUEST, and its body."""


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    length = 4 + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + b"\0" * (-length % 4)


def u32(kind: int, value: int) -> bytes:
    """An attribute that holds an unsigned number of 32 bits in the machine's order."""
    return struct.pack("=HHI", 8, kind, value)


def text(kind: int, value: str) -> bytes:
    """An attribute that holds a string, terminated by NUL."""
    return attribute(kind, os.fsencode(value) + b"\0")


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes in `data` from `offset` on, by type; the last of a type wins."""
    found = {}
    end = len(data) - 4
    unpack = _ATTRIBUTE.unpack_from
    while offset <= end:
        length, kind = unpack(data, offset)
        if length < 4:
            break
        found[kind & NLA_TYPE_MASK] = data[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


class NetlinkSocket:
    """A netlink socket of the network namespace that the thread is in when it is made.

    It stays in that namespace, wherever the thread goes afterwards.
    """

    def __init__(self, protocol: int = socket.NETLINK_ROUTE, groups: int = 0) -> None:
        """Open and bind it, to multicast groups as well if there are any; raises OSError."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol
        )
        self._socket.bind((0, groups))
        self._sequence = 0

    def fileno(self) -> int:
        """The file descriptor, for ioctl(2) and poll(2)."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def request(self, messages: list[Message]) -> list[int]:
        """Have `messages` carried out in order; an errno for each, 0 if it was done."""
        results: list[int] = []
        for start in range(0, len(messages), BATCH):
            results += self._batch(messages[start : start + BATCH])
        return results

    def _batch(self, messages: list[Message]) -> list[int]:
        first = self._sequence + 1
        packed = []
        for kind, flags, body in messages:
            self._sequence += 1
            length = _HEADER.size + len(body)
            header = _HEADER.pack(length, kind, flags | NLM_F_REQUEST, self._sequence, 0)
            packed.append(header + body + b"\0" * (-length % 4))
        # Only the last asks to be acknowledged: the kernel works in order and tells of errors.
        kind, flags, body = messages[-1]
        length = _HEADER.size + len(body)
        flags |= NLM_F_REQUEST | NLM_F_ACK
        packed[-1] = _HEADER.pack(length, kind, flags, self._sequence, 0) + packed[-1][16:]
        self._socket.send(b"".join(packed))
        results = [0] * len(messages)
        done = False
        while not done:
            for kind, _, sequence, body in _messages(self._socket.recv(_RECEIVE)):
                if kind == NLMSG_ERROR and first <= sequence <= self._sequence:
                    results[sequence - first] = -struct.unpack_from("=i", body)[0]
                    done = done or sequence == self._sequence
        return results

    def dump(self, kind: int, body: bytes) -> list[tuple[int, bytes]]:
        """All objects of a kind, as (type, body) of each message; raises OSError.

        If something changed meanwhile, so that the kernel says that it may have left something out,
        it is asked again; when that does not end, what was heard last is taken.
        """
        for _ in range(_ATTEMPTS):
            answer, whole = self._dump(kind, body)
            if whole:
                break
        return answer

    def _dump(self, kind: int, body: bytes) -> tuple[list[tuple[int, bytes]], bool]:
        self._sequence += 1
        header = _HEADER.pack(
            _HEADER.size + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, self._sequence, 0
        )
        self._socket.send(header + body)
        answers: list[tuple[int, bytes]] = []
        whole = True
        while True:
            for answer, flags, sequence, content in _messages(self._socket.recv(_RECEIVE)):
                if sequence != self._sequence:
                    continue
                whole = whole and not flags & NLM_F_DUMP_INTR
                if answer == NLMSG_DONE:
                    return answers, whole
                if answer == NLMSG_ERROR:
                    errno = -struct.unpack_from("=i", content)[0]
                    raise OSError(errno, os.strerror(errno))
                answers.append((answer, content))

    def receive(self, timeout: float) -> Iterator[tuple[int, bytes]]:
        """What the kernel tells by itself, as (type, body); ends after `timeout` quiet seconds."""
        self._socket.settimeout(timeout)
        try:
            while True:
                for kind, _, _, body in _messages(self._socket.recv(_RECEIVE)):
                    yield kind, body
        except TimeoutError:
            return
        finally:
            self._socket.settimeout(None)


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The messages in a datagram, as (type, flags, sequence number, body)."""
    offset, end = 0, len(data)
    while offset < end:
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3
