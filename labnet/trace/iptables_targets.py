"""The targets of iptables rules, out of their options (iptables-extensions(8))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from labnet.trace.iptables_modules import parse_mark
from labnet.trace.iptables_words import Group
from labnet.trace.targets import (
    Aside,
    CopyMark,
    Final,
    Jump,
    Masquerade,
    NoTrack,
    Redirect,
    Reject,
    SetMark,
    Target,
    Translate,
    UnknownTarget,
)
from labnet.trace.translate import parse_ends, parse_port_range


_ALL = 0xFFFFFFFF
_FLAGS = {"--random": "random", "--random-fully": "fully-random", "--persistent": "persistent"}
_ASIDE = frozenset(
    [
        "LOG",
        "NFLOG",
        "ULOG",
        "TRACE",
        "AUDIT",
        "TCPMSS",
        "TCPOPTSTRIP",
        "CLASSIFY",
        "CHECKSUM",
        "DSCP",
        "TOS",
        "TTL",
        "HL",
    ]
)
_UNTOLD = frozenset(
    [
        "BALANCE",
        "CLUSTERIP",
        "DNPT",
        "ECN",
        "HMARK",
        "IDLETIMER",
        "LED",
        "NETMAP",
        "NFQUEUE",
        "QUEUE",
    ]
)
_FOREIGN = _UNTOLD | frozenset(
    [
        "RATEEST",
        "SECMARK",
        "CONNSECMARK",
        "SET",
        "SNPT",
        "SYNPROXY",
        "TEE",
        "TPROXY",
        "MIRROR",
        "SAME",
        "MARKRESET",
    ]
)


def parse_target(group: Group, *, goto: bool) -> Target:
    """The target after `-j` or `-g`; a word that is no extension's is a chain."""
    name = group.name
    if goto:
        return Jump(name, goto=True)
    if name in {"ACCEPT", "DROP", "RETURN"}:
        return Final(name)  # type: ignore[arg-type]  # mypy does not narrow a str by `in`
    if name in _ASIDE:
        return Aside(name, str(group))
    if name in _FOREIGN:
        return UnknownTarget(f"-j {group}")
    parser = _TARGETS.get(name)
    if parser is None:
        return UnknownTarget(f"-j {group}") if group.options else Jump(name)
    return parser(group) or UnknownTarget(f"-j {group}")


def _reject(group: Group) -> Target | None:
    values = [o.value for o in group.options if o.name == "--reject-with"]
    return Reject(values[0] if values else "icmp-port-unreachable")


def _mark(group: Group) -> Target | None:
    return _set_mark(group, of_connection=False)


def _connmark(group: Group) -> Target | None:
    names = {option.name: option for option in group.options}
    for direction in _DIRECTIONS:
        if f"--{direction}-mark" in names:
            return _copy_mark(group, direction)
    return _set_mark(group, of_connection=True)


_DIRECTIONS: tuple[Literal["save", "restore"], ...] = ("save", "restore")


def _copy_mark(group: Group, direction: Literal["save", "restore"]) -> Target:
    """`--nfmask` is the packet's side, `--ctmask` the connection's, `--mask` both."""
    masks = {option.name: int(option.value, 0) for option in group.options if option.values}
    both = masks.get("--mask", _ALL)
    packet, connection = masks.get("--nfmask", both), masks.get("--ctmask", both)
    if direction == "save":
        return CopyMark(direction, connection, packet)
    return CopyMark(direction, packet, connection)


def _set_mark(group: Group, *, of_connection: bool) -> Target | None:
    """All forms are of one kind: clear the bits of a mask, flip those of a value."""
    if len(group.options) != 1:
        return None
    name, option = group.options[0].name, group.options[0]
    value, mask = parse_mark(option.value)
    forms = {
        "--set-xmark": (value, mask),
        "--set-mark": (value, mask | value),
        "--and-mark": (0, ~value & _ALL),
        "--or-mark": (value, value),
        "--xor-mark": (value, 0),
    }
    return SetMark(*forms[name], of_connection=of_connection) if name in forms else None


def _flags(group: Group) -> frozenset[str]:
    return frozenset(_FLAGS[option.name] for option in group.options if option.name in _FLAGS)


def _translate(side: Literal["src", "dst"], name: str) -> Callable[[Group], Target | None]:
    def parse(group: Group) -> Target | None:
        where = [option.value for option in group.options if option.name == name]
        if len(where) != 1 or {o.name for o in group.options} - {name, *_FLAGS}:
            return None
        if "/" in where[0]:  # a range of ports that is shifted
            return None
        return Translate(side, *parse_ends(where[0]), _flags(group))

    return parse


def _masquerade(group: Group) -> Target | None:
    ports = [option.value for option in group.options if option.name == "--to-ports"]
    return Masquerade(parse_port_range(ports[0] if ports else ""), _flags(group))


def _redirect(group: Group) -> Target | None:
    ports = [option.value for option in group.options if option.name == "--to-ports"]
    return Redirect(parse_port_range(ports[0] if ports else ""), _flags(group))


def _ct(group: Group) -> Target | None:
    return NoTrack() if [option.name for option in group.options] == ["--notrack"] else None


_TARGETS: dict[str, Callable[[Group], Target | None]] = {
    "REJECT": _reject,
    "MARK": _mark,
    "CONNMARK": _connmark,
    "DNAT": _translate("dst", "--to-destination"),
    "SNAT": _translate("src", "--to-source"),
    "MASQUERADE": _masquerade,
    "REDIRECT": _redirect,
    "NOTRACK": lambda _: NoTrack(),
    "CT": _ct,
}
