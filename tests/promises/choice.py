"""Which endpoints of a Service a node chooses from.

Sources: Kubernetes' documentation of virtual IPs (traffic policies, traffic distribution, endpoints
that terminate) and of EndpointSlices (conditions, hints).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

from labnet.model import Cluster, Endpoint, Node, Service, ServicePort
from labnet.model.net import IPAddress


class Backend(NamedTuple):
    """An endpoint for one port of its Service."""

    endpoint: Endpoint
    address: IPAddress
    port: int


def chosen(
    cluster: Cluster, service: Service, port: ServicePort, family: int, *, node: Node, policy: str
) -> list[Backend]:
    """Those that a node may choose: with the policy Local its own, else the near ones of all."""
    found = backends(cluster, service, port, family)
    if policy == "Local":
        found = [one for one in found if one.endpoint.node_name == node.name]
    ready = [one for one in found if one.endpoint.ready]
    if not ready:
        return [one for one in found if one.endpoint.serving and one.endpoint.terminating]
    return ready if policy == "Local" else _near(cluster, service, node, ready)


def backends(cluster: Cluster, service: Service, port: ServicePort, family: int) -> list[Backend]:
    """All that there are of a family, in whatever condition."""
    return [
        Backend(endpoint, ip_address(endpoint.addresses[0]), end.port)
        for one in cluster.endpoint_slices
        if (one.namespace, one.service) == (service.namespace, service.name)
        and one.address_type == f"IPv{family}"
        for end in one.ports
        if (end.name, end.protocol) == (port.name, port.protocol)
        for endpoint in one.endpoints
    ]


def _near(cluster: Cluster, service: Service, node: Node, ready: list[Backend]) -> list[Backend]:
    """What is preferred, by the Service's distribution or, in written slices, by hints."""
    if service.selector:
        zone = {one.name: one.zone or None for one in cluster.nodes}
        same_node = [one.endpoint.node_name == node.name for one in ready]
        same_zone = [zone.get(one.endpoint.node_name) == node.zone for one in ready]
        match service.traffic_distribution:
            case "PreferSameNode":
                return _first(ready, same_node, same_zone)
            case "PreferSameZone" | "PreferClose":
                return _first(ready, same_zone)
            case _:
                return ready
    by_node = [node.name in one.endpoint.hint_nodes for one in ready]
    by_zone = [node.zone in one.endpoint.hint_zones for one in ready]
    if all(one.endpoint.hint_nodes for one in ready) and any(by_node):
        return _first(ready, by_node)
    return _first(ready, by_zone) if all(one.endpoint.hint_zones for one in ready) else ready


def _first(ready: list[Backend], *preferences: Iterable[bool]) -> list[Backend]:
    """Those that the first preference is for that is for any; all if none is."""
    for preferred in preferences:
        if found := [one for one, is_so in zip(ready, preferred, strict=True) if is_so]:
            return found
    return ready
