"""What in Services and their endpoints is taken, but likely not meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from labnet.model import EndpointPort, Endpoints, EndpointSlice, Lab, Service, Workload
from labnet.parse.documents import Contents, Document
from labnet.parse.endpoint_slices import SERVICE_LABEL
from labnet.parse.findings import Findings, Keys, choices, did_you_mean
from labnet.parse.references import nearest, selects
from labnet.parse.service_checks import is_api_service
from labnet.parse.tree import descend, quote, shorten


COMPUTED: Final = "endpointslice-controller.k8s.io"

# Labels that controllers give their pods, which no template shows.
_POD_LABELS: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
_MOST_HINTS: Final = 100  # after which nobody reads them


class _Pods:
    """The workloads of each namespace, by each of the labels of their pods."""

    def __init__(self, contents: Contents) -> None:
        self._by_label: dict[tuple[str, str, str], list[Workload]] = defaultdict(list)
        self.all: dict[str, list[Workload]] = defaultdict(list)
        for _, workload in contents.of(Workload):
            self.all[workload.namespace].append(workload)
            for key, value in workload.template.labels.items():
                self._by_label[workload.namespace, key, value].append(workload)

    def selected(self, namespace: str, selector: Mapping[str, str]) -> list[Workload]:
        """Those whose pods have the labels that are known before the pods are."""
        wanted = {key: value for key, value in selector.items() if key not in _POD_LABELS}
        if not wanted:
            return self.all.get(namespace, [])
        lists = (self._by_label.get((namespace, *pair), []) for pair in wanted.items())
        fewest = min(lists, key=len)
        return [each for each in fewest if selects(wanted, each.template.labels)]


class _Warnings:
    """What there is to say; what is near takes long to find, and the first ones have it only."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self._hints = 0

    def add(self, document: Document, keys: Keys, what: str, near: Callable[[], str]) -> None:
        """`what` is likely not meant, at `keys`."""
        self._hints += 1
        hint = near() if self._hints <= _MOST_HINTS else ""
        self.findings.warning(document.root, what, hint, below=keys)


def warn_of_services(contents: Contents, findings: Findings) -> None:
    """All of it, for objects that nothing is wrong with."""
    pods = _Pods(contents)
    warnings = _Warnings(findings)
    for document, service in contents.of(Service):
        _warn_of_no_address(document, service, findings)
        if not service.selector or service.type == "ExternalName":
            continue
        selected = pods.selected(document.namespace, service.selector)
        if selected:
            _warn_of_names(document, service, selected, warnings)
        else:
            known = pods.all.get(document.namespace, ())
            _warn_of_selector(document, service, known, warnings)
    _warn_of_endpoints(contents, warnings)


def _warn_of_no_address(document: Document, service: Service, findings: Findings) -> None:
    if service.type == "LoadBalancer" and not service.ingress:
        tree = descend(document.root, ("spec", "type"))
        what = "labnet has no load balancer yet: nothing gives this Service an address"
        hint = "give it one: status: {loadBalancer: {ingress: [{ip: 192.0.2.10}]}}"
        findings.ignored(tree, what, hint)


def _warn_of_selector(
    document: Document, service: Service, known: Sequence[Workload], warnings: _Warnings
) -> None:
    selector = service.selector or {}
    pairs = (f"{key}={value}" for key, value in sorted(selector.items()))
    what = f"{shorten(','.join(pairs), 100)} selects no pod: there is no endpoint"
    near = partial(_near_labels, selector, known, document.namespace)
    warnings.add(document, ("spec", "selector"), what, near)


def _near_labels(selector: Mapping[str, str], workloads: Sequence[Workload], namespace: str) -> str:
    """For the first key that is the matter, what the pods have instead."""
    if not workloads:
        return f"there is no pod in namespace {namespace}"
    for key, value in sorted(selector.items()):
        labels = [each.template.labels for each in workloads]
        values = {each[key] for each in labels if key in each}
        if not values:
            known = {name for each in labels for name in each}
            return did_you_mean(key, known) or f"no pod has a label {key}"
        if value not in values:
            few = choices([f"{key}={each}" for each in sorted(values)], limit=4)
            return did_you_mean(value, values) or f"the pods have {few}"
    return "no pod has all of these labels together"


class _PodPort(NamedTuple):
    """A named port of a container."""

    name: str
    protocol: str


def _warn_of_names(
    document: Document, service: Service, selected: Sequence[Workload], warnings: _Warnings
) -> None:
    """Each target port that is a name is one of a pod's, of the same protocol."""
    named = [
        (index, port)
        for index, port in enumerate(service.ports)
        if isinstance(port.target_port, str)
    ]
    if not named:
        return
    ports = {
        _PodPort(port.name, port.protocol)
        for workload in selected
        for container in workload.template.spec.containers
        for port in container.ports
        if port.name
    }
    for index, port in named:
        name = str(port.target_port)
        if _PodPort(name, port.protocol) in ports:
            continue
        what = f"no selected pod has a {port.protocol} port of the name {quote(name)}"
        below: Keys = ("spec", "ports", index, "targetPort")
        warnings.add(document, below, what, partial(_near_port, name, ports))


def _near_port(name: str, ports: set[_PodPort]) -> str:
    others = sorted(port.protocol for port in ports if port.name == name)
    if others:
        return f"{name} is a {others[0]} port"
    return nearest(name, {port.name for port in ports}, "port")


class _Owned(NamedTuple):
    """Endpoints that were written, in either kind."""

    document: Document
    service: str
    keys: Keys
    computed: bool
    ports: tuple[tuple[Keys, EndpointPort], ...]
    nodes: tuple[tuple[Keys, str], ...]


def _warn_of_endpoints(contents: Contents, warnings: _Warnings) -> None:
    services = {(each.namespace, each.name): each for _, each in contents.of(Service)}
    names: dict[str, list[str]] = defaultdict(list)
    for namespace, name in services:
        names[namespace].append(name)
    nodes = {node.name for _, lab in contents.of(Lab) for node in lab.nodes}
    for owned in (*_slices(contents, warnings.findings), *_endpoints(contents)):
        document = owned.document
        service = services.get((document.namespace, owned.service))
        if service is not None:
            _warn_of_owner(owned, service, warnings.findings)
        elif not is_api_service(document.namespace, owned.service):
            what = f"there is no Service {quote(owned.service)} in namespace {document.namespace}"
            near = partial(nearest, owned.service, names[document.namespace], "Service")
            warnings.add(document, owned.keys, what, near)
        for keys, node in owned.nodes:
            if node not in nodes:
                what = f"there is no node {quote(node)}: this endpoint is remote"
                warnings.add(document, keys, what, partial(nearest, node, nodes, "node"))


def _warn_of_owner(owned: _Owned, service: Service, findings: Findings) -> None:
    root = owned.document.root
    if service.selector and owned.computed:
        what = f"Service {service.name} has a selector, and what it selects is computed"
        hint = "remove the selector to have the endpoints as they are written here"
        findings.warning(root, what, hint, below=owned.keys)
        return
    known = {(port.name, port.protocol) for port in service.ports}
    for keys, port in owned.ports:
        if known and (port.name, port.protocol) not in known:
            name = f"of the name {quote(port.name)}" if port.name else "without a name"
            what = f"Service {service.name} has no {port.protocol} port {name}"
            shown = [f"{each or 'one without a name'}/{protocol}" for each, protocol in known]
            hint = f"its ports are {choices(sorted(shown))}; a port is found by its name"
            findings.warning(root, what, hint, below=keys)


def _slices(contents: Contents, findings: Findings) -> Iterator[_Owned]:
    for document, found in contents.of(EndpointSlice):
        if found.address_type == "FQDN":
            tree = descend(document.root, ("addressType",))
            findings.ignored(tree, "kube-proxy does not look at endpoints that are FQDN")
        if not found.service:
            what = f"has no label {SERVICE_LABEL}: no Service has these endpoints"
            findings.warning(document.root, what, below=("metadata", "labels"))
            continue
        ports = tuple((("ports", i, "name"), port) for i, port in enumerate(found.ports))
        nodes = tuple(
            (("endpoints", index, "nodeName"), endpoint.node_name)
            for index, endpoint in enumerate(found.endpoints)
            if endpoint.node_name
        )
        keys: Keys = ("metadata", "labels", SERVICE_LABEL)
        computed = found.managed_by == COMPUTED
        yield _Owned(document, found.service, keys, computed, ports, nodes)


def _endpoints(contents: Contents) -> Iterator[_Owned]:
    for document, found in contents.of(Endpoints):
        ports: list[tuple[Keys, EndpointPort]] = []
        nodes: list[tuple[Keys, str]] = []
        for index, subset in enumerate(found.subsets):
            here: Keys = ("subsets", index)
            ports += (((*here, "ports", i, "name"), port) for i, port in enumerate(subset.ports))
            for name, each in (
                ("addresses", subset.ready),
                ("notReadyAddresses", subset.not_ready),
            ):
                nodes += (
                    ((*here, name, i, "nodeName"), endpoint.node_name)
                    for i, endpoint in enumerate(each)
                    if endpoint.node_name
                )
        keys: Keys = ("metadata", "name")
        yield _Owned(document, document.name, keys, True, tuple(ports), tuple(nodes))
