"""Budgets and habits as tests: what is only advice is forgotten."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from source import PACKAGE, ROOT, files, place, python_files, text, tree


MODULE_LINES = 400
FUNCTION_LINES = 40
COLUMNS = 100
RECIPES = ("Dockerfile", "Vagrantfile")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Defined = ast.Module | ast.ClassDef | Function

EXCEPTION = re.compile(r"(?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])\s*(?:#|-)\s*\S")
LATER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
VAGUE = re.compile(
    r"(?:^|_)(?:utils?|helpers?|managers?)(?:_|$)|^_?(?:ensure|handle)_", re.IGNORECASE
)
REGISTRIES = re.compile(
    r"pypi\.o" r"rg|pythonhos" r"ted\.|\.debian\.o" r"rg|\.ubuntu\.c" r"om|npmjs\.|yarnpkg\."
)


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """The lines of a function without its docstring and its decorators."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def public(node: ast.Module | ast.ClassDef) -> Iterator[Defined]:
    """What a module or a class shows: itself, and what it defines without an underscore."""
    yield node
    for child in node.body:
        if isinstance(child, Function) and not child.name.startswith("_"):
            yield child
        elif isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public(child)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(text(path)).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_modules_are_short() -> None:
    """No module is longer than can be read at a sitting."""
    counts = {path: len(text(path).splitlines()) for path in python_files()}
    long = [f"{place(path)}: {n} lines" for path, n in counts.items() if n > MODULE_LINES]
    assert not long, "\n".join(long)


def test_functions_are_short() -> None:
    """No function is longer than a screen."""
    long = [
        f"{place(path, function.lineno)}: {function.name} has {length(function)} lines"
        for path in python_files()
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_everything_public_says_what_it_is() -> None:
    """Modules, classes, functions and tests have docstrings."""
    silent = [
        f"{place(path, getattr(node, 'lineno', 1))}: {getattr(node, 'name', 'the module')}"
        for path in python_files()
        for node in public(tree(path))
        if ast.get_docstring(node) is None and not is_overload(node)
    ]
    assert not silent, "\n".join(silent)


def is_overload(node: Defined) -> bool:
    """Whether it is one of the signatures of a function that is documented once."""
    names = [ast.unparse(item) for item in getattr(node, "decorator_list", [])]
    return "overload" in names or any(name.endswith(".setter") for name in names)


def test_every_exception_to_a_rule_has_its_reason() -> None:
    """`noqa` and `type: ignore` name the rule, and say why beside it."""
    bare = [
        f"{place(path, line)}: {comment}"
        for path in python_files()
        for line, comment in comments(path)
        if re.match(r"# *(?:ruff: *)?(?:noqa|type: *ignore)", comment)
        and not EXCEPTION.search(comment)
    ]
    assert not bare, "\n".join(bare)


def test_nothing_is_left_for_later() -> None:
    """What is not done is in the issues, not in the source."""
    assert not list(matches(LATER))


def test_no_package_registry_is_named() -> None:
    """Where packages come from is the machine's affair: pip and apt-get are configured there."""
    assert not list(matches(REGISTRIES))


def matches(pattern: re.Pattern[str]) -> Iterator[str]:
    """Where a pattern occurs in the project's text files."""
    for path in files():
        try:
            lines = text(path).splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if found := pattern.search(line):
                yield f"{place(path, number)}: {found[0]}"


def test_names_say_what_things_are() -> None:
    """Some names are for what has not been understood yet."""
    modules = [place(path) for path in python_files(PACKAGE) if VAGUE.search(path.stem)]
    defined = [
        f"{place(path, node.lineno)}: {node.name}"
        for path in python_files(PACKAGE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef | Function) and VAGUE.search(node.name)
    ]
    assert not modules + defined


def scripts() -> list[Path]:
    """The shell programs of the project."""
    return [path for path in files() if text_of_first_line(path).startswith("#!/bin/bash")]


def sourced() -> list[Path]:
    """What those read, which is no program."""
    return [path for path in files() if path.suffix == ".bash"]


def text_of_first_line(path: Path) -> str:
    """The first line of a file, if it is text."""
    with path.open("rb") as file:
        return file.readline(100).decode("ascii", errors="replace")


def test_scripts_stop_at_the_first_error() -> None:
    """Each shell program can be run, and does not go on when something failed."""
    assert {"labnet", "test", "run"} <= {path.name for path in scripts()}
    assert not [
        place(p) for p in scripts() if not os.access(p, os.X_OK) or "\nset -eu" not in text(p)
    ]


def test_no_line_is_too_long() -> None:
    """Shell and YAML, which ruff does not look at, are as wide as Python."""
    others = [path for path in files() if path.suffix == ".yml" or path.name in RECIPES]
    assert not [
        place(path, number)
        for path in scripts() + sourced() + others
        for number, line in enumerate(text(path).splitlines(), 1)
        if len(line) > COLUMNS
    ]


@pytest.mark.shellcheck
def test_scripts_pass_shellcheck() -> None:
    """The linter has nothing to say of the shell programs."""
    command = ["shellcheck", "--external-sources", *map(str, scripts() + sourced())]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8")
    assert result.stdout == ""
