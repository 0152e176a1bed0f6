"""EndpointSlices are what their controllers would make, and always the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from labnet.model import (
    ContainerPort,
    Endpoint,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    Family,
    ServicePort,
)
from labnet.resolve import Facts, resolve
from labnet.resolve.naming import ALPHABET
from resolve.builders import (
    at,
    container,
    docker,
    lab,
    networking,
    node,
    pod,
    service,
    topology,
    workload,
)


WEB = {"app": "web"}
CONTROLLER = "endpointslice-controller.k8s.io"
MIRRORING = "endpointslicemirroring-controller.k8s.io"


def web(name: str = "web", *numbers: int, **fields: Any) -> Any:
    """A Service that selects app=web."""
    return service(name, *numbers, selector=WEB, **fields)


def server(name: str, port: int = 8080, **fields: Any) -> Any:
    """A pod of app=web with a port `http`."""
    one = container(ports=(ContainerPort(port, "http"), ContainerPort(9999, "http", "UDP")))
    return pod(name, one, labels=fields.pop("labels", WEB), **fields)


def slices(*args: Any, facts: Facts | None = None, **fields: Any) -> list[EndpointSlice]:
    """All slices of a topology but that of the API server."""
    found = resolve(topology(*args, **fields), facts or Facts()).endpoint_slices
    return [one for one in found if one.name != "kubernetes"]


def addresses(one: EndpointSlice) -> list[str]:
    """The addresses of a slice."""
    return [address for endpoint in one.endpoints for address in endpoint.addresses]


def unready(*names: str) -> Facts:
    """These pods are not ready."""
    return Facts(unready=frozenset(f"pod/default/{name}" for name in names))


def test_what_a_slice_says() -> None:
    """Its labels are the Service's and the controller's; its endpoint tells all of its pod."""
    pods = [server("p", spec={"hostname": "first", "subdomain": "web"})]
    labels = {"tier": "front", "kubernetes.io/service-name": "other"}
    given = web(labels=labels, ports=[ServicePort(80, "web", target_port="http", app_protocol="h")])
    (one,) = slices(*pods, of=lab(node("n", zone="z")), services=[given])
    assert re.fullmatch(f"web-[{ALPHABET}]{{5}}", one.name)
    assert replace(one, name="") == EndpointSlice(
        "default",
        "",
        given.source,
        service="web",
        endpoints=(
            Endpoint(
                ("10.244.0.2",),
                node_name="n",
                zone="z",
                hostname="first",
                target="pod/default/p",
            ),
        ),
        ports=(EndpointPort(8080, "web", "TCP", "h"),),
        managed_by=CONTROLLER,
        labels={
            "tier": "front",
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": CONTROLLER,
        },
    )


def test_who_is_selected() -> None:
    """All labels of the selector, in the Service's namespace; labnet's Containers have none."""
    pods = [
        server("both", labels={"app": "web", "tier": "a"}),
        server("half"),
        server("elsewhere", labels={"app": "web", "tier": "a"}, namespace="prod"),
    ]
    selector = {"tier": "a", "app": "web"}
    (one,) = slices(*pods, services=[service("web", selector=selector)], containers=[docker("db")])
    assert [endpoint.target for endpoint in one.endpoints] == ["pod/default/both"]


def test_a_pod_on_the_hosts_network_is_at_its_nodes_address() -> None:
    """Of each family that the Service has."""
    pods = [server("p", spec={"host_network": True, "node_name": "node2"})]
    given = web(ip_family_policy="PreferDualStack")
    found = slices(*pods, of=lab(net=networking((4, 6))), services=[given])
    assert sorted(map(addresses, found)) == [["172.18.0.3"], ["fc00:f853:ccd:e793::3"]]
    assert sorted(one.address_type for one in found) == ["IPv4", "IPv6"]


@pytest.mark.parametrize("families", [(4,), (6,), (6, 4)])
def test_only_the_families_of_the_service(families: Sequence[Family]) -> None:
    """A single-stack Service has slices of one family in any lab."""
    (one,) = slices(server("p"), of=lab(net=networking(families)), services=[web()])
    assert one.address_type == f"IPv{families[0]}"


def test_named_ports_that_differ() -> None:
    """Pods that resolve the ports alike share a slice; one without the name is in one without."""
    pods = [
        server("a", 8080),
        server("b", 9090),
        server("c", 8080),
        pod("d", labels=WEB),
        pod(
            "e",
            labels=WEB,
            spec={"init_containers": (container(ports=(ContainerPort(1, "http"),)),)},
        ),
    ]
    given = web(ports=[ServicePort(80, target_port="http")])
    found = slices(*pods, services=[given])
    ports = {tuple(port.port for port in one.ports): len(one.endpoints) for one in found}
    assert ports == {(8080,): 2, (9090,): 1, (): 2}


def test_a_port_that_only_some_pods_name() -> None:
    """The other ports of the Service are there all the same; a protocol is part of the name."""
    given = web(
        ports=[
            ServicePort(80, "a", target_port="http"),
            ServicePort(80, "b", "UDP", target_port="http"),
            ServicePort(443, "c", target_port="https"),
            ServicePort(22, "d", "SCTP", target_port=22),
        ]
    )
    (one,) = slices(server("p"), services=[given])
    assert one.ports == (
        EndpointPort(8080, "a"),
        EndpointPort(9999, "b", "UDP"),
        EndpointPort(22, "d", "SCTP"),
    )


def test_at_most_a_hundred_endpoints_in_a_slice() -> None:
    """The others are in the next ones; all have names of their own."""
    replicas = workload("ReplicaSet", "web", replicas=250, labels=WEB)
    found = slices(replicas, services=[web()])
    assert sorted(len(one.endpoints) for one in found) == [50, 100, 100]
    assert len({one.name for one in found}) == 3
    assert len({address for one in found for address in addresses(one)}) == 250


def test_nobody_is_selected() -> None:
    """A slice without endpoints and ports says so; only with a selector, and of no ExternalName."""
    given = [
        web("a"),
        service("b"),
        web("c", type="ExternalName", external_name="example.com"),
    ]
    (one,) = slices(services=given)
    assert (one.service, one.endpoints, one.ports) == ("a", (), ())


def test_names_do_not_depend_on_the_pods() -> None:
    """A slice keeps its name as long as it is of the same family and ports."""
    few = slices(server("b"), services=[web()])
    many = slices(server("a"), server("b"), server("c"), services=[web()])
    assert [one.name for one in few] == [one.name for one in many]


def test_headless() -> None:
    """It has slices as any other, with a label; also without a port."""
    given = [web("web", headless=True), web("bare", headless=True, ports=())]
    bare, one = slices(server("p"), services=given)
    assert (one.service, bare.service, bare.ports) == ("web", "bare", ())
    assert all(each.labels["service.kubernetes.io/headless"] == "" for each in (one, bare))
    assert addresses(one) == addresses(bare) == ["10.244.0.2"]


@pytest.mark.parametrize(
    ("publish", "expected"),
    [
        (False, {"a": (True, True), "b": (False, False)}),
        (True, {"a": (True, True), "b": (True, False)}),
    ],
)
def test_pods_that_are_not_ready(*, publish: bool, expected: object) -> None:
    """They are in the slice but neither ready nor serving, unless the Service publishes them."""
    given = web(publish_not_ready_addresses=publish)
    (one,) = slices(server("a"), server("b"), services=[given], facts=unready("b"))
    found = {each.target[-1]: (each.ready, each.serving) for each in one.endpoints}
    assert found == expected
    assert not any(each.terminating for each in one.endpoints)


def test_pods_that_have_ended() -> None:
    """One in a terminal phase is no endpoint, and not Ready."""
    facts = Facts(ended=frozenset({"pod/default/b"}))
    given = topology(server("a"), server("b"), services=[web()])
    cluster = resolve(given, facts)
    assert [addresses(one) for one in cluster.endpoint_slices[1:]] == [["10.244.0.2"]]
    assert [one.ready for one in cluster.pods] == [True, False]


def test_the_hostnames_of_a_stateful_set() -> None:
    """Each pod has its own, if the Service is the set's."""
    db = workload("StatefulSet", "db", replicas=2, labels=WEB, service_name="dbs")
    found = slices(db, services=[web("dbs", headless=True), web("other")])
    names = {one.service: [each.hostname for each in one.endpoints] for one in found}
    assert names == {"dbs": ["db-0", "db-1"], "other": ["", ""]}


def test_slices_as_written() -> None:
    """They pass through, beside those that are computed, and keep their names."""
    (computed,) = slices(server("p"), services=[web()])
    written = EndpointSlice(
        "default",
        computed.name,
        at(40),
        service="web",
        endpoints=(Endpoint(("192.0.2.1",), node_name="node1"),),
        ports=(EndpointPort(80),),
    )
    found = slices(
        server("p"), of=lab(node("node1", zone="z")), services=[web()], endpoint_slices=(written,)
    )
    assert written in found
    assert len({one.name for one in found}) == len(found) == 2


def legacy(*subsets: EndpointSubset, **fields: Any) -> Endpoints:
    """The Endpoints of the Service `db`."""
    return Endpoints("default", "db", at(50), subsets, **fields)


SUBSET = EndpointSubset(
    ready=(Endpoint(("192.0.2.1",)), Endpoint(("2001:db8::1",), node_name="node1")),
    not_ready=(Endpoint(("192.0.2.2",)),),
    ports=(EndpointPort(5432, "pg"),),
)


def test_legacy_endpoints_are_mirrored() -> None:
    """One slice for each family, with the labels of both; the not ready are just that."""
    annotations = {"a": "b", "endpoints.kubernetes.io/last-change-trigger-time": "now"}
    given = legacy(SUBSET, labels={"x": "y"}, annotations=annotations)
    four, six = sorted(
        slices(services=[service("db")], endpoints=(given,)), key=lambda one: one.address_type
    )
    assert [(each.addresses[0], each.ready) for each in four.endpoints] == [
        ("192.0.2.1", True),
        ("192.0.2.2", False),
    ]
    assert [(each.addresses[0], each.node_name) for each in six.endpoints] == [
        ("2001:db8::1", "node1")
    ]
    assert four.ports == six.ports == SUBSET.ports
    assert (four.service, four.managed_by, four.annotations) == ("db", MIRRORING, {"a": "b"})
    assert four.labels == {
        "x": "y",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": MIRRORING,
    }


def test_subsets_with_the_same_ports_share_a_slice() -> None:
    """Others have their own; of one address twice, the later counts."""
    same = EndpointSubset((Endpoint(("192.0.2.2",)),), (), SUBSET.ports)
    other = EndpointSubset((Endpoint(("192.0.2.1",)),), (), (EndpointPort(80),))
    found = slices(services=[service("db")], endpoints=(legacy(SUBSET, same, other),))
    fours = [one for one in found if one.address_type == "IPv4"]
    ready = {
        one.ports[0].port: {each.addresses[0]: each.ready for each in one.endpoints}
        for one in fours
    }
    assert ready == {5432: {"192.0.2.1": True, "192.0.2.2": True}, 80: {"192.0.2.1": True}}


@pytest.mark.parametrize(
    ("endpoints", "services"),
    [
        (legacy(SUBSET), []),
        (legacy(SUBSET), [service("other")]),
        (
            legacy(SUBSET, labels={"endpointslice.kubernetes.io/skip-mirror": "true"}),
            [service("db")],
        ),
        (
            legacy(SUBSET, annotations={"control-plane.alpha.kubernetes.io/leader": "{}"}),
            [service("db")],
        ),
        (legacy(), [service("db")]),
        (legacy(EndpointSubset(ports=SUBSET.ports)), [service("db")]),
    ],
)
def test_what_is_not_mirrored(endpoints: Endpoints, services: list[Any]) -> None:
    """Endpoints without a Service, those that say so, and those of nobody."""
    assert slices(services=services, endpoints=(endpoints,)) == []


def test_endpoints_of_a_service_with_a_selector_are_not_mirrored() -> None:
    """There the selector decides."""
    (one,) = slices(server("p"), services=[web("db")], endpoints=(legacy(SUBSET),))
    assert one.managed_by == CONTROLLER
