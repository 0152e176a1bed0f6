"""YAML text to trees, from the parser's events and without recursion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from labnet.parse.findings import Findings
from labnet.parse.readers import TEMPLATE_HINT
from labnet.parse.tree import Fields, Items, Scalar, Tree, quote, shorten


MAX_BYTES: Final = 8 * 1024 * 1024  # of one file
MAX_DEPTH: Final = 100
MAX_VALUES: Final = 500_000  # of one file, copies included
MAX_COPIES: Final = 100_000  # values that the aliases of one file stand for

# What YAML 1.1 (5.1, "Character Set") does not call printable; a byte order mark is taken.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)
_CORE: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final = ("null", "bool", "int", "float")
_MERGE: Final = "<<"

_TABS: Final = "indent with spaces: YAML takes no tabs"
_QUOTES: Final = "a text that begins with this character needs quotes"
_CHARACTERS: Final = {"\t": _TABS, "@": _QUOTES, "`": _QUOTES, "%": _QUOTES}
_ADVICE: Final = (
    ("tab character", _TABS),
    ("mapping values are not allowed", "a text with ': ' in it needs quotes, or the indent is off"),
    ("'-' indicator", "the line is indented less than the items above it, and is no item"),
    ("expected key", "the line is indented differently from the fields above it"),
    ("expected ':'", "a field is written `name: value`, with a space after the colon"),
    ("unexpected end of stream", "a quote is not closed"),
    ("expected ',' or", "a bracket is not closed"),
)


class _Unreadable(Exception):
    """The rest of the text makes no sense: `args` are its line, what is wrong, and a hint."""


def compose(file: str, text: str, findings: Findings) -> list[Tree]:
    """The documents of `text`, as far as it can be read; the findings say what stopped it."""
    composer = _Composer(file, findings)
    try:
        _check_characters(text)
        # JSON may be indented with tabs, which PyYAML's own scanner does not take.
        composer.run(text.replace("\t", " ") if file.endswith(".json") else text)
    except _Unreadable as error:
        findings.unreadable(file, *error.args)
        composer.drop_unfinished()
    return composer.documents


def _check_characters(text: str) -> None:
    if len(text) > MAX_BYTES:
        raise _Unreadable(1, f"is larger than {MAX_BYTES >> 20} MiB")
    found = _UNPRINTABLE.search(text)
    if found is None:
        return
    line = text.count("\n", 0, found.start()) + 1
    if found[0] == "\0":
        raise _Unreadable(line, "has a NUL character", "this is no text file, or it is UTF-16")
    what = f"has the control character U+{ord(found[0]):04X}"
    raise _Unreadable(line, what, 'in double quotes, YAML writes it as an escape: "\\x1b"')


def _events(text: str) -> Iterator[Any]:
    """PyYAML's events (its stubs know no type for them), errors as `_Unreadable`."""
    import yaml  # noqa: PLC0415 - 28 ms that only a command with a lab file should pay

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # What is not closed is found at the end, and wrong where it begins.
        ended = "end of stream" in str(error.problem) and error.context_mark
        mark = ended or error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _Unreadable(line, _syntax(error), _advice(error, text, line)) from error
    except yaml.YAMLError as error:
        raise _Unreadable(1, f"is not YAML: {error}") from error


def _syntax(error: Any) -> str:
    """The parser's own words, as people know them from every other tool."""
    context = error.context or ""
    if error.context_mark is None or "next token" in context:
        context = ""
    elif context:
        context = f" {context} that begins on line {error.context_mark.line + 1}"
    return f"is not YAML: {error.problem or 'cannot be read'}{context}"


def _advice(error: Any, text: str, line: int) -> str:
    lines = text.split("\n")
    wrong = lines[line - 1] if line <= len(lines) else ""
    if "{{" in wrong or "{%" in wrong:
        return TEMPLATE_HINT
    if "cannot start any token" in str(error.problem) and error.problem_mark is not None:
        character = wrong[error.problem_mark.column : error.problem_mark.column + 1]
        return _CHARACTERS.get(character, "")
    return next((hint for part, hint in _ADVICE if part in str(error.problem)), "")


class _Composer:
    """The collections that are open, the innermost last, and for each mapping its pending key."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.file = file
        self.findings = findings
        self.documents: list[Tree] = []
        self._open: list[Items | Fields] = []
        self._keys: list[Scalar | None] = []
        self._anchors: dict[str, Tree] = {}
        self._values = 0
        self._copies = 0

    def run(self, text: str) -> None:
        """Take every event of the text."""
        from yaml import events  # noqa: PLC0415 - see _events

        steps = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._mapping,
            events.SequenceStartEvent: self._sequence,
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document,
        }
        for event in _events(text):
            step = steps.get(type(event))
            if step is not None:
                step(event)

    def drop_unfinished(self) -> None:
        """Forget the document that was being read: half of it would raise false problems."""
        if self._open:
            self.documents.pop()

    def _document(self, event: Any) -> None:
        del event  # anchors end with their document, and that is all there is to it
        self._anchors = {}

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        scalar = Scalar(self.file, line, event.value, plain=event.implicit[0])
        if event.tag is not None:
            self._check_scalar_tag(scalar, event.tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = scalar
        self._place(scalar)

    def _check_scalar_tag(self, scalar: Scalar, tag: str) -> None:
        name = tag.removeprefix(_CORE)
        if tag in {"!", f"{_CORE}str"}:
            return
        if name not in _SCALAR_TAGS:
            self._refuse_tag(scalar.line, tag)
        scalar.plain = True
        if scalar.kind != name:
            raise _Unreadable(scalar.line, f"{quote(scalar.text)} is no !!{name}")

    def _refuse_tag(self, line: int, tag: str) -> None:
        shown = tag.replace(_CORE, "!!") if tag.startswith(_CORE) else tag
        hint = "a manifest is plain data: remove the tag, or quote a text that begins with !"
        raise _Unreadable(line, f"the tag {quote(shown)} is not taken", hint)

    def _mapping(self, event: Any) -> None:
        if event.tag not in {None, "!", f"{_CORE}map"}:
            self._refuse_tag(event.start_mark.line + 1, event.tag)
        self._start(Fields(self.file, event.start_mark.line + 1), event.anchor)

    def _sequence(self, event: Any) -> None:
        if event.tag not in {None, "!", f"{_CORE}seq"}:
            self._refuse_tag(event.start_mark.line + 1, event.tag)
        self._start(Items(self.file, event.start_mark.line + 1), event.anchor)

    def _start(self, collection: Items | Fields, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Unreadable(collection.line, f"is nested more than {MAX_DEPTH} levels deep")
        if anchor is not None:
            self._anchors[anchor] = collection
        self._place(collection)
        self._open.append(collection)
        self._keys.append(None)

    def _end(self, event: Any) -> None:
        del event
        collection = self._open.pop()
        self._keys.pop()
        if isinstance(collection, Fields) and _MERGE in collection.fields:
            self._merge(collection)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _Unreadable(line, f"the alias *{shorten(event.anchor)} names no anchor above it")
        if any(target is collection for collection in self._open):
            raise _Unreadable(
                line, f"the alias *{shorten(event.anchor)} is inside of what it stands for"
            )
        self._place(self._copy(target, line))

    def _copy(self, original: Tree, line: int) -> Tree:
        twin = _bare_copy(original)
        todo = [(original, twin, len(self._open) + 1)]
        while todo:
            old, new, depth = todo.pop()
            self._copies += 1
            if self._copies > MAX_COPIES:
                what = f"its aliases stand for more than {MAX_COPIES:,} values"
                raise _Unreadable(line, what, "this is how a 'billion laughs' bomb is built")
            if depth > MAX_DEPTH and not isinstance(old, Scalar):
                raise _Unreadable(line, f"is nested more than {MAX_DEPTH} levels deep")
            for key, child in _children(old):
                copy = _bare_copy(child)
                _put(new, key, copy)
                todo.append((child, copy, depth + 1))
        return twin

    def _place(self, value: Tree) -> None:
        """Put a value where the text has come to: a document, an item, a key or a field."""
        self._values += 1
        if self._values + self._copies > MAX_VALUES:
            raise _Unreadable(value.line, f"has more than {MAX_VALUES:,} values")
        if not self._open:
            self.documents.append(value)
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            _put(parent, len(parent.items), value)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._checked_key(value)
            return
        self._keys[-1] = None
        self._set(parent, key, value)

    def _checked_key(self, key: Tree) -> Scalar:
        if not isinstance(key, Scalar):
            hint = "a text that begins with { or [ needs quotes; is it a template? name it *.j2"
            raise _Unreadable(key.line, "a field name must be text, not a mapping or a list", hint)
        # Kubernetes takes a decimal number as the text it is; what else YAML reads is a surprise.
        number = key.text.lstrip("-")
        if key.kind != "str" and not (number.isdecimal() and str(int(number[:30])) == number):
            what = f"the name {quote(key.text)} is {_NOUNS[key.kind]} to YAML, and must be text"
            key.adopt(self._open[-1], key.text)
            self.findings.error(key, what, f'quote it: "{shorten(key.text)}"')
        return key

    def _set(self, parent: Fields, key: Scalar, value: Tree) -> None:
        if not isinstance(value, Scalar):
            value.line = key.line  # a block begins where its name stands
        earlier = parent.fields.get(key.text)
        if earlier is None:
            _put(parent, key.text, value)
            return
        value.adopt(parent, key.text)
        self.findings.error(value, f"is there twice (line {earlier.line})", "keep one of them")

    def _merge(self, parent: Fields) -> None:
        """`<<: *defaults`: fields that the mapping does not have itself, from one or several."""
        merged = parent.fields.pop(_MERGE)
        sources = merged.items if isinstance(merged, Items) else [merged]
        for source in sources:
            if not isinstance(source, Fields):
                what = "`<<` merges a mapping or a list of mappings, nothing else"
                raise _Unreadable(source.line, what)
            for key, child in source.fields.items():
                if key not in parent.fields:
                    _put(parent, key, child)


_NOUNS: Final = {"null": "nothing", "bool": "a boolean", "int": "a number", "float": "a number"}


def _bare_copy(tree: Tree) -> Tree:
    """The value without its children."""
    if isinstance(tree, Scalar):
        return Scalar(tree.file, tree.line, tree.text, plain=tree.plain)
    return type(tree)(tree.file, tree.line)


def _children(tree: Tree) -> list[tuple[str | int, Tree]]:
    if isinstance(tree, Items):
        return list(enumerate(tree.items))
    return list(tree.fields.items()) if isinstance(tree, Fields) else []


def _put(parent: Tree, key: str | int, value: Tree) -> None:
    value.adopt(parent, key)
    if isinstance(parent, Items):
        parent.items.append(value)
    elif isinstance(parent, Fields):
        parent.fields[str(key)] = value
