"""Messages between a runtime and its clients."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.kernel.runtime.protocol import (
    Inbox,
    Outbox,
    Status,
    encode,
    process_from_json,
    process_to_json,
    status_from_json,
    status_to_json,
)
from labnet.state import Process


PROCESS = Process(
    "lab.web",
    "pod/default/web",
    "web",
    ("sh", "-c", "true"),
    env=(("A", "ä\n"), ("B", "")),
    files=(("/etc/hosts", "text\n"),),
    volumes=(("/data", "v"),),
    init=True,
    order=3,
    restart="Never",
    grace=5,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two connected sockets that do not block."""
    left, right = socket.socketpair()
    with left, right:
        left.setblocking(False)
        right.setblocking(False)
        yield left, right


def test_a_process_is_the_same_after_json() -> None:
    """The plan compares what is read back with what is wanted: tuples stay tuples."""
    text = json.dumps(process_to_json(PROCESS))
    assert process_from_json(json.loads(text)) == PROCESS
    assert hash(process_from_json(json.loads(text))) == hash(PROCESS)


def test_a_status_is_the_same_after_json() -> None:
    """Likewise."""
    status = Status(PROCESS, running=True, pid=7, started_at=1.5, restarts=2, reason="x")
    assert status_from_json(json.loads(json.dumps(status_to_json(status)))) == status


@pytest.mark.parametrize(
    ("exit_status", "expected"),
    [(None, 0), (0, 0), (1, 0), (128, 0), (137, 9), (143, 15), (255, 0)],
)
def test_the_signal_of_a_status(exit_status: int | None, expected: int) -> None:
    """Above 128 it is a signal, as far as there are signals."""
    assert Status(PROCESS, exit_status=exit_status).signal == expected


@pytest.mark.parametrize(
    ("restart", "init", "exit_status", "expected"),
    [
        ("Always", False, None, True),
        ("Always", False, 0, False),
        ("Always", True, 0, True),
        ("Always", True, 1, False),
        ("OnFailure", False, 0, True),
        ("OnFailure", False, 1, False),
        ("Never", False, 1, True),
        ("Never", True, 1, True),
    ],
)
def test_what_needs_no_healing(
    restart: str, *, init: bool, exit_status: int | None, expected: bool
) -> None:
    """Kubernetes' restartPolicy decides what happens to a container that has ended."""
    process = replace(PROCESS, restart=restart, init=init)
    assert Status(process, exit_status=exit_status).is_present is expected


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers()), max_size=5), st.data())
def test_messages_arrive_whole(messages: list[dict[str, object]], data: st.DataObject) -> None:
    """However the bytes are cut on their way."""
    stream = b"".join(encode({"message": message}) for message in messages)
    left, right = socket.socketpair()
    with left, right:
        inbox = Inbox()
        received = []
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            left.send(stream[:size])
            stream = stream[size:]
            received += [message["message"] for message, _ in inbox.read(right)]
        assert received == messages


def test_descriptors_come_with_their_message(pair: Pair) -> None:
    """Each message has its own, also when several are read at once."""
    left, right = pair
    outbox, inbox = Outbox(left), Inbox()
    ends = [os.pipe() for _ in range(3)]
    for number, (read, _) in enumerate(ends):
        outbox.put({"n": number, "fds": 1}, [read])
        outbox.put({"n": -1})
    assert outbox.send()
    got: dict[int, list[int]] = {}
    while len(got) < 4:
        got |= {message["n"]: files for message, files in inbox.read(right)}
    assert got.pop(-1) == []
    for number, (_, write) in enumerate(ends):
        os.write(write, str(number).encode())
        (file,) = got[number]
        assert os.read(file, 9) == str(number).encode()
        os.close(file)
        os.close(write)


def test_a_long_message_is_sent_in_parts(pair: Pair) -> None:
    """A socket that takes no more is not waited for."""
    left, right = pair
    outbox, inbox = Outbox(left), Inbox()
    outbox.put({"text": "x" * 3_000_000})
    assert not outbox.send()
    received: list[object] = []
    while not received:
        received += [len(message["text"]) for message, _ in inbox.read(right)]
        outbox.send()
    assert received == [3_000_000]


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\2{{"])
def test_what_is_no_message(pair: Pair, data: bytes) -> None:
    """It is refused before it takes any memory."""
    left, right = pair
    left.send(data)
    with pytest.raises(ValueError, match=r"message|Expecting"):
        Inbox().read(right)


def test_the_end(pair: Pair) -> None:
    """It is told from nothing being there yet."""
    left, right = pair
    inbox = Inbox()
    with pytest.raises(BlockingIOError):
        inbox.read(right)
    left.close()
    with pytest.raises(EOFError):
        inbox.read(right)
