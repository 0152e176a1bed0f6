"""Rules of iptables-save are read as what they say, and what is not understood is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from labnet.trace.iptables_modules import parse_probability
from labnet.trace.iptables_rule import parse_rule
from labnet.trace.matches import (
    AddressTypeMatch,
    MarkMatch,
    Nth,
    PortMatch,
    ProtocolMatch,
    Random,
    RecentMatch,
    StateMatch,
    TcpFlagsMatch,
)
from labnet.trace.targets import Final, Jump, Masquerade, Reject, SetMark, Translate


GOLDEN = sorted(Path(__file__).parent.parent.glob("*/golden/*"))
RULES = sorted(
    {
        line
        for path in GOLDEN
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("-A ")
    }
)


def test_every_rule_of_labnet_is_understood() -> None:
    """Nothing that labnet writes is unknown to the tracer."""
    assert len(RULES) > 100
    assert not {line: unknown for line in RULES if (unknown := parse_rule(line).unknown)}


def test_a_rule_has_its_chain_comment_and_text() -> None:
    """What a rule is about, apart from what it does."""
    line = r'-A KUBE-SERVICES -m comment --comment "a \"b\" -j c" -j KUBE-NODEPORTS'
    rule = parse_rule(line)
    assert ("KUBE-SERVICES", 'a "b" -j c', line) == (rule.chain, rule.comment, rule.text)
    assert Jump("KUBE-NODEPORTS") == rule.target
    assert rule.matches == ()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ("-p udp -m udp ! --dport 53", PortMatch("dst", ((53, 53),), negated=True)),
        ("-p tcp -m multiport --sports 1:2,9", PortMatch("src", ((1, 2), (9, 9)))),
        ("-p tcp --sport 1024:", PortMatch("src", ((1024, 65535),))),
        ("! -p icmp", ProtocolMatch("icmp", negated=True)),
        ("-p ipv6-icmp", ProtocolMatch("icmp")),
        (
            "-p tcp -m tcp --syn",
            TcpFlagsMatch(frozenset(["FIN", "SYN", "RST", "ACK"]), frozenset({"SYN"})),
        ),
        ("-m mark ! --mark 0x4000/0x4000", MarkMatch(0x4000, 0x4000, negated=True)),
        ("-m connmark --mark 0x1", MarkMatch(1, of_connection=True)),
        ("-m conntrack ! --ctstate INVALID", StateMatch(frozenset({"INVALID"}), negated=True)),
        (
            "-m addrtype ! --dst-type LOCAL --limit-iface-in",
            AddressTypeMatch("dst", frozenset({"LOCAL"}), negated=True, limit="in"),
        ),
        (
            "-m recent --rcheck --seconds 60 --reap --name X --mask 255.255.255.255 --rsource",
            RecentMatch("X", "rcheck", seconds=60, reap=True),
        ),
        ("-m recent --set --name X --rdest", RecentMatch("X", "set", "dst")),
        ("-m statistic --mode nth --every 3 --packet 1", Nth(3, 1)),
        ("-m statistic --mode random ! --probability 0.25000000000", Random(Fraction(3, 4))),
    ],
)
def test_a_match_is_a_typed_value(words: str, match: object) -> None:
    """What a match asks, its negation included."""
    rule = parse_rule(f"-A X {words} -j ACCEPT")
    assert match in rule.matches
    assert not rule.unknown


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("-j DROP", Final("DROP")),
        ("-g OTHER", Jump("OTHER", goto=True)),
        ("-j REJECT --reject-with tcp-reset", Reject("tcp-reset")),
        ("-j REJECT", Reject("icmp-port-unreachable")),
        ("-j MARK --or-mark 0x4000", SetMark(0x4000, 0x4000)),
        ("-j MARK --set-mark 0x1/0x2", SetMark(1, 3)),
        ("-j MARK --and-mark 0xfffffff0", SetMark(0, 0xF)),
        ("-j CONNMARK --set-xmark 0x1/0xff", SetMark(1, 0xFF, of_connection=True)),
        ("-j MASQUERADE --random-fully", Masquerade((0, 0), frozenset({"fully-random"}))),
        (
            "-j DNAT --to-destination 10.0.0.1-10.0.0.3:80-90 --random",
            Translate("dst", "10.0.0.1", "10.0.0.3", (80, 90), frozenset({"random"})),
        ),
        ("-j DNAT --to-destination [fd00::1]:80", Translate("dst", "fd00::1", "fd00::1", (80, 80))),
        ("-j DNAT --to-destination fd00::1", Translate("dst", "fd00::1", "fd00::1", (0, 0))),
        ("-j SNAT --to-source :1000", Translate("src", "", "", (1000, 1000))),
    ],
)
def test_a_target_is_a_typed_value(words: str, target: object) -> None:
    """What a target does, with its arguments."""
    assert target == parse_rule(f"-A X {words}").target


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ("-m owner --uid-owner 0 -j DROP", "-m owner --uid-owner 0"),
        ("-m set ! --match-set s src -j DROP", "-m set ! --match-set s src"),
        ("-p tcp -m tcp --tcp-option 5 -j DROP", "-m tcp --tcp-option 5"),
        ("-m addrtype --dst-type BLACKHOLE", "-m addrtype --dst-type BLACKHOLE"),
        ("-p icmp -m icmp --icmp-type network-redirect", "--icmp-type network-redirect"),
        ("! -f -j DROP", "! -f"),
        ("-j NFQUEUE --queue-num 1", "-j NFQUEUE --queue-num 1"),
        ("-j STRANGE --option", "-j STRANGE --option"),
        ("-j MARK --strange 1", "-j MARK --strange 1"),
    ],
)
def test_what_is_not_understood_is_said(words: str, unknown: str) -> None:
    """An unknown match, option or target keeps its words."""
    assert (unknown,) == parse_rule(f"-A X {words}").unknown


@pytest.mark.parametrize("line", ["", "-N X", "-A", "-A X -p tcp --dport", "-A X -s nobody"])
def test_what_is_no_rule_is_an_error(line: str) -> None:
    """A line that iptables would not take either."""
    with pytest.raises(ValueError, match=r".+"):
        parse_rule(line)


@pytest.mark.parametrize("number", [1, 2, 3, 7, 64, 999, 1000, 4999, 15000])
def test_a_printed_probability_is_the_fraction_meant(number: int) -> None:
    """1/N comes back from what kube-proxy prints, and from what the kernel makes of that."""
    kept = round(2**31 * float(f"{1 / number:.10f}")) / 2**31
    assert Fraction(1, number) == parse_probability(f"{1 / number:.10f}")
    assert Fraction(1, number) == parse_probability(f"{kept:.11f}")


def test_another_probability_is_itself() -> None:
    """What is no simple fraction is left as it is printed."""
    assert Fraction("0.12345678912") == parse_probability("0.12345678912")
