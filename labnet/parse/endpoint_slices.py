"""`kind: EndpointSlice`, as it was written.

Source: k8s.io/kubernetes/pkg/apis/discovery/validation, v1.33.

Decisions
- We chose `serving` to be true where it is not written, whatever `ready` is, over taking it from
  `ready`: so kube-proxy reads it (pkg/proxy/endpointslicecache.go).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from labnet.model import Endpoint, EndpointPort, EndpointSlice, Source
from labnet.parse.findings import Findings
from labnet.parse.formats import Complaint, dns_label, dns_subdomain, label_key, label_value
from labnet.parse.legacy_addresses import endpoint_address
from labnet.parse.metadata import Metadata
from labnet.parse.readers import Reader, boolean, integer, items, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.service_fields import FAMILIES, PORT_NAME, PROTOCOL
from labnet.parse.tree import Fields, Items, Scalar, Tree, descend, quote
from labnet.parse.workloads import HEADER


SERVICE_LABEL: Final = "kubernetes.io/service-name"
MANAGED_BY_LABEL: Final = "endpointslice.kubernetes.io/managed-by"
ADDRESS_TYPES: Final = (*FAMILIES, "FQDN")
MAX_ADDRESSES: Final = 100  # of one endpoint
MAX_ENDPOINTS: Final = 1000
MAX_PORTS: Final = 20000
MAX_HINTS: Final = 8


class _Conditions(NamedTuple):
    """`conditions` of an endpoint, with what kube-proxy takes where one is not written."""

    ready: bool = True
    serving: bool = True
    terminating: bool = False


class Target(NamedTuple):
    """`targetRef`: the object behind an endpoint."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class _Hints(NamedTuple):
    """`hints` of an endpoint."""

    zones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


class SliceBody(NamedTuple):
    """An EndpointSlice but for its metadata; the targets are those of its endpoints."""

    address_type: str = ""
    endpoints: tuple[tuple[Endpoint, Target], ...] = ()
    ports: tuple[EndpointPort, ...] = ()


def _too_many(tree: Fields, name: str, number: int, most: int, findings: Findings) -> None:
    if number > most:
        what = f"has {number:,} items; the most is {most:,}"
        findings.error(tree, what, below=(name,))


def _check_hints(tree: Fields, made: _Hints, findings: Findings) -> None:
    for name, values in (("forZones", made.zones), ("forNodes", made.nodes)):
        _too_many(tree, name, len(values), MAX_HINTS, findings)
        for index, value in enumerate(values[:MAX_HINTS]):
            if value in values[:index]:
                below = (name, index, "name")
                findings.error(tree, f"duplicate value {quote(value)}", below=below)


def _hint(name: str) -> str:
    return name


_ZONE: Final = Field("name", text(label_value), required=True, example="name: east")
_NODE: Final = Field("name", text(dns_subdomain), required=True, example="name: node1")
_HINTS: Final = record(
    "EndpointHints",
    _Hints,
    {
        "forZones": Field("zones", items(record("Named", _hint, {"name": _ZONE}))),
        "forNodes": Field("nodes", items(record("Named", _hint, {"name": _NODE}))),
    },
    check=_check_hints,
)
_CONDITIONS: Final = record(
    "EndpointConditions",
    _Conditions,
    {
        "ready": Field("ready", boolean),
        "serving": Field("serving", boolean),
        "terminating": Field("terminating", boolean),
    },
)
TARGET: Final = record(
    "ObjectReference",
    Target,
    {
        "kind": Field("kind", text()),
        "name": Field("name", text()),
        "namespace": Field("namespace", text()),
    },
    silent=("apiVersion", "fieldPath", "resourceVersion", "uid"),
)


def _read_addresses(tree: Tree, findings: Findings) -> tuple[str, ...]:
    """The addresses as they are written: what they must be, the type of the slice says."""
    words = _WORDS.read(tree, findings)
    if isinstance(tree, Items) and not words:
        findings.error(tree, "must contain at least 1 address")
    if len(words) > MAX_ADDRESSES:
        what = f"has {len(words):,} items; the most is {MAX_ADDRESSES}"
        findings.error(tree, what, "an endpoint has one: kube-proxy uses the first only")
    return words


_WORDS: Final = items(text())

_NO_CONDITIONS: Final = _Conditions()
NO_TARGET: Final = Target()
_NO_HINTS: Final = _Hints()


def _endpoint(
    addresses: tuple[str, ...],
    conditions: _Conditions = _NO_CONDITIONS,
    target: Target = NO_TARGET,
    hints: _Hints = _NO_HINTS,
    **rest: Any,
) -> tuple[Endpoint, Target]:
    found = Endpoint(
        addresses,
        *conditions,
        hint_zones=hints.zones,
        hint_nodes=hints.nodes,
        **rest,
    )
    return found, target


_ENDPOINT: Final = record(
    "Endpoint",
    _endpoint,
    {
        "addresses": Field(
            "addresses",
            Reader(_read_addresses, ()),
            required=True,
            example="addresses: [10.244.0.9]",
        ),
        "conditions": Field("conditions", _CONDITIONS),
        "hints": Field("hints", _HINTS),
        "hostname": Field("hostname", text(dns_label)),
        "nodeName": Field("node_name", text(dns_subdomain)),
        "targetRef": Field("target", TARGET),
        "zone": Field("zone", text()),
    },
)

PORT: Final = record(
    "EndpointPort",
    EndpointPort,
    {
        "port": Field("port", integer(1, 65535), required=True, example="port: 8080"),
        "name": Field("name", PORT_NAME),
        "protocol": Field("protocol", PROTOCOL),
        "appProtocol": Field("app_protocol", text(label_key)),
    },
)


def _fqdn(name: str) -> Complaint | None:
    bare = name.removesuffix(".")
    if complaint := dns_subdomain(bare):
        return complaint
    if "." in bare:
        return None
    return f"{quote(name)}: should be a domain with at least two segments separated by dots", ""


_FQDN: Final = text(_fqdn)


def _check_slice(tree: Fields, made: SliceBody, findings: Findings) -> None:
    _too_many(tree, "endpoints", len(made.endpoints), MAX_ENDPOINTS, findings)
    _too_many(tree, "ports", len(made.ports), MAX_PORTS, findings)
    first: dict[str, int] = {}
    for index, port in enumerate(made.ports):
        if port.name in first:
            line = descend(tree, ("ports", first[port.name])).line
            what = f"duplicate value {quote(port.name)} (line {line})"
            hint = "" if port.name else "of several ports, each has a name"
            findings.error(tree, what, hint, below=("ports", index, "name"))
        first.setdefault(port.name, index)


def _read_slice(tree: Tree, findings: Findings) -> SliceBody:
    """The slice, its addresses canonical and of its type."""
    made = _SLICE.read(tree, findings)
    if not (made.address_type and isinstance(tree, Fields)):
        return made
    written = tree.fields.get("endpoints")
    trees = written.items if isinstance(written, Items) else []
    canonical = tuple(
        (replace(endpoint, addresses=_canonical(place, made.address_type, findings)), target)
        for place, (endpoint, target) in zip(trees, made.endpoints, strict=False)
    )
    return made._replace(endpoints=canonical)


def _canonical(endpoint: Tree, address_type: str, findings: Findings) -> tuple[str, ...]:
    written = descend(endpoint, ("addresses",))
    if written.key != "addresses" or not isinstance(written, Items):
        return ()
    words = (_address(tree, address_type, findings) for tree in written.items)
    return tuple(word for word in words if word)


def _address(tree: Tree, address_type: str, findings: Findings) -> str:
    if not isinstance(tree, Scalar) or tree.kind != "str":
        return ""  # it was said that this is no text
    if address_type == "FQDN":
        return _FQDN.read(tree, findings)
    address = endpoint_address.read(tree, findings)
    if address is None:
        return ""
    if address.version != FAMILIES[address_type]:
        hint = f"the slice's addressType is {address_type}; a slice has one family"
        findings.error(tree, f"{address}: must be an {address_type} address", hint)
    return str(address)


_SLICE: Final = record(
    "EndpointSlice",
    SliceBody,
    {
        "addressType": Field(
            "address_type", one_of(ADDRESS_TYPES), required=True, example="addressType: IPv4"
        ),
        "endpoints": Field("endpoints", items(_ENDPOINT)),
        "ports": Field("ports", items(PORT)),
    },
    silent=HEADER,
    check=_check_slice,
)
SLICE_BODY: Final = Reader(_read_slice, SliceBody())


def endpoint_slice(metadata: Metadata, source: Source, body: SliceBody) -> EndpointSlice:
    """An EndpointSlice as it was written."""
    kind: Any = body.address_type or "IPv4"
    return EndpointSlice(
        namespace=metadata.namespace,
        name=metadata.name,
        source=source,
        service=metadata.labels.get(SERVICE_LABEL, ""),
        address_type=kind,
        endpoints=with_targets(body.endpoints, metadata.namespace),
        ports=body.ports,
        managed_by=metadata.labels.get(MANAGED_BY_LABEL, ""),
        labels=metadata.labels,
        annotations=metadata.annotations,
    )


def with_targets(
    found: tuple[tuple[Endpoint, Target], ...], namespace: str
) -> tuple[Endpoint, ...]:
    """The endpoints, with the pods behind them; one of no namespace is of the object's own."""
    return tuple(
        replace(endpoint, target=f"pod/{target.namespace or namespace}/{target.name}")
        if target.kind == "Pod" and target.name
        else endpoint
        for endpoint, target in found
    )
