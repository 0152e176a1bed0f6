"""kube-proxy's nftables mode: what Services are in the table of a node."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters import DUAL, cluster, endpoint, kube_proxy, node, port, service, slice_of
from labnet.compile import compile_state
from labnet.compile.proxy.nftables import compile_nftables
from labnet.compile.proxy.nftables_chains import nft_ranges
from labnet.model import Cluster, Endpoint
from labnet.names import nft_endpoint_chain, nft_service_chain
from labnet.state import NftTable, Ruleset
from nft_tables import NAMES, blocks_of, by_name, in_nftables_mode, table_of


WEB = tuple(endpoint(f"10.244.{1 + number % 2}.{number}") for number in range(2, 5))


def web(*endpoints: Endpoint, **fields: Any) -> Cluster:
    """A Service `web` with a NodePort, and another one beside it."""
    options: dict[str, Any] = {"type": "NodePort", "ports": (port(node_port=30080),)} | fields
    return cluster(
        service("web", **options),
        service("beside", "10.96.0.99"),
        slices=(slice_of("web", *endpoints), slice_of("beside", endpoint("10.244.1.99"))),
    )


def members(table: NftTable, name: str) -> tuple[str, ...]:
    """What is in a block; nothing if it is not there."""
    found = blocks_of(table).get(name)
    return found.members if found else ()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "large"])
def test_tables_are_those_of_the_golden_files(
    name: str, golden: Callable[[str, str], None]
) -> None:
    """What a node has more than a table without Services, or other than the node before it."""
    made = by_name(name)
    texts = []
    for family in made.lab.networking.families:
        before = table_of(cluster(families=DUAL), family=family)
        for machine in made.nodes:
            table = table_of(made, machine.name, family)
            own = tuple(block for block in table.blocks if block not in before.blocks)
            texts.append(f"# {machine.name}\n{replace(table, blocks=own).text()}")
            before = table
    golden(f"nftables-{name}.nft", "\n".join(texts))


def test_the_table_without_services_is_that_of_the_golden_file(
    golden: Callable[[str, str], None],
) -> None:
    """Base chains, checks and dispatch are there before any Service, in both families."""
    made = cluster(families=DUAL)
    golden("nftables.nft", "\n".join(table_of(made, family=f).text() for f in (4, 6)))


def test_names_of_chains_are_those_of_a_real_cluster() -> None:
    """The hashes are those that Kubernetes' own tests expect."""
    one = ("ns1", "svc1", "tcp", "p80")
    assert nft_service_chain("service", *one) == "service-ULMVA6XW-ns1/svc1/tcp/p80"
    chain = nft_endpoint_chain("endpoint", *one, ("10.180.0.1", 80))
    assert chain == "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80"
    chain = nft_endpoint_chain("endpoint", *one, ("fd00:10:180::1", 80))
    assert chain == "endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80"
    table = blocks_of(table_of(by_name("overall")))
    assert "service-HVFWP5L3-ns5/svc5/tcp/p80" in table
    assert "affinity-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80" in table


def test_the_longest_names_are_cut_but_stay_different() -> None:
    """A name never has more than the 256 bytes that the kernel takes."""
    long = ("n" * 63, "s" * 63, "sctp", "p" * 63)
    names = [
        nft_endpoint_chain("affinity", *long, (f"2001:db8:1111:2222:3333:4444:5555:66{end}", 65535))
        for end in ("66", "67")
    ]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 256


def test_a_lab_has_the_rules_of_its_mode_only() -> None:
    """No iptables table mentions a Service if kube-proxy is in its nftables mode, or reversed."""
    made = web(*WEB)
    for mode in (made, in_nftables_mode(made)):
        state = compile_state(mode)
        tables = [item for item in state if isinstance(item, NftTable)]
        chains = [str(item.chains) for item in state if isinstance(item, Ruleset)]
        is_nftables = mode.lab.kube_proxy.mode == "nftables"
        assert len(tables) == (2 if is_nftables else 0)
        assert any("KUBE-SERVICES" in text for text in chains) is not is_nftables


def test_chains_do_not_grow_with_services() -> None:
    """A hundred Services of three endpoints need as many chains as one."""
    few, many = (
        cluster(
            *(service(f"s{n}", f"10.96.1.{n}") for n in range(count)),
            slices=[slice_of(f"s{n}", *WEB) for n in range(count)],
        )
        for count in (1, 100)
    )
    chains = [
        {block.name for block in table_of(made).blocks if block.kind == "chain"}
        for made in (few, many)
    ]
    assert chains[0] == chains[1]
    assert len(members(table_of(many), "endpoints-tcp")) == 300


def test_another_endpoint_is_a_change_of_a_few_elements() -> None:
    """A pod in another's place changes one element for each address, and the hairpin's."""
    old, new = (table_of(web(*WEB[:2], endpoint(ip))) for ip in ("10.244.2.4", "10.244.2.5"))
    lines = new.delta(old).splitlines()
    assert {line.split()[1] for line in lines} == {"element"}
    assert {line.split()[4] for line in lines} == {
        "endpoints-tcp",
        "nodeport-endpoints-tcp",
        "hairpin-connections",
    }
    assert len(lines) == 6
    assert not any(", " in line for line in lines)


def test_one_endpoint_less_changes_nothing_of_other_services() -> None:
    """Only elements of that Service go or change, and the chains for the number of endpoints."""
    old, new = table_of(web(*WEB)), table_of(web(*WEB[:2]))
    changed = {
        member
        for name in blocks_of(old).keys() & blocks_of(new).keys()
        for member in {*members(old, name)} ^ {*members(new, name)}
    }
    assert changed
    assert all("default/web:p" in text or "10.244.1.4 . 10.244.1.4" in text for text in changed)
    gone = blocks_of(old).keys() - blocks_of(new).keys()
    assert gone == {"balance-tcp-3", "nodeport-tcp-3", "nodeport-balance-tcp-3"}


def test_nodes_that_choose_alike_share_what_they_have() -> None:
    """The maps of two nodes are the same objects: 20 nodes cost little more than one."""
    made = replace(web(*WEB), nodes=tuple(node(number) for number in range(1, 4)))
    parts = [part.item for part in compile_nftables(in_nftables_mode(made), 4)]
    first, *others = [blocks_of(item)["endpoints-tcp"] for item in parts]  # type: ignore[arg-type]  # only tables
    assert all(other is first for other in others)


@pytest.mark.parametrize("internal", ["Cluster", "Local"])
@pytest.mark.parametrize("external", ["Cluster", "Local"])
def test_policies_choose_between_all_endpoints_and_those_here(internal: str, external: str) -> None:
    """Each policy rules its own addresses; pods and the node reach all through external ones."""
    made = web(
        endpoint("10.244.1.2", "node1"),
        endpoint("10.244.2.2", "node2"),
        endpoint("10.244.2.3", "node2"),
        internal_traffic_policy=internal,
        external_traffic_policy=external,
    )
    table = table_of(made)
    to_cluster_ip = [text for text in members(table, "endpoints-tcp") if "10.96.0.10" in text]
    assert len(to_cluster_ip) == (1 if internal == "Local" else 3)
    local = "local-tcp-3-1" if external == "Local" else "tcp-3"
    assert members(table, "service-nodeports") == (
        f'6 . 30080 comment "default/web:p" : goto nodeport-{local}',
    )
    assert len(members(table, "nodeport-endpoints-tcp")) == 3
    assert len(members(table, "nodeport-local-endpoints-tcp")) == (external == "Local")


def test_local_policy_without_an_endpoint_here_drops_only_others() -> None:
    """Pods and the node find their way in nat, and what finds none is dropped at input."""
    made = web(endpoint("10.244.2.2", "node2"), external_traffic_policy="Local")
    table = table_of(made)
    (chain,) = [block for block in table.blocks if block.name == "nodeport-local-tcp-1-0"]
    assert [rule.partition(" comment")[0] for rule in chain.members] == [
        "ip saddr 10.244.0.0/16 goto nodeport-balance-tcp-1",
        "fib saddr type 2 meta mark set meta mark | 0x00004000 goto nodeport-balance-tcp-1",
    ]
    assert members(table, "no-endpoint-nodeports") == ('6 . 30080 comment "default/web:p" : drop',)
    assert members(table, "no-endpoint-services") == ()


def test_without_any_endpoint_all_addresses_refuse() -> None:
    """Refusing is not dropping: there is no endpoint on any node."""
    table = table_of(web())
    refused = "goto reject-chain"
    assert members(table, "no-endpoint-nodeports")[0].endswith(refused)
    assert members(table, "no-endpoint-services")[0].endswith(refused)
    assert members(table, "service-nodeports") == ()


def test_no_node_port_is_taken_on_loopback() -> None:
    """Not by default, not if somebody asks for it, and not if all addresses take them."""
    for words in ((), ("127.0.0.0/8", "172.18.0.0/24"), ("0.0.0.0/0",), ("fd00::/8",)):
        made = replace(
            web(*WEB), lab=replace(web().lab, kube_proxy=kube_proxy(node_port_addresses=words))
        )
        table = table_of(made)
        assert not any(ip.startswith("127.") for ip in members(table, "nodeport-ips"))
        dispatch = members(table, "services")[-1]
        assert ("nodeport-ips" in blocks_of(table)) is ("@nodeport-ips" in dispatch)
        assert "@nodeport-ips" in dispatch or "ip daddr != 127.0.0.0/8" in dispatch


def test_of_two_services_with_one_address_the_first_has_it() -> None:
    """Compiling is total: no key stands in a map twice, which nft would refuse."""
    made = cluster(
        service("a", "10.96.0.1", external="192.0.2.1"),
        service("b", "10.96.0.2", external="192.0.2.1"),
        slices=(slice_of("a", WEB[0]), slice_of("b", *WEB)),
    )
    table = table_of(made)
    keys = [text.partition(" comment")[0] for text in members(table, "service-ips")]
    assert len(keys) == len(set(keys))
    assert '192.0.2.1 . 6 . 80 comment "default/a:p" : goto external-tcp-1' in members(
        table, "service-ips"
    )


def test_comments_are_those_of_a_real_node() -> None:
    """As `nft list table ip kube-proxy` printed them where Kubernetes 1.36 ran."""
    table = table_of(web(*WEB))
    names = ("cluster-ips", "hairpin-connections", "nodeport-ips", "service-ips")
    assert [blocks_of(table)[name].header[-1] for name in names] == [
        'comment "Active ClusterIPs"',
        'comment "service hairpin connections"',
        'comment "IPs that accept NodePort traffic"',
        'comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"',
    ]
    other = "ip saddr != 10.244.0.0/16 meta mark set meta mark | 0x00004000"
    why = "masquerade clusterIP traffic from outside cluster"
    assert members(table, "services") == (
        f'ip daddr @cluster-ips {other} comment "{why}"',
        "ip daddr . meta l4proto . th dport vmap @service-ips",
        "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports",
    )


def test_comments_are_no_longer_than_nft_takes() -> None:
    """The comment of a Service with the longest names is cut."""
    name = f"{'n' * 63}/{'s' * 63}"
    made = cluster(service(name), slices=(slice_of(name, *WEB),))
    text = "\n".join(members(table_of(made), "endpoints-tcp"))
    comments = [part.partition('"')[0] for part in text.split('comment "')[1:]]
    assert {len(comment) for comment in comments} == {128}


@given(
    st.lists(
        st.ip_addresses(v=4)
        .map(str)
        .flatmap(
            lambda ip: st.builds(
                lambda bits: str(ip_network(f"{ip}/{bits}", strict=False)), st.integers(1, 32)
            )
        ),
        min_size=1,
    )
)
def test_ranges_hold_the_addresses_of_all_networks(networks: list[str]) -> None:
    """What nft is told covers as many addresses as the networks, in order and without overlap."""
    wanted: set[tuple[int, int]] = set()
    ends = []
    for text in nft_ranges(networks):
        low, _, high = text.partition("-")
        first, last = ip_network(low)[0], ip_network(high or low)[-1]
        ends += [int(first), int(last)]
        wanted.add((int(first), int(last)))
    assert ends == sorted(ends)
    assert all(after > before + 1 for before, after in zip(ends[1::2], ends[2::2], strict=False))
    for one in map(ip_network, networks):
        assert any(low <= int(one[0]) and int(one[-1]) <= high for low, high in wanted)


def test_five_thousand_services_compile_in_no_time() -> None:
    """The work grows with the number of Services and not with its square."""
    seconds = []
    for count in (500, 5000):
        made = in_nftables_mode(
            cluster(
                *(service(f"s{n}", f"10.96.{n >> 8}.{n & 255}") for n in range(count)),
                slices=[slice_of(f"s{n}", *WEB) for n in range(count)],
            )
        )
        start = time.process_time()
        tables = list(compile_nftables(made, 4))
        seconds.append(time.process_time() - start)
        assert len(tables) == 2
    assert seconds[1] < 40 * seconds[0] + 0.1
