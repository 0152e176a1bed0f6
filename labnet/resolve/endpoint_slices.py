"""EndpointSlices: what their controller computes of selectors, mirrors of Endpoints, or is given.

Source: k8s.io/endpointslice (reconciler.go, utils.go, util/controller_utils.go).

Decisions
- We chose to fill slices in the order of the pods' names over the controller's any order, and to
  compute them anew each time over keeping what was where: a slice is a detail of how endpoints are
  told, and no rule depends on it.
- We chose names made of the Service, the family and the ports: a slice keeps its own as long as it
  says the same kind of thing.
- We chose to take a slice as it is written, like the API server: it fills in neither a zone nor
  anything else that a node could tell.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from labnet.model import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Family,
    Node,
    Pod,
    Service,
    ServicePort,
    Topology,
)
from labnet.resolve.facts import Facts, pod_key
from labnet.resolve.hints import Hints
from labnet.resolve.mirroring import mirrored_slices
from labnet.resolve.naming import generated_name
from labnet.resolve.services import API_NAME, API_NAMESPACE, API_PORT
from labnet.resolve.slices import ADDRESS_TYPES, HEADLESS, MANAGED_BY, SERVICE_NAME
from labnet.resolve.workloads import selects


CONTROLLER = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS = 100  # --max-endpoints-per-slice
_RESERVED = {HEADLESS, MANAGED_BY, SERVICE_NAME}

Ports = tuple[EndpointPort, ...]


def resolve_endpoint_slices(
    topology: Topology,
    services: Sequence[Service],
    pods: Sequence[Pod],
    nodes: Sequence[Node],
    facts: Facts,
) -> tuple[EndpointSlice, ...]:
    """All slices of the lab, sorted: computed, mirrored and as written.

    `services` are the resolved ones. Pods in a terminal phase are no endpoints. A slice that the
    controller made (`kubectl get -o yaml` prints them) gives way to what it makes here.
    """
    selecting = {(one.namespace, one.name) for one in services if one.selector}
    written = [
        slice_
        for slice_ in topology.endpoint_slices
        if slice_.managed_by != CONTROLLER or (slice_.namespace, slice_.service) not in selecting
    ]
    names = SliceNames((slice_.namespace, slice_.name) for slice_ in written)
    computed = Computed(pods, nodes, facts, names)
    slices = [
        _api_slice(nodes[0], services),
        *written,
        *mirrored_slices(topology.endpoints, services, names.take),
        *(slice_ for service in services for slice_ in computed.of(service)),
    ]
    return tuple(sorted(slices, key=lambda slice_: (slice_.namespace, slice_.name)))


def _api_slice(node: Node, services: Sequence[Service]) -> EndpointSlice:
    """The endpoint of `default/kubernetes`: the API server would be on the first node."""
    service = next(
        one for one in services if (one.namespace, one.name) == (API_NAMESPACE, API_NAME)
    )
    family = service.families[0]
    address = next(one.ip for one in node.addresses if one.version == family)
    assert isinstance(API_PORT.target_port, int), "the API server's port has no name"
    return EndpointSlice(
        API_NAMESPACE,
        API_NAME,
        service.source,
        service=API_NAME,
        address_type=ADDRESS_TYPES[family],
        endpoints=(Endpoint((str(address),)),),
        ports=(EndpointPort(API_PORT.target_port, API_PORT.name),),
        labels={SERVICE_NAME: API_NAME},
    )


class SliceNames:
    """Which names slices have, by namespace."""

    def __init__(self, taken: Iterable[tuple[str, str]]) -> None:
        """Those that the file says, and that of the API server's own."""
        self._taken = {(API_NAMESPACE, API_NAME), *taken}

    def take(self, namespace: str, owner: str, what: str) -> str:
        """A new name `OWNER-xxxxx`, always the same for `what` of an owner."""
        seed = crc32(f"EndpointSlice/{namespace}/{owner}/{what}".encode())
        attempt = 0
        while (namespace, name := generated_name(owner, seed, "", attempt)) in self._taken:
            attempt += 1
        self._taken.add((namespace, name))
        return name


class Computed:
    """What selectors select: the pods of the lab by namespace and label."""

    def __init__(
        self, pods: Sequence[Pod], nodes: Sequence[Node], facts: Facts, names: SliceNames
    ) -> None:
        """Only pods that have an address and have not ended; labnet's Containers have no labels."""
        self._hints = Hints(nodes)
        self._names = names
        self._by_label: dict[tuple[str, str, str], list[_Member]] = {}
        for pod in pods:
            key = pod_key(pod)
            if pod.kind == "Pod" and pod.addresses and key not in facts.ended:
                member = _Member(pod, key, _by_family(pod))
                for label in pod.labels.items():
                    self._by_label.setdefault((pod.namespace, *label), []).append(member)

    def of(self, service: Service) -> Iterator[EndpointSlice]:
        """The slices of a Service, of each of its families; none without a selector."""
        if not service.selector or service.type == "ExternalName":
            return
        members = self._selected(service.namespace, service.selector)
        labels = _labels(service)
        for family in service.families:
            yield from self._of_family(service, family, members, labels)

    def _selected(self, namespace: str, selector: Mapping[str, str]) -> list[_Member]:
        """The pods that a selector selects, found by the label that the fewest have."""
        candidates = min(
            (self._by_label.get((namespace, *item), []) for item in selector.items()), key=len
        )
        return [member for member in candidates if selects(selector, member.pod.labels)]

    def _of_family(
        self,
        service: Service,
        family: Family,
        members: Sequence[_Member],
        labels: Mapping[str, str],
    ) -> Iterator[EndpointSlice]:
        """The slices of one family: pods that resolve the ports alike share them."""
        groups: dict[Ports, list[Endpoint]] = {}
        fixed = _fixed_ports(service)
        for member in members:
            if family in member.addresses:
                ports = endpoint_ports(service, member.pod) if fixed is None else fixed
                groups.setdefault(ports, []).append(self._endpoint(service, member, family))
        groups = groups or {(): []}  # a Service that selects nobody has a slice that says so
        hinted = iter(
            self._hints.given(service, [one for group in groups.values() for one in group])
        )
        for ports, group in groups.items():
            what = "/".join(f"{port.name}:{port.protocol}:{port.port}" for port in ports)
            for begin in range(0, len(group) or 1, MAX_ENDPOINTS):
                count = len(group[begin : begin + MAX_ENDPOINTS])
                yield EndpointSlice(
                    service.namespace,
                    self._names.take(service.namespace, service.name, f"{family}/{what}/{begin}"),
                    service.source,
                    service=service.name,
                    address_type=ADDRESS_TYPES[family],
                    endpoints=tuple([next(hinted) for _ in range(count)]),
                    ports=ports,
                    managed_by=CONTROLLER,
                    labels=labels,
                )

    def _endpoint(self, service: Service, member: _Member, family: Family) -> Endpoint:
        """A pod as an endpoint of a family that it has."""
        pod = member.pod
        return Endpoint(
            member.addresses[family],
            ready=pod.ready or service.publish_not_ready_addresses,
            serving=pod.ready,
            node_name=pod.node,
            zone=self._hints.zone(pod.node),
            hostname=_hostname(service, pod),
            target=member.key,
        )


class _Member(NamedTuple):
    """A pod that can be an endpoint, with its addresses as text."""

    pod: Pod
    key: str
    addresses: Mapping[Family, tuple[str, ...]]


def _by_family(pod: Pod) -> dict[Family, tuple[str, ...]]:
    """The addresses of a pod, of each family that it has any of."""
    found: dict[Family, tuple[str, ...]] = {}
    for ip in pod.ips:
        found[ip.version] = (*found.get(ip.version, ()), str(ip))
    return found


def _fixed_ports(service: Service) -> Ports | None:
    """The endpoints' ports where they are the same in every pod; None where pods name them."""
    if any(isinstance(port.target_port, str) for port in service.ports):
        return None
    return tuple(
        [
            EndpointPort(port.target_port, port.name, port.protocol, port.app_protocol)
            for port in service.ports
            if isinstance(port.target_port, int)
        ]
    )


def endpoint_ports(service: Service, pod: Pod) -> Ports:
    """The ports of a Service as one pod has them; one that the pod does not name is left out."""
    return tuple(
        [
            EndpointPort(number, port.name, port.protocol, port.app_protocol)
            for port in service.ports
            if (number := _target(port, pod))
        ]
    )


def _target(port: ServicePort, pod: Pod) -> int:
    """The number of a target port in a pod, 0 if none of its containers has one of that name."""
    if isinstance(port.target_port, int):
        return port.target_port
    return next(
        (
            one.container_port
            for container in pod.containers
            if not container.init
            for one in container.ports
            if (one.name, one.protocol) == (port.target_port, port.protocol)
        ),
        0,
    )


def _hostname(service: Service, pod: Pod) -> str:
    """The hostname of an endpoint: that of a pod which has the Service for its domain."""
    assert pod.owner is not None, "only labnet's own have no workload"
    spec = pod.owner.template.spec
    if pod.owner.kind == "StatefulSet":
        return pod.hostname if pod.owner.service_name == service.name else ""
    return spec.hostname if spec.subdomain == service.name else ""


def _labels(service: Service) -> dict[str, str]:
    """The labels of a Service's slices: its own, and those that the controller sets."""
    labels = {key: value for key, value in service.labels.items() if key not in _RESERVED}
    if not service.cluster_ips:
        labels[HEADLESS] = ""
    return {**labels, MANAGED_BY: CONTROLLER, SERVICE_NAME: service.name}
