"""Records: a mapping with known fields becomes an object of the model.

A record has a type (`field_tables`) and a table of the fields that labnet acts on. What is in
neither is unknown, an error; what is in the type only is checked for its shape and named in a
warning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from labnet.model import Source
from labnet.parse.field_tables import field_types
from labnet.parse.findings import Findings
from labnet.parse.readers import Reader, noun
from labnet.parse.shapes import check_shape, report_unknown
from labnet.parse.tree import Fields, Tree


T = TypeVar("T")


class Field(NamedTuple):
    """A field that labnet acts on.

    `attribute` is its name in the model, `reader` makes its value, and `example` is what to write
    where it is required and missing. One that is `later` is read and stored, and nothing acts on
    it yet.
    """

    attribute: str
    reader: Reader[Any]
    required: bool = False
    example: str = ""
    later: bool = False


Check = Callable[[Fields, T, Findings], None]


class _Record(NamedTuple):
    """What `record` was given."""

    kind: str
    make: Callable[..., Any]
    fields: Mapping[str, Field]
    silent: Collection[str]
    with_source: bool
    check: Callable[[Fields, Any, Findings], None] | None

    def read(self, tree: Tree, findings: Findings) -> Any:
        if not isinstance(tree, Fields):
            findings.error(tree, f"must be a mapping, not {noun(tree)}")
            return self.blank(tree)
        guessed: set[str] = set()
        values = self._values(tree, guessed, findings)
        for key, field in self.fields.items():
            if field.required and field.attribute not in values:
                values[field.attribute] = field.reader.blank
                if key not in guessed:
                    example = f"for example `{field.example}`" if field.example else ""
                    findings.error(tree, "is missing", example, below=(key,))
        if self.with_source:
            values["source"] = Source(tree.file, tree.line)
        made = self.make(**values)
        if self.check is not None:
            self.check(tree, made, findings)
        return made

    def _values(self, tree: Fields, guessed: set[str], findings: Findings) -> dict[str, Any]:
        """The values of the fields that are known; `guessed` gets those that typos stand for."""
        values: dict[str, Any] = {}
        for key, value in tree.fields.items():
            field = self.fields.get(key)
            if field is None:
                guessed.add(self._stray(tree, key, value, findings))
            elif not value.is_null:
                values[field.attribute] = field.reader.read(value, findings)
                if field.later:
                    findings.ignored(value, f"labnet does not act on {key} yet")
        return values

    def _stray(self, tree: Fields, key: str, value: Tree, findings: Findings) -> str:
        """A field that labnet does not act on; the one that it is likely a typo of."""
        known = field_types()[self.kind]
        if key not in known:
            return report_unknown(tree, key, self.kind, findings, acted_on=self.fields)
        if key not in self.silent and not value.is_blank:
            check_shape(value, known[key], findings)
            findings.ignored(value, f"Kubernetes has {key}, and labnet does not act on it")
        return ""

    def blank(self, tree: Tree | None = None) -> Any:
        values = {
            field.attribute: field.reader.blank for field in self.fields.values() if field.required
        }
        if self.with_source:
            values["source"] = Source(tree.file if tree else "", tree.line if tree else 0)
        return self.make(**values)


def record(  # noqa: PLR0913 - a table is one call, and each word of it has its own meaning
    kind: str,
    make: Callable[..., T],
    fields: Mapping[str, Field],
    *,
    silent: Collection[str] = (),
    source: bool = False,
    check: Callable[[Fields, T, Findings], None] | None = None,
) -> Reader[T]:
    """A reader for mappings of type `kind`, which calls `make` with what it read.

    Fields that are absent or null are left to the defaults of `make`. `silent` fields are taken
    without a word (what the API server writes); `source` passes where the mapping stands;
    `check` sees the mapping together with what was made of it.
    """
    assert fields.keys() <= field_types()[kind].keys(), f"{kind}: {fields.keys()}"
    made = _Record(kind, make, fields, silent, source, check)
    return Reader(made.read, made.blank())
