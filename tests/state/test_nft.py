"""Tables of nftables as text: what nft lists, and the least that makes one of another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings

from labnet.state import NftBlock, NftTable, parse_nft_tables, sorted_blocks
from state.nft_tables import tables


LISTING = (Path(__file__).parent / "kube-proxy.nft").read_text(encoding="utf-8")


SETS = (
    NftBlock(
        "set",
        "affinity-1",
        ("type ipv4_addr", "size 65535", "flags dynamic,timeout", "timeout 10800s"),
    ),
    NftBlock("set", "blocked", ("type ipv4_addr", "flags timeout"), ("10.0.0.7 timeout 3600s",)),
    NftBlock(
        "set",
        "cluster-ips",
        ("type ipv4_addr", 'comment "Active ClusterIPs"'),
        ("10.96.0.1", '10.96.0.10 comment "a, { b }"'),
    ),
    NftBlock(
        "map",
        "service-ips",
        ("type ipv4_addr . inet_proto . inet_service : verdict",),
        (
            '10.96.0.1 . 6 . 443 comment "default/kubernetes:https" : goto svc-1',
            "10.96.0.10 . 17 . 53 : goto svc-2",
            "10.96.0.10 . 6 . 53 : drop",
        ),
    ),
)
CHAINS = (
    NftBlock("chain", "empty"),
    NftBlock(
        "chain",
        "nat-prerouting",
        ("type nat hook prerouting priority -100", "policy accept"),
        ("ip daddr . meta l4proto . th dport vmap @service-ips",),
    ),
    NftBlock("chain", "svc-1", (), ("numgen random mod 2 vmap { 0 : goto svc-2, 1 : drop }",)),
    NftBlock(
        "chain",
        "svc-2",
        ('comment "the second; of two"',),
        ('counter accept comment "counter packets 1 bytes 2"',),
    ),
)
"""What is in kube-proxy.nft."""


def test_a_listing_is_read() -> None:
    """Without what packets have made of it, without named objects, in labnet's order."""
    other, four, six = parse_nft_tables("lab.n1", LISTING)
    assert (other.family, other.name) == (4, "filter")
    assert six == NftTable("lab.n1", 6, "kube-proxy", ())
    header = ('comment "rules for services"',)
    assert four == NftTable("lab.n1", 4, "kube-proxy", (*SETS, *CHAINS), header)


@given(tables())
def test_what_is_written_can_be_read(table: NftTable) -> None:
    """Labnet's own text is read like a listing of nft's."""
    assert parse_nft_tables(table.netns, table.text()) == [table]
    assert parse_nft_tables(table.netns, "") == []


Kind = Literal["chain", "set", "map"]


class RefusedError(Exception):
    """What nf_tables would refuse."""


@dataclass
class Tables:
    """nf_tables as far as deltas go: one table, and who refers to whom in it."""

    header: dict[tuple[bool, str], tuple[Kind, tuple[str, ...]]] = field(default_factory=dict)
    rules: dict[str, list[str]] = field(default_factory=dict)
    elements: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, text: str) -> None:
        """Carry out a transaction command by command."""
        while text:
            if text.startswith("table "):
                block, _, text = text.partition("\n}\n")
                (table,) = parse_nft_tables("", f"{block}\n}}\n")
                self.make(table.blocks)
            else:
                line, _, text = text.partition("\n")
                self.command(line.split(" ", 5))

    def command(self, words: list[str]) -> None:
        """A line; the last of its words is a rule, or elements in braces."""
        verb, what, family, table, name, rest = [*words, ""][:6]
        assert (family, table) == ("ip", "kube-proxy")
        match verb, what:
            case "flush", "chain":
                self.refuse(name not in self.rules, f"no chain {name}")
                self.rules[name].clear()
            case "add", "rule":
                self.add_rule(name, rest)
            case "add", "element":
                for element in split(rest):
                    self.add_element(name, element)
            case "delete", "element":
                for key in split(rest):
                    self.refuse(key not in self.elements.get(name, {}), f"no element {key}")
                    del self.elements[name][key]
            case "delete", "chain":
                self.refuse(bool(self.rules.pop(name)), f"{name} has rules")
                self.refuse(self.leads_to(name), f"{name} is in use")
                del self.header[True, name]
            case "delete", "set" | "map":
                used = any(f"@{name} " in f"{r} " for rules in self.rules.values() for r in rules)
                self.refuse(used, f"{name} is in use")
                self.refuse(self.header.pop((False, name))[0] != what, f"{name} is no {what}")
                del self.elements[name]
            case _:
                raise RefusedError(f"{verb} {what}")

    def make(self, blocks: tuple[NftBlock, ...]) -> None:
        """What nft does with a table in braces: chains, sets, elements, rules."""
        for block in blocks:
            had = self.header.setdefault(block.place, (block.kind, block.header))
            self.refuse(had != (block.kind, block.header), f"{block.name} is another")
            if block.kind == "chain":
                self.rules.setdefault(block.name, [])
            else:
                self.elements.setdefault(block.name, {})
        for block in blocks:
            for member in block.members:
                if block.kind == "chain":
                    self.add_rule(block.name, member)
                else:
                    self.add_element(block.name, member)

    def add_rule(self, chain: str, rule: str) -> None:
        """A rule at the end of a chain; what it refers to must be there."""
        for name in re.findall(r"@(\w+)", rule):
            self.refuse(name not in self.elements, f"no set {name}")
        self.check_target(rule)
        self.rules[chain].append(rule)

    def add_element(self, name: str, element: str) -> None:
        """An element; the same again is fine, another value of a key is not."""
        self.check_target(element)
        key = re.sub(r' comment "[^"]*"', "", element).partition(" : ")[0]
        self.refuse(self.elements[name].get(key, element) != element, f"{key} exists")
        self.elements[name][key] = element

    def check_target(self, text: str) -> None:
        """A chain to go to is there, and is no base chain."""
        for name in re.findall(r"goto (\w+)", text):
            self.refuse(name not in self.rules, f"no chain {name}")
            hooked = any(" hook " in line for line in self.header[True, name][1])
            self.refuse(hooked, f"{name} is a base chain")

    def leads_to(self, chain: str) -> bool:
        """Whether any rule or element goes to a chain."""
        rules = [rule for rules in self.rules.values() for rule in rules]
        elements = [text for found in self.elements.values() for text in found.values()]
        return any(text.endswith(f"goto {chain}") for text in rules + elements)

    @staticmethod
    def refuse(condition: bool, why: str) -> None:  # noqa: FBT001  # it reads as a rule
        """Raise what the kernel would."""
        if condition:
            raise RefusedError(why)

    def blocks(self) -> tuple[NftBlock, ...]:
        """What is there now, without what packets have put there."""
        found = []
        for (is_chain, name), (kind, header) in self.header.items():
            members = (
                self.rules[name] if is_chain else sorted({*self.elements[name].values()} - {PACKET})
            )
            found.append(NftBlock(kind, name, header, tuple(members)))
        return sorted_blocks(found)


PACKET = "packet"
"""An element that is not labnet's: a packet has put it into a set."""


def split(braces: str) -> list[str]:
    """The elements in braces."""
    inside = braces.removeprefix("{ ").removesuffix(" }")
    return re.findall(r'[^," ](?:[^,"]|"[^"]*")*', inside)


def dynamic(table: NftTable) -> dict[str, tuple[str, ...]]:
    """The sets that packets fill, with their properties."""
    return {b.name: b.header for b in table.blocks if any("dynamic" in line for line in b.header)}


def is_rehooked(new: NftTable, old: NftTable) -> bool:
    """Whether a chain that others may lead to, before or after, has another header."""
    before = {block.name: block for block in old.blocks if block.kind == "chain"}
    pairs = [(before[b.name], b) for b in new.blocks if b.kind == "chain" and b.name in before]
    return any(a.header != b.header and not (a.is_base and b.is_base) for a, b in pairs)


@settings(max_examples=100)
@given(tables(), tables())
def test_a_delta_makes_one_table_of_another(old: NftTable, new: NftTable) -> None:
    """In an order that the kernel takes, and what packets have put into a set stays there."""
    kernel = Tables()
    kernel.run(old.text())
    assert kernel.blocks() == old.blocks
    for name in dynamic(old):
        kernel.elements[name][PACKET] = PACKET
    delta = new.delta(old)
    if is_rehooked(new, old):
        assert delta == f"delete table ip kube-proxy\n{new.text()}"
        return
    kernel.run(delta)
    assert kernel.blocks() == new.blocks
    kept = {name for name, header in dynamic(new).items() if dynamic(old).get(name) == header}
    assert {name for name, found in kernel.elements.items() if PACKET in found} == kept
    assert bool(delta) == (old != new)


@settings(max_examples=50)
@given(tables())
def test_pieces_make_the_same_table(table: NftTable) -> None:
    """And packets meet nothing of it before the last piece."""
    kernel = Tables()
    *first, last = table.pieces(40)
    for piece in first:
        kernel.run(piece)
    assert not any(" hook " in line for _, header in kernel.header.values() for line in header)
    kernel.run(last)
    assert kernel.blocks() == table.blocks


SERVICES = NftBlock("map", "service-ips", ("type ipv4_addr : verdict",), ("10.96.0.1 : goto a",))
TABLE = NftTable("lab.n1", 4, "kube-proxy", (SERVICES, NftBlock("chain", "a", (), ("accept",))))


def test_a_small_change_is_a_small_text() -> None:
    """As an engineer would type it."""
    services = replace(SERVICES, members=("10.96.0.1 : drop", "10.96.0.2 : goto b"))
    new = replace(TABLE, blocks=(services, NftBlock("chain", "b", (), ("drop",))))
    (command,) = new.change(TABLE)
    assert command[:-1] == ("ip", "netns", "exec", "lab.n1", "nft", "-f", "-")
    assert command[-1] == (
        "flush chain ip kube-proxy a\n"
        "delete element ip kube-proxy service-ips { 10.96.0.1 }\n"
        "delete chain ip kube-proxy a\n"
        "table ip kube-proxy {\n"
        "\tchain b {\n"
        "\t\tdrop\n"
        "\t}\n"
        "}\n"
        "add element ip kube-proxy service-ips { 10.96.0.1 : drop, 10.96.0.2 : goto b }\n"
    )
    assert new.difference(TABLE) == "map service-ips, chain a, chain b differ"


@pytest.mark.parametrize("old", [(), ("flags dormant",)])
def test_a_table_that_sleeps_is_made_anew(old: tuple[str, ...]) -> None:
    """A dormant table (`flags dormant`) is not the one that was asked for, whatever is in it."""
    new = replace(TABLE, header=() if old else ("flags dormant",))
    assert new.delta(replace(TABLE, header=old)) == f"delete table ip kube-proxy\n{new.text()}"
    assert new.difference(replace(TABLE, header=old)) == "header differ"


def test_a_thousand_elements_are_found_by_what_differs() -> None:
    """One element in the middle of many is one that goes and one that comes."""
    members = [f"10.0.{n >> 8}.{n & 255} : drop" for n in range(5000)]
    old = replace(TABLE, blocks=(replace(SERVICES, members=tuple(members)),))
    members[2500] = "10.9.9.9 : drop"
    new = replace(TABLE, blocks=(replace(SERVICES, members=tuple(members)),))
    assert new.delta(old) == (
        "delete element ip kube-proxy service-ips { 10.0.9.196 }\n"
        "add element ip kube-proxy service-ips { 10.9.9.9 : drop }\n"
    )
