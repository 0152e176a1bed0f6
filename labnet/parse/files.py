"""From what a person types to texts: files, folders and standard input.

Only regular files are opened, and none is read further than a lab file may be long: a FIFO, a
device or a file of 100 MB is an error at once, never a wait.
"""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from labnet.errors import InputError, Problem, Problems
from labnet.parse.compose import MAX_BYTES
from labnet.parse.findings import did_you_mean, is_rendered
from labnet.parse.template import check_used, render, setting_values, variables_of


STDIN: Final = "-"
SUFFIXES: Final = (".yaml", ".yml", ".json", ".yaml.j2", ".yml.j2")
MAX_TOTAL: Final = 4 * MAX_BYTES  # bytes of all files together

_TYPES: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text and its name as the user typed it; a template is rendered already.

    It is all that `parse` needs, so a lab can be parsed again when its files are gone.
    """

    name: str
    text: str


class _Unusable(Exception):
    """A file that cannot be read: `args` are its line (0 for all of it), what is wrong, a hint."""


def read(paths: Sequence[str], settings: Mapping[str, str]) -> tuple[SourceText, ...]:
    """The texts of files, of the manifests in folders, and of standard input (`-`).

    A folder stands for the files of `SUFFIXES` in it, sorted, without hidden ones and without
    folders in it, as for `kubectl apply -f`. `*.j2` is rendered with `settings`, whose values are
    YAML scalars. A file that is named twice is read once. Raises `Problems` or `InputError`.
    """
    if not paths:
        raise InputError("no lab file: name a file, a folder, or - for standard input")
    values = setting_values(settings)
    texts = _Texts()
    for path in paths:
        texts.add(path)
    if texts.problems:
        raise Problems(texts.problems)
    templates = {each.name: each.text for each in texts.found if is_rendered(each.name)}
    check_used(settings, {name: variables_of(name, text) for name, text in templates.items()})
    return tuple(
        SourceText(each.name, render(each.name, each.text, values))
        if is_rendered(each.name)
        else each
        for each in texts.found
    )


class _Texts:
    """What was read so far, and what could not be."""

    def __init__(self) -> None:
        self.found: list[SourceText] = []
        self.problems: list[Problem] = []
        self._seen: set[tuple[int, int]] = set()
        self._bytes = 0

    def add(self, path: str) -> None:
        """Everything that `path` stands for."""
        try:
            for name in _names(path):
                self._add_file(name)
        except _Unusable as error:
            self._refuse(path, error)

    def _add_file(self, path: str) -> None:
        try:
            raw = self._read_once(path)
            if raw is None:
                return
            self._count(raw)
            self.found.append(SourceText(_shown(path), _decoded(raw)))
        except _Unusable as error:
            self._refuse(path, error)

    def _count(self, raw: bytes) -> None:
        self._bytes += len(raw)
        if self._bytes > MAX_TOTAL:
            raise _Unusable(0, f"is one too many: a lab has {MAX_TOTAL >> 20} MiB at most", "")

    def _refuse(self, path: str, error: _Unusable) -> None:
        line, what, hint = error.args
        self.problems.append(Problem(_shown(path), line, "", what, hint))

    def _read_once(self, path: str) -> bytes | None:
        """The content of a file, None if it was read already, under whatever name."""
        if path == STDIN:
            return _read_stdin() if all(each.name != STDIN for each in self.found) else None
        status = _status(path)
        _check_regular(status)
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return None
        self._seen.add(identity)
        try:
            # It may have become something else since it was looked at, so never wait for it.
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 - a descriptor
                _check_regular(os.fstat(file))
                return _read_bounded(stream.read)
        except OSError as error:
            raise _Unusable(0, _reason(error), "") from error


def _names(path: str) -> Iterator[str]:
    """The files that `path` stands for."""
    if path == STDIN or not stat.S_ISDIR(_status(path).st_mode):
        yield path
        return
    try:
        with os.scandir(path) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(SUFFIXES)
                and not entry.name.startswith(".")
                and not _is_folder(entry)
            )
    except OSError as error:
        raise _Unusable(0, _reason(error), "") from error
    if not names:
        raise _Unusable(
            0, "this folder has no manifests", f"their names are *{', *'.join(SUFFIXES)}"
        )
    for name in names:
        yield os.path.join(path, name)  # noqa: PTH118 - as the user typed it, `./` and all


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 - a path with a NUL character is an error here
    except FileNotFoundError as error:
        raise _Unusable(0, "there is no such file", _neighbour(path)) from error
    except OSError as error:
        raise _Unusable(0, _reason(error), "") from error
    except ValueError as error:
        raise _Unusable(0, "is not the name of a file", "") from error


def _neighbour(path: str) -> str:
    """The file beside it that was likely meant."""
    folder, name = os.path.split(path)
    try:
        beside = os.listdir(folder or ".")  # noqa: PTH208 - names, which pathlib does not give
    except OSError:
        return ""
    known = sorted(each for each in beside if each.endswith(SUFFIXES) and each != name)
    return did_you_mean(name, known, cutoff=0.8)


def _check_regular(status: os.stat_result) -> None:
    for is_type, noun in _TYPES:
        if is_type(status.st_mode):
            hint = "send it to standard input: … | labnet up -" if noun == "a pipe" else ""
            raise _Unusable(0, f"is {noun}, not a file", hint)
    if status.st_size > MAX_BYTES:
        raise _Unusable(0, f"has {status.st_size >> 20} MiB; {_LIMIT}", "")


_LIMIT: Final = f"a lab file has {MAX_BYTES >> 20} MiB at most"


def _read_bounded(read_some: Callable[[int], bytes | None]) -> bytes:
    """All that there is, and an error as soon as it is too much."""
    chunks: list[bytes] = []
    left = MAX_BYTES + 1
    while left > 0 and (chunk := read_some(left)):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise _Unusable(0, f"is longer than that: {_LIMIT}", "")
    return b"".join(chunks)


def _read_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise _Unusable(0, "standard input is closed", "")
    try:
        return _read_bounded(sys.stdin.buffer.read)
    except OSError as error:
        raise _Unusable(0, f"standard input: {_reason(error)}", "") from error


def _decoded(raw: bytes) -> str:
    """UTF-8, with or without a byte order mark."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _Unusable(1, "is UTF-16", "save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 text: the byte 0x{raw[error.start]:02x}"
        raise _Unusable(line, what, "save it as UTF-8") from error


def _reason(error: OSError) -> str:
    """What the kernel said, in lower case: `permission denied`."""
    return (error.strerror or str(error)).lower()


def _shown(path: str) -> str:
    """The name for messages: what cannot be printed as an escape."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
