"""The texts of Go's standard library."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.images.agnhost.golang import (
    address,
    duration,
    error_text,
    join_host_port,
    json_text,
    now,
    parse_duration,
    parse_int,
    quoted,
    split_host_port,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("300ms", 300_000_000),
        ("1.5s", 1_500_000_000),
        ("-1m", -60_000_000_000),
        ("2h45m0.5s", 9_900_500_000_000),
        ("+.5us", 500),
        ("1µs", 1000),
    ],
)
def test_durations_are_read(text: str, ns: int) -> None:
    """Go's durations are read to the nanosecond."""
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", 'time: invalid duration ""'),
        ("x", 'time: invalid duration "x"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
        ("-", 'time: invalid duration "-"'),
    ],
)
def test_wrong_durations_are_refused_in_gos_words(text: str, why: str) -> None:
    """What is no duration is refused, and the text says why as Go does."""
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_duration(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_000_000, "2ms"),
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h0m0s"),
        (-1_500_000_000, "-1.5s"),
    ],
)
def test_durations_are_printed(ns: int, text: str) -> None:
    """Durations are printed with the units that Go picks."""
    assert duration(ns) == text


@given(st.integers(-(10**18), 10**18))
def test_a_printed_duration_is_read_back(ns: int) -> None:
    """Printing and reading are inverse."""
    assert parse_duration(duration(ns)) == ns


def test_now_is_printed_with_the_monotonic_clock() -> None:
    """The time has the form of `time.Now()`, offset, zone and time since the start included."""
    pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? [+-]\d{4} \S+ m=\+1\.500000000"
    assert re.fullmatch(pattern, now(1_500_000_000))


@pytest.mark.parametrize(
    ("sockaddr", "text"),
    [
        (("10.0.0.1", 80), "10.0.0.1:80"),
        (("::ffff:10.0.0.1", 80, 0, 0), "10.0.0.1:80"),
        (("fd00::1", 80, 0, 0), "[fd00::1]:80"),
        (("fe80::1", 80, 0, 1), "[fe80::1%lo]:80"),
        (("fe80::1", 80, 0, 9999), "[fe80::1%9999]:80"),
    ],
)
def test_addresses_are_printed(sockaddr: tuple[str, int], text: str) -> None:
    """IPv4-mapped addresses are IPv4, IPv6 has brackets, link-local ones their interface."""
    assert address(sockaddr) == text


@pytest.mark.parametrize(("host", "port"), [("a.b", "80"), ("::1", "http"), ("", "80")])
def test_host_and_port_are_joined_and_split(host: str, port: str) -> None:
    """Splitting is the inverse of joining."""
    assert split_host_port(join_host_port(host, port)) == (host, port)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("host", "address host: missing port in address"),
        ("::1", "address ::1: too many colons in address"),
        ("[::1", "address [::1: missing ']' in address"),
        ("[::1]", "address [::1]: missing port in address"),
    ],
)
def test_what_is_no_host_and_port_is_refused(text: str, why: str) -> None:
    """The reasons are Go's."""
    with pytest.raises(ValueError, match=re.escape(why)):
        split_host_port(text)


def test_json_is_compact_and_safe_within_html() -> None:
    """No spaces, angle brackets escaped, and a replacement for what was not UTF-8."""
    assert json_text({"a": ["<&>"]}) == r'{"a":["\u003c\u0026\u003e"]}'
    assert json_text("\udcff") == '"\ufffd"'


def test_numbers_are_decimal() -> None:
    """A sign is fine; a fraction, space or nothing is not."""
    assert parse_int("-7") == -7
    for text in ("", "1.0", " 1", "0x10"):
        with pytest.raises(ValueError, match="invalid syntax"):
            parse_int(text)


def test_text_is_quoted() -> None:
    """Quotes and line breaks are escaped."""
    assert quoted('a"b\n') == r'"a\"b\n"'


def test_errors_are_in_lower_case() -> None:
    """An error of the kernel is in Go's words, a time that ran out too."""
    assert error_text(ConnectionRefusedError(111, "x")) == "connection refused"
    assert error_text(TimeoutError("timed out")) == "i/o timeout"
