"""Legacy Endpoints as EndpointSlices: what the mirroring controller makes of them.

Source: pkg/controller/endpointslicemirroring. It mirrors those that have a Service of their name
without a selector, unless a label or a leader election says not to: one slice for each family and
set of ports, of a thousand addresses of each subset at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from labnet.model import (
    Endpoint,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    Service,
)
from labnet.resolve.slices import ADDRESS_TYPES, MANAGED_BY, SERVICE_NAME


CONTROLLER = "endpointslicemirroring-controller.k8s.io"
MAX_ENDPOINTS = 1000  # --mirroring-max-endpoints-per-subset
SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_OWN = {
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
}


def mirrored_slices(
    endpoints: Sequence[Endpoints],
    services: Sequence[Service],
    name: Callable[[str, str, str], str],
) -> Iterator[EndpointSlice]:
    """The slices of all Endpoints; `name` makes one of a namespace, a Service and what it is of."""
    followers = {(service.namespace, service.name) for service in services if not service.selector}
    for one in endpoints:
        skipped = one.labels.get(SKIP) == "true" or _LEADER in one.annotations
        if not skipped and (one.namespace, one.name) in followers:
            yield from _mirror(one, name)


def _mirror(endpoints: Endpoints, name: Callable[[str, str, str], str]) -> Iterator[EndpointSlice]:
    """The slices of one Endpoints."""
    labels = {**endpoints.labels, MANAGED_BY: CONTROLLER, SERVICE_NAME: endpoints.name}
    annotations = {key: text for key, text in endpoints.annotations.items() if key not in _OWN}
    for family, address_type in ADDRESS_TYPES.items():
        for ports, group in _groups(endpoints.subsets, family).items():
            what = "/".join(f"{port.name}:{port.protocol}:{port.port}" for port in ports)
            yield EndpointSlice(
                endpoints.namespace,
                name(endpoints.namespace, endpoints.name, f"mirror/{family}/{what}"),
                endpoints.source,
                service=endpoints.name,
                address_type=address_type,
                endpoints=tuple(islice(group.values(), MAX_ENDPOINTS)),
                ports=ports,
                managed_by=CONTROLLER,
                labels=labels,
                annotations=annotations,
            )


def _groups(
    subsets: Sequence[EndpointSubset], family: int
) -> Mapping[tuple[EndpointPort, ...], Mapping[object, Endpoint]]:
    """The endpoints of one family by their ports; of the same endpoint twice, the later counts."""
    groups: dict[tuple[EndpointPort, ...], dict[object, Endpoint]] = {}
    for subset in subsets:
        ports = tuple(sorted(subset.ports, key=lambda port: (port.name, port.protocol, port.port)))
        for endpoint in islice(_addresses(subset), MAX_ENDPOINTS):
            if (6 if ":" in endpoint.addresses[0] else 4) == family:
                who = endpoint.addresses, endpoint.hostname, endpoint.target
                groups.setdefault(ports, {})[who] = endpoint
    return groups


def _addresses(subset: EndpointSubset) -> Iterator[Endpoint]:
    """The endpoints of a subset, with the one condition that mirrors have: ready."""
    for ready, endpoints in ((True, subset.ready), (False, subset.not_ready)):
        for one in endpoints:
            yield Endpoint(
                one.addresses,
                ready=ready,
                node_name=one.node_name,
                hostname=one.hostname,
                target=one.target,
            )
