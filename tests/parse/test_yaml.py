"""YAML to trees: lines and paths, aliases, and what a scalar means to Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from labnet.parse.compose import compose
from labnet.parse.findings import Findings
from labnet.parse.scalars import integer_of, scalar_kind
from labnet.parse.tree import Fields, Items, Scalar, Tree


def trees(text: str) -> list[Tree]:
    """The documents of a text without mistakes."""
    findings = Findings()
    documents = compose("f", text, findings)
    assert findings.problems == []
    return documents


def problem(text: str) -> str:
    """What is wrong with a text, the first of it."""
    findings = Findings()
    compose("f", text, findings)
    return str(findings.problems[0])


def flat(tree: Tree) -> Iterator[tuple[int, str, str]]:
    """The line, the path and the text of every scalar."""
    if isinstance(tree, Scalar):
        yield tree.line, tree.path, tree.text
    elif isinstance(tree, Items):
        for item in tree.items:
            yield from flat(item)
    elif isinstance(tree, Fields):
        for value in tree.fields.values():
            yield from flat(value)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_lines_and_paths(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value knows where it is, with libyaml and without."""
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, loader))
    text = "---\na:\n  - b: 1\n    c/d: |\n      x\n      y\n  - [2,\n     3]\n---\n\nz: {e.f: g}\n"
    first, second = trees(text)
    assert list(flat(first)) == [
        (3, "a[0].b", "1"),
        (4, 'a[0]["c/d"]', "x\ny\n"),
        (7, "a[1][0]", "2"),
        (8, "a[1][1]", "3"),
    ]
    assert isinstance(first, Fields)
    assert (first.line, first.fields["a"].line) == (2, 2)
    assert list(flat(second)) == [(11, 'z["e.f"]', "g")]


def test_aliases_are_copies() -> None:
    """What an alias stands for has the line where it is written, and the path where it is used."""
    (tree,) = trees("a: &x {b: [1]}\nc: *x\nd: &y e\n*y : *y\n")
    assert list(flat(tree)) == [
        (1, "a.b[0]", "1"),
        (1, "c.b[0]", "1"),
        (3, "d", "e"),
        (3, "e", "e"),
    ]


def test_merging() -> None:
    """`<<` adds the fields that a mapping does not have, from one mapping or from several."""
    (tree,) = trees("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\n")
    assert [item for item in flat(tree) if item[1].startswith("c")] == [
        (5, "c.x", "0"),
        (1, "c.y", "2"),
        (2, "c.z", "4"),
    ]


def test_a_document_has_its_own_anchors() -> None:
    """An anchor is known until its document ends."""
    assert problem("a: &x 1\n---\nb: *x\n") == "f:3: the alias *x names no anchor above it"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "null") for text in ("", "~", "null", "NULL")),
        *((text, "bool") for text in ("yes", "No", "on", "OFF", "true", "False")),
        *((text, "int") for text in ("0", "-1", "+7", "1_000", "0x1F", "0o17", "017", "0b11")),
        *((text, "float") for text in ("1.5", "-.5", "1e3", "1.", "08", ".inf", "-.INF", ".nan")),
        *((text, "str") for text in ("y", "n", "nULL", "22:22", "2024-01-01", "1.2.3", "0x", "-")),
        *((text, "str") for text in ("10.0.0.1", "1e", "٣", "30000-32767", "Yes.", "_1", "=")),
    ],
)
def test_scalars(text: str, kind: str) -> None:
    """What a plain scalar is to sigs.k8s.io/yaml."""
    assert scalar_kind(text) == kind


def test_integers() -> None:
    """Every form of a number, and one that nobody should wait for."""
    written = ("0x1F", "0o17", "017", "-017", "0b11", "1_000", "+7", "0")
    assert [integer_of(text) for text in written] == [31, 15, 15, -15, 3, 1000, 7, 0]
    assert integer_of("9" * 1_000_000) == 10**30
    assert integer_of("-" + "9" * 1_000_000) == -(10**30)


def test_tags_of_the_core() -> None:
    """YAML's own tags say what a scalar is; a number may be made text, but text no number."""
    (tree,) = trees("[!!str 80, !!int '80', !!map {a: b}, !!seq [c], !!null ~]")
    assert isinstance(tree, Items)
    kinds = [item.kind for item in tree.items if isinstance(item, Scalar)]
    assert kinds == ["str", "int", "null"]
    assert problem("!!int web") == "f:1: 'web' is no !!int"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: \0", "f:1: has a NUL character"),
        ("\n\na: \x1b[0m", "f:3: has the control character U+001B"),
        ("\ud800", "f:1: has the control character U+D800"),
        ("[" * 100_000, "f:1: is nested more than 100 levels deep"),
        ("{a: " * 100_000, "f:1: is nested more than 100 levels deep"),
        ("- " * 100_000, "f:1: is nested more than 100 levels deep"),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 50 + "*a", "f:2: is nested more than"),
        ("a: &a [*a]", "f:1: the alias *a is inside of what it stands for"),
        ("a: &a [" + "x," * 999 + "]\nb: [" + "*a, " * 200 + "]", "f:2: its aliases stand for"),
        ("? [a]\n: b", "f:1: a field name must be text"),
        ("a: 1\na: 2", "f:2: a: is there twice (line 1)"),
        ("a: {on: 1}", "f:1: a.on: the name 'on' is a boolean"),
        ("a: {1.5: 1}", "f:1: a[\"1.5\"]: the name '1.5' is a number"),
        ("a: {~: 1}", "f:1: a[\"~\"]: the name '~' is nothing"),
        ("a: !!python/name:os.system x", "f:1: the tag '!!python/name:os.system' is not taken"),
        ("a: !<tag:x> [b]", "f:1: the tag 'tag:x' is not taken"),
        ("<<: [{a: b}, c]", "f:1: `<<` merges a mapping"),
        ("a: b: c", "f:1: is not YAML: mapping values are not allowed"),
        ("a: [1, {{ n }}]", "f:1: a field name must be text"),
        (
            "\ta: 1",
            "f:1: is not YAML: found character that cannot start any token\n    indent with",
        ),
        ("a: @b", "f:1: is not YAML: found character that cannot start any token\n    a text that"),
        ("%TAG ! x\n%TAG ! x\n--- 1", "f:2: is not YAML: found duplicate %TAG directive"),
    ],
)
def test_what_cannot_be_read(text: str, found: str) -> None:
    """The line and the reason, and no more of that document."""
    assert problem(text).startswith(found)


def test_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many small values is refused before it fills the memory."""
    monkeypatch.setattr("labnet.parse.compose.MAX_VALUES", 1_000)
    assert problem("[" + "1," * 1_000 + "]") == "f:1: has more than 1,000 values"
    assert len(list(flat(trees("[" + "1," * 999 + "]")[0]))) == 999


def test_what_was_whole_is_kept() -> None:
    """Documents before the one that cannot be read are read; that one is not, not half of it."""
    findings = Findings()
    documents = compose("f", "a: 1\n---\nb: 2\nc: [\n", findings)
    assert [path for _, path, _ in flat(documents[0])] == ["a"]
    assert len(documents) == 1
    assert not findings.complete


def test_decimal_names_are_text() -> None:
    """A ConfigMap may have a key 8080, as in Kubernetes."""
    (tree,) = trees("{8080: a, -1: b}")
    assert [path for _, path, _ in flat(tree)] == ["8080", "-1"]
