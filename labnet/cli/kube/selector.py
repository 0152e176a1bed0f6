"""Label selectors as kubectl takes them: `app=web,tier in (a,b),!canary`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from labnet.errors import InputError


Labels = Mapping[str, str]
Selector = Callable[[Labels], bool]

_KEY = r"(?P<key>[A-Za-z0-9][A-Za-z0-9_./-]*)"
_TERM = re.compile(
    rf"\s*(?:{_KEY}\s*(?:(?P<op>=|==|!=)\s*(?P<value>[A-Za-z0-9_.-]*)"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?|!\s*(?P<absent>[A-Za-z0-9][\w./-]*))\s*(,|$)"
)


def parse_selector(text: str) -> Selector:
    """Whether labels meet every requirement; an empty text selects all. Raises InputError."""
    terms: list[Selector] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise InputError(f"--selector: {text[at:]!r} is no requirement on a label")
        terms.append(_term(match.groupdict()))
        at = match.end()
    return lambda labels: all(term(labels) for term in terms)


def _term(parts: Mapping[str, str | None]) -> Selector:
    """One requirement (k8s.io/apimachinery/pkg/labels): `!=` and `notin` hold without the label."""
    key = parts["key"] or ""
    if parts["absent"]:
        return lambda labels: parts["absent"] not in labels
    if parts["set"]:
        values = {value.strip() for value in (parts["values"] or "").split(",")}
        if parts["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if parts["op"] == "!=":
        return lambda labels: labels.get(key) != parts["value"]
    if parts["op"]:
        return lambda labels: labels.get(key) == parts["value"]
    return lambda labels: key in labels
