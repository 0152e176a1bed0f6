"""Further cases as in trace_cases: what single matches of iptables ask, and chance."""

from __future__ import annotations

from trace_cases import MASQUERADE, OUT_TO_B, TO_B, Case


def dropped_by(match: str, *, protocol: str = "udp") -> Case:
    """A rule that matches what `out` sends to `b`, and drops it."""
    return Case("out", "10.1.0.3:80", "dropped", f"filter FORWARD {match} -j DROP", "", protocol)


def passed_by(match: str) -> Case:
    """A rule that does not match it."""
    return Case("out", "10.1.0.3:80", OUT_TO_B, f"filter FORWARD {match} -j DROP")


MATCHES = {
    "source": dropped_by("-s 10.2.0.2/32"),
    "not source": passed_by("! -s 10.2.0.0/24"),
    "ports": dropped_by("-p udp -m udp --dport 79:81"),
    "not ports": passed_by("-p udp -m udp ! --dport 79:81"),
    "multiport": dropped_by("-p udp -m multiport --dports 443,80:90"),
    "not multiport": passed_by("-p udp -m multiport ! --dports 443,80"),
    "iprange": dropped_by("-m iprange --dst-range 10.1.0.2-10.1.0.9"),
    "interfaces": dropped_by("-i eth+ -o br0"),
    "not an interface": passed_by("! -i eth0"),
    "a new connection": dropped_by("-m conntrack --ctstate NEW"),
    "not a new connection": passed_by("-m conntrack ! --ctstate NEW"),
    "an established connection": passed_by("-m conntrack --ctstate RELATED,ESTABLISHED"),
    "state": dropped_by("-m state --state NEW"),
    "the sender of a connection": dropped_by("-m conntrack --ctorigsrc 10.2.0.0/24"),
    "a SYN": dropped_by("-p tcp -m tcp --tcp-flags SYN,ACK SYN", protocol="tcp"),
    "not a RST": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        "filter FORWARD -p tcp -m tcp --tcp-flags RST RST -j DROP",
        protocol="tcp",
    ),
    "a limit is not reached": dropped_by("-m limit --limit 5/min"),
    "local destination": passed_by("-m addrtype --dst-type LOCAL"),
    "no local destination": dropped_by("-m addrtype ! --dst-type LOCAL"),
    "unicast destination": dropped_by("-m addrtype --dst-type UNICAST"),
    "no local source": dropped_by("-m addrtype ! --src-type LOCAL --dst-type UNICAST"),
    "DNATed": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        f"{TO_B}\nfilter FORWARD -m conntrack --ctstate DNAT -j DROP",
    ),
    "not DNATed": passed_by("-m conntrack --ctstate DNAT"),
    "what was meant": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        f"{TO_B}\nfilter FORWARD -m conntrack --ctorigdst 10.9.0.1/32 --ctorigdstport 80 -j DROP",
    ),
    "who answers": Case(
        "out",
        "10.9.0.1:80",
        "dropped",
        f"{TO_B}\nfilter FORWARD -m conntrack --ctreplsrc 10.1.0.3/32 -j DROP",
    ),
    "a local destination before DNAT": Case(
        "out",
        "10.2.0.1:80",
        OUT_TO_B,
        "nat PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.1.0.3",
    ),
    "a local destination on the way in": Case(
        "a",
        "10.2.0.1:80",
        "node 10.2.0.1:80 10.1.0.2",
        "nat PREROUTING -m addrtype --dst-type LOCAL --limit-iface-in -j DNAT "
        "--to-destination 10.1.0.3",
    ),
    "a local source": Case(
        "node",
        "10.9.0.1:80",
        "b 10.1.0.3:80 10.1.0.1",
        "nat OUTPUT -m addrtype --src-type LOCAL -p udp -j DNAT --to-destination 10.1.0.3\n"
        + MASQUERADE,
    ),
}

MARKS = {
    "a mark masquerades": Case(
        "out",
        "10.1.0.3:80",
        "b 10.1.0.3:80 10.1.0.1",
        "mangle PREROUTING -j MARK --set-xmark 0x4000/0x4000\n"
        "nat POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE",
    ),
    "a mark flipped twice is none": Case(
        "out",
        "10.1.0.3:80",
        OUT_TO_B,
        "mangle PREROUTING -j MARK --set-xmark 0x4000/0x0\n"
        "mangle FORWARD -j MARK --set-xmark 0x4000/0x0\n"
        "nat POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE",
    ),
    "bits of a mark stay": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "mangle PREROUTING -j MARK --set-xmark 0xff/0xffffffff\n"
        "mangle PREROUTING -j MARK --set-xmark 0x0/0xf\n"
        "filter FORWARD -m mark --mark 0xf0 -j DROP",
    ),
    "no mark": dropped_by("-m mark ! --mark 0x4000/0x4000"),
    "a connection's mark": Case(
        "out",
        "10.1.0.3:80",
        "dropped",
        "mangle PREROUTING -j MARK --set-xmark 0x5/0xffffffff\n"
        "mangle PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff\n"
        "mangle PREROUTING -j MARK --set-xmark 0x0/0xffffffff\n"
        "mangle FORWARD -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff\n"
        "filter FORWARD -m connmark --mark 0x5 -m mark --mark 0x5 -j DROP",
    ),
}

CHANCE = {
    "three alike": Case(
        "out",
        "10.9.0.1:80",
        {
            "a 10.1.0.2:80 10.2.0.2": "1/3",
            "a 10.1.0.2:81 10.2.0.2": "1/3",
            "b 10.1.0.3:80 10.2.0.2": "1/3",
        },
        "nat PREROUTING -d 10.9.0.1/32 -p udp -j X\n"
        "nat X -p udp -m statistic --mode random --probability 0.33333333349 "
        "-j DNAT --to-destination 10.1.0.2:80\n"
        "nat X -p udp -m statistic --mode random --probability 0.50000000000 "
        "-j DNAT --to-destination 10.1.0.2:81\n"
        "nat X -p udp -j DNAT --to-destination 10.1.0.3:80",
    ),
    "one of four is dropped": Case(
        "out",
        "10.1.0.3:80",
        {OUT_TO_B: "3/4", "dropped": "1/4"},
        "filter FORWARD -m statistic --mode random --probability 0.25000000000 -j DROP",
    ),
    "each second": Case(
        "out",
        "10.9.0.1:80",
        {"a 10.1.0.2:80 10.2.0.2": "1/2", "b 10.1.0.3:80 10.2.0.2": "1/2"},
        "nat PREROUTING -d 10.9.0.1/32 -p udp -m statistic --mode nth --every 2 --packet 0 "
        f"-j DNAT --to-destination 10.1.0.2\n{TO_B}",
    ),
    "a number in a map": Case(
        "out",
        "10.9.0.1:80",
        {
            "a 10.1.0.2:81 10.2.0.2": "1/3",
            "a 10.1.0.2:8080 10.2.0.2": "1/3",
            "b 10.1.0.3:80 10.2.0.2": "1/3",
        },
        nft="""
map ends typeof ip daddr . udp dport . numgen random mod 65536 : ip daddr . udp dport
  10.9.0.1 . 80 . 0 : 10.1.0.2 . 81
  10.9.0.1 . 80 . 1 : 10.1.0.2 . 8080
  10.9.0.1 . 80 . 2 : 10.1.0.3 . 80
chain pre type nat hook prerouting priority -100
  meta l4proto 17 dnat ip to ip daddr . udp dport . numgen random mod 3 map @ends
""",
    ),
    "a number that leads to chains": Case(
        "out",
        "10.9.0.1:80",
        {"a 10.1.0.2:80 10.2.0.2": "3/4", "dropped": "1/4"},
        nft="""
chain a
  dnat to 10.1.0.2
chain b
  drop
chain pre type nat hook prerouting priority -100
  ip daddr 10.9.0.1 numgen random mod 4 vmap { 0 : goto a, 1 : goto b, 2 : jump a, 3 : goto a }
""",
    ),
    "a number that is not in the map": Case(
        "out",
        "10.1.0.3:80",
        {"rejected": "1/2", "dropped": "1/2"},
        nft="""
chain onward type filter hook forward priority 0
  meta mark set numgen random mod 2 offset 5
  meta mark vmap { 0x00000006 : drop }
  reject
""",
    ),
}
