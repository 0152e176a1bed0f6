"""What a plain YAML scalar means to Kubernetes: null, a boolean, a number, or text.

Kubernetes reads manifests with sigs.k8s.io/yaml, which is YAML 1.1: `on` and `yes` are booleans.
The numbers are Go's (`0777` and `0o777` are octal, `1e3` is a float, and `22:22` is text,
which it is not in YAML 1.1), and a date is text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal


Kind = Literal["null", "bool", "int", "float", "str"]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_OCTAL = re.compile(r"([-+]?)0([0-7]+)")


@lru_cache(maxsize=4096)
def scalar_kind(text: str) -> Kind:
    """What `text` is when it stands without quotes."""
    if text in _NULL:
        return "null"
    if text in _TRUE or text in _FALSE:
        return "bool"
    if text[0] not in _NUMBER_STARTS:
        return "str"
    bare = text.replace("_", "")
    if _INTEGER.fullmatch(bare):
        return "int"
    return "float" if _FLOAT.fullmatch(bare) else "str"


def boolean_of(text: str) -> bool:
    """The value of a scalar whose kind is `bool`."""
    return text in _TRUE


def integer_of(text: str) -> int:
    """The value of a scalar whose kind is `int`: `0x1F`, `0o17`, `017`, `1_000`.

    Numbers of more than 30 characters count as 10**30: out of every range, and quick to say so.
    """
    bare = text.replace("_", "")
    if len(bare) > 30:
        return -(10**30) if bare.startswith("-") else 10**30
    octal = _OCTAL.fullmatch(bare)
    return int(f"{octal[1]}0o{octal[2]}" if octal else bare, base=0)
