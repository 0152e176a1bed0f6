"""Numbers are given as the API server's allocators give them, but always the same ones."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.errors import Problems
from labnet.resolve.allocation import Claim, Numbers, allotment
from labnet.resolve.problem import Findings
from resolve.builders import at


SMALL = "10.0.0.0/27"  # 30 addresses, the first 16 of them static


def claim(name: str, *, asked: str = "", before: str = "") -> Claim:
    """What the Service `name` asks for, or was given."""
    return Claim(
        f"service {name}",
        at(3),
        "spec.clusterIP",
        name,
        int(IPv4Address(asked)) if asked else None,
        int(IPv4Address(before)) if before else None,
    )


def given_to(*claims: Claim, network: str = SMALL) -> list[str]:
    """The address of each claim."""
    findings = Findings()
    chosen = allotment(Numbers.of_subnet(ip_network(network)), claims, findings)
    findings.stop()
    return [str(IPv4Address(chosen[index])) for index in range(len(claims))]


def problems_of(*claims: Claim, network: str = SMALL) -> str:
    """What is wrong with these claims."""
    findings = Findings()
    allotment(Numbers.of_subnet(ip_network(network)), claims, findings)
    with pytest.raises(Problems) as caught:
        findings.stop()
    return str(caught.value).rpartition("\n")[0]


def all_of(numbers: Numbers) -> list[str]:
    """Every number of a range in the order in which it is given."""
    found = []
    while (value := numbers.give("any", "x")) is not None:
        found.append(numbers.text(value))
    return found


@pytest.mark.parametrize(
    ("network", "static"),
    [
        ("10.96.0.0/12", 256),
        ("10.96.0.0/16", 256),
        ("10.96.0.0/22", 64),
        ("10.96.0.0/24", 16),
        ("10.96.0.0/26", 16),
        ("10.96.0.0/27", 16),
        ("10.96.0.0/28", 0),
        ("fd00::/112", 256),
    ],
)
def test_the_band_of_addresses_that_are_asked_for(network: str, static: int) -> None:
    """The lowest `min(max(16, size / 16), 256)` are kept: 10.96.0.1 to 10.96.1.0 of kubeadm's."""
    subnet = ip_network(network)
    low = int(subnet.network_address) + 1
    numbers = Numbers.of_subnet(subnet)
    firsts = [numbers.give(f"seed {index}", "x") for index in range(10)]
    assert all(value is not None and value >= low + static for value in firsts)
    one_less = Numbers("", low, low + static, static, None)
    assert one_less.give("x", "x") == low + static


@pytest.mark.parametrize(
    ("low", "high", "first"),
    [(30000, 32767, 30086), (30000, 30031, 30016), (30000, 30015, 30000), (1, 65535, 129)],
)
def test_the_band_of_ports_that_are_asked_for(low: int, high: int, first: int) -> None:
    """The lowest `min(max(16, size / 32), 128)` are kept, and none of sixteen or fewer."""
    numbers = Numbers.of_ports(low, high)
    count = high - low + 1 - (first - low)
    given_ports = {numbers.give("x", "x") for _ in range(count)}
    assert given_ports == set(range(first, high + 1))


def test_the_static_band_is_given_last() -> None:
    """All of the upper band goes first, from a hash on and around its end; then the lower one."""
    order = all_of(Numbers.of_subnet(ip_network(SMALL)))
    upper = [f"10.0.0.{number}" for number in range(17, 31)]
    lower = [f"10.0.0.{number}" for number in range(1, 17)]
    assert (sorted(order[:14]), sorted(order[14:])) == (sorted(upper), sorted(lower))
    start = upper.index(order[0])
    assert order[:14] == upper[start:] + upper[:start]


def test_ipv6_has_no_broadcast_address() -> None:
    """The last address of an IPv6 subnet can be a Service's."""
    assert "fd00::f" in all_of(Numbers.of_subnet(ip_network("fd00::/124")))
    assert "10.0.0.15" not in all_of(Numbers.of_subnet(ip_network("10.0.0.0/28")))


def test_who_asks_decides_where_the_search_begins() -> None:
    """The same name gets the same address, whoever else is there."""
    alone = given_to(claim("web"), network="10.0.0.0/16")
    assert alone == given_to(claim("web"), claim("db"), network="10.0.0.0/16")[:1]
    assert alone != given_to(claim("db"), network="10.0.0.0/16")


def test_asked_then_given_then_free() -> None:
    """What the file says is anybody's first, then what has been given, then the rest."""
    (free,) = given_to(claim("any"))
    claims = [claim("any"), claim("kept", before=free), claim("asked", asked="10.0.0.2")]
    got = given_to(*claims)
    assert got[1:] == [free, "10.0.0.2"]
    assert got[0] not in {free, "10.0.0.2"}


def test_what_is_not_of_the_range_any_more_is_given_anew() -> None:
    """An address that was given of another subnet is forgotten."""
    assert given_to(claim("a", before="10.9.0.2")) == given_to(claim("a"))


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (
            [claim("a", asked="10.0.0.9"), claim("b", asked="10.0.0.9")],
            "lab.yaml:3: spec.clusterIP: 10.0.0.9 is already service a's",
        ),
        (
            [claim("a", before="10.0.0.9"), claim("b", asked="10.0.0.9")],
            (
                "lab.yaml:3: spec.clusterIP: 10.0.0.9 is already service a's\n"
                "    service a was given it earlier, and keeps it until it or the lab is removed"
            ),
        ),
        (
            [claim("a", asked="10.0.0.31")],
            (
                "lab.yaml:3: spec.clusterIP: 10.0.0.31 cannot be given in 10.0.0.0/27\n"
                "    usable: 10.0.0.1 to 10.0.0.30"
            ),
        ),
        (
            [claim(f"s{index:02}") for index in range(32)],
            (
                "lab.yaml:3: spec.clusterIP: 10.0.0.0/27 has nothing free left for service s30\n"
                "    it holds 30; 1 more go without"
            ),
        ),
    ],
)
def test_what_cannot_be_given(claims: list[Claim], expected: str) -> None:
    """It is a problem at its line, and never a silent move of another."""
    assert problems_of(*claims) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from(["asked", "given", "free"])), max_size=30
    )
)
def test_no_number_is_given_twice(wishes: list[tuple[int, str]]) -> None:
    """Whatever is asked for and was given, all have different numbers of the range."""
    asked: set[int] = set()
    claims = []
    for index, (value, kind) in enumerate(wishes):
        number = 1000 + value
        once = kind == "asked" and number not in asked
        asked.update({number} if once else ())
        claims.append(
            Claim(
                f"s{index}",
                at(),
                "",
                f"s{index}",
                number if once else None,
                number if kind == "given" else None,
            )
        )
    chosen = allotment(Numbers.of_ports(1000, 1029), claims, Findings())
    assert len(set(chosen.values())) == len(chosen) == len(claims)
    assert all(1000 <= value <= 1029 for value in chosen.values())


def test_a_full_range_costs_no_more_than_an_empty_one() -> None:
    """The search goes on behind what is taken, so that 100,000 numbers take no minute."""
    numbers = Numbers.of_ports(1, 100_000)
    assert len({numbers.give("one seed", "x") for _ in range(100_000)}) == 100_000
