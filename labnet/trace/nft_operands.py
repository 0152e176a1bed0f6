"""Expressions and relations of nftables, out of the words of a rule (nft(8))."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from labnet.trace.nft_expressions import (
    Bits,
    Constants,
    Expression,
    Joined,
    Mapped,
    Numgen,
    look_up,
)
from labnet.trace.nft_fields import parse_field
from labnet.trace.nft_sets import Elements, NamedSet, parse_elements
from labnet.trace.nft_statements import Relation, Statement
from labnet.trace.nft_values import FLAGS, Constant, Key, matches, parse_constant
from labnet.trace.nft_words import Words
from labnet.trace.packet import Place


_BITWISE = {"&": "&", "and": "&", "|": "|", "or": "|", "^": "^", "xor": "^"}
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def parse_expression(words: Words, sets: Mapping[str, NamedSet], kind: str) -> Expression:
    """The expression that comes next; `kind` is the type that a bare constant would have.

    Errors:
      ValueError: there is none that is known; the type empty, a constant is none.
    """
    parts = [_part(words, sets, kind)]
    while words.take_if("."):
        parts.append(_part(words, sets, kind))
    whole = parts[0] if len(parts) == 1 else Joined(tuple(parts))
    if words.take_if("map"):
        return Mapped(whole, parse_source(words, sets, whole.kinds))
    return whole


def parse_source(
    words: Words, sets: Mapping[str, NamedSet], kinds: tuple[str, ...]
) -> Elements | NamedSet:
    """What a key is looked up in: `{ … }` or `@name`."""
    if words.take_if("{"):
        return parse_elements(words, kinds, ())
    name = words.take()
    if not name.startswith("@"):
        raise ValueError(f"{name} is no set")
    return sets[name[1:]]


def _part(words: Words, sets: Mapping[str, NamedSet], kind: str) -> Expression:
    inner = _operand(words, sets, kind)
    while word := words.take_any(_BITWISE):
        if inner.kinds == ("name",):
            raise ValueError("a name has no bits")
        inner = Bits(inner, _BITWISE[word], _bits(words, inner.kinds[0]))
    return inner


def _operand(words: Words, sets: Mapping[str, NamedSet], kind: str) -> Expression:
    if words.take_if("("):
        inner = parse_expression(words, sets, kind)
        if not words.take_if(")"):
            raise ValueError("a bracket is open")
        return inner
    if words.take_if("numgen"):
        return _numgen(words)
    if (found := parse_field(words)) is not None:
        return found
    if not kind:
        raise ValueError(f"{words.peek()} is unknown")
    constant = parse_constant(words.take(), kind)
    if not isinstance(constant, int | str):
        raise ValueError("a range where one value belongs")  # noqa: TRY004  # words, no type
    return Constants((constant,), (kind,))


def _numgen(words: Words) -> Numgen:
    if not words.take_any({"random", "inc"}) or not words.take_if("mod"):
        raise ValueError("numgen")
    modulus = int(words.take(), 0)
    return Numgen(modulus, int(words.take(), 0) if words.take_if("offset") else 0)


def _bits(words: Words, kind: str) -> int:
    """A mask: a number, or flags as `(syn | ack)` or `syn,ack`."""
    if not words.take_if("("):
        return _flag_sum(words.take(), kind)
    total = _flag_sum(words.take(), kind)
    while words.take_if("|"):
        total |= _flag_sum(words.take(), kind)
    if not words.take_if(")"):
        raise ValueError("a bracket is open")
    return total


def _flag_sum(word: str, kind: str) -> int:
    total = 0
    for part in word.split(","):
        value = parse_constant(part, kind)
        if not isinstance(value, int):
            raise ValueError(f"{part} is no number")  # noqa: TRY004  # words, no type
        total |= value
    return total


def parse_relation(words: Words, sets: Mapping[str, NamedSet], left: Expression) -> Statement:
    """What is asked of an expression: an operator, and what stands right of it.

    Errors:
      ValueError: it is not understood.
    """
    sign = words.take_any({"==", "!=", "eq", "ne", "!", *_ORDER})
    negated = sign in {"!=", "ne", "!"}
    if sign in _ORDER:
        return _ordered(words, left, _ORDER[sign])
    if words.peek() == "{" or words.peek().startswith("@"):
        source, kinds = parse_source(words, sets, left.kinds), left.kinds
        return Relation(left, lambda k, p: (look_up(source, k, kinds, p) is None) == negated)
    if left.kinds[0] in FLAGS and len(left.kinds) == 1:
        return _flags(words, left, sign)
    fields = [parse_constant(words.take(), left.kinds[0])]
    while words.take_if("."):
        fields.append(parse_constant(words.take(), left.kinds[len(fields)]))
    return Relation(left, _equal(tuple(fields), negated=negated))


def _equal(fields: tuple[Constant, ...], *, negated: bool) -> Callable[[Key, Place], bool]:
    return lambda key, _: all(map(matches, key, fields)) != negated


def _ordered(words: Words, left: Expression, order: Callable[[int, int], bool]) -> Statement:
    bound = _flag_sum(words.take(), left.kinds[0])
    return Relation(left, lambda key, _: isinstance(key[0], int) and order(key[0], bound))


def _flags(words: Words, left: Expression, sign: str) -> Statement:
    """Bits: `ct state new` any of those, `== new` exactly those, `! new` none of them.

    `tcp flags syn / syn,ack` is exactly these of those. After bits have been masked, as in
    `& (syn | ack) == syn`, and with several after `!=`, only an exact comparison is meant.
    """
    kind = left.kinds[0]
    value = _flag_sum(words.take(), kind)
    while words.take_if(","):
        value |= _flag_sum(words.take(), kind)
    if words.take_if("/"):
        mask = _flag_sum(words.take(), kind)
        left, sign = Bits(left, "&", mask), sign or "=="
    if sign == "":
        return Relation(left, lambda key, _: bool(_int(key) & value))
    if sign == "!":
        return Relation(left, lambda key, _: not _int(key) & value)
    negated = sign in {"!=", "ne"}
    return Relation(left, lambda key, _: (_int(key) == value) != negated)


def _int(key: Key) -> int:
    assert isinstance(key[0], int), "a name has no bits"
    return key[0]
