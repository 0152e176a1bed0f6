"""Rules of nftables as statements, out of the words in which nft lists them (nft(8))."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from labnet.trace.nft_operands import parse_expression, parse_relation, parse_source
from labnet.trace.nft_sets import NamedSet, NftVerdict, parse_verdict
from labnet.trace.nft_statements import (
    Aside,
    Decide,
    Masquerade,
    NoTrack,
    Redirect,
    Remember,
    SetMark,
    Statement,
    Translate,
    Unknown,
    VerdictMap,
)
from labnet.trace.nft_words import Words
from labnet.trace.translate import parse_ends, parse_port_range


Sets = Mapping[str, NamedSet]

_NAT_FLAGS = frozenset({"random", "fully-random", "persistent"})
_LOG_WORDS = frozenset({"prefix", "level", "group", "snaplen", "queue-threshold"})
_UNITS = frozenset({"bytes", "kbytes", "mbytes", "packets"})


@dataclass(frozen=True, slots=True)
class NftRule:
    """One rule: its statements in order, and the text that it was parsed from."""

    text: str
    statements: tuple[Statement, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What it says that is not understood."""
        return tuple(item.text for item in self.statements if isinstance(item, Unknown))


def parse_nft_rule(text: str, sets: Sets) -> NftRule:
    """The rule of a line of a chain; `sets` are the sets and maps of its table by name.

    From the first words on that are not known the rest is one `Unknown`.
    """
    return NftRule(text, tuple(_statements(Words(text), sets)))


def _statements(words: Words, sets: Sets) -> Iterator[Statement]:
    while words:
        rest = words.rest()
        try:
            parser = _STATEMENTS.get(words.peek())
            yield (parser or _relation)(words, sets)
        except (ValueError, KeyError) as error:
            yield Unknown(f"{rest} ({error})")
            return


def _relation(words: Words, sets: Sets) -> Statement:
    """Anything that begins with an expression: a relation, a vmap, or a mark that is set."""
    left = parse_expression(words, sets, "")
    if words.take_if("vmap"):
        return VerdictMap(left, parse_source(words, sets, left.kinds))
    return parse_relation(words, sets, left)


def _verdict(words: Words, sets: Sets) -> Statement:
    del sets
    return Decide(parse_verdict(words))


def _reject(words: Words, sets: Sets) -> Statement:
    """A RST answers TCP only, so `reject with tcp reset` is about nothing else."""
    del sets
    words.take()
    said = ["reject"]
    if words.take_if("with"):
        said += ["with", words.take()]
        words.take_if("type")
        said.append(words.take())
    return Decide(NftVerdict("reject"), "tcp" if said[2:3] == ["tcp"] else "", " ".join(said))


def _meta(words: Words, sets: Sets) -> Statement:
    """`meta mark set …`, `ct mark set …`, or a relation that begins with the same words."""
    head, name = words.peek(), words.peek(1)
    if words.peek(2) == "set":
        words.take_if(head, name, "set")
        if name == "mark":
            return _set_mark(words, sets, of_connection=head == "ct")
        if (head, name) in {("meta", "nftrace"), ("meta", "priority"), ("meta", "pkttype")}:
            return Aside(f"{head} {name} set {words.take()}")
        raise ValueError(f"{head} {name} set")
    if (head, name) == ("ct", "count"):
        words.take_if("ct", "count")
        is_over = words.take_if("over")
        return Aside(f"ct count {words.take()}", is_over)
    return _relation(words, sets)


def _mark(words: Words, sets: Sets) -> Statement:
    """`mark set …` without `meta`."""
    if words.take_if("mark", "set"):
        return _set_mark(words, sets, of_connection=False)
    return _relation(words, sets)


def _set_mark(words: Words, sets: Sets, *, of_connection: bool) -> Statement:
    value = parse_expression(words, sets, "mark")
    if len(value.kinds) > 1:
        raise ValueError("a mark of several parts")
    return SetMark(value, of_connection)


def _translate(words: Words, sets: Sets) -> Statement:
    """`dnat ip to …`, `dnat ip addr . port to …`, `snat to …`."""
    side: Literal["dst", "src"] = "dst" if words.take() == "dnat" else "src"
    words.take_any({"ip", "ip6"})
    words.take_if("addr", ".", "port")
    if not words.take_if("to"):
        raise ValueError("NAT to nowhere")
    if words.peek()[:1].isdigit() or words.peek().startswith((":", "[")):
        first, last, ports = parse_ends(words.take())
        if words.take_if("."):
            ports = parse_port_range(words.take())
        return Translate(side, (first, last), ports, _flags(words))
    to = parse_expression(words, sets, "address")
    ports = (0, 0)
    if words.peek().startswith(":"):
        words.take_if(":")
        ports = parse_port_range(words.take().removeprefix(":"))
    return Translate(side, to, ports, _flags(words))


def _masquerade(words: Words, sets: Sets) -> Statement:
    del sets
    text = [words.take()]
    if words.take_if("to"):
        text += ["to", words.take()]
    return Masquerade(" ".join([*text, *sorted(_flags(words))]))


def _redirect(words: Words, sets: Sets) -> Statement:
    del sets
    words.take()
    ports = (0, 0)
    if words.take_if("to"):
        ports = parse_port_range(words.take().removeprefix(":"))
    _flags(words)
    return Redirect(ports)


def _flags(words: Words) -> frozenset[str]:
    flags: set[str] = set()
    while words and (more := {*words.peek().split(",")}) <= _NAT_FLAGS:
        flags |= more
        words.take()
        words.take_if(",")
    return frozenset(flags)


def _notrack(words: Words, sets: Sets) -> Statement:
    del sets
    words.take()
    return NoTrack()


def _counter(words: Words, sets: Sets) -> Statement:
    del sets
    words.take()
    if words.take_if("name"):
        words.take()
    elif words.take_if("packets"):
        words.take()
        words.take_if("bytes")
        words.take()
    return Aside("counter")


def _log(words: Words, sets: Sets) -> Statement:
    del sets
    text = [words.take()]
    while words.peek() in {*_LOG_WORDS, "flags"}:
        text += [words.take(), words.take()]
        if text[-2:] in (["flags", "tcp"], ["flags", "ip"]):
            text.append(words.take())
    return Aside(" ".join(text))


def _limit(words: Words, sets: Sets) -> Statement:
    """A first packet is within every limit."""
    del sets
    text = [words.take()]
    if words.take_if("name"):
        return Aside(f"limit name {words.take()}")
    if not words.take_if("rate"):
        raise ValueError("a limit without a rate")
    is_over = words.take_if("over")
    text.append(words.take())
    if "bytes/" in words.peek():
        text.append(words.take())
    if words.take_if("burst"):
        text += ["burst", words.take()]
        words.take_any(_UNITS)
    return Aside(" ".join(text), is_over)


def _quota(words: Words, sets: Sets) -> Statement:
    del sets
    text = [words.take()]
    if words.take_if("name"):
        return Aside(f"quota name {words.take()}")
    is_over = words.take_any({"over", "until"}) == "over"
    text += [words.take(), words.take_any(_UNITS)]
    if words.take_if("used"):
        words.take()
        words.take_any(_UNITS)
    return Aside(" ".join(text), is_over)


def _comment(words: Words, sets: Sets) -> Statement:
    del sets
    words.take()
    return Aside(f"comment {words.take()}")


def _remember(words: Words, sets: Sets) -> Statement:
    """`update @set { ip saddr timeout 3h }`: only the key says what is left there."""
    verb = words.take()
    name = words.take().removeprefix("@")
    if not words.take_if("{"):
        raise ValueError(f"{verb} without an element")
    key = parse_expression(words, sets, "")
    while not words.take_if("}"):
        if words.peek() in {":", ","}:
            raise ValueError(f"{verb} of a map")
        words.take()
    return Aside(f"delete @{name}") if verb == "delete" else Remember(name, key)


def _tcp(words: Words, sets: Sets) -> Statement:
    """`tcp option maxseg size set rt mtu` changes nothing that is looked at here."""
    if words.take_if("tcp", "option", "maxseg", "size", "set"):
        text = words.take()
        return Aside(f"tcp option maxseg size set {text} {words.take_any({'mtu'})}".rstrip())
    return _relation(words, sets)


_STATEMENTS: dict[str, Callable[[Words, Sets], Statement]] = {
    **dict.fromkeys(("accept", "drop", "continue", "return", "jump", "goto"), _verdict),
    **dict.fromkeys(("add", "update", "delete"), _remember),
    **dict.fromkeys(("dnat", "snat"), _translate),
    **dict.fromkeys(("meta", "ct"), _meta),
    "comment": _comment,
    "counter": _counter,
    "limit": _limit,
    "log": _log,
    "mark": _mark,
    "masquerade": _masquerade,
    "notrack": _notrack,
    "quota": _quota,
    "redirect": _redirect,
    "reject": _reject,
    "tcp": _tcp,
}
