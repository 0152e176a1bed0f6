"""Base chains: in which order they are asked, what they leave out, and that nothing gets lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.state import NftTable
from labnet.trace.iptables import base_chains
from labnet.trace.nftables import nft_base_chains
from labnet.trace.packet import Branch, Packet, UnknownRuleError
from labnet.trace.passage import passages
from trace_network import nft_table, rulesets


@dataclass(frozen=True)
class Somewhere:
    """A place with one address, where packets have left what is in `memory`."""

    memory: frozenset[tuple[str, str]] = frozenset()

    def is_local(self, address: str, interface: str = "") -> bool:
        """Whether it is 10.0.0.1, on eth0."""
        return address == "10.0.0.1" and interface in {"", "eth0"}

    def is_broadcast(self, address: str) -> bool:
        """Whether it is 10.0.0.255."""
        return address == "10.0.0.255"

    def primary_address(self, interface: str, family: Literal[4, 6]) -> str:
        """10.0.0.1 on eth0."""
        return "10.0.0.1" if (interface, family) == ("eth0", 4) else ""

    def remembers(self, name: str, key: str) -> bool:
        """Whether it is in `memory`."""
        return (name, key) in self.memory


HERE = Somewhere()
PACKET = Packet("10.0.0.2", "10.9.0.1", iif="eth0")
AFFINITY = """
nat PREROUTING -d 10.9.0.1/32 -p tcp -j SVC
nat SVC -m recent --rcheck --seconds 60 --reap --name A --rsource -j SEP-A
nat SVC -m recent --rcheck --seconds 60 --reap --name B --rsource -j SEP-B
nat SVC -m statistic --mode random --probability 0.50000000000 -j SEP-A
nat SVC -j SEP-B
nat SEP-A -p tcp -m recent --set --name A --rsource -j DNAT --to-destination 10.1.0.1:80
nat SEP-B -p tcp -m recent --set --name B --rsource -j DNAT --to-destination 10.1.0.2:80
"""
NFT_AFFINITY = """
set a type ipv4_addr; flags dynamic,timeout; timeout 60s
set b type ipv4_addr; flags dynamic,timeout; timeout 60s
chain end-a
  update @a { ip saddr }
  meta l4proto 6 dnat to 10.1.0.1:80
chain end-b
  update @b { ip saddr }
  meta l4proto 6 dnat to 10.1.0.2:80
chain pre type nat hook prerouting priority -100
  ip saddr @a goto end-a
  ip saddr @b goto end-b
  numgen random mod 2 vmap { 0 : goto end-a, 1 : goto end-b }
"""


def branches(rules: str, packet: Packet = PACKET, place: Somewhere = HERE) -> list[Branch]:
    """The ways of a packet through the only base chain of iptables rules."""
    (chain,) = [c for c in base_chains(rulesets(rules)) if c.hook == "prerouting"]
    return list(chain.branches(packet, place))


def nft_branches(text: str, packet: Packet = PACKET, place: Somewhere = HERE) -> list[Branch]:
    """The same for an nftables table."""
    (chain,) = nft_base_chains([nft_table(text)])
    return list(chain.branches(packet, place))


def outcomes(found: list[Branch]) -> Mapping[str, Fraction]:
    """The destinations and their probabilities."""
    return {f"{b.packet.dst}:{b.packet.dport}": b.probability for b in found}


def test_an_address_that_is_remembered_goes_where_it_was() -> None:
    """`recent --rcheck` asks the place; a new client goes to either, and is noted down."""
    new = branches(AFFINITY)
    assert {"10.1.0.1:80": Fraction(1, 2), "10.1.0.2:80": Fraction(1, 2)} == outcomes(new)
    assert [branch.memory for branch in new] == [(("A", "10.0.0.2"),), (("B", "10.0.0.2"),)]
    known = branches(AFFINITY, place=Somewhere(frozenset(new[1].memory)))
    assert {"10.1.0.2:80": Fraction(1)} == outcomes(known)
    other = branches(AFFINITY, replace(PACKET, src="10.0.0.3"), Somewhere(frozenset(new[1].memory)))
    assert len(other) == 2


def test_a_dynamic_set_remembers_too() -> None:
    """`update @set` notes, and a lookup in the set finds it."""
    new = nft_branches(NFT_AFFINITY)
    assert {"10.1.0.1:80": Fraction(1, 2), "10.1.0.2:80": Fraction(1, 2)} == outcomes(new)
    assert [branch.memory for branch in new] == [(("a", "10.0.0.2"),), (("b", "10.0.0.2"),)]
    known = nft_branches(NFT_AFFINITY, place=Somewhere(frozenset({("b", "10.0.0.2")})))
    assert {"10.1.0.2:80": Fraction(1)} == outcomes(known)


def test_a_step_is_said_for_each_rule_that_matched() -> None:
    """What a disagreement prints: table, chain and text of the rules on the way."""
    (first, _) = branches(AFFINITY)
    assert [step.chain for step in first.steps] == ["PREROUTING", "SVC", "SEP-A"]
    assert {"nat"} == {step.table for step in first.steps}
    assert "DNAT" in first.steps[-1].rule


@pytest.mark.parametrize("state", ["ESTABLISHED", "INVALID", "UNTRACKED"])
def test_nat_is_for_new_connections(state: Literal["ESTABLISHED", "INVALID", "UNTRACKED"]) -> None:
    """Chains of the kind nat are not asked about other packets."""
    packet = replace(PACKET, state=state)
    for found in (branches(AFFINITY, packet), nft_branches(NFT_AFFINITY, packet)):
        assert [Branch(Fraction(1), packet, "continue", ())] == found


def test_a_chain_is_not_asked_about_the_other_family() -> None:
    """Iptables is for IPv4 only."""
    packet = Packet("fd00::2", "fd00::1", iif="eth0")
    assert [Branch(Fraction(1), packet, "continue", ())] == branches(AFFINITY, packet)
    assert [Branch(Fraction(1), packet, "continue", ())] == nft_branches(NFT_AFFINITY, packet)


def test_a_rule_that_is_not_understood_is_an_error_where_it_decides() -> None:
    """Not where the rest of it does not match, or where the packet does not come to it."""
    rule = "-m owner --uid-owner 0 -j DROP"
    assert branches(f"raw PREROUTING -s 10.0.0.9/32 {rule}")
    assert branches(f"raw PREROUTING -j ACCEPT\nraw PREROUTING {rule}")
    with pytest.raises(UnknownRuleError, match="-m owner --uid-owner 0 in -A PREROUTING"):
        branches(f"raw PREROUTING {rule}")
    with pytest.raises(UnknownRuleError, match="raw has no chain NOWHERE"):
        branches("raw PREROUTING -j NOWHERE")
    chain = "chain pre type filter hook prerouting priority 0\n  "
    assert nft_branches(f"{chain}ip saddr 10.0.0.9 meta skuid 0 drop")
    with pytest.raises(UnknownRuleError, match="meta skuid 0 drop"):
        nft_branches(f"{chain}meta skuid 0 drop")


def test_chains_that_go_round_are_an_error() -> None:
    """The kernel would not load them; the tracer does not follow them for ever."""
    with pytest.raises(UnknownRuleError, match="go round at X"):
        branches("raw PREROUTING -j X\nraw X -j X")
    with pytest.raises(UnknownRuleError, match="go round"):
        nft_branches(
            "chain x\n  goto y\nchain y\n  goto x\n"
            "chain pre type filter hook prerouting priority 0\n  jump x"
        )


def test_a_dormant_table_is_not_asked() -> None:
    """Of a table with `flags dormant` no chain is called."""
    table = nft_table(NFT_AFFINITY)
    assert nft_base_chains([table])
    dormant = NftTable(table.netns, 4, "t", table.blocks, ("flags dormant",))
    assert nft_base_chains([dormant]) == []


@pytest.mark.parametrize(
    ("priority", "number"),
    [("dstnat", -100), ("srcnat + 5", 105), ("-110", -110), ("filter - 1", -1), ("7", 7)],
)
def test_a_priority_is_a_number_or_a_name(priority: str, number: int) -> None:
    """As people write it, and as `nft -nn` lists it."""
    text = f"chain x type filter hook prerouting priority {priority}; policy drop"
    (chain,) = nft_base_chains([nft_table(text)])
    assert (number, "drop") == (chain.priority, chain.policy)


def test_the_chains_of_iptables_are_where_they_belong() -> None:
    """Hooks and priorities of all tables (enum nf_ip_hook_priorities)."""
    text = "\n".join(f"{table} OUTPUT -j ACCEPT" for table in ("raw", "mangle", "nat", "filter"))
    found = {(c.table.name, c.hook): (c.priority, c.kind) for c in base_chains(rulesets(text))}
    assert found["raw", "prerouting"] == (-300, "filter")
    assert found["mangle", "output"] == (-150, "route")
    assert found["nat", "output"] == (-100, "nat")
    assert found["nat", "input"] == (100, "nat")
    assert found["filter", "forward"] == (0, "filter")


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (PACKET, {"DNAT to 10.1.0.1:80": "1/2", "DNAT to 10.1.0.2:80": "1/2"}),
        (replace(PACKET, dst="10.8.0.1", dport=81), {"untouched": "1"}),
        (replace(PACKET, dst="10.8.0.1", dport=443), {"REJECT": "1"}),
        (replace(PACKET, dst="10.8.0.2"), {"DROP": "1"}),
        (replace(PACKET, dst="10.0.0.1"), {"DROP": "1"}),
        (replace(PACKET, iif="", oif="eth0", src="10.0.0.1"), {"masqueraded": "1"}),
    ],
)
def test_the_set_of_what_rules_can_do(packet: Packet, expected: Mapping[str, str]) -> None:
    """DNAT to these, masqueraded or not, REJECT, DROP, untouched: of one machine's rules."""
    rules = f"""
{AFFINITY}
nat POSTROUTING -s 10.0.0.1/32 -j MASQUERADE
filter FORWARD -p tcp -m tcp --dport 443 -j REJECT --reject-with icmp-port-unreachable
filter FORWARD -d 10.8.0.2/32 -j DROP
filter INPUT -j DROP
"""
    found = passages(rulesets(rules), packet, HERE)
    assert {str(passage): str(chance) for passage, chance in found.items()} == expected


@st.composite
def chance_rules(draw: st.DrawFn) -> str:
    """Chains that jump to later ones, return, part and decide at random."""
    names = ("PREROUTING", "A", "B", "C")
    lines = [f"mangle {name} new" for name in names[1:]]
    for place, name in enumerate(names):
        for _ in range(draw(st.integers(0, 4))):
            number = draw(st.integers(1, 5))
            chance = f"-m statistic --mode random --probability {1 / number:.11f}"
            jumps = [f"-{how} {to}" for how in "jg" for to in names[place + 1 :]]
            target = draw(st.sampled_from(["-j ACCEPT", "-j DROP", "-j RETURN", *jumps]))
            lines.append(f"mangle {name} {chance} {target}")
    return "\n".join(lines)


@given(chance_rules())
def test_probabilities_add_up_to_one(rules: str) -> None:
    """Whatever way a packet takes, it takes one."""
    found = branches(rules)
    assert sum(branch.probability for branch in found) == 1
    assert all(branch.probability > 0 for branch in found)


@given(
    st.integers(1, 6),
    st.dictionaries(st.integers(0, 6), st.sampled_from(["accept", "drop", "jump x", "goto x"])),
)
def test_probabilities_of_nftables_add_up_to_one(modulus: int, verdicts: dict[int, str]) -> None:
    """Numbers that a map does not have go on to the next rule."""
    elements = ", ".join(f"{number} : {verdict}" for number, verdict in verdicts.items())
    found = nft_branches(
        "chain x\n  meta mark set numgen random mod 3\n"
        "chain pre type filter hook prerouting priority 0\n"
        f"  numgen random mod {modulus} vmap {{ {elements} }}\n  meta mark 0x00000001 drop"
    )
    assert sum(branch.probability for branch in found) == 1
