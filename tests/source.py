"""The project's own files, for the tests that read instead of running."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "labnet"

_SKIPPED = {"__pycache__", ".git", ".vagrant", ".venv", "build", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, but no cache of a tool."""
    return tuple(sorted(_below(ROOT)))


def _below(folder: Path) -> Iterator[Path]:
    """The files in a folder and in its folders."""
    for entry in folder.iterdir():
        if entry.name in _SKIPPED or entry.name.endswith(("_cache", ".egg-info", ".hypothesis")):
            continue
        if entry.is_dir():
            yield from _below(entry)
        else:
            yield entry


def python_files(folder: Path = ROOT) -> list[Path]:
    """The Python files below a folder."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(folder)]


@cache
def text(path: Path) -> str:
    """What a file says."""
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text(path), filename=str(path))


def place(path: Path, line: int = 1) -> str:
    """`path:line`, as an editor likes it."""
    return f"{path.relative_to(ROOT)}:{line}"
