"""Which Services, addresses and endpoints kube-proxy looks at."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import ip_address

import pytest

from clusters import DUAL, cluster, endpoint, port, service, slice_of
from labnet.compile.proxy.service_port import ServicePortInfo, ServicePortName, service_ports
from labnet.model import EndpointPort, LoadBalancerIngress, Service


def info(one: Service) -> ServicePortInfo:
    """The IPv4 side of a Service of one port."""
    ((found, _),) = service_ports(cluster(one), 4)
    return found


def test_a_name_is_spelled_as_in_kubernetes() -> None:
    """With the name of the port only if it has one."""
    assert str(ServicePortName("default", "web", "p", "TCP")) == "default/web:p"
    assert str(ServicePortName("default", "web", "", "TCP")) == "default/web"


@pytest.mark.parametrize(
    "left_out",
    [
        service("none", "", headless=True),
        service("named", type="ExternalName", external_name="example.org"),
        service("labelled", labels={"service.kubernetes.io/headless": ""}),
        service("others", labels={"service.kubernetes.io/service-proxy-name": "mine"}),
        service("six", "fd00:10:96::1"),
    ],
    ids=lambda one: one.name,
)
def test_some_services_are_not_for_kube_proxy(left_out: Service) -> None:
    """Headless ones, names of others, those of another proxy, and the other family's."""
    assert service_ports(cluster(left_out), 4) == ()


def test_every_port_and_protocol_is_a_unit_of_its_own() -> None:
    """TCP and UDP on one number have their own endpoints; all are sorted by name."""
    ports = (port(53, "b"), port(53, "a", protocol="UDP"))
    slices = [
        slice_of("dns", endpoint("10.244.1.2"), ports=(EndpointPort(5353, "a", "UDP"),)),
        slice_of("dns", endpoint("10.244.1.3"), ports=(EndpointPort(53, "b"),)),
    ]
    units = service_ports(cluster(service("dns", ports=ports), service("app"), slices=slices), 4)
    found = [(str(unit.name), unit.protocol, [one.text for one in ends]) for unit, ends in units]
    assert found == [
        ("default/app:p", "tcp", []),
        ("default/dns:a", "udp", ["10.244.1.2:5353"]),
        ("default/dns:b", "tcp", ["10.244.1.3:53"]),
    ]


def test_addresses_are_filtered_by_family() -> None:
    """Each family sees its own cluster IP, external IPs, VIPs, ranges and EndpointSlices."""
    one = service(
        "web",
        "10.96.0.20 fd00:10:96::20",
        external="192.0.2.7 2001:db8::7",
        vips="198.51.100.9 2001:db8:9::9",
        ranges="10.1.0.0/16 2001:db8:1::/48",
        type="LoadBalancer",
    )
    slices = [
        slice_of("web", endpoint("10.244.1.2")),
        slice_of("web", endpoint("fd00:10:244:1::2")),
    ]
    both = cluster(one, slices=slices, families=DUAL)
    ((four, ends_4),), ((six, ends_6),) = service_ports(both, 4), service_ports(both, 6)
    assert (four.cluster_ip, four.external_ips, four.load_balancer_vips, four.source_ranges) == (
        "10.96.0.20",
        ("192.0.2.7",),
        ("198.51.100.9",),
        ("10.1.0.0/16",),
    )
    assert (six.cluster_ip, six.external_ips, six.load_balancer_vips, six.source_ranges) == (
        "fd00:10:96::20",
        ("2001:db8::7",),
        ("2001:db8:9::9",),
        ("2001:db8:1::/48",),
    )
    assert [one.text for one in ends_4] == ["10.244.1.2:80"]
    assert [one.text for one in ends_6] == ["[fd00:10:244:1::2]:80"]


def test_a_range_that_is_everything_is_no_range() -> None:
    """/0 among the ranges of a family allows all of that family."""
    assert info(service("web", ranges="10.0.0.0/8 0.0.0.0/0")).source_ranges == ()
    assert info(service("web", ranges="10.0.0.0/8 ::/0")).source_ranges == ("10.0.0.0/8",)


def test_a_balancer_that_is_a_proxy_is_left_alone() -> None:
    """Nodes have nothing for an address of ipMode Proxy, or for a name."""
    ingress = (
        LoadBalancerIngress(ip_address("192.0.2.1"), ip_mode="Proxy"),
        LoadBalancerIngress(hostname="lb.example.org"),
        LoadBalancerIngress(ip_address("192.0.2.2")),
    )
    found = info(replace(service("web", type="LoadBalancer"), ingress=ingress))
    assert found.load_balancer_vips == ("192.0.2.2",)


@pytest.mark.parametrize(
    ("fields", "policies"),
    [
        ({}, (True, False)),
        ({"internal_traffic_policy": "Local"}, (False, True)),
        ({"external_traffic_policy": "Local"}, (True, False)),
        ({"external_traffic_policy": "Local", "external": "192.0.2.1"}, (True, True)),
        ({"internal_traffic_policy": "Local", "external": "192.0.2.1"}, (True, True)),
    ],
)
def test_which_policies_a_service_uses(fields: dict[str, str], policies: tuple[bool, bool]) -> None:
    """A policy for what comes from outside means nothing if nothing can come from there."""
    found = info(service("web", **fields))
    assert (found.uses_cluster_endpoints, found.uses_local_endpoints) == policies


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_only_local_load_balancers_have_health_checks(kind: str, policy: str) -> None:
    """HealthCheckNodePort is for type LoadBalancer with externalTrafficPolicy Local."""
    one = service("web", type=kind, external_traffic_policy=policy, health_check_node_port=30999)
    expected = 30999 if (kind, policy) == ("LoadBalancer", "Local") else 0
    assert info(one).health_check_node_port == expected


def test_endpoints_are_sorted_as_text() -> None:
    """`.22:` stands before `.2:`, as a full stop comes before a colon."""
    slices = [slice_of("web", *(endpoint(f"10.2.2.{last}") for last in (2, 22, 10)))]
    ((_, ends),) = service_ports(cluster(service("web"), slices=slices), 4)
    assert [one.text for one in ends] == ["10.2.2.10:80", "10.2.2.22:80", "10.2.2.2:80"]


def test_an_endpoint_in_two_slices_counts_once() -> None:
    """And the one that says where it is wins."""
    slices = [
        slice_of("web", endpoint("10.244.1.2")),
        slice_of("web", endpoint("10.244.1.2", "node1")),
        slice_of("web", endpoint("10.244.1.2")),
    ]
    ((_, ends),) = service_ports(cluster(service("web"), slices=slices), 4)
    assert [(one.text, one.node_name) for one in ends] == [("10.244.1.2:80", "node1")]


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": {"service.kubernetes.io/headless": ""}},
        {"address_type": "FQDN"},
        {"ports": (EndpointPort(0, "p"),)},
        {"ports": (EndpointPort(80, "q"),)},
        {"ports": (EndpointPort(80, "p", "UDP"),)},
        {"namespace": "other"},
    ],
)
def test_some_slices_are_not_for_a_port(fields: dict[str, object]) -> None:
    """Another name, protocol, family or namespace; every port; or what kube-proxy does not see."""
    one = replace(slice_of("web", endpoint("10.244.1.2")), **fields)  # type: ignore[arg-type]  # fields of it
    ((_, ends),) = service_ports(cluster(service("web"), slices=[one]), 4)
    assert ends == ()


def test_five_thousand_services_take_no_time() -> None:
    """The slices are looked through once, not once for each Service."""
    services = [service(f"s{number}", "10.96.0.10") for number in range(5000)]
    slices = [slice_of(f"s{number}", endpoint("10.244.1.2")) for number in range(5000)]
    start = time.process_time()
    assert len(service_ports(cluster(*services, slices=slices), 4)) == 5000
    assert time.process_time() - start < 2
