"""The addresses of a bridge are given as host-local and Docker give them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.errors import Problems
from labnet.model import IPNetwork
from labnet.resolve.problem import Findings
from labnet.resolve.segment import Claim, Segment, allotment
from resolve.builders import at


def claim(owner: str, static: str = "", before: str = "") -> Claim:
    """A claim with its addresses as text."""
    wanted = int(ip_address(static)) if static else None
    known = int(ip_address(before)) if before else None
    return Claim(owner, at(3), "spec.address", wanted, known)


def given_to(segment: Segment, *claims: Claim) -> list[str]:
    """The addresses of `claims` as text."""
    findings = Findings()
    chosen = allotment(segment, claims, findings)
    findings.stop()
    make = type(segment.network.network_address)
    return [str(make(chosen[one.owner])) for one in claims]


def problem_of(segment: Segment, *claims: Claim) -> str:
    """What is wrong with `claims`."""
    with pytest.raises(Problems) as caught:
        given_to(segment, *claims)
    return str(caught.value)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("10.244.1.0/24", ["10.244.1.2", "10.244.1.3"]),
        ("172.17.0.0/16", ["172.17.0.2", "172.17.0.3"]),
        ("fd00:10:244:1::/64", ["fd00:10:244:1::2", "fd00:10:244:1::3"]),
    ],
)
def test_the_first_address_is_the_gateways(network: str, expected: list[str]) -> None:
    """The pods begin with the second address, as behind CNI's bridge with isGateway."""
    segment = Segment(ip_network(network))
    assert expected == given_to(segment, claim("a"), claim("b"))


def test_the_broadcast_address_is_never_given() -> None:
    """A /29 has the network, the gateway, five pods and the broadcast; the sixth pod gets none."""
    claims = [claim(name) for name in "abcde"]
    assert given_to(Segment(ip_network("10.0.0.0/29")), *claims)[-1] == "10.0.0.6"
    text = problem_of(Segment(ip_network("10.0.0.0/29")), *claims, claim("f"), claim("g"))
    assert text == (
        "lab.yaml:3: 10.0.0.0/29 has no free address left for f\n"
        "    it holds 5; 1 more go without\n"
        "1 problem; nothing was touched"
    )


def test_ipv6_has_no_broadcast_address() -> None:
    """The last address of an IPv6 subnet is one like the others (host-local's lastIP)."""
    claims = [claim(name) for name in "abcdef"]
    assert given_to(Segment(ip_network("fd00::/125")), *claims)[-1] == "fd00::7"


@pytest.mark.parametrize("network", ["10.0.0.0/32", "10.0.0.0/31", "10.0.0.0/30", "fd00::/128"])
def test_a_tiny_subnet_is_no_surprise(network: str) -> None:
    """What has no room beyond the gateway gives at most the one address of a /30."""
    segment = Segment(ip_network(network))
    assert segment.size == (1 if network.endswith("/30") else 0)
    assert "has no free address left" in problem_of(segment, claim("a"), claim("b"))


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("10.0.0.2", ["10.0.0.3", "10.0.0.4"]),
        ("10.0.0.5", ["10.0.0.6", "10.0.0.2"]),  # around the end
        ("10.0.0.6", ["10.0.0.2", "10.0.0.3"]),
        ("10.9.9.9", ["10.0.0.2", "10.0.0.3"]),  # of another subnet: as if there were none
        ("10.0.0.7", ["10.0.0.2", "10.0.0.3"]),
    ],
)
def test_round_robin_from_the_last_one(last: str, expected: list[str]) -> None:
    """The next address is that after `last_reserved_ip`, so a freed one rests for a while."""
    segment = Segment(ip_network("10.0.0.0/29"))
    segment.begin_after(int(ip_address(last)))
    assert expected == given_to(segment, claim("a"), claim("b"))


def test_around_the_end_past_what_is_taken() -> None:
    """When all after the last one is taken, the search goes on from the beginning."""
    segment = Segment(ip_network("10.0.0.0/29"))
    segment.begin_after(int(ip_address("10.0.0.4")))
    kept = [claim("x", before="10.0.0.5"), claim("y", before="10.0.0.6")]
    found = given_to(segment, *kept, claim("a"), claim("b"))
    assert found == ["10.0.0.5", "10.0.0.6", "10.0.0.2", "10.0.0.3"]


def test_static_then_given_then_free() -> None:
    """The order of the three is not that of the claims, but within each it is."""
    claims = [
        claim("any"),
        claim("kept", before="10.0.0.2"),
        claim("asked", static="10.0.0.3"),
        claim("other"),
    ]
    expected = ["10.0.0.4", "10.0.0.2", "10.0.0.3", "10.0.0.5"]
    assert expected == given_to(Segment(ip_network("10.0.0.0/24")), *claims)


def test_what_is_not_of_the_subnet_any_more_is_given_anew() -> None:
    """An address that was given in another subnet is forgotten."""
    assert given_to(Segment(ip_network("10.0.0.0/24")), claim("a", before="10.9.0.2")) == [
        "10.0.0.2"
    ]


def test_facts_that_give_one_address_twice() -> None:
    """The first keeps it, and the second gets another: damaged facts do no harm."""
    claims = [claim("a", before="10.0.0.9"), claim("b", before="10.0.0.9")]
    assert given_to(Segment(ip_network("10.0.0.0/24")), *claims) == ["10.0.0.9", "10.0.0.2"]


def test_avoided_ranges_are_skipped_but_may_be_asked_for() -> None:
    """The load balancers' pool is jumped over, however large, and a pool inside it as well."""
    low, high = int(ip_address("fd00::2")), int(ip_address("fd00::1:0:0"))
    segment = Segment(ip_network("fd00::/64"), [(low, high), (high + 1, high + 1)])
    claims = [claim("a", before="fd00::7"), claim("b", static="fd00::5"), claim("c")]
    assert given_to(segment, *claims) == ["fd00::1:0:2", "fd00::5", "fd00::1:0:3"]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (
            [claim("a", static="10.0.0.9"), claim("b", static="10.0.0.9")],
            "lab.yaml:3: spec.address: 10.0.0.9 is already a's",
        ),
        (
            [claim("a", before="10.0.0.9"), claim("b", static="10.0.0.9")],
            (
                "lab.yaml:3: spec.address: 10.0.0.9 is already a's\n"
                "    a was given it earlier, and keeps it until it or the lab is removed"
            ),
        ),
        (
            [claim("a", static="10.0.0.1")],
            (
                "lab.yaml:3: spec.address: 10.0.0.1 cannot be given in 10.0.0.0/24\n"
                "    usable: 10.0.0.2 to 10.0.0.254"
            ),
        ),
    ],
)
def test_a_static_address_that_cannot_be(claims: list[Claim], expected: str) -> None:
    """It is a problem at the line that asks for it, not a silent move of the other."""
    assert problem_of(Segment(ip_network("10.0.0.0/24")), *claims).startswith(f"{expected}\n1 prob")


def test_the_low_32_bits_name_links() -> None:
    """Two addresses that differ only above them would have the same veth name and MAC."""
    segment = Segment(ip_network("fd00::/64"))
    clash = [claim("a", static="fd00::5"), claim("b", static="fd00::1:0:5")]
    assert problem_of(segment, *clash).startswith(
        "lab.yaml:3: spec.address: fd00::1:0:5 has the same low 32 bits as fd00::5 of a\n"
        "    the links of a segment are named after these 32 bits\n"
    )
    segment = Segment(ip_network("fd00::/64"))
    late = [claim("a", before="fd00::5"), claim("b", static="fd00::1:0:5")]
    assert "has the same low 32 bits as fd00::5 of a\n    a was given" in problem_of(segment, *late)
    segment = Segment(ip_network("fd00::/64"))
    asked = [claim("a", static="fd00::1:0:2"), claim("b")]
    assert given_to(segment, *asked) == ["fd00::1:0:2", "fd00::3"]
    segment = Segment(ip_network("fd00::/64"))
    assert "of the gateway" in problem_of(segment, claim("a", static="fd00::1:0:1"))


@given(
    st.sampled_from([ip_network("10.0.0.0/26"), ip_network("fd00::/122")]),
    st.lists(st.integers(0, 63), max_size=30),
    st.integers(0, 70),
)
def test_no_address_is_given_twice(network: IPNetwork, known: list[int], last: int) -> None:
    """Whatever is known already, all get different usable addresses, and who had one keeps it."""
    base = int(network.network_address)
    segment = Segment(network)
    segment.begin_after(base + last)
    claims = [
        Claim(f"pod/{index}", at(), "", None, base + value if index % 2 else None)
        for index, value in enumerate(known)
    ]
    findings = Findings()
    chosen = allotment(segment, claims, findings)
    findings.stop()
    assert len(set(chosen.values())) == len(claims)
    assert all(segment.first <= value <= segment.last for value in chosen.values())
    kept = {one.given for one in claims if one.given is not None and segment.holds(one.given)}
    assert kept <= set(chosen.values())
