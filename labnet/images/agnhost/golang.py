"""The texts that Go's standard library makes: scripts written for agnhost read them.

The forms are those of Go's `time.Duration.String`, `time.Time.String`, `net.JoinHostPort`,
`net.Addr.String`, `encoding/json.Marshal`, `strconv.Atoi` and `syscall.Errno.Error`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time


MAPPED = "::ffff:"  # what an IPv4 client's address begins with on a dual-stack socket
SECOND = 1_000_000_000
UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")

Sockaddr = tuple[str, int] | tuple[str, int, int, int]


def parse_duration(text: str) -> int:
    """The nanoseconds of a Go duration (`300ms`, `1h2m0.5s`, `-1s`, `0`); else ValueError."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    total, at = 0, 0
    for term in _TERM.finditer(rest):
        number, unit = term.groups()
        if term.start() != at:
            break
        if unit not in UNITS:
            what = f'unknown unit "{unit}"' if unit else "missing unit"
            raise ValueError(f'time: {what} in duration "{text}"')
        whole, _, fraction = number.partition(".")
        total += int(whole or 0) * UNITS[unit]
        total += int(fraction or 0) * UNITS[unit] // 10 ** len(fraction)
        at = term.end()
    if not at or at != len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * total


def duration(ns: int) -> str:
    """`ns` nanoseconds as Go prints them: `1.5ms`, `1m30s`, `0s`."""
    if ns < 0:
        return f"-{duration(-ns)}"
    if not ns:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if ns < UNITS[unit] * 1000:
            return f"{_decimal(ns, UNITS[unit])}{unit}"
    minutes, ns = divmod(ns, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(ns, SECOND)}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(count: int, size: int) -> str:
    """`count / size` without trailing zeros; `size` is a power of ten."""
    whole, rest = divmod(count, size)
    fraction = f"{rest:0{len(str(size)) - 1}}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def now(uptime: int) -> str:
    """The time of day, and the nanoseconds since the program began, as Go prints `time.Now()`."""
    seconds, ns = divmod(time.time_ns(), SECOND)
    local = time.localtime(seconds)
    day = time.strftime("%Y-%m-%d %H:%M:%S", local)
    fraction = f".{ns:09}".rstrip("0") if ns else ""
    zone = time.strftime("%z %Z", local)
    return f"{day}{fraction} {zone} m=+{uptime // SECOND}.{uptime % SECOND:09}"


def join_host_port(host: str, port: int | str) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(text: str) -> tuple[str, str]:
    """The inverse of `join_host_port`; raises ValueError with Go's words for what is wrong."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise ValueError(f"address {text}: missing ']' in address")
        if not rest.startswith(":"):
            raise ValueError(f"address {text}: missing port in address")
        return host, rest[1:]
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError(f"address {text}: missing port in address")
    if ":" in host:
        raise ValueError(f"address {text}: too many colons in address")
    return host, port


def address(sockaddr: Sockaddr) -> str:
    """A socket's address, `10.0.0.1:80` or `[fe80::1%eth0]:80`; IPv4-mapped IPv6 is IPv4."""
    host, port = sockaddr[0].removeprefix(MAPPED), sockaddr[1]
    scope = sockaddr[3] if len(sockaddr) == 4 else 0
    if scope and "%" not in host:
        host = f"{host}%{_interface(scope)}"
    return join_host_port(host, port)


def _interface(index: int) -> str:
    """The name of an interface, or its number when it has gone meanwhile."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)


def parse_int(text: str) -> int:
    """A decimal number as `strconv.Atoi` takes it; raises ValueError with its words."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')


def well_formed(text: str) -> str:
    """`text` with U+FFFD for each byte that was not UTF-8 (kept as a surrogate until here)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def json_text(value: object, indent: str | None = None) -> str:
    """`value` as Go's JSON: `<`, `>`, `&` escaped (safe within HTML), as compact as it can be.

    Keys come in the order they have: sorted where the original has a map.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return well_formed(text)


def quoted(text: str) -> str:
    """`text` in double quotes, what a terminal cannot show escaped, as `%q` prints it."""
    return json.dumps(well_formed(text), ensure_ascii=False)


def error_text(error: OSError) -> str:
    """An error of the kernel in Go's words, which are the C library's in lower case."""
    if isinstance(error, TimeoutError) and not error.errno:
        return "i/o timeout"
    if error.errno is None:
        return str(error)
    text = os.strerror(error.errno)
    return text[:1].lower() + text[1:]
