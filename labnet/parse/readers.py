"""Readers: from a tree to a value of the model, telling the findings what is wrong.

A reader always returns a value of its type, its `blank` if there is nothing better, so that reading
goes on and all problems are found in one run. A text of the wrong form is returned as it is: what
names it elsewhere is then no second problem.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, Generic, NamedTuple, TypeVar

from labnet.parse.findings import Findings, did_you_mean
from labnet.parse.formats import Check
from labnet.parse.scalars import boolean_of, integer_of
from labnet.parse.tree import Fields, Items, Scalar, Tree, quote, shorten


T = TypeVar("T")

TEMPLATE_HINT: Final = "a template must be in a file named *.j2"
INT32: Final = 2**31 - 1
INT64: Final = 2**63 - 1


class Reader(NamedTuple, Generic[T]):
    """`read` makes a value of a tree; `blank` stands for one that cannot be read."""

    read: Callable[[Tree, Findings], T]
    blank: T


def noun(tree: Tree) -> str:
    """What a value is, for `must be text, not …`."""
    if isinstance(tree, Fields):
        return "a mapping"
    if isinstance(tree, Items):
        return "a list"
    if isinstance(tree, Scalar) and tree.kind != "null":
        kinds = {"bool": "boolean", "int": "number", "float": "number", "str": "text"}
        shown = quote(tree.text) if tree.kind == "str" else shorten(tree.text)
        return f"the {kinds[tree.kind]} {shown}"
    return "empty"


def text(check: Check | None = None) -> Reader[str]:
    """Text, of the form that `check` asks for."""

    def read(tree: Tree, findings: Findings) -> str:
        if not isinstance(tree, Scalar):
            findings.error(tree, f"must be text, not {noun(tree)}")
            return ""
        if tree.kind != "str":
            findings.error(
                tree, f"must be text, not {noun(tree)}", f'quote it: "{shorten(tree.text)}"'
            )
        elif check is not None and (complaint := check(tree.text)) is not None:
            what, hint = complaint
            templated = "{{" in tree.text or "{%" in tree.text
            findings.error(tree, what, TEMPLATE_HINT if templated else hint)
        return tree.text

    return Reader(read, "")


def integer(low: int, high: int, blank: int = 0) -> Reader[int]:
    """A whole number from `low` to `high`."""

    def read(tree: Tree, findings: Findings) -> int:
        if not isinstance(tree, Scalar) or tree.kind != "int":
            findings.error(tree, f"must be a whole number, not {noun(tree)}", _unquote(tree))
            return blank
        number = integer_of(tree.text)
        if low <= number <= high:
            return number
        if high in {INT32, INT64} and number < low:
            findings.error(tree, f"{shorten(tree.text)}: must be greater than or equal to {low}")
        else:
            findings.error(
                tree, f"{shorten(tree.text)}: must be between {low} and {high}, inclusive"
            )
        return blank

    return Reader(read, blank)


def _read_optional_port(tree: Tree, findings: Findings) -> int:
    if isinstance(tree, Scalar) and tree.kind == "int" and integer_of(tree.text) == 0:
        return 0
    return _PORT.read(tree, findings)


_PORT: Final = integer(1, 65535)
optional_port: Final = Reader(_read_optional_port, 0)
"""A port; 0 is the same as none."""


def _unquote(tree: Tree) -> str:
    quoted = isinstance(tree, Scalar) and not tree.plain and tree.text.isdecimal()
    return f"without quotes: {shorten(tree.text)}" if quoted and isinstance(tree, Scalar) else ""


def _read_boolean(tree: Tree, findings: Findings) -> bool:
    if isinstance(tree, Scalar) and tree.kind == "bool":
        return boolean_of(tree.text)
    hint = ""
    if isinstance(tree, Scalar) and tree.text.lower() in {"true", "false"}:
        hint = f"without quotes: {tree.text.lower()}"
    findings.error(tree, f"must be true or false, not {noun(tree)}", hint)
    return False


def _read_port_or_name(tree: Tree, findings: Findings) -> str:
    """Kubernetes' IntOrString."""
    if isinstance(tree, Scalar) and tree.kind in {"int", "str"}:
        return tree.text
    findings.error(tree, f"must be a whole number or text, not {noun(tree)}")
    return ""


boolean: Final = Reader(_read_boolean, blank=False)
integer_or_text: Final = Reader(_read_port_or_name, "")


def one_of(values: Collection[str], blank: str = "", hint: str = "") -> Reader[str]:
    """One of a few words."""

    def read(tree: Tree, findings: Findings) -> str:
        word = text().read(tree, findings)
        if word in values:
            return word
        if isinstance(tree, Scalar) and tree.kind == "str":
            listed = f"supported values: {', '.join(values)}"
            advice = did_you_mean(word, values) or hint
            what = f"unsupported value {quote(word)}"
            findings.error(tree, what, f"{listed}; {advice}" if advice else listed)
        return blank

    return Reader(read, blank)


def items(reader: Reader[T], *, required: str = "") -> Reader[tuple[T, ...]]:
    """A list; if there must be one item at least, `required` says of what."""

    def read(tree: Tree, findings: Findings) -> tuple[T, ...]:
        if not isinstance(tree, Items):
            hint = f"a list has one line for each item: `- {quote_scalar(tree)}`"
            findings.error(tree, f"must be a list, not {noun(tree)}", hint)
            return ()
        if required and not tree.items:
            findings.error(tree, f"must have at least one {required}")
        return tuple(reader.read(item, findings) for item in tree.items)

    return Reader(read, ())


def quote_scalar(tree: Tree) -> str:
    """The text of a scalar, or dots."""
    return shorten(tree.text) if isinstance(tree, Scalar) else "…"


def mapping(reader: Reader[T], check: Check | None = None) -> Reader[dict[str, T]]:
    """A mapping from keys of the form that `check` asks for; no value is `reader`'s blank."""

    def read(tree: Tree, findings: Findings) -> dict[str, T]:
        if not isinstance(tree, Fields):
            findings.error(tree, f"must be a mapping, not {noun(tree)}")
            return {}
        if check is not None:
            _check_keys(tree, check, findings)
        return {
            key: reader.blank if value.is_null else reader.read(value, findings)
            for key, value in tree.fields.items()
        }

    return Reader(read, {})


def _check_keys(tree: Fields, check: Check, findings: Findings) -> None:
    for key, value in tree.fields.items():
        complaint = check(key)
        if complaint is not None:
            findings.error(value, *complaint)


def _accept(tree: Tree, findings: Findings) -> None:
    del tree, findings


anything: Final = Reader(_accept, None)
"""What is taken as it is, and has no meaning for labnet."""
