"""Further cases as in trace_cases: nftables."""

from __future__ import annotations

from trace_cases import OUT_TO_B, TO_B, Case


FORWARD = "chain onward type filter hook forward priority 0"
PRE = "chain pre type nat hook prerouting priority -100"


def forward(rule: str, expected: str = "dropped", *, protocol: str = "udp", more: str = "") -> Case:
    """One rule at forward, for what `out` sends to `b`."""
    return Case(
        "out", "10.1.0.3:80", expected, nft=f"{more}\n{FORWARD}\n  {rule}", protocol=protocol
    )


VERDICTS = {
    "drop": forward("ip daddr 10.1.0.3 drop"),
    "no match": forward("ip daddr != 10.1.0.3 drop", OUT_TO_B),
    "reject": forward("reject", "rejected"),
    "reject with a type": forward("reject with icmp 13", "rejected"),
    "reject of TCP only": forward("reject with tcp reset", OUT_TO_B),
    "reject with a RST": forward("reject with tcp reset", "rejected", protocol="tcp"),
    "a policy": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft="chain onward type filter hook forward priority 0; policy drop",
    ),
    "accept against a policy": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        nft="chain onward type filter hook forward priority 0; policy drop\n"
        '  iifname "eth0" oifname "br0" accept',
    ),
    "accept is for one chain": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft=f"chain early type filter hook forward priority -5\n  accept\n{FORWARD}\n  drop",
    ),
    "drop is for all": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft=f"chain late type filter hook forward priority 5\n  accept\n{FORWARD}\n  drop",
    ),
    "of one priority the later is asked first": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft="chain first type filter hook forward priority 0\n  meta mark 0x00000001 drop\n"
        "chain second type filter hook forward priority 0\n  meta mark set 0x00000001",
    ),
    "of one priority the earlier is asked last": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        nft="chain first type filter hook forward priority 0\n  meta mark set 0x00000001\n"
        "chain second type filter hook forward priority 0\n  meta mark 0x00000001 drop",
    ),
    "return": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft=f"chain x\n  ip saddr 10.2.0.2 return\n  accept\n{FORWARD}\n  jump x\n  drop",
    ),
    "goto from a base chain ends at its policy": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        nft=f"chain x\n  meta mark 0x00000001 drop\n{FORWARD}\n  goto x\n  drop",
    ),
    "goto returns to where the chain was called": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        nft=f"chain y\n  return\nchain x\n  goto y\n  accept\n{FORWARD}\n  jump x\n  drop",
    ),
    "what stood before stays": forward(
        "meta mark set 0x00000007 ip daddr 10.9.9.9 accept\n  meta mark 0x00000007 drop"
    ),
    "counters and logs": forward('counter log prefix "x y" ip daddr 10.1.0.3 drop comment "z"'),
    "a limit is not reached": forward("limit rate 5/minute drop"),
    "over a limit": forward("limit rate over 50/second drop", OUT_TO_B),
    "an iptables rule after it": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "filter FORWARD -j DROP",
        "chain onward type filter hook forward priority -10\n  accept",
    ),
}

READING = {
    "a set with ranges": forward(
        "ip saddr @nets drop",
        more="set nets type ipv4_addr; flags interval\n  10.2.0.0/24\n  10.3.0.1-10.3.0.9",
    ),
    "not in a set": forward("ip saddr != { 10.3.0.1, 10.3.0.9 } drop"),
    "ranges of ports": forward("udp dport { 1-79, 80-90 } drop"),
    "a port of another protocol": forward("tcp dport 80 drop", OUT_TO_B),
    "not a port of another protocol": forward("tcp dport != 80 drop", OUT_TO_B),
    "th": forward("meta l4proto { 6, 17 } th dport 80 drop"),
    "a prefix": forward("ip daddr 10.1.0.0/16 drop"),
    "an interface that begins so": forward('iifname "et*" drop'),
    "interfaces": forward('iifname { "lo", "eth0" } oifname != "eth0" drop'),
    "concatenation in a set": forward(
        "ip daddr . meta l4proto . th dport @ends drop",
        more="set ends type ipv4_addr . inet_proto . inet_service\n  10.1.0.3 . 17 . 80",
    ),
    "concatenation with ranges": forward(
        "ip saddr . udp dport @ends drop",
        more="set ends type ipv4_addr . inet_service; flags interval\n"
        "  10.2.0.0/24 . 80-90\n  10.2.0.2 . 443",
    ),
    "a new connection": forward("ct state 0x8 drop"),
    "not an established one": forward("ct state 0x2,0x4 drop", OUT_TO_B),
    "states": forward("ct state vmap { 0x1 : accept, 0x2 : accept, 0x8 : drop }"),
    "a SYN": forward("tcp flags & (syn | ack) == syn drop", protocol="tcp"),
    "a local destination": forward("fib daddr type 2 drop", OUT_TO_B),
    "a destination elsewhere": forward("fib daddr type 1 drop"),
    "a source elsewhere": forward("fib saddr type != 2 drop"),
    "bits of a mark": forward(
        "meta mark set meta mark | 0x00004000\n  meta mark set meta mark | 0x1\n"
        "  meta mark set meta mark ^ 0x4000\n  meta mark & 0x00004001 == 0x00000001 drop"
    ),
    "a connection's mark": forward(
        "meta mark set 0x00000009\n  ct mark set meta mark\n  ct mark 0x00000009 drop"
    ),
    "a mark from a map": forward(
        "meta mark set ip saddr map { 10.2.0.2 : 0x00000003 }\n  meta mark 0x00000003 drop"
    ),
    "a map without the key ends the rule": forward(
        "meta mark set ip saddr map { 10.2.0.9 : 0x00000003 } drop", OUT_TO_B
    ),
    "larger": forward("udp dport > 79 udp dport <= 80 drop"),
}

NAT = {
    "dnat": Case(
        "out", "10.9.0.1:80", OUT_TO_B, nft=f"{PRE}\n  ip daddr 10.9.0.1 dnat to 10.1.0.3"
    ),
    "dnat to a port": Case(
        "out",
        "10.9.0.1:80",
        "b 10.1.0.3:8080 10.2.0.2",
        nft=f"{PRE}\n  ip daddr 10.9.0.1 udp dport 80 dnat to 10.1.0.3:8080",
    ),
    "a map of verdicts": Case(
        "out",
        "10.9.0.1:80",
        OUT_TO_B,
        nft="map services type ipv4_addr . inet_proto . inet_service : verdict\n"
        "  10.9.0.1 . 17 . 80 : goto web\n  10.9.0.2 . 6 . 80 : drop\n"
        "chain web\n  dnat to 10.1.0.3\n"
        f"{PRE}\n  ip daddr . meta l4proto . th dport vmap @services",
    ),
    "a local destination": Case(
        "out",
        "10.2.0.1:80",
        OUT_TO_B,
        nft=f"{PRE}\n  fib daddr type 2 ip daddr != 127.0.0.0/8 dnat to 10.1.0.3",
    ),
    "a local source": Case(
        "node",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        nft="chain out type nat hook output priority -100\n"
        "  fib saddr type 2 ip daddr 10.9.0.1 dnat to 10.1.0.3\n"
        'chain post type nat hook postrouting priority 100\n  oifname "br0" masquerade',
    ),
    "masquerade by mark": Case(
        "out",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        nft=f"{PRE}\n  ip daddr 10.9.0.1 meta mark set meta mark | 0x00004000 dnat to 10.1.0.3\n"
        "chain post type nat hook postrouting priority 100\n"
        "  meta mark & 0x00004000 == 0x00000000 return\n"
        "  meta mark set meta mark ^ 0x00004000\n  masquerade fully-random",
    ),
    "masquerade of a hairpin": Case(
        "b",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        nft="set pairs type ipv4_addr . ipv4_addr . inet_proto . inet_service\n"
        "  10.1.0.3 . 10.1.0.3 . 17 . 80\n"
        f"{PRE}\n  ip daddr 10.9.0.1 dnat to 10.1.0.3\n"
        "chain post type nat hook postrouting priority 100\n"
        "  ct status 0x20 ip saddr . ip daddr . meta l4proto . th dport @pairs masquerade",
    ),
    "snat": Case(
        "out",
        "10.1.0.3:80",
        "b 10.1.0.3:80 10.1.0.77",
        nft="chain post type nat hook postrouting priority 100\n  snat to 10.1.0.77",
    ),
    "redirect": Case(
        "out",
        "10.9.0.1:80",
        "node 10.2.0.1:8080 10.2.0.2",
        nft=f"{PRE}\n  ip daddr 10.9.0.1 udp dport 80 redirect to :8080",
    ),
    "drop before DNAT": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        TO_B,
        "chain early type filter hook prerouting priority -110\n  ip daddr 10.9.0.1 drop",
    ),
    "after DNAT": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        TO_B,
        "chain late type filter hook prerouting priority -90\n  ip daddr 10.1.0.3 drop",
    ),
    "what was meant": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        TO_B,
        f"{FORWARD}\n  ct original ip daddr 10.9.0.1 ct status 0x20 drop",
    ),
    "the first of two NAT chains": Case(
        "out",
        "10.9.0.1:80",
        "b 10.1.0.3:81 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j DNAT --to-destination 10.1.0.2",
        "chain early type nat hook prerouting priority -110\n"
        "  ip daddr 10.9.0.1 udp dport 80 dnat to 10.1.0.3:81",
    ),
    "the second of two NAT chains": Case(
        "out",
        "10.9.0.1:80",
        "a 10.1.0.2:80 10.2.0.2",
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j DNAT --to-destination 10.1.0.2",
        "chain late type nat hook prerouting priority -90\n"
        "  ip daddr 10.9.0.1 udp dport 80 dnat to 10.1.0.3:81",
    ),
    "NAT is done where netfilter does it": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        "",
        "chain mid type filter hook prerouting priority -105\n  ip daddr 10.9.0.1 drop\n"
        "chain early type nat hook prerouting priority -110\n  ip daddr 10.9.0.1 dnat to 10.1.0.3",
    ),
}
