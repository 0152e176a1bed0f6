"""What an iptables rule does with a packet, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


_FINAL = {"ACCEPT": "accept it", "DROP": "drop it", "RETURN": "leave this chain"}
_ALL = 0xFFFF_FFFF


def action(target: Target | None) -> str:
    """What becomes of a packet that the rule is for."""
    if target is None:
        return "only count it"
    return _ACTIONS[type(target)](target)


def _final(one: Final) -> str:
    return _FINAL[one.verdict]


def _jump(one: Jump) -> str:
    return f"go {'on in' if one.goto else 'to'} {one.chain}"


def _reject(one: Reject) -> str:
    """A closed port answers so too: a client is told that the connection is refused."""
    return f"refuse it ({one.reply})"


def _set_mark(one: SetMark) -> str:
    whose = "the connection's mark" if one.of_connection else "mark"
    if not one.mask:
        return f"flip {whose} {one.value:#x}"
    if not one.value:
        return f"take {whose} {one.mask:#x} off"
    if one.value == one.mask:
        return f"set {whose} {one.value:#x}"
    within = "" if one.mask == _ALL else f" (of {one.mask:#x})"
    return f"make {whose} {one.value:#x}{within}"


def _copy_mark(one: CopyMark) -> str:
    save = one.direction == "save"
    ends = ("its mark", "its connection's") if save else ("its connection's mark", "its own")
    return f"make {ends[0]} {ends[1]} too"


def _translate(one: Translate) -> str:
    where = one.first if one.first == one.last else f"{one.first}-{one.last}"
    ports = _ports(one.ports)
    if ports and ":" in where:
        where = f"[{where}]"
    place = f"{where}:{ports}" if ports else where
    if one.side == "dst":
        return f"send it to {place} instead (DNAT)"
    return f"make it come from {place} (SNAT)"


def _ports(ports: tuple[int, int]) -> str:
    first, last = ports
    if not first:
        return ""
    return str(first) if first == last else f"{first}-{last}"


def masquerade(*, random_port: bool) -> str:
    """What is said of masquerading, in either kind of rules."""
    chosen = ", its port a random one" if random_port else ""
    return f"masquerade it (its source becomes the address of the interface it leaves by{chosen})"


def _masquerade(one: Masquerade) -> str:
    return masquerade(random_port=bool({"random", "fully-random"} & one.flags))


def _redirect(one: Redirect) -> str:
    ports = _ports(one.ports)
    return f"send it to this machine{f', port {ports},' if ports else ''} instead (REDIRECT)"


def _no_track(_: NoTrack) -> str:
    return "take no note of its connection"


def _aside(one: Aside) -> str:
    return f"only {one.text}"


def _unknown(one: UnknownTarget) -> str:
    return one.text


_ACTIONS: dict[type, Callable[[Any], str]] = {
    Final: _final,
    Jump: _jump,
    Reject: _reject,
    SetMark: _set_mark,
    CopyMark: _copy_mark,
    Translate: _translate,
    Masquerade: _masquerade,
    Redirect: _redirect,
    NoTrack: _no_track,
    Aside: _aside,
    UnknownTarget: _unknown,
}
