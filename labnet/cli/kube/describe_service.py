"""Services, EndpointSlices and Endpoints as kubectl describes them (pkg/describe/describe.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from labnet.cli.kube.columns import labels_text
from labnet.cli.kube.service_columns import ready_endpoints
from labnet.cli.kube.tabs import pairs
from labnet.cli.kube.view import Json


_NONE, _UNSET = "<none>", "<unset>"


def _head(item: Json) -> Iterator[str]:
    """What these begin with; unlike `head_lines` without a time, as kubectl has it."""
    about = item["metadata"]
    yield f"Name:\t{about['name']}"
    yield f"Namespace:\t{about['namespace']}"
    yield from pairs("Labels", about.get("labels"))
    yield from pairs("Annotations", about.get("annotations"), ": ")


def service_lines(item: Json, slices: Sequence[Json]) -> Iterator[str]:
    """A Service, with the endpoints that its EndpointSlices have for each port."""
    spec = item["spec"]
    yield from _head(item)
    yield f"Selector:\t{labels_text(spec.get('selector'))}"
    yield f"Type:\t{spec['type']}"
    if "ipFamilyPolicy" in spec:
        yield f"IP Family Policy:\t{spec['ipFamilyPolicy']}"
    yield f"IP Families:\t{','.join(spec.get('ipFamilies', [])) or _NONE}"
    yield f"IP:\t{spec.get('clusterIP', '')}"
    yield f"IPs:\t{','.join(spec.get('clusterIPs', [])) or _NONE}"
    for label, value in _external(item):
        if value:
            yield f"{label}:\t{value}"
    for port in spec.get("ports", []):
        yield from _port(port, slices)
    yield f"Session Affinity:\t{spec['sessionAffinity']}"
    for label, field in _POLICIES:
        if field in spec:
            yield f"{label}:\t{_text(spec[field])}"


_POLICIES = (
    ("External Traffic Policy", "externalTrafficPolicy"),
    ("Internal Traffic Policy", "internalTrafficPolicy"),
    ("HealthCheck NodePort", "healthCheckNodePort"),
    ("LoadBalancer Source Ranges", "loadBalancerSourceRanges"),
    ("Traffic Distribution", "trafficDistribution"),
)


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _external(item: Json) -> Iterator[tuple[str, str]]:
    """The addresses and names that are not the cluster's."""
    spec = item["spec"]
    yield "External IPs", ",".join(spec.get("externalIPs", []))
    yield "Desired LoadBalancer IP", spec.get("loadBalancerIP", "")
    yield "External Name", spec.get("externalName", "")
    ingress = [
        f"{one['ip']} ({one['ipMode']})" if "ip" in one else one["hostname"]
        for one in item["status"]["loadBalancer"].get("ingress", [])
    ]
    yield "LoadBalancer Ingress", ", ".join(ingress)


def _port(port: Json, slices: Sequence[Json]) -> Iterator[str]:
    """A port, where it leads, and who is there."""
    name, protocol = port.get("name", _UNSET), port["protocol"]
    yield f"Port:\t{name}\t{port['port']}/{protocol}"
    yield f"TargetPort:\t{port['targetPort']}/{protocol}"
    if "appProtocol" in port:
        yield f"AppProtocol:\t{port['appProtocol']}"
    if "nodePort" in port:
        yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
    yield f"Endpoints:\t{ready_endpoints(slices, port.get('name', ''))}"


def slice_lines(item: Json) -> Iterator[str]:
    """An EndpointSlice.

    Kubectl shows of the conditions only Ready, and no hints; the others and the hints decide where
    kube-proxy sends packets, so they are here too.
    """
    yield from _head(item)
    yield f"AddressType:\t{item['addressType']}"
    yield from _ports(item["ports"] or [], "Ports: <unset>", "")
    if not item["endpoints"]:
        yield "Endpoints: <none>"
        return
    yield "Endpoints:"
    for one in item["endpoints"]:
        yield f"  - Addresses:\t{', '.join(one['addresses']) or _NONE}"
        yield "    Conditions:"
        for condition in ("ready", "serving", "terminating"):
            yield f"      {condition.capitalize()}:\t{_condition(one, condition)}"
        yield f"    Hostname:\t{one.get('hostname', _UNSET)}"
        if "targetRef" in one:
            yield f"    TargetRef:\t{one['targetRef']['kind']}/{one['targetRef']['name']}"
        yield f"    NodeName:\t{one.get('nodeName', _UNSET)}"
        yield f"    Zone:\t{one.get('zone', _UNSET)}"
        yield from _hints(one.get("hints", {}))


def _condition(endpoint: Json, name: str) -> str:
    value = endpoint["conditions"].get(name)
    return _UNSET if value is None else str(value).lower()


def _hints(hints: Json) -> Iterator[str]:
    """For which zones and nodes an endpoint is meant."""
    for label, field in (("For Zones", "forZones"), ("For Nodes", "forNodes")):
        if field in hints:
            yield f"    {label}:\t{', '.join(one['name'] for one in hints[field])}"


def _ports(ports: Iterable[Json], nothing: str, indent: str) -> Iterator[str]:
    """The table of ports, or what to say if there are none."""
    rows = [(one.get("name") or _UNSET, one.get("port", _UNSET), one["protocol"]) for one in ports]
    if not rows:
        if nothing:
            yield f"{indent}{nothing}"
        return
    yield f"{indent}Ports:"
    yield f"{indent}  Name\tPort\tProtocol"
    yield f"{indent}  ----\t----\t--------"
    yield from (f"{indent}  {name}\t{port}\t{protocol}" for name, port, protocol in rows)


def endpoints_lines(item: Json) -> Iterator[str]:
    """An Endpoints object, subset by subset."""
    yield from _head(item)
    yield "Subsets:"
    for one in item.get("subsets", []):
        for label, field in (
            ("Addresses", "addresses"),
            ("NotReadyAddresses", "notReadyAddresses"),
        ):
            found = ",".join(address["ip"] for address in one.get(field, []))
            yield f"  {label}:\t{found or _NONE}"
        yield from _ports(one.get("ports", []), "", "  ")
        yield ""
