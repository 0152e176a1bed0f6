"""The cells of Services and endpoints: printService and its like in kubectl's printers.go."""

from __future__ import annotations

from collections.abc import Iterable

from labnet.cli.kube.view import Json


MOST = 3  # how many ports or endpoints a cell names
_NARROW = 16  # characters of load balancer addresses without `-o wide`


def cluster_ip(item: Json, now: float) -> str:
    """CLUSTER-IP: the first address, or None for a headless Service."""
    del now
    return str(item["spec"].get("clusterIP", "<none>"))


def external_ip(item: Json, now: float) -> str:
    """EXTERNAL-IP, cut short if it is long."""
    del now
    return _external(item, wide=False)


def external_ip_wide(item: Json, now: float) -> str:
    """EXTERNAL-IP with `-o wide`."""
    del now
    return _external(item, wide=True)


def _external(item: Json, *, wide: bool) -> str:
    """externalIPs; before them the load balancer's own; the other name of an ExternalName."""
    spec = item["spec"]
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    own = ",".join(spec.get("externalIPs", []))
    if spec["type"] != "LoadBalancer":
        return own or "<none>"
    ingress = item["status"]["loadBalancer"].get("ingress", [])
    given = ",".join(sorted({one.get("ip") or one.get("hostname", "") for one in ingress}))
    if not wide and len(given) > _NARROW:
        given = f"{given[: _NARROW - 3]}..."
    return ",".join(filter(None, (given, own))) or "<pending>"


def service_ports(item: Json, now: float) -> str:
    """PORT(S): `80:30080/TCP,53/UDP`."""
    del now
    cells = []
    for port in item["spec"].get("ports", []):
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        cells.append(f"{port['port']}{node_port}/{port['protocol']}")
    return ",".join(cells) or "<none>"


def slice_ports(item: Json, now: float) -> str:
    """PORTS of an EndpointSlice."""
    del now
    cells = [str(port.get("port") or port["name"] or "*") for port in item["ports"] or []]
    return _some(cells) or "<unset>"


def slice_endpoints(item: Json, now: float) -> str:
    """ENDPOINTS of an EndpointSlice, ready or not."""
    del now
    addresses = [address for one in item["endpoints"] or [] for address in one["addresses"]]
    return _some(addresses) or "<unset>"


def subset_endpoints(item: Json, now: float) -> str:
    """ENDPOINTS of an Endpoints object: those that are ready, with each of their ports."""
    del now
    subsets = item.get("subsets", [])
    if not subsets:
        return "<none>"
    found = []
    for one in subsets:
        addresses = [address["ip"] for address in one.get("addresses", [])]
        ports = [port["port"] for port in one.get("ports", [])]
        found += [host_port(address, port) for port in ports for address in addresses]
        found += [] if ports else addresses
    return _some(found)


def ready_endpoints(slices: Iterable[Json], port: str) -> str:
    """`Endpoints:` of a port in `describe service`: the ready ones of all of its slices."""
    found: list[str] = []
    none = True
    for item in slices:
        none = False
        ready = [one["addresses"][0] for one in item["endpoints"] or [] if is_ready(one)]
        numbers = [one.get("port", 0) for one in item["ports"] or [] if one["name"] == port]
        found += [host_port(address, number) for number in numbers for address in ready]
        found += [] if item["ports"] else ready
    return "<none>" if none else _some(found)


def is_ready(endpoint: Json) -> bool:
    """Whether an endpoint is ready; one that does not say so is."""
    return bool(endpoint["conditions"].get("ready", True))


def host_port(address: str, port: int) -> str:
    """`10.244.0.2:80`, `[fd00::2]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _some(words: list[str]) -> str:
    """The first three, and how many more there are."""
    more = len(words) - MOST
    text = ",".join(words[:MOST])
    return f"{text} + {more} more..." if more > 0 else text
