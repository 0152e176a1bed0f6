"""kube-proxy's iptables rules: whole nodes as golden files, and what must be true of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from clusters import (
    cluster,
    draining,
    endpoint,
    kube_proxy,
    networks,
    node,
    port,
    rules,
    rulesets,
    service,
    slice_of,
)
from labnet.compile.proxy.iptables import LARGE, compile_iptables
from labnet.compile.proxy.iptables_rule import one_of
from labnet.names import service_chain
from labnet.state import BUILTIN
from service_clusters import ALL, large, overall


def chain(kind: str, name: str = "web", endpoint: str = "") -> str:
    """A chain of the port `p` of a Service in `default`."""
    return service_chain(kind, f"default/{name}:p", "tcp", endpoint)


@pytest.mark.parametrize("name", [name for name in ALL if name != "large"])
def test_the_tables_of_a_node_are_what_they_were(
    golden: Callable[[str, str], None], name: str
) -> None:
    """As `iptables-save` and `ip6tables-save` would print them.

    `overall` is the rule set that Kubernetes' own test expects, which was compared chain by chain
    when this was written, without nfacct and with `--random-fully`.
    """
    tables = rulesets(ALL[name]())
    text = "".join(f"# {one.tool}\n{one.text()}" for one in tables)
    golden(f"{name}.rules", text)


@pytest.mark.parametrize("name", ALL)
def test_tables_hang_together(name: str) -> None:
    """Every chain that a rule names is there, every one of a Service is used, and names fit."""
    for ruleset in rulesets(ALL[name]()):
        chains = {one for one, _ in ruleset.chains}
        targets = {rule.partition(" -j ")[2].split(" ")[0] for rule in ruleset.rules}
        assert {one for one in targets if one.startswith(("KUBE-", "CNI-"))} <= chains
        own = chains - set(BUILTIN[ruleset.table])
        assert all(len(one) <= 28 for one in own)
        of_services = {
            one for one in own if one.split("-")[1] in ("SVC", "SVL", "EXT", "FW", "SEP")
        }
        assert of_services <= targets
        starts = {rule.split(" ")[1] for rule in ruleset.rules}
        assert of_services <= starts


def test_jumps_stand_as_on_a_real_node() -> None:
    """kube-proxy prepends its jumps; kubelet came before it, and flannel appends."""
    made = cluster()
    targets = {
        (table, name): [rule.rpartition(" ")[2] for rule in rules(made, name, table)]
        for table, name in [
            ("filter", "INPUT"),
            ("filter", "FORWARD"),
            ("filter", "OUTPUT"),
            ("nat", "PREROUTING"),
            ("nat", "OUTPUT"),
            ("nat", "POSTROUTING"),
        ]
    }
    firewall, services, external = "KUBE-PROXY-FIREWALL", "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES"
    assert targets == {
        ("filter", "INPUT"): [firewall, "KUBE-NODEPORTS", external, "KUBE-FIREWALL"],
        ("filter", "FORWARD"): [firewall, "KUBE-FORWARD", services, external, "FLANNEL-FWD"],
        ("filter", "OUTPUT"): [firewall, services, "KUBE-FIREWALL"],
        ("nat", "PREROUTING"): [services],
        ("nat", "OUTPUT"): [services],
        ("nat", "POSTROUTING"): ["KUBE-POSTROUTING", "FLANNEL-POSTRTG"],
    }


def test_canaries_are_everywhere() -> None:
    """Who flushes a table takes them along, and kubelet and kube-proxy begin anew."""
    chains = {one.table: {name for name, _ in one.chains} for one in rulesets(cluster())}
    assert chains.keys() == {"filter", "nat", "mangle"}
    for own in chains.values():
        assert {"KUBE-PROXY-CANARY", "KUBE-KUBELET-CANARY"} <= own
    assert "KUBE-IPTABLES-HINT" in chains["mangle"]


def test_probabilities_are_conditional() -> None:
    """1/N, then 1/(N-1), and the last takes what is left, as iptables-save prints them."""
    ends = [endpoint(f"10.244.1.{last}") for last in (2, 3, 4)]
    made = cluster(service("web"), slices=[slice_of("web", *ends)])
    found = [rule for rule in rules(made, chain("SVC")) if "KUBE-SEP" in rule]
    random = "-m statistic --mode random --probability"
    assert [random in rule for rule in found] == [True, True, False]
    assert f"{random} 0.33333333349 -j" in found[0]
    assert f"{random} 0.50000000000 -j" in found[1]
    assert one_of(7).endswith(" 0.14285714272")  # ten decimals first: 1/7 itself is ...286


def test_the_cluster_ip_is_masqueraded_for_whoever_is_no_pod() -> None:
    """And only what was sent to it, since policy Local comes through the same chain."""
    (first, *_) = rules(overall(), "KUBE-SVC-GNZBNJ2PO5MGZ6GT")
    assert first == (
        "! -s 10.0.0.0/8 -d 172.30.0.42/32 -p tcp"
        ' -m comment --comment "ns2/svc2:p80 cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ'
    )


@pytest.mark.parametrize(
    ("name", "first", "pods"),
    [
        ("masquerade-all", "-d 10.96.0.21/32 -p tcp", "-s 10.244.0.0/16"),
        ("node-cidr", "! -s 10.244.1.0/24 -d 10.96.0.21/32 -p tcp", "-s 10.244.1.0/24"),
        ("bridge-interface", "-d 10.96.0.21/32 ! -i cni0 -p tcp", "-i cni0"),
        ("interface-prefix", "-d 10.96.0.21/32 ! -i veth+ -p tcp", "-i veth+"),
        ("no-detector", "", ""),
    ],
)
def test_how_local_pods_are_told(name: str, first: str, pods: str) -> None:
    """DetectLocalMode decides who is masqueraded, and who is let through policy Local."""
    made = ALL[name]()
    rule = rules(made, chain("SVC", "local"))[0]
    masquerade = f'{first} -m comment --comment "default/local:p cluster IP" -m tcp --dport 80'
    assert rule.startswith(masquerade) if first else "KUBE-MARK-MASQ" not in rule
    short = rules(made, chain("EXT", "local"))[0]
    assert short.startswith(f"{pods} -m comment") if pods else "masquerade LOCAL" in short


def test_policy_local_from_outside() -> None:
    """Pods and the node go to all endpoints, the world to local ones and without masquerade."""
    made = ALL["policies"]()
    ext = chain("EXT", "cluster-local-both")
    found = rules(made, ext)
    words = "traffic for default/cluster-local-both:p external destinations"
    svc, local = chain("SVC", "cluster-local-both"), "-m addrtype --src-type LOCAL"
    assert found == [
        f'-s 10.244.0.0/16 -m comment --comment "pod {words}" -j {svc}',
        f'-m comment --comment "masquerade LOCAL {words}" {local} -j KUBE-MARK-MASQ',
        f'-m comment --comment "route LOCAL {words}" {local} -j {svc}',
        f"-j {chain('SVL', 'cluster-local-both')}",
    ]
    without = rules(made, chain("EXT", "cluster-local-there"))
    assert len(without) == 3
    assert all("KUBE-SVL" not in rule for rule in without)


def test_policy_cluster_from_outside() -> None:
    """Everything is masqueraded, pods as well and whatever the endpoint."""
    ext = chain("EXT", "cluster-cluster-both")
    what = "masquerade traffic for default/cluster-cluster-both:p external destinations"
    assert rules(ALL["policies"](), ext) == [
        f'-m comment --comment "{what}" -j KUBE-MARK-MASQ',
        f"-j {chain('SVC', 'cluster-cluster-both')}",
    ]


@pytest.mark.parametrize(
    ("place", "internal", "external"),
    [
        ("both", "", ""),
        ("there", "DROP", "DROP"),
        ("leaving", "", ""),
        ("nowhere", "REJECT", "REJECT"),
    ],
)
def test_refused_or_dropped(place: str, internal: str, external: str) -> None:
    """No endpoint anywhere is REJECT, none on this node is DROP, for each policy on its own."""
    made = ALL["policies"]()
    for policy in ("local-local", "cluster-local", "local-cluster", "cluster-cluster"):
        name = f"{policy}-{place}"
        to_cluster_ip, to_node_port = (
            [rule for rule in rules(made, one, "filter") if f'"default/{name}:p has' in rule]
            for one in ("KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES")
        )
        always = place == "nowhere"
        expected = internal if always or policy.startswith("local") else ""
        assert [target(rule) for rule in to_cluster_ip] == ([expected] if expected else [])
        expected = external if always or policy.endswith("local") else ""
        assert [target(rule) for rule in to_node_port] == ([expected] if expected else [])


def target(rule: str) -> str:
    """The word after -j."""
    return rule.partition(" -j ")[2].split(" ")[0]


def test_a_refusal_on_a_node_port_ignores_node_port_addresses() -> None:
    """Any local address is refused, though few lead anywhere."""
    proxy = kube_proxy(node_port_addresses=("172.18.0.0/24",))
    one = service("web", type="NodePort", ports=(port(node_port=30080),))
    (rule,) = rules(cluster(one, proxy=proxy), "KUBE-EXTERNAL-SERVICES", "filter")
    assert "-m addrtype --dst-type LOCAL -m tcp --dport 30080 -j REJECT" in rule


def test_source_ranges_hold_for_the_balancer_only() -> None:
    """The firewall chain is the VIP's; the NodePort goes around it; DROP is in filter."""
    made = overall()
    fw, ext = "KUBE-FW-NUKIZ6OKUXPJNT4C", "KUBE-EXT-NUKIZ6OKUXPJNT4C"
    assert [target(rule) for rule in rules(made, fw)] == [ext, ""]
    (drop,) = rules(made, "KUBE-PROXY-FIREWALL", "filter")
    assert drop.startswith("-d 5.6.7.8/32 -p tcp")
    assert target(drop) == "DROP"
    ways = [rule for rule in rules(made, "KUBE-NODEPORTS") if "ns5/svc5" in rule]
    assert [target(rule) for rule in ways] == [ext]


def test_a_node_within_the_ranges_reaches_the_balancer() -> None:
    """What it sends to a VIP of its own has that VIP as its source."""
    one = service("web", type="LoadBalancer", vips="192.0.2.9", ranges="172.18.0.1/32")
    made = cluster(one, slices=[slice_of("web", endpoint("10.244.1.2"))])
    sources = {
        machine: [rule.split(" ")[1] for rule in rules(made, chain("FW"), machine=machine)[:-1]]
        for machine in ("node1", "node2")
    }
    assert sources == {"node1": ["172.18.0.1/32", "192.0.2.9/32"], "node2": ["172.18.0.1/32"]}


def test_affinity_comes_before_chance() -> None:
    """Every endpoint is asked whether it has had this client, then they are balanced."""
    ends = [endpoint("10.244.1.2"), endpoint("10.244.2.2")]
    made = cluster(service("web", session_affinity_seconds=60), slices=[slice_of("web", *ends)])
    seps = [chain("SEP", endpoint=f"{one.addresses[0]}:80") for one in ends]
    recent = "--mask 255.255.255.255 --rsource"
    found = rules(made, chain("SVC"))
    assert [target(rule) for rule in found] == ["KUBE-MARK-MASQ", *seps, *seps]
    assert f"-m recent --rcheck --seconds 60 --reap --name {seps[0]} {recent}" in found[1]
    assert f"-m recent --set --name {seps[0]} {recent} -m tcp -j DNAT" in rules(made, seps[0])[1]


def test_an_endpoint_that_reaches_itself_is_masqueraded() -> None:
    """First in each endpoint's chain, before DNAT."""
    sep = "KUBE-SEP-SXIVWICOYRO3J4NJ"
    assert rules(overall(), sep) == [
        '-s 10.180.0.1/32 -m comment --comment "ns1/svc1:p80" -j KUBE-MARK-MASQ',
        '-p tcp -m comment --comment "ns1/svc1:p80" -m tcp -j DNAT --to-destination 10.180.0.1:80',
    ]


def test_node_ports_are_asked_last() -> None:
    """After every portal, whatever local address it is; not on 127.0.0.1 if that is off."""
    last = rules(ALL["protocols"](), "KUBE-SERVICES")[-1]
    assert last.endswith("-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS")
    assert not last.startswith("!")
    assert rules(ALL["no-localhost"](), "KUBE-SERVICES")[-1].startswith(
        "! -d 127.0.0.0/8 -m comment"
    )
    six = rules(ALL["dual-stack"](), "KUBE-SERVICES", family=6)[-1]
    assert six.startswith("! -d ::1/128 -m comment")


def test_node_port_addresses_are_those_of_the_node() -> None:
    """One jump for each address that the node holds and that was selected."""
    found = rules(ALL["node-port-addresses"](), "KUBE-SERVICES")
    jumps = [rule.split(" ")[1] for rule in found if target(rule) == "KUBE-NODEPORTS"]
    assert jumps == ["10.244.1.1/32", "127.0.0.1/32", "172.18.0.1/32"]


@pytest.mark.parametrize("prefix", ["0.0.0.0/1", "126.0.0.0/7", "127.0.0.0/16"])
def test_any_prefix_with_the_loopback_in_it_selects_it(prefix: str) -> None:
    """Also one that begins before 127.0.0.0."""
    proxy = kube_proxy(node_port_addresses=(prefix,))
    found = rules(cluster(service("web"), proxy=proxy), "KUBE-SERVICES")
    assert any(rule.startswith("-d 127.0.0.1/32 -m comment") for rule in found)


def test_the_mark_is_one_bit() -> None:
    """masqueradeBit, in both tables."""
    made = ALL["masquerade-all"]()
    assert rules(made, "KUBE-MARK-MASQ") == ["-j MARK --set-xmark 0x200/0x200"]
    assert rules(made, "KUBE-POSTROUTING")[:2] == [
        "-m mark ! --mark 0x200/0x200 -j RETURN",
        "-j MARK --set-xmark 0x200/0x0",
    ]
    assert "-m mark --mark 0x200/0x200 -j ACCEPT" in rules(made, "KUBE-FORWARD", "filter")[0]


def test_invalid_packets_are_dropped_unless_conntrack_is_liberal() -> None:
    """TcpBeLiberal takes the rule away."""
    drop = "-m conntrack --ctstate INVALID -j DROP"
    assert rules(overall(), "KUBE-FORWARD", "filter")[0] == drop
    assert drop not in rules(ALL["masquerade-all"](), "KUBE-FORWARD", "filter")


def test_large_clusters_have_no_comments_on_endpoints() -> None:
    """From the endpoint after the thousandth; other rules keep theirs."""
    many = rules(large(), chain("SVC"))
    assert ["comment" in rule for rule in many] == [True] + [False] * (2 * (LARGE + 1))
    ends = [endpoint(f"10.244.{number // 250}.{number % 250}") for number in range(LARGE)]
    made = cluster(service("web"), slices=[slice_of("web", *ends)])
    assert all("comment" in rule for rule in rules(made, chain("SVC")))


def test_chains_are_made_for_both_policies_together() -> None:
    """An endpoint that only policy Local uses has a chain, and stands in no KUBE-SVC."""
    ends = [draining("10.244.1.4", "node1"), endpoint("10.244.2.4", "node2")]
    one = service(
        "web", type="NodePort", ports=(port(node_port=30080),), external_traffic_policy="Local"
    )
    made = cluster(one, slices=[slice_of("web", *ends)])
    here, there = chain("SEP", endpoint="10.244.1.4:80"), chain("SEP", endpoint="10.244.2.4:80")
    assert [target(rule) for rule in rules(made, chain("SVL"))] == [here]
    assert target(rules(made, chain("SVC"))[-1]) == there
    assert len(rules(made, here)) == len(rules(made, there)) == 2
    assert rules(made, here, machine="node2") == []


def test_a_cluster_cidr_of_one_family_says_nothing_of_the_other() -> None:
    """Then nobody is local there: no masquerade, and no way through policy Local."""
    made = cluster(
        service("web", "10.96.0.20 fd00:10:96::20"),
        slices=[slice_of("web", endpoint("10.244.1.2")), slice_of("web", endpoint("fd00::2"))],
        families=(4, 6),
        proxy=kube_proxy(cluster_cidrs=networks("10.244.0.0/16")),
    )
    assert len(rules(made, chain("SVC"))) == 2
    assert len(rules(made, chain("SVC"), family=6)) == 1


def test_twenty_nodes_share_what_is_the_same() -> None:
    """5,000 Services of three endpoints on twenty nodes: the rules are written once."""
    services = [service(f"s{n}", f"10.96.{n // 250}.{n % 250}") for n in range(5000)]
    ends = [endpoint(f"10.244.{n}.2", f"node{n}") for n in (1, 2, 3)]
    slices = [slice_of(f"s{n}", *ends) for n in range(5000)]
    made = cluster(*services, slices=slices, nodes=[node(n) for n in range(1, 21)])
    start = time.process_time()
    parts = list(compile_iptables(made, 4))
    assert time.process_time() - start < 6  # 0.8 s where this was written
    assert len(parts) == 60
