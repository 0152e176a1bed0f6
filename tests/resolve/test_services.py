"""Services get what the API server would give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from labnet.errors import Problems
from labnet.model import Family, Service, ServicePort
from labnet.resolve import Facts, ServiceFacts, facts_of, resolve
from resolve.builders import at, lab, networking, service, services_of, topology


def ports(*given: ServicePort) -> dict[str, Any]:
    """These ports of a Service of type NodePort."""
    return {"ports": given, "type": "NodePort"}


def node_ports(one: Service) -> list[int]:
    """The NodePorts of a Service."""
    return [port.node_port for port in one.ports]


def resolved(
    one: Service, families: Sequence[Family] = (4,), facts: Facts | None = None, **net: Any
) -> Service:
    """A Service that is alone in its lab."""
    given = topology(of=lab(net=networking(families, **net)), services=[one])
    return services_of(given, facts)[one.name]


def problem(
    *services: Service, families: Sequence[Family] = (4,), facts: Facts | None = None
) -> str:
    """What is wrong with these Services, but for the last line, which counts."""
    given = topology(of=lab(net=networking(families)), services=services)
    with pytest.raises(Problems) as caught:
        resolve(given, facts or Facts())
    return str(caught.value).rpartition("\n")[0]


def test_the_api_server() -> None:
    """`default/kubernetes` has the first address; its endpoint is the first node, port 6443."""
    cluster = resolve(topology())
    (one,), (slice_,) = cluster.services, cluster.endpoint_slices
    assert (one.namespace, one.name, one.type) == ("default", "kubernetes", "ClusterIP")
    assert one.cluster_ips == (ip_address("10.96.0.1"),)
    assert one.ports == (ServicePort(443, "https", "TCP", 6443),)
    assert (slice_.name, slice_.service, slice_.managed_by) == ("kubernetes", "kubernetes", "")
    assert slice_.endpoints[0].addresses == ("172.18.0.2",)
    assert [(port.name, port.port) for port in slice_.ports] == [("https", 6443)]


def test_the_api_server_has_the_primary_family() -> None:
    """In a dual-stack lab, that is the first of the two."""
    cluster = resolve(topology(of=lab(net=networking((6, 4)))))
    assert cluster.services[0].cluster_ips == (ip_address("fd00:10:96::1"),)
    assert cluster.endpoint_slices[0].address_type == "IPv6"


def test_sorted_by_namespace_and_name() -> None:
    """The order of the file decides nothing, not even who gets what."""
    some = [service(name, namespace=space) for name in "cab" for space in ("prod", "default")]
    one = resolve(topology(services=some)).services
    assert one == resolve(topology(services=some[::-1])).services
    assert [(each.namespace, each.name) for each in one] == sorted(
        [("default", "kubernetes"), *((each.namespace, each.name) for each in some)]
    )


@pytest.mark.parametrize(
    ("families", "fields", "policy", "expected"),
    [
        ((4,), {}, "SingleStack", (4,)),
        ((6, 4), {}, "SingleStack", (6,)),
        ((4, 6), {"ips": ["fd00:10:96::50"]}, "SingleStack", (6,)),
        ((4, 6), {"families": (6,)}, "SingleStack", (6,)),
        ((4,), {"ip_family_policy": "PreferDualStack"}, "PreferDualStack", (4,)),
        ((4, 6), {"ip_family_policy": "PreferDualStack"}, "PreferDualStack", (4, 6)),
        (
            (4, 6),
            {"ip_family_policy": "PreferDualStack", "families": (6,)},
            "PreferDualStack",
            (6, 4),
        ),
        ((6, 4), {"ip_family_policy": "RequireDualStack"}, "RequireDualStack", (6, 4)),
        (
            (4, 6),
            {"ip_family_policy": "RequireDualStack", "ips": ["fd00:10:96::50", "10.96.0.50"]},
            "RequireDualStack",
            (6, 4),
        ),
    ],
)
def test_families(
    families: tuple[Family, ...],
    fields: dict[str, Any],
    policy: str,
    expected: tuple[Family, ...],
) -> None:
    """Single stack on the primary family, unless the file says otherwise; an address for each."""
    one = resolved(service("web", **fields), families)
    assert (one.ip_family_policy, one.families) == (policy, expected)
    assert tuple(ip.version for ip in one.cluster_ips) == expected
    for text in fields.get("ips", ()):
        assert ip_address(text) in one.cluster_ips


@pytest.mark.parametrize("selector", [None, {"app": "web"}])
def test_headless_families(selector: dict[str, str] | None) -> None:
    """Without a selector it is dual stack even in a lab that is not; with one it is as others."""
    one = resolved(service("web", headless=True, selector=selector))
    expected = ("SingleStack", (4,)) if selector else ("RequireDualStack", (4, 6))
    assert ((one.ip_family_policy, one.families), one.cluster_ips) == (expected, ())


def test_external_name() -> None:
    """It gets nothing."""
    given = service("web", type="ExternalName", external_name="example.com")
    one = resolved(given)
    assert replace(one, ports=given.ports) == given


@pytest.mark.parametrize(
    ("families", "fields", "expected"),
    [
        (
            (4,),
            {"ip_family_policy": "RequireDualStack"},
            (
                "spec.ipFamilyPolicy: RequireDualStack, but the lab has only IPv4\n"
                "    PreferDualStack takes what is"
            ),
        ),
        ((4,), {"families": (6,)}, "spec.ipFamilies: IPv6, but the lab has only IPv4"),
        ((6,), {"ips": ["10.96.0.9"]}, "spec.clusterIP: IPv4, but the lab has only IPv6"),
        (
            (4, 6),
            {"families": (4, 6)},
            (
                "spec.ipFamilyPolicy: no policy with two families\n"
                "    PreferDualStack or RequireDualStack"
            ),
        ),
        (
            (4, 6),
            {"ips": ["10.96.0.9", "fd00:10:96::9"], "ip_family_policy": "SingleStack"},
            (
                "spec.ipFamilyPolicy: SingleStack with two families\n"
                "    PreferDualStack or RequireDualStack"
            ),
        ),
    ],
)
def test_families_that_cannot_be(
    families: tuple[Family, ...], fields: dict[str, Any], expected: str
) -> None:
    """What the lab has not, it cannot give."""
    assert problem(service("web", **fields), families=families) == f"lab.yaml:20: {expected}"


def test_a_target_port_that_is_left_out_is_the_port() -> None:
    """A name and a number stay as they are."""
    given = [
        ServicePort(80),
        ServicePort(81, "b", target_port="http"),
        ServicePort(82, "c", "UDP", 9),
    ]
    one = resolved(service("web", ports=given))
    assert [port.target_port for port in one.ports] == [80, "http", 9]


def test_node_ports_are_for_those_who_have_them() -> None:
    """A ClusterIP Service has none; NodePort and LoadBalancer have one for each port."""
    assert node_ports(resolved(service("web", 80, 81))) == [0, 0]
    for kind in ("NodePort", "LoadBalancer"):
        found = node_ports(resolved(service("web", 80, 81, type=kind)))
        assert len(set(found)) == 2
        assert all(30086 <= port <= 32767 for port in found)


def test_ports_that_differ_in_their_protocol_share_a_node_port() -> None:
    """DNS over UDP and TCP is one number, also if only one of the two says it."""
    both = [ServicePort(53, "udp", "UDP"), ServicePort(53, "tcp", "TCP"), ServicePort(9153, "m")]
    first, second, third = node_ports(resolved(service("dns", **ports(*both))))
    assert first == second != third
    both[1] = replace(both[1], node_port=30053)
    assert node_ports(resolved(service("dns", **ports(*both))))[:2] == [30053, 30053]
    both[0] = replace(both[0], node_port=30054)
    assert node_ports(resolved(service("dns", **ports(*both))))[:2] == [30054, 30053]


def test_allocate_load_balancer_node_ports() -> None:
    """False: only those that the file says."""
    fields = {**ports(ServicePort(80, "a", node_port=30080), ServicePort(81, "b"))}
    fields |= {"type": "LoadBalancer", "allocate_load_balancer_node_ports": False}
    assert node_ports(resolved(service("web", **fields))) == [30080, 0]


def test_health_check_node_port() -> None:
    """Only a LoadBalancer that keeps its clients' addresses has one, of the same range."""
    fields: dict[str, Any] = {"type": "LoadBalancer", "external_traffic_policy": "Local"}
    one = resolved(service("web", **fields))
    assert 30086 <= one.health_check_node_port <= 32767
    assert one.health_check_node_port not in node_ports(one)
    asked = resolved(service("web", health_check_node_port=30001, **fields))
    assert asked.health_check_node_port == 30001
    for other in ({**fields, "type": "NodePort"}, {"type": "LoadBalancer"}):
        assert resolved(service("web", **other)).health_check_node_port == 0


def test_what_was_given_stays_given() -> None:
    """Facts win over the hash, and the file over both; NodePorts go with the name of the port."""
    known = ServiceFacts((ip_address("10.96.7.7"),), {"a": 31001, "b": 31002}, 31003)
    facts = Facts(services={"default/web": known})
    fields: dict[str, Any] = {"type": "LoadBalancer", "external_traffic_policy": "Local"}
    given = [ServicePort(90, "b"), ServicePort(80, "a")]
    one = resolved(service("web", ports=given, **fields), facts=facts)
    assert (one.cluster_ips, node_ports(one)) == (known.cluster_ips, [31002, 31001])
    assert one.health_check_node_port == 31003
    given[0] = replace(given[0], node_port=31001)
    moved = resolved(service("web", ports=given, ips=["10.96.0.7"], **fields), facts=facts)
    assert str(moved.cluster_ips[0]) == "10.96.0.7"
    assert node_ports(moved)[0] == 31001 != node_ports(moved)[1]


def test_what_is_static_is_remembered_too() -> None:
    """A Service whose fixed address leaves the file keeps it, as with kubectl apply."""
    first = topology(services=[service("web", ips=["10.96.0.7"])])
    facts = facts_of(resolve(first), Facts())
    later = services_of(topology(services=[service("web"), service("db")]), facts)
    assert str(later["web"].cluster_ips[0]) == "10.96.0.7"


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        (
            [service("a", ips=["10.96.0.1"])],
            "spec.clusterIP: 10.96.0.1 is already service default/kubernetes's",
        ),
        (
            [service("a", ips=["10.97.0.1"])],
            (
                "spec.clusterIP: 10.97.0.1 cannot be given in 10.96.0.0/16\n"
                "    usable: 10.96.0.1 to 10.96.255.254"
            ),
        ),
        (
            [service("a", ips=["10.96.0.9"], source=at(3)), service("b", ips=["10.96.0.9"])],
            "spec.clusterIP: 10.96.0.9 is already service default/a's",
        ),
        (
            [service("b", ips=["10.96.7.7"])],
            (
                "spec.clusterIP: 10.96.7.7 is already service default/web's\n"
                "    service default/web was given it earlier, and keeps it until it or the lab "
                "is removed"
            ),
        ),
        (
            [service("a", **ports(ServicePort(80, node_port=40000)))],
            (
                "spec.ports[0].nodePort: 40000 cannot be given in serviceNodePortRange "
                "30000-32767\n    usable: 30000 to 32767"
            ),
        ),
        (
            [service("b", **ports(ServicePort(80), ServicePort(81, "x", "UDP", node_port=31001)))],
            (
                "spec.ports[1].nodePort: 31001 is already service default/web's\n"
                "    service default/web was given it earlier, and keeps it until it or the lab "
                "is removed"
            ),
        ),
        (
            [
                service(
                    "b",
                    **ports(
                        ServicePort(80, "a", node_port=30001),
                        ServicePort(81, "b", "UDP", node_port=30001),
                    ),
                )
            ],
            "spec.ports[1].nodePort: 30001 is already service default/b's",
        ),
    ],
)
def test_values_that_cannot_be(services: list[Service], expected: str) -> None:
    """Out of its range, or another's: at the line of who asks."""
    known = ServiceFacts((ip_address("10.96.7.7"),), {"": 31001})
    web = service("web", type="NodePort", source=at(2))
    found = problem(*services, web, facts=Facts(services={"default/web": known}))
    assert found == f"lab.yaml:20: {expected}"


def test_a_range_that_is_full() -> None:
    """The first that gets nothing is named, and how many more do not."""
    net = networking(node_port_range=(30000, 30001))
    some = [service(f"s{index}", type="NodePort") for index in range(4)]
    with pytest.raises(Problems) as caught:
        resolve(topology(of=lab(net=net), services=some))
    assert str(caught.value) == (
        "lab.yaml:20: spec.ports[0].nodePort: serviceNodePortRange 30000-30001 has nothing free "
        "left for service default/s2\n    it holds 2; 1 more go without\n"
        "1 problem; nothing was touched"
    )
