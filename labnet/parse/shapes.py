"""The shape of fields by their type alone, and what to say of a field that nobody knows."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from typing import Any, Final

from labnet.parse.field_tables import element_type, field_types
from labnet.parse.findings import Findings, choices, near_word
from labnet.parse.readers import (
    INT64,
    Reader,
    anything,
    boolean,
    integer,
    integer_or_text,
    noun,
    text,
)
from labnet.parse.tree import Fields, Items, Scalar, Tree, quote, render_path


# k8s.io/apimachinery/pkg/api/resource: a number with a decimal or binary suffix.
_QUANTITY: Final = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?"
)


def _read_quantity(tree: Tree, findings: Findings) -> None:
    if isinstance(tree, Scalar) and _QUANTITY.fullmatch(tree.text):
        return
    findings.error(tree, f"must be a quantity, not {noun(tree)}", "for example 100m or 64Mi")


_LEAVES: Final[dict[str, Reader[Any]]] = {
    "str": text(),
    "int": integer(-INT64, INT64),
    "bool": boolean,
    "int|str": integer_or_text,
    "qty": Reader(_read_quantity, None),
    "obj": anything,
}


def check_shape(tree: Tree, kind: str, findings: Findings) -> None:
    """Whether `tree` has the fields and the types of values that Kubernetes' type `kind` has."""
    if tree.is_null:
        return
    if kind in _LEAVES:
        _LEAVES[kind].read(tree, findings)
    elif kind.startswith("[]"):
        _check_items(tree, kind, findings)
    elif isinstance(tree, Fields):
        _check_fields(tree, kind, findings)
    else:
        findings.error(tree, f"must be a mapping, not {noun(tree)}")


def _check_items(tree: Tree, kind: str, findings: Findings) -> None:
    if not isinstance(tree, Items):
        findings.error(tree, f"must be a list, not {noun(tree)}")
        return
    for item in tree.items:
        check_shape(item, kind[2:], findings)


def _check_fields(tree: Fields, kind: str, findings: Findings) -> None:
    known = None if kind.startswith("{}") else field_types()[kind]
    for key, value in tree.fields.items():
        if known is None:
            check_shape(value, kind[2:], findings)
        elif key in known:
            check_shape(value, known[key], findings)
        else:
            report_unknown(tree, key, kind, findings)


def report_unknown(
    tree: Fields, key: str, kind: str, findings: Findings, acted_on: Collection[str] = ()
) -> str:
    """`key` is in `tree`, and a `kind` has no such field: say which one is likely meant.

    Returns that one, if it is a field of `kind`; if nothing is near, the hint lists `acted_on`.
    """
    if findings.are_many:
        findings.error(tree, f"unknown field {quote(key)}", below=(key,))
        return ""
    known = field_types().get(kind, {})
    guess = near_word(key, known, cutoff=0.8)
    elsewhere = "" if guess else _further_up(tree, key) or _further_down(tree, key, kind)
    if not elsewhere:
        guess = guess or near_word(key, known)
    listed = [name for name in acted_on or known if name not in _COMMON]
    hint = elsewhere or (f"did you mean {guess}?" if guess else f"the fields are {choices(listed)}")
    findings.error(tree, f"unknown field {quote(key)}", hint, below=(key,))
    return guess


_COMMON: Final = ("apiVersion", "kind", "status")


def _further_up(tree: Fields, key: str) -> str:
    """A field of that name in a mapping around this one: most often the indentation is wrong."""
    for place, kind in reversed(_typed_path(tree)[:-1]):
        if key in field_types().get(kind, {}):
            path = render_path((*place.keys, key))
            return f"{path} is a field; is it indented too far?"
    return ""


def _typed_path(tree: Tree) -> list[tuple[Tree, str]]:
    """The mappings from the manifest down to `tree`, with the type of each."""
    above: list[Tree] = []
    place: Tree | None = tree
    while place is not None:
        above.append(place)
        place = place.parent
    path: list[tuple[Tree, str]] = []
    kind = ""
    for place in reversed(above):
        if isinstance(place, Fields) and not path and "items" not in place.fields:
            kind = root_type(place.text("kind"))
            path.append((place, kind))
        elif path and isinstance(place.key, str):
            kind = element_type(field_types().get(kind, {}).get(place.key, ""))
            path.append((place, kind))
        elif path and isinstance(place, Fields):
            path.append((place, kind))
    return path


def root_type(kind: str) -> str:
    """The type of a manifest of `kind`: labnet's Container is not the one in a pod."""
    return "BridgeContainer" if kind == "Container" else kind


def _further_down(tree: Fields, key: str, kind: str) -> str:
    """A field of that name below this mapping, at most three levels down."""
    todo: deque[tuple[tuple[str, ...], str]] = deque([((), kind)])
    while todo:
        path, current = todo.popleft()
        for name, child in field_types().get(current, {}).items():
            if name == key and path:
                start = f"{tree.path}." if tree.path else ""
                return f"did you mean {start}{'.'.join((*path, name))}?"
            if len(path) < 3:
                step = f"{name}[]" if child.startswith("[]") else name
                todo.append(((*path, step), element_type(child)))
    return ""
