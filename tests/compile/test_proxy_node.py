"""What kube-proxy knows of its node, sets in its kernel and serves on it."""

from __future__ import annotations

from typing import Any

import pytest

from clusters import (
    DUAL,
    cluster,
    draining,
    endpoint,
    kube_proxy,
    made,
    node,
    port,
    service,
    slice_of,
)
from labnet.compile.proxy.node import LocalTraffic, local_traffic, node_port_addresses
from labnet.model import Cluster, Conntrack, EndpointPort, Family
from labnet.state import Process, Sysctl


CONNTRACK = "net.netfilter.nf_conntrack_"
ROUTE_LOCALNET = "net.ipv4.conf.all.route_localnet"


@pytest.mark.parametrize(
    ("settings", "four", "six"),
    [
        ({}, LocalTraffic("10.244.0.0/16"), LocalTraffic("fd00:10:244::/56")),
        (
            {"detect_local_mode": "NodeCIDR"},
            LocalTraffic("10.244.1.0/24"),
            LocalTraffic("fd00:10:244:1::/64"),
        ),
        (
            {"detect_local_mode": "BridgeInterface", "bridge_interface": "cni0"},
            LocalTraffic(interface="cni0"),
            LocalTraffic(interface="cni0"),
        ),
        (
            {"detect_local_mode": "InterfaceNamePrefix", "interface_name_prefix": "veth"},
            LocalTraffic(interface="veth+"),
            LocalTraffic(interface="veth+"),
        ),
        ({"cluster_cidrs": ()}, None, None),
        ({"detect_local_mode": "BridgeInterface"}, None, None),
        ({"detect_local_mode": "InterfaceNamePrefix"}, None, None),
    ],
)
def test_how_local_traffic_is_told(
    settings: dict[str, Any], four: LocalTraffic | None, six: LocalTraffic | None
) -> None:
    """For each family by itself; nothing to tell by means that nothing is local."""
    both = cluster(families=DUAL, proxy=kube_proxy(**settings))
    assert local_traffic(both, both.nodes[0], 4) == four
    assert local_traffic(both, both.nodes[0], 6) == six


def selected(family: Family, *words: str, mode: str = "iptables") -> tuple[str, ...] | None:
    """The addresses of node1 that take NodePort traffic; None for all."""
    both = cluster(families=DUAL, proxy=kube_proxy(mode=mode, node_port_addresses=words))
    found = node_port_addresses(both, family)["node1"]
    assert found.match_all is (not found.addresses)
    return found.addresses or None


def test_which_addresses_take_node_ports() -> None:
    """Prefixes select among all addresses of the node; a list without the family is no list."""
    assert selected(4) is None
    assert selected(4, "0.0.0.0/0", "127.0.0.0/8") is None
    assert selected(4, "172.18.0.0/16") == ("172.18.0.1",)
    assert selected(4, "10.0.0.0/8", "127.0.0.0/8") == ("10.244.1.1", "127.0.0.1")
    assert selected(6, "172.18.0.0/16") is None
    assert selected(6, "fd00::/8") == ("fd00:10:244:1::1", "fd00:172:18::1")


def test_primary_is_what_the_node_is_known_by() -> None:
    """The word, and the default of nftables; iptables' default is all addresses."""
    assert selected(4, "primary") == ("172.18.0.1",)
    assert selected(6, "primary") == ("fd00:172:18::1",)
    assert selected(4, mode="nftables") == ("172.18.0.1",)
    assert selected(4, "0.0.0.0/0", mode="nftables") is None


def sysctls(lab: Cluster) -> dict[str, str]:
    """What is set on node1 of what kube-proxy sets."""
    found = {item.name: item.value for item in made(lab) if isinstance(item, Sysctl)}
    return {
        name: value
        for name, value in found.items()
        if name.startswith(CONNTRACK) or name == ROUTE_LOCALNET
    }


def test_the_kernel_is_set_as_kube_proxy_sets_it() -> None:
    """The defaults of KubeProxyConfiguration; a time-out of 0 leaves what is there."""
    assert sysctls(cluster()) == {
        f"{CONNTRACK}tcp_timeout_established": "86400",
        f"{CONNTRACK}tcp_timeout_close_wait": "3600",
        f"{CONNTRACK}tcp_be_liberal": "0",
        ROUTE_LOCALNET: "1",
    }
    given = Conntrack(0, 60, tcp_be_liberal=True, udp=10, udp_stream=20)
    assert sysctls(cluster(proxy=kube_proxy(conntrack=given, localhost_node_ports=False))) == {
        f"{CONNTRACK}tcp_timeout_close_wait": "60",
        f"{CONNTRACK}tcp_be_liberal": "1",
        f"{CONNTRACK}udp_timeout": "10",
        f"{CONNTRACK}udp_timeout_stream": "20",
        ROUTE_LOCALNET: "0",
    }


@pytest.mark.parametrize(
    ("settings", "routed"),
    [
        ({}, True),
        ({"node_port_addresses": ("172.18.0.0/24",)}, False),
        ({"node_port_addresses": ("172.18.0.0/24", "127.0.0.0/8")}, True),
        ({"node_port_addresses": ("fd00::/8",)}, True),
        ({"node_port_addresses": ("primary",)}, False),
        ({"localhost_node_ports": False}, False),
        ({"mode": "nftables"}, False),
    ],
)
def test_the_loopback_is_routed_for_node_ports(settings: dict[str, Any], routed: bool) -> None:  # noqa: FBT001  # a column
    """Only where NodePorts answer on 127.0.0.1; else it is off, whatever was there before."""
    assert sysctls(cluster(proxy=kube_proxy(**settings)))[ROUTE_LOCALNET] == str(int(routed))


def test_ipv6_alone_needs_no_loopback() -> None:
    """::1 is never routed."""
    assert ROUTE_LOCALNET not in sysctls(cluster(families=(6,)))


def servers(lab: Cluster, machine: str = "node1") -> dict[str, tuple[str, ...]]:
    """The arguments of kube-proxy's servers by their names."""
    found = [item for item in made(lab, machine) if isinstance(item, Process)]
    assert all((one.builtin, one.pod) == ("kube_proxy", f"node/{machine}") for one in found)
    return {one.name: one.argv for one in found}


def balanced(**fields: Any) -> Cluster:
    """A local load balancer with two ports; the endpoint .2 has both of them."""
    families = fields.pop("families", (4,))
    ends = [
        endpoint("10.244.1.2", "node1"),
        endpoint("10.244.1.3", "node1", ready=False),
        draining("10.244.1.4", "node1"),
        endpoint("10.244.2.2", "node2"),
        endpoint("10.244.9.9"),
    ]
    both = (EndpointPort(80, "p"), EndpointPort(443, "q"))
    six = [endpoint("fd00:10:244:1::2", "node1"), endpoint("fd00:10:244:1::3", "node1")]
    return cluster(
        service(
            "web",
            "10.96.0.20 fd00:10:96::20",
            type="LoadBalancer",
            ports=(port(80, "p"), port(443, "q")),
            external_traffic_policy="Local",
            health_check_node_port=30999,
        ),
        slices=[slice_of("web", *ends, ports=both), slice_of("web", *six)],
        nodes=[node(number, families=families) for number in (1, 2, 3)],
        families=families,
        **fields,
    )


def test_ready_endpoints_of_the_node_count_once() -> None:
    """Not once for each port, not those that leave, and nobody else's."""
    lab = balanced()
    counts = {
        name: servers(lab, name)["kube-proxy-30999"][-1] for name in ("node1", "node2", "node3")
    }
    assert counts == {"node1": "0.0.0.0=1", "node2": "0.0.0.0=1", "node3": "0.0.0.0=0"}
    assert servers(lab) == {
        "kube-proxy": ("healthz", "0.0.0.0", "10256"),  # as kube-proxy has it
        "kube-proxy-30999": ("service", "default/web", "30999", "0.0.0.0=1"),
    }


def test_health_checks_listen_where_node_ports_are() -> None:
    """One socket has all addresses of both families; else each selected address has its own."""
    assert servers(balanced(families=DUAL))["kube-proxy-30999"][3:] == ("0.0.0.0=1",)
    words = ("172.18.0.0/24", "10.0.0.0/8")
    some = balanced(families=DUAL, proxy=kube_proxy(node_port_addresses=words))
    assert servers(some)["kube-proxy-30999"][3:] == ("10.244.1.1=1", "172.18.0.1=1", "0.0.0.0=2")
    primary = balanced(families=DUAL, proxy=kube_proxy(node_port_addresses=("primary",)))
    assert servers(primary)["kube-proxy-30999"][3:] == ("172.18.0.1=1", "fd00:172:18::1=2")


def test_without_a_balancer_there_are_no_servers() -> None:
    """Nobody would ask."""
    assert servers(cluster(service("web", type="NodePort", ports=(port(node_port=30080),)))) == {}


def test_a_balancer_for_the_whole_cluster_asks_kube_proxy_itself() -> None:
    """With externalTrafficPolicy Cluster there is only :10256."""
    assert list(servers(cluster(service("web", type="LoadBalancer")))) == ["kube-proxy"]
