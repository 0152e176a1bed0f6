"""What nodes may remember of UDP flows: the frontends and the serving endpoints of UDP Services."""

from __future__ import annotations

from clusters import DUAL, LAB, cluster, draining, endpoint, port, service, slice_of
from labnet.compile import compile_state
from labnet.model import Cluster, EndpointPort
from labnet.state import UdpFlows, UdpService


_DNS = (EndpointPort(5353, "dns", "UDP"),)


def flows(of: Cluster) -> list[UdpFlows]:
    """The flows of all nodes, sorted."""
    found = [item for item in compile_state(of).objects.values() if isinstance(item, UdpFlows)]
    return sorted(found, key=lambda item: item.key)


def test_frontends_and_serving_endpoints() -> None:
    """All addresses with the port, the NodePort apart, and whoever serves, leaving or not."""
    dns = service(
        "dns",
        "10.96.0.10",
        ports=(port(53, "dns", protocol="UDP", node_port=30053), port(53, "dns-tcp")),
        external="192.0.2.7",
        vips="198.51.100.9",
        type="LoadBalancer",
    )
    ends = [
        endpoint("10.244.1.2", "node1"),
        draining("10.244.2.2", "node2"),
        endpoint("10.244.2.3", "node2", ready=False, serving=False),
        endpoint("10.244.2.4", "node2", ready=False),
    ]
    found = flows(cluster(dns, slices=[slice_of("dns", *ends, ports=_DNS)]))
    addresses = ("10.96.0.10", "198.51.100.9", "192.0.2.7")
    expected = UdpService(
        destinations=tuple((address, 53) for address in addresses),
        endpoints=(("10.244.1.2", 5353), ("10.244.2.2", 5353), ("10.244.2.4", 5353)),
        node_port=30053,
    )
    assert [item.services for item in found] == [(expected,)] * len(found)
    assert {item.netns for item in found} == {f"{LAB}.node1", f"{LAB}.node2"}


def test_without_udp_there_is_nothing_to_look_for() -> None:
    """Entries of TCP are never touched."""
    assert flows(cluster(service("web"), slices=[slice_of("web", endpoint("10.244.1.2"))])) == []


def test_each_family_has_its_own() -> None:
    """Two proxies look at two tables."""
    dns = service("dns", "10.96.0.10 fd00:10:96::a", ports=(port(53, "dns", protocol="UDP"),))
    found = flows(cluster(dns, families=DUAL))
    mine = [item for item in found if item.netns == f"{LAB}.node1"]
    assert {(item.family, item.services[0].destinations, item.addresses) for item in mine} == {
        (4, (("10.96.0.10", 53),), ("172.18.0.1",)),
        (6, (("fd00:10:96::a", 53),), ("fd00:172:18::1",)),
    }
