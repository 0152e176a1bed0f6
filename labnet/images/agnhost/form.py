"""Forms: queries, and the bodies that browsers and `curl -d`, `curl -F` send.

As Go's net/url and mime/multipart read them: `&` alone separates, a pair with a bad escape is left
out, and bytes that are not UTF-8 stay what they are (as surrogates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence


_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_PARAMETER = re.compile(r';\s*([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')

Pairs = Sequence[tuple[str, str]]


def decode(text: str, *, plus: bool = True) -> str:
    """`text` with its `%XX` decoded, and its `+` too when it is of a query."""
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    data = text.encode("utf-8", "surrogateescape")
    data = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), data)
    return data.decode("utf-8", "surrogateescape")


def parse_form(text: str) -> Pairs:
    """The pairs of `a=1&b=2`."""
    pairs = []
    for part in text.split("&"):
        key, _, value = part.partition("=")
        if part and ";" not in part and not re.search("%(?![0-9A-Fa-f]{2})", part):
            pairs.append((decode(key), decode(value)))
    return pairs


def first(pairs: Iterable[tuple[str, str]], key: str) -> str:
    """The value of the first pair with this key, or nothing."""
    return next((value for name, value in pairs if name == key), "")


def parse_multipart(media_type: str, body: bytes) -> Iterator[tuple[str, bool, bytes]]:
    """The parts of a `multipart/form-data` body: name, whether it is a file, contents."""
    if media_type.partition(";")[0].strip().lower() != "multipart/form-data":
        return
    boundary = parameters(media_type).get("boundary", "")
    if not boundary:
        return
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    for part in parts[1:]:
        if part.startswith(b"--"):
            return
        head, _, contents = part.partition(b"\r\n\r\n")
        disposition = parameters(_disposition(head))
        if "name" in disposition:
            yield disposition["name"], "filename" in disposition, contents


def parameters(value: str) -> dict[str, str]:
    """The parameters after a header's value: `form-data; name="a"` has name."""
    return {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(value)
    }


def _disposition(head: bytes) -> str:
    """The Content-Disposition among the headers of a part."""
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return value
    return ""
