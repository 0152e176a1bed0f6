"""Services and their endpoints as kubectl would show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli.service_views import BALANCED, HEADLESS, SERVICES, SLICES, SOURCE, pod, service_view
from cli.views import view
from labnet.cli.get import objects, select
from labnet.cli.kube.describe import described_lines
from labnet.cli.kube.endpoints import endpoints
from labnet.cli.kube.kinds import parse_kind
from labnet.cli.kube.service_columns import ready_endpoints
from labnet.cli.kube.tabs import aligned
from labnet.cli.kube.view import Json, View
from labnet.cli.targets import find_target
from labnet.errors import InputError
from labnet.model import Endpoint, EndpointPort, Endpoints, EndpointSlice, EndpointSubset


Golden = Callable[[str, str], None]


def with_slices(*slices: EndpointSlice, **more: object) -> View:
    """The Service `db` with these slices only."""
    here = view()
    service = replace(HEADLESS, **{"publish_not_ready_addresses": False, **more})  # type: ignore[arg-type]  # a test's own words
    cluster = replace(here.cluster, services=(service,), endpoint_slices=slices)
    return replace(here, cluster=cluster)


def db_slice(name: str, *endpoints: Endpoint, port: int = 5432) -> EndpointSlice:
    """A slice of `db`."""
    ports = (EndpointPort(port),)
    return EndpointSlice("default", name, SOURCE, "db", endpoints=endpoints, ports=ports)


def legacy(here: View) -> Json:
    """The only Endpoints object there is."""
    (item,) = endpoints(here)
    return item


def ips(item: Json, field: str = "addresses") -> list[list[str]]:
    """The addresses of each subset."""
    return [[one["ip"] for one in subset.get(field, [])] for subset in item.get("subsets", [])]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_services_are_described_as_kubectl_does(golden: Golden, service: object) -> None:
    """Each sort of Service, line for line."""
    here = service_view()
    wanted = next(one for one in SERVICES if one is service)
    kind = parse_kind("svc")
    (item,) = select(kind, objects(kind, here), wanted.namespace, wanted.name)
    golden(f"describe-service-{wanted.name}.txt", aligned(described_lines(here, item)))


@pytest.mark.parametrize("word", ["endpointslices", "endpoints"])
def test_endpoints_are_described_as_kubectl_does(golden: Golden, word: str) -> None:
    """All of them, after one another."""
    here = service_view()
    items = objects(parse_kind(word), here)
    golden(f"describe-{word}.txt", "\n".join(aligned(described_lines(here, one)) for one in items))


def test_the_words_for_a_service_are_kubectls() -> None:
    """`svc/web` and `services/web`, as for other kinds."""
    assert {parse_kind(word).name for word in ("svc", "service", "services")} == {"Service"}
    assert {parse_kind(word).name for word in ("ep", "endpoints")} == {"Endpoints"}
    assert parse_kind("endpointslices.discovery.k8s.io").name == "EndpointSlice"


def test_pods_of_slices_with_other_ports_are_other_subsets() -> None:
    """A subset says that each of its addresses has each of its ports."""
    slices = (
        db_slice("db-1", pod("10.244.0.2", "a"), pod("10.244.0.3", "b")),
        db_slice("db-2", pod("10.244.0.4", "c"), port=5433),
    )
    item = legacy(with_slices(*slices))
    assert ips(item) == [["10.244.0.2", "10.244.0.3"], ["10.244.0.4"]]
    assert [one["ports"][0]["port"] for one in item["subsets"]] == [5432, 5433]


def test_one_pod_in_two_slices_has_the_ports_of_both() -> None:
    """It is repacked, as the endpoints controller does it."""
    slices = (
        db_slice("db-1", pod("10.244.0.2", "a")),
        db_slice("db-2", pod("10.244.0.2", "a"), port=5433),
    )
    item = legacy(with_slices(*slices))
    assert ips(item) == [["10.244.0.2"]]
    assert [port["port"] for port in item["subsets"][0]["ports"]] == [5432, 5433]


def test_endpoints_know_ready_and_not_ready_and_no_more() -> None:
    """A pod that terminates is in no subset, unless not being ready is no matter."""
    some = db_slice(
        "db-1",
        pod("10.244.0.2", "a"),
        pod("10.244.0.3", "b", ready=False),
        pod("10.244.0.4", "c", ready=False, terminating=True),
    )
    item = legacy(with_slices(some))
    assert ips(item) == [["10.244.0.2"]]
    assert ips(item, "notReadyAddresses") == [["10.244.0.3"]]
    everybody = legacy(with_slices(some, publish_not_ready_addresses=True))
    assert ips(everybody) == [["10.244.0.2", "10.244.0.3", "10.244.0.4"]]


def test_endpoints_are_of_the_first_family() -> None:
    """The second one is in EndpointSlices only."""
    here = service_view()
    found = {one["metadata"]["name"]: one for one in endpoints(here)}
    assert BALANCED.families == (4, 6)
    assert "subsets" not in found["balanced"]
    assert any(one.address_type == "IPv6" for one in SLICES)


def test_endpoints_end_at_a_thousand() -> None:
    """The rest is in slices; an annotation says so."""
    addresses = [f"10.244.{n // 250}.{n % 250 + 2}" for n in range(1100)]
    waiting = db_slice("db-1", *(pod(one, "p", ready=False) for one in addresses[:200]))
    ready = db_slice("db-2", *(pod(one, "p") for one in addresses[200:]))
    item = legacy(with_slices(waiting, ready))
    assert sum(map(len, ips(item))) == 900
    assert sum(map(len, ips(item, "notReadyAddresses"))) == 100
    assert item["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}


def test_written_endpoints_are_as_they_were_written() -> None:
    """They belong to the file, and so no controller touches them."""
    here = with_slices(selector=None)
    subset = EndpointSubset((Endpoint(("192.0.2.1",)),), (), (EndpointPort(80),))
    own = Endpoints("default", "db", SOURCE, (subset,), labels={"a": "b"})
    item = legacy(replace(here, topology=replace(here.topology, endpoints=(own,))))
    assert ips(item) == [["192.0.2.1"]]
    assert item["metadata"]["labels"] == {"a": "b"}
    assert endpoints(here) == []


def test_the_endpoints_of_a_port_are_the_ready_ones_of_all_slices() -> None:
    """Kubectl names three and counts the others."""
    here = service_view()
    slices = [one for one in objects(parse_kind("endpointslices"), here) if "web" in str(one)]
    web = [one for one in slices if one["metadata"]["name"].startswith("web")]
    assert ready_endpoints(web, "http") == "10.244.1.9:80,10.244.0.4:80,10.244.1.10:8080"
    assert ready_endpoints(web, "other") == ""
    assert ready_endpoints([], "http") == "<none>"


def test_a_service_is_a_target() -> None:
    """`exec svc/web` is in the first pod that it selects, as with kubectl."""
    cluster = service_view().cluster
    assert find_target(cluster, "svc/web").label == "web-1"
    assert find_target(cluster, "service/db").label == "db-0"
    with pytest.raises(InputError, match="has no svc/kubernetes"):
        find_target(cluster, "svc/kubernetes")
