"""What rules are said to do: each kind of match, target, nftables rule and element."""

from __future__ import annotations

import pytest

from labnet.cli.netfilter.nft_sentences import element_words, rule_words
from labnet.cli.netfilter.origins import Origin
from labnet.cli.netfilter.sentences import sentence
from labnet.names import nft_endpoint_chain, nft_service_chain, service_chain


PORT = Origin("kube-proxy", "Service", "default/web:http", "tcp")
BACKEND = PORT._replace(endpoint="10.244.0.2:80", pod="web-1")
SVC = service_chain("SVC", "default/web:http", "tcp")
SEP = service_chain("SEP", "default/web:http", "tcp", "10.244.0.2:80")
EXT, FW, SVL = (SVC.replace("SVC", kind) for kind in ("EXT", "FW", "SVL"))
OWN = nft_service_chain("service", "default", "web", "tcp", "http")
END = nft_endpoint_chain("endpoint", "default", "web", "tcp", "http", ("10.244.0.2", 80))
CHAINS = {SVC: PORT, EXT: PORT, FW: PORT, SVL: PORT, SEP: BACKEND, OWN: PORT, END: BACKEND}
MASQUERADE = "masquerade it (its source becomes the address of the interface it leaves by"


def words(rule: str, *, rest: bool = False) -> str:
    """What an iptables rule of chain C is said to do."""
    return sentence(rule if rule.startswith("-A ") else f"-A C {rule}", rest=rest, chains=CHAINS)


def condition(rule: str, *, rest: bool = False) -> str:
    """For which packets."""
    text, colon, _ = words(f"{rule} -j ACCEPT".strip(), rest=rest).rpartition(": accept it")
    assert colon
    return text


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "every packet"),
        ("-d 10.96.0.10/32 -p tcp -m tcp --dport 80", "to 10.96.0.10 port 80/tcp"),
        ("-d fd00::a/128 -p udp -m udp --dport 53", "to fd00::a port 53/udp"),
        ("-p tcp -m tcp --dport 30000:32767", "to port 30000-32767/tcp"),
        ("-p tcp -m tcp ! --dport 80", "to any port but 80/tcp"),
        ("-p tcp -m multiport --dports 80,443", "to port 80,443/tcp"),
        ("-p tcp -m tcp --sport 53", "tcp, from port 53"),
        ("! -p tcp", "not tcp"),
        ("-s 10.244.0.0/16 -d 10.96.0.0/12", "to 10.96.0.0/12, from 10.244.0.0/16"),
        (
            "! -s 10.244.0.0/16 ! -d 224.0.0.0/4",
            "to anywhere but 224.0.0.0/4, from anywhere but 10.244.0.0/16",
        ),
        ("-m iprange --src-range 10.0.0.1-10.0.0.9", "from 10.0.0.1-10.0.0.9"),
        ("-i cni0 ! -o eth0", "in by cni0, out by any interface but eth0"),
        ("! -i veth+", "in by any interface but veth…"),
        ("-m physdev --physdev-is-bridged", "between two ports of a bridge"),
        ("-m mark --mark 0x4000/0x4000", "marked 0x4000"),
        ("-m mark ! --mark 0x4000/0x4000", "not marked 0x4000"),
        ("-m mark --mark 0x1/0x3", "with the mark 0x1 (of 0x3)"),
        ("-m conntrack --ctstate NEW", "of a new connection"),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", "of a known or related connection"),
        ("-m conntrack --ctstate INVALID", "of an invalid connection"),
        (
            "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT",
            "not of a known or related or DNATed connection",
        ),
        (
            "-m conntrack --ctorigdst 10.96.0.1/32",
            "of a connection that was meant for 10.96.0.1",
        ),
        ("-m addrtype --dst-type LOCAL", "to an address of this node"),
        ("-m addrtype ! --src-type LOCAL", "from no address of this node"),
        ("-m addrtype --dst-type BROADCAST", "to a broadcast address"),
        (
            "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
            "tcp, that opens a connection",
        ),
        ("-p icmp -m icmp --icmp-type 8", "icmp, ICMP type 8"),
        (
            "-m recent --rcheck --seconds 10800 --reap --name X --mask 255.255.255.255 --rsource",
            "from a client that was here in the last 3 h",
        ),
        (
            "-m recent --rcheck --seconds 90 --name X --mask 255.255.255.255 --rsource",
            "from a client that was here in the last 90 s",
        ),
        ("-m statistic --mode random --probability 0.33333333349", "1 in 3"),
        ("-m statistic --mode random --probability 0.30000000000", "30.00%"),
        ("-m statistic --mode nth --every 4 --packet 0", "1 in 4"),
        ("-m nfacct --nfacct-name localhost", "counted as localhost"),
        ("-m owner --uid-owner 0", "for which `-m owner --uid-owner 0` holds"),
    ],
)
def test_every_match_is_told(rule: str, said: str) -> None:
    """The packets that a rule is for, in few words."""
    assert condition(rule) == said


def test_what_chance_has_left_is_told() -> None:
    """The last endpoint's rule has no condition of its own."""
    assert condition("", rest=True) == "the rest"
    half = "-m statistic --mode random --probability 0.50000000000"
    assert condition(half, rest=True) == "1 in 2 of the rest"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("-j DROP", "drop it"),
        ("-j RETURN", "leave this chain"),
        ("-j OTHER", "go to OTHER"),
        ("-g OTHER", "go on in OTHER"),
        ("-j REJECT --reject-with icmp-port-unreachable", "refuse it (icmp-port-unreachable)"),
        ("-j MARK --set-xmark 0x2000/0x2000", "set mark 0x2000"),
        ("-j MARK --set-xmark 0x4000/0x0", "flip mark 0x4000"),
        ("-j MARK --set-xmark 0x0/0x4000", "take mark 0x4000 off"),
        ("-j MARK --set-xmark 0x1/0xffffffff", "make mark 0x1"),
        ("-j CONNMARK --save-mark", "make its mark its connection's too"),
        ("-p tcp -j DNAT --to-destination 10.0.0.1:80", "send it to 10.0.0.1:80 instead (DNAT)"),
        ("-p tcp -j DNAT --to-destination [fd00::1]:80", "send it to [fd00::1]:80 instead (DNAT)"),
        ("-j SNAT --to-source 10.0.0.1", "make it come from 10.0.0.1 (SNAT)"),
        ("-j MASQUERADE", f"{MASQUERADE})"),
        ("-j MASQUERADE --random-fully", f"{MASQUERADE}, its port a random one)"),
        (
            "-p tcp -j REDIRECT --to-ports 80",
            "send it to this machine, port 80, instead (REDIRECT)",
        ),
        ("-j NOTRACK", "take no note of its connection"),
        ("-j LOG", "only LOG"),
        ("-j NFQUEUE --queue-num 1", "-j NFQUEUE --queue-num 1"),
        ("", "only count it"),
    ],
)
def test_every_target_is_told(rule: str, said: str) -> None:
    """What becomes of a packet."""
    assert words(f"-A C {rule}".strip()).partition(": ")[2] == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (f"-A KUBE-SERVICES -j {SVC}", f"every packet: go to {SVC} (any of its endpoints)"),
        (f"-A X -j {SVL}", f"every packet: go to {SVL} (any of its endpoints on this node)"),
        (f"-A KUBE-NODEPORTS -j {EXT}", f"every packet: go to {EXT} (as traffic from outside)"),
        (f"-A KUBE-SERVICES -j {FW}", f"every packet: go to {FW} (if its source is allowed)"),
        (
            f'-A {FW} -m comment --comment "other traffic will be dropped"',
            "every packet: nothing (other traffic will be dropped)",
        ),
        (f"-A {SVC} -j {SEP}", "every packet: endpoint 10.244.0.2:80, pod web-1"),
        (
            f"-A {SEP} -s 10.244.0.2/32 -j KUBE-MARK-MASQ",
            "from 10.244.0.2, the endpoint itself: remember to masquerade it",
        ),
        (
            (
                f"-A {SEP} -p tcp -m recent --set --name {SEP} --mask 255.255.255.255 --rsource"
                " -m tcp -j DNAT --to-destination 10.244.0.2:80"
            ),
            "tcp: note the client, then send it to 10.244.0.2:80 instead (DNAT)",
        ),
        (
            "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
            "every packet: set mark 0x4000 (remember to masquerade it)",
        ),
        (
            "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
            "not marked 0x4000: leave this chain (it is not to be masqueraded)",
        ),
        (
            "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
            "every packet: flip mark 0x4000 (off again, so that nobody does it twice)",
        ),
    ],
)
def test_kube_proxys_chains_are_told_by_what_they_are_for(rule: str, said: str) -> None:
    """More than their names say."""
    assert words(rule) == said


def test_a_chain_that_only_looks_like_kube_proxys_is_a_chain() -> None:
    """Nobody knows what a chain of an unknown Service is for."""
    assert words("-j KUBE-SVC-AAAAAAAAAAAAAAAA") == "every packet: go to KUBE-SVC-AAAAAAAAAAAAAAAA"


def test_what_cannot_be_read_is_told_as_such() -> None:
    """Never a traceback for a rule that somebody has put there."""
    assert words("-A C -d 999.1.1.1/32 -j DROP").startswith("a rule that labnet cannot read (")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("jump services", "every packet: go to services"),
        ("ct state 0x8 jump firewall-check", "of a new connection: go to firewall-check"),
        (
            "ip daddr . meta l4proto . th dport vmap @service-ips",
            "every packet: do what @service-ips has for its destination, protocol and port",
        ),
        (
            "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports",
            "to one of @nodeport-ips: do what @service-nodeports has for its protocol and port",
        ),
        (
            "fib daddr type 2 ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @m",
            (
                "to an address of this node, to anywhere but 127.0.0.0/8:"
                " do what @m has for its protocol and port"
            ),
        ),
        (
            (
                "ip daddr @cluster-ips ip saddr != 10.244.0.0/16"
                ' meta mark set meta mark | 0x00004000 comment "x"'
            ),
            (
                "to one of @cluster-ips, from anywhere but 10.244.0.0/16:"
                " remember to masquerade it (set mark 0x4000)"
            ),
        ),
        ('iifname "cni*" accept', "in by cni…: accept it"),
        (
            "ip saddr != { 10.0.0.0/8, 192.0.2.1 } drop",
            "from anywhere but 10.0.0.0/8, 192.0.2.1: drop it",
        ),
        ("ip6 daddr fd00::/64 drop", "to fd00::/64: drop it"),
        (
            "ip daddr @cluster-ips reject",
            "to one of @cluster-ips: refuse it (icmp-port-unreachable)",
        ),
        (
            "fib saddr type 2 meta mark set meta mark | 0x00004000 goto balance-tcp-3",
            (
                "from an address of this node: remember to masquerade it (set mark 0x4000),"
                " then go on in balance-tcp-3 (1 of 3 endpoints)"
            ),
        ),
        (
            "goto external-tcp-2",
            "every packet: go on in external-tcp-2 (as traffic from outside, 2 endpoints)",
        ),
        (
            "goto nodeport-local-udp-3-1",
            (
                "every packet: go on in nodeport-local-udp-3-1"
                " (as traffic from outside, 1 of 3 endpoints on this node)"
            ),
        ),
        (
            "goto external-local-tcp-3-2",
            (
                "every packet: go on in external-local-tcp-3-2"
                " (as traffic from outside, 2 of 3 endpoints on this node)"
            ),
        ),
        (f"goto {OWN}", f"every packet: go on in {OWN} (any of its endpoints)"),
        (
            f"ip saddr @clients goto {END}",
            "from one of @clients: endpoint 10.244.0.2:80, pod web-1",
        ),
        (
            "dnat ip to ip daddr . tcp dport . numgen random mod 3 map @endpoints-tcp",
            (
                "every packet: send it to one of 3 endpoints, each as likely"
                " (DNAT to what @endpoints-tcp has for its destination, port and a random number)"
            ),
        ),
        (
            "dnat ip to tcp dport . numgen random mod 1 map @nodeport-endpoints-tcp",
            (
                "every packet: send it to its only endpoint"
                " (DNAT to what @nodeport-endpoints-tcp has for its port and a random number)"
            ),
        ),
        (
            f"numgen random mod 2 vmap {{ 0 : goto {END}, 1 : goto other }}",
            (
                "every packet: choose one by chance, each as likely:"
                " endpoint 10.244.0.2:80, pod web-1; other"
            ),
        ),
        ("update @clients { ip saddr }", "every packet: note the client"),
        ("meta l4proto 6 dnat to 10.244.0.2:80", "tcp: send it to 10.244.0.2:80 instead (DNAT)"),
        (
            (
                "meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000"
                " masquerade fully-random"
            ),
            (
                "marked 0x4000: flip mark 0x4000 (off again),"
                f" then {MASQUERADE}, its port a random one)"
            ),
        ),
        (
            (
                "ct status 0x20 ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections"
                " masquerade fully-random"
            ),
            (
                "sent elsewhere by DNAT, whose source, destination, protocol and port are in"
                f" @hairpin-connections: {MASQUERADE}, its port a random one)"
            ),
        ),
        ("tcp dport 22 accept", "to port 22/tcp: accept it"),
        ("ip ttl 1 limit rate 5/second", "every packet: `ip ttl 1 limit rate 5/second`"),
    ],
)
def test_rules_of_nftables_are_told(rule: str, said: str) -> None:
    """All that kube-proxy's table holds, and what somebody adds to it as it stands."""
    assert rule_words(rule, CHAINS) == said


@pytest.mark.parametrize(
    ("name", "element", "origin", "said"),
    [
        (
            "@service-ips",
            '10.96.0.1 . 6 . 443 comment "default/web:http" : goto balance-tcp-1',
            PORT,
            "to 10.96.0.1 port 443/tcp: go on in balance-tcp-1 (1 of 1 endpoint)",
        ),
        (
            "@service-nodeports",
            "17 . 30053 : goto external-udp-2",
            PORT,
            "to port 30053/udp: go on in external-udp-2 (as traffic from outside, 2 endpoints)",
        ),
        (
            "@no-endpoint-services",
            "10.96.0.9 . 6 . 80 : drop",
            PORT,
            "to 10.96.0.9 port 80/tcp: drop it",
        ),
        (
            "@no-endpoint-services",
            "10.96.0.9 . 6 . 80 : goto reject-chain",
            PORT,
            "to 10.96.0.9 port 80/tcp: go on in reject-chain (refuse it)",
        ),
        (
            "@endpoints-tcp",
            '10.96.0.1 . 80 . 2 comment "default/web:http" : 10.244.0.2 . 80',
            BACKEND,
            "to 10.96.0.1 port 80, with the number 2: endpoint 10.244.0.2:80, pod web-1",
        ),
        (
            "@nodeport-endpoints-tcp",
            "30080 . 0 : 10.244.0.2 . 80",
            BACKEND,
            "to port 30080, with the number 0: endpoint 10.244.0.2:80, pod web-1",
        ),
        ("@cluster-ips", '10.96.0.1 comment "x"', PORT, "a cluster IP that is in use"),
        (
            "@nodeport-ips",
            "172.18.0.2",
            PORT,
            "an address at which the node takes NodePorts",
        ),
        (
            "@hairpin-connections",
            "10.0.0.1 . 10.0.0.1 . 6 . 80",
            BACKEND,
            "from this endpoint to itself",
        ),
        ("@mine", "10.0.0.1", PORT, "an element of @mine"),
    ],
)
def test_elements_of_sets_and_maps_are_told(
    name: str, element: str, origin: Origin, said: str
) -> None:
    """What stands for a rule in the flat form."""
    assert element_words(name, element, origin, CHAINS) == said
