"""The smallest network with everything in it, and a short notation for rules of its node.

    a 10.1.0.2 ──┐
                 br0 10.1.0.1  node  10.2.0.1 eth0 ── out 10.2.0.2
    b 10.1.0.3 ──┘

The port of `b` is a hairpin, that of `a` is not. In IPv6 it is fd01::1 and so on. What the node
does not know it sends to `out`, which forwards nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from labnet.state import (
    BUILTIN,
    Address,
    Bridge,
    Netns,
    NftBlock,
    NftTable,
    Object,
    Route,
    Ruleset,
    State,
    Sysctl,
    Veth,
    sorted_chains,
    sorted_rules,
)


NODE, A, B, OUT = "trace.node", "trace.a", "trace.b", "trace.out"
NAMES = {"node": NODE, "a": A, "b": B, "out": OUT}
PORTS = (80, 81, 8080)


def network(*more: Object, sysctls: Mapping[str, str] | None = None) -> State:
    """The network with more objects, mostly rules; `sysctls` are the node's."""
    return State.of(*_machines(), *_links(), *_addresses(), *_sysctls(sysctls or {}), *more)


def _machines() -> Iterator[Object]:
    for name in NAMES.values():
        yield Netns(name, f"test/{name}")


def _sysctls(own: Mapping[str, str]) -> Iterator[Object]:
    node = {
        "net.ipv4.ip_forward": "1",
        "net.ipv6.conf.all.forwarding": "1",
        "net.ipv4.conf.all.route_localnet": "0",
        "net.bridge.bridge-nf-call-iptables": "1",
        "net.bridge.bridge-nf-call-ip6tables": "1",
    }
    for key, value in (node | dict(own)).items():
        yield Sysctl(NODE, key, value)
    yield Sysctl(OUT, "net.ipv4.ip_forward", "0")
    for name in NAMES.values():
        yield Sysctl(name, "net.ipv4.conf.all.rp_filter", "0")
        yield Sysctl(name, "net.ipv4.conf.default.rp_filter", "0")
        yield Sysctl(name, "net.ipv6.conf.default.accept_dad", "0")


def _links() -> Iterator[Object]:
    yield Bridge(NODE, "br0", "02:00:00:01:00:01", 1500)
    yield from _pair("a", 2, "porta", "br0")
    yield from _pair("b", 3, "portb", "br0", hairpin=True)
    yield from _pair("out", 4, "eth0")


def _pair(
    name: str, number: int, port: str, master: str = "", *, hairpin: bool = False
) -> Iterator[Object]:
    leaf, macs = NAMES[name], (f"02:00:00:02:00:0{number}", f"02:00:00:01:00:0{number}")
    yield Veth(NODE, port, leaf, "eth0", leaf, macs[0], 1500, master, hairpin=hairpin)
    yield Veth(leaf, "eth0", NODE, port, leaf, macs[1], 1500)


def _addresses() -> Iterator[Object]:
    for netns, dev, subnet, host in (
        (NODE, "br0", 1, 1),
        (A, "eth0", 1, 2),
        (B, "eth0", 1, 3),
        (NODE, "eth0", 2, 1),
        (OUT, "eth0", 2, 2),
    ):
        yield Address(netns, dev, f"10.{subnet}.0.{host}/24")
        yield Address(netns, dev, f"fd0{subnet}::{host}/64")
    for netns, subnet, host in ((A, 1, 1), (B, 1, 1), (OUT, 2, 1), (NODE, 2, 2)):
        yield Route(netns, "0.0.0.0/0", "eth0", f"10.{subnet}.0.{host}")
        yield Route(netns, "::/0", "eth0", f"fd0{subnet}::{host}")


def rulesets(text: str, netns: str = NODE, family: Literal[4, 6] = 4) -> list[Ruleset]:
    """Iptables tables from lines `TABLE CHAIN RULE`; `TABLE CHAIN policy DROP` is a policy."""
    chains: dict[str, dict[str, str]] = {}
    rules: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        table, chain, rule = line.split(" ", 2)
        default = "ACCEPT" if chain in BUILTIN[table] else "-"
        own = chains.setdefault(table, {})
        if rule.startswith("policy "):
            own[chain] = rule.split()[1]
        else:
            own.setdefault(chain, default)
            if rule != "new":
                rules.setdefault(table, []).append(f"-A {chain} {rule}")
    made = []
    for table, own in chains.items():
        order = sorted_chains(table, own.items())
        made.append(Ruleset(netns, family, table, order, sorted_rules(order, rules.get(table, ()))))
    return made


def nft_table(text: str, netns: str = NODE, family: Literal[4, 6] = 4, name: str = "t") -> NftTable:
    """An nftables table: a line `KIND NAME PROPERTY; …`, and below it the indented members."""
    blocks: list[NftBlock] = []
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith("  "):
            kind, block, *rest = line.strip().split(" ", 2)
            header = tuple(part.strip() for part in "".join(rest).split(";") if part.strip())
            assert kind in {"chain", "set", "map"}
            blocks.append(NftBlock(kind, block, header))  # type: ignore[arg-type]  # see above
        else:
            last = blocks[-1]
            members = (*last.members, line.strip())
            blocks[-1] = NftBlock(last.kind, last.name, last.header, members)
    ordered = sorted(blocks, key=lambda block: block.kind == "chain")  # as they are written
    return NftTable(netns, family, name, tuple(ordered))
