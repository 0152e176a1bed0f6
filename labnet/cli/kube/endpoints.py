"""EndpointSlices, and the Endpoints that came before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from labnet.cli.kube.metadata import Identity, metadata, without_empty
from labnet.cli.kube.view import Json, View
from labnet.model import Endpoint, EndpointPort, Endpoints, EndpointSlice, EndpointSubset, Service
from labnet.names import DEFAULT_NAMESPACE
from labnet.resolve import object_uid


SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
_LEGACY_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
_HEADLESS = {"service.kubernetes.io/headless": ""}
_API_LABELS = {"endpointslice.kubernetes.io/skip-mirror": "true"}
_MOST = 1000  # addresses of an Endpoints object; the rest only EndpointSlices have
_TRUNCATED = {"endpoints.kubernetes.io/over-capacity": "truncated"}


def endpoint_slices(view: View) -> list[Json]:
    """Every EndpointSlice."""
    return slice_objects(view, view.cluster.endpoint_slices)


def slice_objects(view: View, slices: Iterable[EndpointSlice]) -> list[Json]:
    """These EndpointSlices."""
    return [_slice(view, one) for one in slices]


def _slice(view: View, model: EndpointSlice) -> Json:
    """An EndpointSlice; one that the controller made belongs to its Service."""
    labels = {**model.labels, SERVICE_NAME: model.service, MANAGED_BY: model.managed_by}
    about = metadata(
        view,
        Identity("EndpointSlice", model.name, model.namespace),
        labels={key: value for key, value in labels.items() if value or key in model.labels},
        annotations=model.annotations,
    )
    if model.managed_by == CONTROLLER:
        about["generateName"] = f"{model.service}-"
        about["ownerReferences"] = [_owner(view, model)]
    return {
        "addressType": model.address_type,
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": [_endpoint(view, one) for one in model.endpoints] or None,
        "kind": "EndpointSlice",
        "metadata": about,
        "ports": [_port(one, always_named=True) for one in model.ports] or None,
    }


def _owner(view: View, model: EndpointSlice) -> Json:
    return {
        "apiVersion": "v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "Service",
        "name": model.service,
        "uid": object_uid(view.lab, "Service", model.namespace, model.service),
    }


def _endpoint(view: View, model: Endpoint) -> Json:
    """An entry of `endpoints`."""
    hints = {
        "forNodes": [{"name": name} for name in model.hint_nodes],
        "forZones": [{"name": name} for name in model.hint_zones],
    }
    return without_empty(
        {
            "addresses": list(model.addresses),
            "conditions": {
                "ready": model.ready,
                "serving": model.serving,
                "terminating": model.terminating,
            },
            "hints": without_empty(hints),
            "hostname": model.hostname,
            "nodeName": model.node_name,
            "targetRef": _target(view, model),
            "zone": model.zone,
        }
    )


def _target(view: View, model: Endpoint) -> Json:
    """The pod behind an endpoint."""
    if not model.target:
        return {}
    kind, namespace, name = model.target.split("/")
    word = kind.capitalize()
    uid = object_uid(view.lab, word, namespace, name)
    return {"kind": word, "name": name, "namespace": namespace, "uid": uid}


def _port(model: EndpointPort, *, always_named: bool = False) -> Json:
    """An entry of `ports`; in a slice the name is there even if it is empty."""
    port = without_empty(
        {
            "appProtocol": model.app_protocol,
            "name": model.name,
            "port": model.port or None,
            "protocol": model.protocol,
        }
    )
    return {"name": "", **port} if always_named else port


def endpoints(view: View) -> list[Json]:
    """Every Endpoints object: those of Services with a selector, and those of the files.

    `default/kubernetes` has one too: the API server keeps it itself.
    """
    grouped = slices_by_service(view.cluster.endpoint_slices)
    written = {(one.namespace, one.name): one for one in view.topology.endpoints}
    made = [
        _made_endpoints(service, grouped.get((service.namespace, service.name), ()))
        for service in view.cluster.services
        if (service.selector or (service.namespace, service.name) == _API)
        and (service.namespace, service.name) not in written
    ]
    return [_endpoints(view, one) for one in (*made, *written.values())]


_API = (DEFAULT_NAMESPACE, "kubernetes")


def slices_by_service(
    slices: Iterable[EndpointSlice],
) -> dict[tuple[str, str], list[EndpointSlice]]:
    """The slices of each Service, by its namespace and name."""
    grouped: dict[tuple[str, str], list[EndpointSlice]] = {}
    for one in slices:
        grouped.setdefault((one.namespace, one.service), []).append(one)
    return grouped


def _made_endpoints(service: Service, slices: Sequence[EndpointSlice]) -> Endpoints:
    """What the endpoints controller would have made of the pods that are in the slices.

    It knows the first family only, has no word for a pod that terminates, and stops at 1,000
    addresses (pkg/controller/endpoint/endpoints_controller.go).
    """
    family = f"IPv{service.families[0]}" if service.families else "IPv4"
    here = [one for one in slices if one.address_type == family]
    subsets = _packed(here, everybody=service.publish_not_ready_addresses)
    kept = _first(subsets, _MOST)
    is_api = (service.namespace, service.name) == _API
    labels = {**service.labels, **_LEGACY_BY, **(_HEADLESS if service.headless else {})}
    return Endpoints(
        service.namespace,
        service.name,
        service.source,
        kept,
        _API_LABELS if is_api else labels,
        {} if kept == subsets else _TRUNCATED,
    )


@dataclass(slots=True)
class _Address:
    """An address, and the ports that it has, ready or not."""

    endpoint: Endpoint
    ready: bool
    ports: set[EndpointPort] = field(default_factory=set)


def _packed(slices: Iterable[EndpointSlice], *, everybody: bool) -> tuple[EndpointSubset, ...]:
    """Addresses with the same ports in one subset (RepackSubsets, pkg/api/v1/endpoints/util.go)."""
    found: dict[tuple[str, bool], _Address] = {}
    for one in slices:
        for endpoint in one.endpoints:
            if endpoint.terminating and not everybody:
                continue
            ready = endpoint.ready or everybody
            key = endpoint.addresses[0], ready
            found.setdefault(key, _Address(endpoint, ready)).ports.update(one.ports)
    ordered = sorted(found.values(), key=lambda one: (_ports_key(one), one.endpoint.addresses[0]))
    return tuple(
        EndpointSubset(
            tuple(one.endpoint for one in group if one.ready),
            tuple(one.endpoint for one in group if not one.ready),
            tuple(sorted(group[0].ports, key=lambda port: (port.name, port.protocol, port.port))),
        )
        for group in (list(some) for _, some in groupby(ordered, key=_ports_key))
    )


def _ports_key(address: _Address) -> list[tuple[str, str, int, str]]:
    return sorted(
        (port.name, port.protocol, port.port, port.app_protocol) for port in address.ports
    )


def _first(subsets: tuple[EndpointSubset, ...], most: int) -> tuple[EndpointSubset, ...]:
    """The subsets with so many addresses at most, those that are ready first."""
    if sum(len(one.ready) + len(one.not_ready) for one in subsets) <= most:
        return subsets
    room = most - sum(len(one.ready) for one in subsets)
    kept = []
    for one in subsets:
        ready = one.ready[:most]
        most -= len(ready)
        waiting = one.not_ready[: max(room, 0)]
        room -= len(waiting)
        if ready or waiting:
            kept.append(EndpointSubset(ready, waiting, one.ports))
    return tuple(kept)


def _endpoints(view: View, model: Endpoints) -> Json:
    """A `v1` Endpoints object."""
    about = metadata(
        view,
        Identity("Endpoints", model.name, model.namespace),
        labels=model.labels,
        annotations=model.annotations,
    )
    item = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": about,
        "subsets": [_subset(view, one) for one in model.subsets],
    }
    return without_empty(item)


def _subset(view: View, model: EndpointSubset) -> Json:
    return without_empty(
        {
            "addresses": list(_subset_addresses(view, model.ready)),
            "notReadyAddresses": list(_subset_addresses(view, model.not_ready)),
            "ports": [_port(one) for one in model.ports],
        }
    )


def _subset_addresses(view: View, models: Iterable[Endpoint]) -> Iterator[Json]:
    for model in models:
        yield without_empty(
            {
                "hostname": model.hostname,
                "ip": model.addresses[0],
                "nodeName": model.node_name,
                "targetRef": _target(view, model),
            }
        )
