"""The log of a container: cut to lines, bounded, and read back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.errors import Failed
from labnet.kernel.runtime.journal import LogOptions, LogParser, read_logs
from labnet.kernel.runtime.logs import LINE_LIMIT, LineCutter, LogFile, timestamp


NOON = 1_475_625_600_123_456_789
STAMP = b"2016-10-05T00:00:00.123456789Z"
POD = "pod/default/web"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """A descriptor of a lab's folder."""
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_a_timestamp() -> None:
    """RFC 3339 in UTC, with all digits, so that text sorts as time."""
    assert timestamp(NOON) == STAMP
    assert timestamp(0) == b"1970-01-01T00:00:00.000000000Z"


def test_lines_are_kept_whole() -> None:
    """The end of a line that has not come yet is waited for."""
    cutter = LineCutter("stdout")
    assert cutter.cut(b"one\ntw", NOON) == STAMP + b" stdout F one\n"
    assert cutter.cut(b"", NOON) == b""
    assert cutter.cut(b"o\n\n", NOON) == STAMP + b" stdout F two\n" + STAMP + b" stdout F \n"
    assert cutter.rest(NOON) == b""
    cutter.cut(b"end", NOON)
    assert cutter.rest(NOON) == STAMP + b" stdout F end\n"


def test_long_lines_are_split() -> None:
    """As containerd splits them, so that no line can fill the memory."""
    cutter = LineCutter("stderr")
    lines = cutter.cut(b"x" * (2 * LINE_LIMIT + 1), NOON).splitlines()
    assert [line.split(b" ")[2] for line in lines] == [b"P", b"P"]
    assert cutter.cut(b"\n", NOON) == STAMP + b" stderr F x\n"


@given(st.lists(st.binary(max_size=50) | st.just(b"x" * 20_000), max_size=8))
def test_what_is_written_is_what_is_read(chunks: list[bytes]) -> None:
    """Whatever bytes come in whatever pieces."""
    cutter = LineCutter("stdout")
    log = b"".join(cutter.cut(chunk, NOON) for chunk in chunks) + cutter.rest(NOON)
    text = b"".join(chunks)
    expected = text if text.endswith(b"\n") or not text else text + b"\n"
    assert b"".join(LogParser().texts(log.split(b"\n"))) == expected


def test_streams_are_joined_apart() -> None:
    """The parts of a line of one stream may have a line of the other between them."""
    log = [b"1 stdout P a", b"2 stderr F b", b"3 stdout F c", b"broken", b""]
    assert list(LogParser().texts(log)) == [b"b\n", b"ac\n"]
    assert list(LogParser(timestamps=True).texts(log)) == [b"2 b\n", b"1 ac\n"]


def test_a_full_file_is_put_aside(tmp_path: Path, folder: int) -> None:
    """There are two files at most, of which neither is larger than the limit."""
    log = LogFile(folder, POD, "web", limit=100)
    for number in range(20):
        log.append(f"t stdout F {number:020}\n".encode())
    files = sorted((tmp_path / "logs" / POD).iterdir())
    assert [file.name for file in files] == ["web.log", "web.log.1"]
    assert all(file.stat().st_size <= 100 for file in files)
    lines = list(read_logs(tmp_path, POD, "web"))
    assert lines == [f"{number:020}\n".encode() for number in range(20 - len(lines), 20)]


def test_a_new_run_puts_the_old_log_aside(tmp_path: Path, folder: int) -> None:
    """`logs --previous` shows it, and the new one begins empty."""
    LogFile(folder, POD, "web").append(b"t stdout F old\n")
    LogFile(folder, POD, "web").append(b"t stdout F new\n")
    assert list(read_logs(tmp_path, POD, "web")) == [b"new\n"]
    assert list(read_logs(tmp_path, POD, "web", LogOptions(previous=True))) == [b"old\n"]


def test_the_last_lines(tmp_path: Path, folder: int) -> None:
    """As many as are asked for, or as there are."""
    LogFile(folder, POD, "web").append(b"t stdout F a\nt stdout F b\nt stdout F c\n")
    for tail, expected in ((0, b""), (2, b"b\nc\n"), (9, b"a\nb\nc\n")):
        assert b"".join(read_logs(tmp_path, POD, "web", LogOptions(tail=tail))) == expected


def test_a_log_that_is_not_there(tmp_path: Path, folder: int) -> None:
    """It is an error that says which, before anything is read."""
    with pytest.raises(Failed, match="container web of pod/default/web has written no log"):
        read_logs(tmp_path, POD, "web")
    LogFile(folder, POD, "web")
    with pytest.raises(Failed, match="previous container web"):
        read_logs(tmp_path, POD, "web", LogOptions(previous=True))


def test_following_what_does_not_run(tmp_path: Path, folder: int) -> None:
    """There is nothing to wait for."""
    LogFile(folder, POD, "web").append(b"t stdout F old\n")
    assert list(read_logs(tmp_path, POD, "web", LogOptions(follow=True))) == [b"old\n"]


def test_a_log_whose_folder_is_gone(tmp_path: Path, folder: int) -> None:
    """The runtime does not die of it."""
    log = LogFile(folder, POD, "web")
    (tmp_path / "logs" / POD / "web.log").unlink()
    (tmp_path / "logs" / POD).rmdir()
    log.append(b"t stdout F lost\n")
    assert not (tmp_path / "logs" / POD).exists()
