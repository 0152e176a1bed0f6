"""hostPort: the chains of portmap, or of kubelet with kubenet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters import DUAL, cluster, kube_proxy, made, pod, rules, rulesets
from labnet.compile.portmap import NETWORK, host_ports
from labnet.model import Cluster, Container, ContainerPort
from labnet.names import cni_chain
from labnet.plan import plan
from labnet.state import Bridge, State, Sysctl
from service_clusters import ALL


WEB = cni_chain("DN-", NETWORK, "default_web")


def one(*ports: ContainerPort, **fields: str) -> Cluster:
    """A cluster with one pod that has these ports."""
    return cluster(pods=[pod("web", "10.244.1.2", *ports)], **fields)  # type: ignore[arg-type]  # its fields


def test_a_port_is_marked_and_sent_on() -> None:
    """From the node's pods and loopback with masquerade, from elsewhere without."""
    made_ = one(ContainerPort(80, host_port=8080))
    match = "-p tcp -m tcp --dport 8080 -j"
    assert rules(made_, WEB) == [
        f"-s 10.244.1.0/24 {match} CNI-HOSTPORT-SETMARK",
        f"-s 127.0.0.1/32 {match} CNI-HOSTPORT-SETMARK",
        f"{match} DNAT --to-destination 10.244.1.2:80",
    ]
    words = r'-m comment --comment "dnat name: \"cbr0\" id: \"default_web\""'
    assert rules(made_, "CNI-HOSTPORT-DNAT") == [
        f"-p tcp {words} -m multiport --dports 8080 -j {WEB}"
    ]


def test_services_come_first() -> None:
    """Portmap appends its jumps, but for the one that has to stand before all masquerading."""
    made_ = one(ContainerPort(80, host_port=8080))
    targets = {
        name: [rule.rpartition(" ")[2] for rule in rules(made_, name)]
        for name in ("PREROUTING", "OUTPUT", "POSTROUTING")
    }
    assert targets == {
        "PREROUTING": ["KUBE-SERVICES", "CNI-HOSTPORT-DNAT"],
        "OUTPUT": ["KUBE-SERVICES", "CNI-HOSTPORT-DNAT"],
        "POSTROUTING": ["CNI-HOSTPORT-MASQ", "KUBE-POSTROUTING", "FLANNEL-POSTRTG"],
    }


@pytest.mark.parametrize("ip", ["172.18.0.1", "fd00:172:18::1"])
def test_a_host_ip_is_matched(ip: str) -> None:
    """An address of the node, in the rules of its own family only."""
    addresses = "10.244.1.2 fd00:10:244:1::2"
    port = ContainerPort(80, host_port=8080, host_ip=ip)
    made_ = cluster(pods=[pod("web", addresses, port)], families=DUAL)
    here, there = (4, 6) if "." in ip else (6, 4)
    assert all(f"-d {ip}/" in rule for rule in rules(made_, WEB, family=here))  # type: ignore[arg-type]  # a family
    assert rules(made_, WEB, family=there) == []  # type: ignore[arg-type]  # a family


def test_the_loopback_is_routed_on_the_bridge() -> None:
    """After the bridge is there: a parameter of a link goes with it."""
    made_ = one(ContainerPort(80, host_port=8080))
    sysctl = Sysctl("t.node1", "net.ipv4.conf.cni0.route_localnet", "1")
    state = State.of(*made(made_))
    order = [op.object for op in plan(state, State())]
    (bridge,) = (item for item in order if isinstance(item, Bridge) and item.name == "cni0")
    assert order.index(bridge) < order.index(sysctl)
    assert order.index(Sysctl("t.node1", "net.ipv4.ip_forward", "1")) < order.index(bridge)


@pytest.mark.parametrize("network", ["host", "none"])
def test_only_pods_of_the_cluster_network_need_rules(network: str) -> None:
    """A pod in the node's namespace listens there itself."""
    ports = ContainerPort(80, host_port=80)
    made_ = cluster(pods=[pod("web", "172.18.0.1", ports, network=network)])
    assert all("CNI-" not in rule for one in rulesets(made_) for rule in one.rules)


def test_init_containers_have_no_host_ports() -> None:
    """They are gone when anybody could come."""
    port = ContainerPort(80, host_port=80)
    init = Container("init", "pause", ports=(port,), init=True)
    web = pod("web", "10.244.1.2", ContainerPort(443))
    assert host_ports(replace(web, containers=(init, *web.containers))) == ()


def test_nodes_without_host_ports_have_no_chains() -> None:
    """They are made on the node of the pod only, and only if it asks for it."""
    made_ = ALL["host-ports"]()
    assert any("CNI-" in rule for one in rulesets(made_) for rule in one.rules)
    assert all("CNI-" not in rule for one in rulesets(made_, "node2") for rule in one.rules)


def test_kubelet_did_it_for_kubenet() -> None:
    """The last port stands first, hairpin is kube-proxy's mark, loopback is masqueraded."""
    made_ = ALL["host-ports-kubenet"]()
    portals = rules(made_, "KUBE-HOSTPORTS")
    assert '"many_default hostport 9015"' in portals[0]
    assert '"web_default hostport 8080"' in portals[-1]
    hp = portals[-1].rpartition(" ")[2]
    words = '-m comment --comment "web_default hostport 8080"'
    assert rules(made_, hp) == [
        f"-s 10.244.1.2/32 {words} -j KUBE-MARK-MASQ",
        f"-p tcp {words} -m tcp -j DNAT --to-destination 10.244.1.2:80",
    ]
    snat = '-s 127.0.0.0/8 -o cbr0 -m comment --comment "SNAT for localhost access to hostports"'
    assert f"{snat} -j MASQUERADE" in rules(made_, "POSTROUTING")


def test_kubenet_with_nftables_has_portmap() -> None:
    """There is no KUBE-MARK-MASQ to jump to."""
    proxy = kube_proxy(mode="nftables")
    made_ = cluster(
        pods=[pod("web", "10.244.1.2", ContainerPort(80, host_port=8080))],
        cni="kubenet",
        proxy=proxy,
    )
    assert len(rules(made_, WEB)) == 3
