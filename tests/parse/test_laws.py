"""Whatever a file holds, it is a topology or an InputError, and never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labnet.errors import InputError, Problem, Problems
from labnet.parse import Parsed, SourceText, parse, read
from labnet.parse.documents import KINDS
from labnet.parse.field_tables import element_type, field_types
from labnet.parse.shapes import root_type


QUICK = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

ERRORS = Path(__file__).parent.parent / "errors"
PLAUSIBLE = """
    a node1 web -1 0 80 8080:80 nginx on 1.5 A_b ../x 10.244.0.0/16 10.244.0.9 fd00::/56 ::1 dual
    None container:web 10.96.0.10 010.96.0.1 ::ffff:1.2.3.4 10.0.0.1/8 127.0.0.1 http
    db.example.com. 30080 IPv4 IPv6 FQDN TCP UDP NodePort LoadBalancer ExternalName ClientIP Local
    RequireDualStack PreferSameNode Pod 24h0m0s primary kubernetes.io/service-name
"""
WORDS = st.sampled_from(["", "x" * 64, *PLAUSIBLE.split()])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def outcome(call: Callable[[], Parsed]) -> Parsed | InputError:
    """What comes out of `parse`; whatever else is raised fails the test."""
    try:
        return call()
    except InputError as error:
        return error


def check_problems(error: Parsed | InputError, lines: int) -> None:
    """Every problem has a line of the file, and is one line itself."""
    if isinstance(error, Problems):
        for problem in error.problems:
            assert 0 < problem.line <= lines
            assert "\n" not in problem.what + problem.path


@given(st.text())
@QUICK
def test_any_text(text: str) -> None:
    """Characters of all kinds, lone surrogates among them."""
    found = outcome(lambda: parse([SourceText("f", text)]))
    check_problems(found, text.count("\n") + text.count("\r") + text.count("\x85") + 10)


@given(st.text(alphabet="[]{}:,-&*!|>'\"%@`#?<\n\t ab0~"))
@QUICK
def test_any_punctuation(text: str) -> None:
    """Most of it is no YAML, and some of it is."""
    outcome(lambda: parse([SourceText("f", text)]))


def read_and_parse(path: Path) -> Parsed:
    """What a command does first."""
    return parse(read([str(path)], {}))


@given(st.binary())
@QUICK
def test_any_bytes(tmp_path: Path, raw: bytes) -> None:
    """Files of any content, templates too."""
    for name in ("f.yaml", "f.yaml.j2"):
        path = tmp_path / name
        path.write_bytes(raw)
        outcome(partial(read_and_parse, path))


def values_of(kind: str, depth: int) -> st.SearchStrategy[Any]:
    """Values for a field of type `kind`: now and then of its shape, else anything."""
    if kind.startswith("[]"):
        return ANYTHING | st.lists(values_of(kind[2:], depth), max_size=2)
    if kind not in field_types() or not depth:
        return ANYTHING
    return ANYTHING | fields_of(kind, depth)


def later(kind: str, depth: int) -> st.SearchStrategy[Any]:
    """`values_of`, when it is needed: the types of Kubernetes contain each other."""

    def definition() -> st.SearchStrategy[Any]:
        """The strategy itself."""
        return values_of(kind, depth)

    return st.deferred(definition)


def fields_of(kind: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Some fields of type `kind`, with values of their types or others."""
    fields = field_types()[kind]
    optional = {name: later(inner, depth - 1) for name, inner in fields.items()}
    few = st.fixed_dictionaries({}, optional=optional)
    return few.map(lambda found: dict(list(found.items())[:6]))


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A document of a kind that labnet has, its fields anything."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    body = draw(fields_of(root_type(kind), 4))
    fixed = {"apiVersion": KINDS[kind].api_version, "kind": kind}
    return {"metadata": {"name": "web"}, **body, **fixed}


@given(st.lists(manifests(), min_size=1, max_size=3))
@QUICK
def test_any_manifests(documents: list[dict[str, Any]]) -> None:
    """Known fields with values of any type, at any level."""
    lab = {"apiVersion": "labnet.dev/v1", "kind": "Lab", "metadata": {"name": "lab"}}
    lab |= {"spec": {"nodes": [{"name": "node1"}]}}
    text = "\n---\n".join(json.dumps(document) for document in [lab, *documents])
    check_problems(outcome(lambda: parse([SourceText("f", text)])), text.count("\n") + 1)


@given(st.data())
@QUICK
def test_any_piece_of_a_lab_file(data: st.DataObject) -> None:
    """A file that is cut, or two that are glued together anywhere."""
    texts = sorted(path.read_text(encoding="utf-8") for path in ERRORS.glob("*.yaml"))
    one, other = data.draw(st.sampled_from(texts)), data.draw(st.sampled_from(texts))
    text = one[: data.draw(st.integers(0, len(one)))] + other[data.draw(st.integers(0, 400)) :]
    outcome(lambda: parse([SourceText("f", text)]))


@pytest.mark.parametrize("path", sorted(ERRORS.glob("*.yaml")), ids=lambda path: path.stem)
def test_order_does_not_matter(path: Path) -> None:
    """A file means the same twice, and its problems are sorted and there once."""
    source = SourceText("f.yaml", path.read_text(encoding="utf-8"))
    one, two = (outcome(lambda: parse([source])) for _ in range(2))
    assert isinstance(one, Problems)
    assert str(one) == str(two)
    assert list(one.problems) == sorted(set(one.problems))


def test_the_tables_are_closed() -> None:
    """Every type that a field has is in the tables, and every kind is."""
    types = field_types()
    leaves = {"str", "int", "bool", "qty", "int|str", "obj"}
    named = {element_type(kind) for fields in types.values() for kind in fields.values()}
    assert named - leaves <= types.keys()
    assert {root_type(kind) for kind in KINDS} <= types.keys()


def test_a_problem_is_printed_as_compilers_do() -> None:
    """FILE:LINE: PATH: what, and the hint below; a file as a whole has no line."""
    assert str(Problem("f", 3, "a.b", "is wrong", "be right")) == "f:3: a.b: is wrong\n    be right"
    assert str(Problem("f", 3, "", "is wrong")) == "f:3: is wrong"
    assert str(Problem("f", 0, "", "is wrong")) == "f: is wrong"
