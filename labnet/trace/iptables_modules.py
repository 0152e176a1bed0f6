"""The matches of iptables rules, out of the options of each module (iptables-extensions(8))."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Literal, cast

from labnet.trace.addresses import Prefix
from labnet.trace.iptables_words import Group, Option
from labnet.trace.matches import (
    AddressMatch,
    AddressTypeMatch,
    Always,
    ConnectionAddressMatch,
    ConnectionPortMatch,
    DirectionMatch,
    IcmpMatch,
    InterfaceMatch,
    MarkMatch,
    Match,
    Nth,
    PhysdevMatch,
    PortMatch,
    ProtocolMatch,
    Random,
    RangeMatch,
    RecentMatch,
    StateMatch,
    TcpFlagsMatch,
    Unknown,
)


_TCP_FLAGS = frozenset({"SYN", "ACK", "FIN", "RST", "URG", "PSH"})
_PROTOCOLS = {
    "1": "icmp",
    "58": "icmp",
    "ipv6-icmp": "icmp",
    "icmpv6": "icmp",
    "6": "tcp",
    "17": "udp",
    "132": "sctp",
    "0": "all",
}
_ICMP_TYPES: dict[str, tuple[int, int | None]] = {
    "echo-reply": (0, None),
    "destination-unreachable": (3, None),
    "source-quench": (4, None),
    "redirect": (5, None),
    "echo-request": (8, None),
    "time-exceeded": (11, None),
}
_ICMP6_TYPES: dict[str, tuple[int, int | None]] = {
    "destination-unreachable": (1, None),
    "packet-too-big": (2, None),
    "time-exceeded": (3, None),
    "echo-request": (128, None),
    "echo-reply": (129, None),
    "router-solicitation": (133, None),
    "router-advertisement": (134, None),
    "neighbour-solicitation": (135, None),
    "neighbour-advertisement": (136, None),
    "redirect": (137, None),
}
_ANY_ICMP = 255
_UNLIKELY = 1 / 2**31  # the kernel's unit of probability
_LARGEST = 20000  # endpoints of one Service

_Option = Callable[[Option], Match]


def parse_own(group: Group) -> list[Match]:
    """The matches of `-s -d -i -o -p`, and what iptables itself has beside them."""
    return [_OWN[o.name](o) for o in group.options if o.name in _OWN] + [
        Unknown(str(o))
        for o in group.options
        if o.name not in _OWN and not o.name.startswith("--") and o.name != "-c"
    ]


def parse_module(group: Group) -> list[Match]:
    """The matches of one `-m`; unknown ones, and unknown options, as `Unknown`."""
    if (whole := _WHOLE.get(group.name)) is not None:
        return whole(group)
    known = _MODULES.get(group.name)
    if known is None:
        return [Unknown(f"-m {group}")]
    return [
        known[option.name](option) if option.name in known else Unknown(f"-m {group.name} {option}")
        for option in group.options
    ]


def _address(side: Literal["src", "dst"]) -> _Option:
    return lambda option: AddressMatch(side, Prefix.parse(option.value), option.negated)


def _interface(side: Literal["in", "out"]) -> _Option:
    return lambda option: InterfaceMatch(side, option.value, option.negated)


def _protocol(option: Option) -> Match:
    name = option.value.lower()
    return ProtocolMatch(_PROTOCOLS.get(name, name), option.negated)


def _ports(side: Literal["src", "dst", "either"]) -> _Option:
    return lambda option: PortMatch(side, parse_ranges(option.value), option.negated)


def parse_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """`80,443,1000:2000` as ranges; an end that is left out is the first or last port."""
    ranges = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        first = int(low or 0)
        ranges.append((first, int(high or 65535) if colon else first))
    return tuple(ranges)


def _tcp_flags(option: Option) -> Match:
    if len(option.values) != 2:
        raise ValueError("--tcp-flags takes a mask and flags")
    mask, flags = (_flags(value) for value in option.values)
    return TcpFlagsMatch(mask, flags, option.negated)


def _flags(text: str) -> frozenset[str]:
    if text in {"ALL", "NONE"}:
        return _TCP_FLAGS if text == "ALL" else frozenset()
    return frozenset(text.split(","))


def _syn(option: Option) -> Match:
    return TcpFlagsMatch(_flags("FIN,SYN,RST,ACK"), _flags("SYN"), option.negated)


def _icmp(names: dict[str, tuple[int, int | None]]) -> _Option:
    def match(option: Option) -> Match:
        text = option.value
        if text in {"any", str(_ANY_ICMP)} and not option.negated:
            return Always("icmp", str(option))
        kind, _, code = text.partition("/")
        if kind.isdigit():
            return IcmpMatch(int(kind), int(code) if code else None, option.negated)
        if text not in names:
            return Unknown(str(option))
        return IcmpMatch(*names[text], option.negated)

    return match


def _mark(option: Option) -> Match:
    value, mask = parse_mark(option.value)
    return MarkMatch(value, mask, option.negated)


def _connmark(option: Option) -> Match:
    value, mask = parse_mark(option.value)
    return MarkMatch(value, mask, option.negated, of_connection=True)


def parse_mark(text: str) -> tuple[int, int]:
    """`0x4000/0x4000` as value and mask; without a mask all bits count."""
    value, _, mask = text.partition("/")
    return int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF


def _state(option: Option) -> Match:
    return StateMatch(frozenset(option.value.split(",")), option.negated)


_End = Literal["origsrc", "origdst", "replsrc", "repldst"]
_ENDS: tuple[_End, ...] = ("origsrc", "origdst", "replsrc", "repldst")


def _ct_address(what: _End) -> _Option:
    return lambda o: ConnectionAddressMatch(what, Prefix.parse(o.value), o.negated)


def _ct_port(what: _End) -> _Option:
    return lambda o: ConnectionPortMatch(what, parse_ranges(o.value)[0], o.negated)


def _physdev(what: Literal["in", "out", "is-in", "is-out", "is-bridged"]) -> _Option:
    return lambda o: PhysdevMatch(what, o.values[0] if o.values else "", o.negated)


def _iprange(side: Literal["src", "dst"]) -> _Option:
    def match(option: Option) -> Match:
        first, _, last = option.value.partition("-")
        return RangeMatch(side, first, last or first, option.negated)

    return match


def _addrtype(group: Group) -> list[Match]:
    """Both types and the limit are one module's, whose limit is that of both."""
    limit: Literal["", "in", "out"] = ""
    for option in group.options:
        if option.name in {"--limit-iface-in", "--limit-iface-out"}:
            limit = "in" if option.name.endswith("in") else "out"
    matches: list[Match] = []
    for option in group.options:
        if option.name in {"--src-type", "--dst-type"}:
            side: Literal["src", "dst"] = "src" if option.name == "--src-type" else "dst"
            types = frozenset(option.value.split(","))
            if types <= {"LOCAL", "UNICAST", "BROADCAST", "MULTICAST"}:
                matches.append(AddressTypeMatch(side, types, option.negated, limit))
            else:
                matches.append(Unknown(f"-m addrtype {option}"))
        elif not option.name.startswith("--limit-iface"):
            matches.append(Unknown(f"-m addrtype {option}"))
    return matches


_RECENT_PLAIN = {"--mask", "--reap", "--rsource", "--rdest", "--name", "--seconds", "--hitcount"}


def _recent(group: Group) -> list[Match]:
    options = {option.name: option for option in group.options}
    actions = [name for name in ("--set", "--rcheck", "--update", "--remove") if name in options]
    strange = [o for o in group.options if o.name not in {*_RECENT_PLAIN, *actions}]
    mask = options["--mask"].value if "--mask" in options else ""
    if len(actions) != 1 or strange or mask.strip("f:") not in {"", "255.255.255.255"}:
        return [Unknown(f"-m {group}")]
    action = cast("Literal['set', 'rcheck', 'update', 'remove']", actions[0].removeprefix("--"))
    return [
        RecentMatch(
            options["--name"].value if "--name" in options else "DEFAULT",
            action,
            "dst" if "--rdest" in options else "src",
            int(options["--seconds"].value) if "--seconds" in options else 0,
            int(options["--hitcount"].value) if "--hitcount" in options else 0,
            reap="--reap" in options,
            negated=options[actions[0]].negated,
        )
    ]


def _statistic(group: Group) -> list[Match]:
    options = {option.name: option for option in group.options}
    mode = options["--mode"].value if "--mode" in options else ""
    if mode == "random" and "--probability" in options:
        option = options["--probability"]
        probability = parse_probability(option.value)
        return [Random(1 - probability if option.negated else probability)]
    if mode == "nth" and "--every" in options:
        every = options["--every"]
        packet = int(options["--packet"].value) if "--packet" in options else 0
        return [Nth(int(every.value), packet, every.negated)]
    return [Unknown(f"-m {group}")]


def parse_probability(text: str) -> Fraction:
    """The fraction that was meant by a printed probability.

    The kernel keeps a multiple of 2⁻³¹ and prints eleven decimals of it: 1/3 comes back as
    0.33333333349.
    """
    printed = Fraction(text)
    meant = printed.limit_denominator(_LARGEST)
    return meant if abs(meant - printed) <= _UNLIKELY else printed


def _always(group: Group) -> list[Match]:
    return [Always(group.name, str(group))]


_OWN: dict[str, _Option] = {
    "-s": _address("src"),
    "-d": _address("dst"),
    "-i": _interface("in"),
    "-o": _interface("out"),
    "-p": _protocol,
}
_PORTS: dict[str, _Option] = {
    "--sport": _ports("src"),
    "--source-port": _ports("src"),
    "--dport": _ports("dst"),
    "--destination-port": _ports("dst"),
}
_MODULES: dict[str, dict[str, _Option]] = {
    "tcp": {**_PORTS, "--tcp-flags": _tcp_flags, "--syn": _syn},
    "udp": _PORTS,
    "sctp": _PORTS,
    "icmp": {"--icmp-type": _icmp(_ICMP_TYPES), "--icmpv6-type": _icmp(_ICMP6_TYPES)},
    "icmp6": {"--icmpv6-type": _icmp(_ICMP6_TYPES)},
    "multiport": {
        "--sports": _ports("src"),
        "--source-ports": _ports("src"),
        "--dports": _ports("dst"),
        "--destination-ports": _ports("dst"),
        "--ports": _ports("either"),
    },
    "mark": {"--mark": _mark},
    "connmark": {"--mark": _connmark},
    "state": {"--state": _state},
    "conntrack": {
        "--ctstate": _state,
        "--ctdir": lambda option: DirectionMatch(option.value),
        **{f"--ct{end}": _ct_address(end) for end in _ENDS},
        **{f"--ct{end}port": _ct_port(end) for end in _ENDS},
        "--ctproto": _protocol,
    },
    "physdev": {
        "--physdev-in": _physdev("in"),
        "--physdev-out": _physdev("out"),
        "--physdev-is-in": _physdev("is-in"),
        "--physdev-is-out": _physdev("is-out"),
        "--physdev-is-bridged": _physdev("is-bridged"),
    },
    "iprange": {"--src-range": _iprange("src"), "--dst-range": _iprange("dst")},
}
_WHOLE: dict[str, Callable[[Group], list[Match]]] = {
    "addrtype": _addrtype,
    "recent": _recent,
    "statistic": _statistic,
    "nfacct": _always,
    "limit": _always,
}
