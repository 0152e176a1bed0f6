"""The rooms of labnet and the doors between them: who may import what, and who may touch the world.

The table is `ROOMS`. It is read from the source text, so an import inside a function counts too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from source import PACKAGE, place, python_files, tree


def words(text: str) -> frozenset[str]:
    """The words of a text that are parted by blanks."""
    return frozenset(text.split())


PURE = words(
    "__future__ abc base64 binascii bisect collections contextlib copy dataclasses difflib"
    " enum fractions functools graphlib hashlib heapq ipaddress itertools json keyword math"
    " operator posixpath re shlex stat string textwrap types typing unicodedata"
)
"""Modules of the standard library in which a value comes only of values."""

WORLD = frozenset(sys.stdlib_module_names)
PROCESSES = words("asyncio ctypes multiprocessing pty socket subprocess")
HEAVY = words("asyncio email http.client hypothesis jinja2 pyroute2 socket subprocess yaml")

CALLS = words("__import__ breakpoint eval exec input open print")
READING = words("exists is_dir is_file iterdir open read_bytes read_text")
METHODS = READING | words("mkdir touch unlink write_bytes write_text")
TOUCHING = METHODS | words("__import__ exec")
PRINTING = words("print input")


@dataclass(frozen=True)
class Room:
    """What a room may import of labnet and from outside, and what it may call."""

    rooms: frozenset[str]
    outside: frozenset[str] = PURE
    calls: frozenset[str] = frozenset()


def room(
    rooms: str,
    outside: frozenset[str] = PURE,
    extra: str = "",
    calls: frozenset[str] = frozenset(),
) -> Room:
    """A row of the table."""
    return Room(words(rooms), outside | words(extra), calls)


ROOMS = {
    "errors": room(""),
    "names": room("model"),
    "model": room(""),
    "state": room(""),
    "parse": room("model errors names", extra="yaml jinja2"),
    "parse.files": room("model errors names", extra="codecs os sys", calls=READING),
    "resolve": room("model errors names images.nginx"),  # the files of an image are values
    "compile": room("model resolve state errors names", extra="jinja2"),
    "plan": room("state"),
    "trace": room("state"),
    "kernel": room("state plan errors names", WORLD, calls=TOUCHING),
    "images": room("", WORLD, calls=TOUCHING | PRINTING),
    "agent": room(
        "model parse resolve state compile plan trace kernel errors names", WORLD, calls=TOUCHING
    ),
    "cli": room(
        "model parse resolve state compile plan trace kernel agent errors names",
        WORLD - PROCESSES,
        "click yaml",
        READING | PRINTING,
    ),
    "__main__": room("cli"),
    "__init__": room(""),
}


def room_of(path: Path) -> str:
    """The room that a file of the package is in, or a part of it with a row of its own."""
    words = path.relative_to(PACKAGE).with_suffix("").parts
    part = ".".join(words[:2])
    return part if part in ROOMS else words[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the full name of everything that a file imports."""
    package = ["labnet", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield node.lineno, f"{source}.{alias.name}"


def is_allowed(name: str, here: str) -> bool:
    """Whether a room may import what has this full name."""
    top, _, rest = name.partition(".")
    if top != "labnet":
        return top in ROOMS[here].outside
    if rest.split(".")[0] in {here.partition(".")[0], "__version__", ""}:
        return True
    return any(f"{rest}.".startswith(f"{door}.") for door in ROOMS[here].rooms)


def effects(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the name of each call that only some rooms may make."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield node.lineno, name


@pytest.mark.parametrize("here", ROOMS)
def test_a_room_imports_only_what_it_may(here: str) -> None:
    """Each door between two rooms, and from a room to the outside, is in the table."""
    wrong = [
        f"{place(path, line)}: {here} may not import {name}"
        for path in python_files(PACKAGE)
        if room_of(path) == here
        for line, name in imports(path)
        if not is_allowed(name, here)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("here", ROOMS)
def test_a_room_touches_only_what_it_may(here: str) -> None:
    """Files, the terminal and code that is made at run time are some rooms' affair only."""
    wrong = [
        f"{place(path, line)}: {here} may not call {name}"
        for path in python_files(PACKAGE)
        if room_of(path) == here
        for line, name in effects(path)
        if name not in ROOMS[here].calls
    ]
    assert not wrong, "\n".join(wrong)


def test_every_file_is_in_a_room() -> None:
    """Nothing of the package is outside the table."""
    strays = [place(path) for path in python_files(PACKAGE) if room_of(path) not in ROOMS]
    assert not strays


def test_every_room_says_what_it_decided() -> None:
    """The docstring of each room holds its decisions."""
    packages = [path for path in PACKAGE.glob("*/__init__.py") if room_of(path) in ROOMS]
    silent = [place(p) for p in packages if "We chose " not in (ast.get_docstring(tree(p)) or "")]
    assert packages
    assert not silent


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import os.path", "os.path"),
        ("def f():\n    from subprocess import run", "subprocess.run"),
        ("from labnet import kernel", "labnet.kernel"),
        ("from ..kernel import observe", "labnet.kernel.observe"),
        ("from labnet.agent.folder import LabFolder", "labnet.agent.folder.LabFolder"),
    ],
)
def test_the_reader_sees(
    source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import is found however it is written, and `plan` may have none of these."""
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / "plan" / "plan.py"
    path.parent.mkdir()
    path.write_text(source, encoding="utf-8")
    assert [found for _, found in imports(path)] == [name]
    assert not is_allowed(name, "plan")


def test_a_command_starts_light() -> None:
    """What `labnet --help` and most commands import is nothing that takes long to import."""
    command = [sys.executable, "-c", "import sys, labnet.cli; print(*sys.modules)"]
    result = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    assert not HEAVY & words(result.stdout)
