"""Small rulesets, a packet for each, and what comes of it after the man pages.

The cases are tried on the tracer (tests/trace) and with real packets (tests/kernel). Addresses are
those of trace_network; 10.9.0.1 is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Case(NamedTuple):
    """Rules of the node, a packet, and what can come of it with which probability.

    `rules` are in the notation of trace_network, `nft` too. What comes of it is `PLACE DST SRC`
    (`b 10.1.0.3:80 10.1.0.2`), `rejected` or `dropped`.
    """

    sender: str
    to: str
    expected: str | Mapping[str, str]
    rules: str = ""
    nft: str = ""
    protocol: str = "udp"
    src: str = ""
    sysctls: Mapping[str, str] = {}


BRIDGES_DO_NOT_CALL = {"net.bridge.bridge-nf-call-iptables": "0"}
ROUTE_LOCALNET = {"net.ipv4.conf.all.route_localnet": "1"}
TO_B = "nat PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3"
TO_A = "nat PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.2"
MASQUERADE = "nat POSTROUTING -j MASQUERADE"
OUT_TO_B = "b 10.1.0.3:80 10.2.0.2"

WAYS = {
    "bridged without rules": Case("a", "10.1.0.3:80", "b 10.1.0.3:80 10.1.0.2"),
    "routed without rules": Case("out", "10.1.0.3:80", OUT_TO_B),
    "from the node": Case("node", "10.1.0.3:80", "b 10.1.0.3:80 10.1.0.1"),
    "to itself": Case("node", "10.2.0.1:80", "node 10.2.0.1:80 10.2.0.1"),
    "to its loopback": Case("node", "127.0.0.1:80", "node 127.0.0.1:80 127.0.0.1"),
    "to an address of another interface": Case("a", "10.2.0.1:80", "node 10.2.0.1:80 10.1.0.2"),
    "into the dark": Case("a", "10.9.0.1:80", "dropped"),
    "IPv6": Case("out", "[fd01::3]:80", "b [fd01::3]:80 fd02::2"),
}

NAT = {
    "DNAT": Case("out", "10.9.0.1:80", OUT_TO_B, TO_B),
    "DNAT to another port": Case(
        "out",
        "10.9.0.1:80",
        "b 10.1.0.3:8080 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -m udp --dport 80 "
        "-j DNAT --to-destination 10.1.0.3:8080",
    ),
    "DNAT of another port": Case(
        "out",
        "10.1.0.2:81",
        "a 10.1.0.2:81 10.2.0.2",
        "nat PREROUTING -p udp -m udp --dport 80 -j DNAT --to-destination 10.1.0.3",
    ),
    "DNAT of another protocol": Case(
        "out",
        "10.1.0.2:80",
        "a 10.1.0.2:80 10.2.0.2",
        "nat PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.3",
    ),
    "DNAT ends the chain": Case(
        "out",
        "10.9.0.1:80",
        OUT_TO_B,
        f"{TO_B}\n{TO_A}",
    ),
    "DNAT to a range of ports takes the first": Case(
        "out",
        "10.9.0.1:80",
        "b 10.1.0.3:8080 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j DNAT --to-destination 10.1.0.3:8080-8081",
    ),
    "DNAT to a range of ports keeps one of it": Case(
        "out",
        "10.9.0.1:81",
        "b 10.1.0.3:81 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j DNAT --to-destination 10.1.0.3:80-81",
    ),
    "ACCEPT in nat keeps the rest from NAT": Case(
        "out",
        "10.1.0.2:80",
        "a 10.1.0.2:80 10.2.0.2",
        "nat PREROUTING -s 10.2.0.2/32 -j ACCEPT\n"
        "nat PREROUTING -p udp -j DNAT --to-destination 10.1.0.3",
    ),
    "a negated address": Case(
        "out",
        "10.1.0.2:80",
        OUT_TO_B,
        "nat PREROUTING ! -d 10.1.0.3/32 -p udp -j DNAT --to-destination 10.1.0.3",
    ),
    "MASQUERADE has the address of the way out": Case(
        "out",
        "10.1.0.2:80",
        "a 10.1.0.2:80 10.1.0.1",
        "nat POSTROUTING -o br0 -j MASQUERADE",
    ),
    "MASQUERADE by another interface": Case(
        "out",
        "10.1.0.2:80",
        "a 10.1.0.2:80 10.2.0.2",
        "nat POSTROUTING ! -o br+ -j MASQUERADE",
    ),
    "MASQUERADE of a bridged packet": Case(
        "a",
        "10.1.0.3:80",
        "b 10.1.0.3:80 10.1.0.1",
        MASQUERADE,
    ),
    "SNAT": Case(
        "out",
        "10.1.0.2:80",
        "a 10.1.0.2:80 10.1.0.77",
        "nat POSTROUTING -d 10.1.0.0/24 -j SNAT --to-source 10.1.0.77",
    ),
    "SNAT on the way in": Case(
        "out",
        "10.2.0.1:80",
        "node 10.2.0.1:80 10.7.7.7",
        "nat INPUT -p udp -j SNAT --to-source 10.7.7.7",
    ),
    "REDIRECT": Case(
        "out",
        "10.9.0.1:80",
        "node 10.2.0.1:8080 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j REDIRECT --to-ports 8080",
    ),
    "REDIRECT of one's own": Case(
        "node",
        "10.9.0.1:80",
        "node 127.0.0.1:8080 10.2.0.1",
        "nat OUTPUT -d 10.9.0.1/32 -p udp -j REDIRECT --to-ports 8080",
    ),
    "DNAT of one's own keeps the source": Case(
        "node",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.2.0.1",
        "nat OUTPUT -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3",
    ),
    "DNAT of one's own, masqueraded": Case(
        "node",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        f"nat OUTPUT -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3\n{MASQUERADE}",
    ),
    "filter OUTPUT still sees the interface of before": Case(
        "node",
        "10.9.0.1:80",
        "rejected",
        "nat OUTPUT -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3\n"
        "filter OUTPUT -d 10.1.0.3/32 -o eth0 -j REJECT --reject-with icmp-port-unreachable",
    ),
    "PREROUTING does not see one's own": Case("node", "10.9.0.1:80", "dropped", TO_B),
    "nothing is NATed that is not tracked": Case(
        "a",
        "10.9.0.1:80",
        "dropped",
        f"raw PREROUTING -d 10.9.0.1/32 -j CT --notrack\n{TO_B}",
    ),
    "DNAT and REJECT of IPv6": Case(
        "out",
        "[fd09::1]:80",
        "rejected",
        "",
        nft="""
chain pre type nat hook prerouting priority -100
  ip6 daddr fd09::1 udp dport 80 dnat to [fd01::3]:8080
chain onward type filter hook forward priority 0
  ip6 daddr fd01::3 udp dport 8080 reject
""",
    ),
}

LOOPBACK = {
    "127.0.0.1 does not leave": Case(
        "node",
        "127.0.0.1:80",
        "dropped",
        f"nat OUTPUT -d 127.0.0.1/32 -j DNAT --to-destination 10.1.0.3\n{MASQUERADE}",
    ),
    "127.0.0.1 leaves with route_localnet": Case(
        "node",
        "127.0.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        f"nat OUTPUT -d 127.0.0.1/32 -j DNAT --to-destination 10.1.0.3\n{MASQUERADE}",
        sysctls=ROUTE_LOCALNET,
    ),
    "127.0.0.1 is nobody's source on a wire": Case(
        "node",
        "127.0.0.1:80",
        "dropped",
        "nat OUTPUT -d 127.0.0.1/32 -j DNAT --to-destination 10.1.0.3",
        sysctls=ROUTE_LOCALNET,
    ),
    "127.0.0.1 by DNAT from a wire": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        "nat PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 127.0.0.1",
    ),
    "127.0.0.1 by DNAT from a wire with route_localnet": Case(
        "out",
        "10.9.0.1:80",
        "node 127.0.0.1:80 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 127.0.0.1",
        sysctls=ROUTE_LOCALNET,
    ),
    "masqueraded on lo": Case(
        "node",
        "127.0.0.1:80",
        "node 10.2.0.1:80 10.2.0.1",
        f"nat OUTPUT -d 127.0.0.1/32 -j DNAT --to-destination 10.2.0.1\n{MASQUERADE}",
    ),
}

BRIDGE = {
    "a Service on the same bridge": Case("a", "10.9.0.1:80", "b 10.1.0.3:80 10.1.0.2", TO_B),
    "a Service on the same bridge that does not call": Case(
        "a",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.2",
        TO_B,
        sysctls=BRIDGES_DO_NOT_CALL,
    ),
    "hairpin": Case("b", "10.9.0.1:80", "b 10.1.0.3:80 10.1.0.1", f"{TO_B}\n{MASQUERADE}"),
    "hairpin without the flag": Case("a", "10.9.0.1:80", "dropped", f"{TO_A}\n{MASQUERADE}"),
    "hairpin without the flag is routed if bridges do not call": Case(
        "a",
        "10.9.0.1:80",
        "a 10.1.0.2:80 10.1.0.1",
        f"{TO_A}\n{MASQUERADE}",
        sysctls=BRIDGES_DO_NOT_CALL,
    ),
    "hairpin without masquerading is martian": Case("b", "10.9.0.1:80", "dropped", TO_B),
    "FORWARD sees frames": Case(
        "a",
        "10.1.0.3:80",
        "rejected",
        "filter FORWARD -i br0 -o br0 -j REJECT --reject-with icmp-port-unreachable",
    ),
    "FORWARD does not see frames if bridges do not call": Case(
        "a",
        "10.1.0.3:80",
        "b 10.1.0.3:80 10.1.0.2",
        "filter FORWARD -j DROP",
        sysctls=BRIDGES_DO_NOT_CALL,
    ),
    "ports of a bridge": Case(
        "a",
        "10.1.0.3:80",
        "dropped",
        "filter FORWARD -m physdev --physdev-in porta --physdev-out portb "
        "--physdev-is-bridged -j DROP",
    ),
    "a routed packet is not bridged": Case(
        "a",
        "10.2.0.2:80",
        "out 10.2.0.2:80 10.1.0.2",
        "filter FORWARD -m physdev --physdev-is-bridged -j DROP",
    ),
    "a routed packet came by a port": Case(
        "a",
        "10.2.0.2:80",
        "dropped",
        "filter FORWARD -m physdev --physdev-in porta -j DROP",
    ),
    "frames to the node are INPUT's": Case(
        "a",
        "10.1.0.1:80",
        "dropped",
        "filter INPUT -i br0 -j DROP",
    ),
}

CHAINS = {
    "REJECT": Case(
        "out",
        "10.1.0.3:80",
        "rejected",
        "filter FORWARD -d 10.1.0.3/32 -j REJECT --reject-with icmp-port-unreachable",
    ),
    "REJECT with a RST": Case(
        "out",
        "10.1.0.3:80",
        "rejected",
        "filter FORWARD -p tcp -j REJECT --reject-with tcp-reset",
        protocol="tcp",
    ),
    "REJECT of a SYN": Case(
        "out",
        "10.1.0.3:80",
        "rejected",
        "filter FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT "
        "--reject-with icmp-port-unreachable",
        protocol="tcp",
    ),
    "REJECT on the way in": Case(
        "out",
        "10.2.0.1:80",
        "rejected",
        "filter INPUT -p udp -j REJECT --reject-with icmp-port-unreachable",
    ),
    "REJECT of one's own": Case(
        "node",
        "10.1.0.3:80",
        "rejected",
        "filter OUTPUT -p udp -j REJECT --reject-with icmp-port-unreachable",
    ),
    "DROP": Case("out", "10.1.0.3:80", "dropped", "filter FORWARD -s 10.2.0.0/24 -j DROP"),
    "a policy": Case("out", "10.1.0.3:80", "dropped", "filter FORWARD policy DROP"),
    "an exception to a policy": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        "filter FORWARD policy DROP\nfilter FORWARD -i eth0 -o br0 -j ACCEPT",
    ),
    "RETURN goes on after the jump": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "filter FORWARD -j X\nfilter FORWARD -j DROP\n"
        "filter X -d 10.1.0.3/32 -j RETURN\nfilter X -j ACCEPT",
    ),
    "RETURN from a built-in chain is its policy": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        "filter FORWARD -j RETURN\nfilter FORWARD -j DROP",
    ),
    "the end of a chain goes on after the jump": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "filter FORWARD -j X\nfilter FORWARD -j DROP\nfilter X -m mark --mark 0x1 -j ACCEPT",
    ),
    "goto from a built-in chain ends at its policy": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        "filter FORWARD -g X\nfilter FORWARD -j DROP\nfilter X new",
    ),
    "goto returns to where the chain was called": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "filter FORWARD -j X\nfilter FORWARD -j DROP\n"
        "filter X -g Y\nfilter X -j ACCEPT\nfilter Y -j RETURN",
    ),
    "ACCEPT is for one table": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "mangle FORWARD -j ACCEPT\nfilter FORWARD -j DROP",
    ),
    "a rule without a target": Case("out", "10.1.0.3:80", OUT_TO_B, "filter FORWARD -p udp"),
}
