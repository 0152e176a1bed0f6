"""Which endpoints of a Service a node uses, as Kubernetes' pkg/proxy (topology.go) chooses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labnet.compile.proxy.service_port import EndpointInfo, ServicePortInfo
from labnet.model import Node


Endpoints = tuple[EndpointInfo, ...]


@dataclass(frozen=True, slots=True)
class ChosenEndpoints:
    """The endpoints that one node uses, for either traffic policy, sorted as text.

    `has_endpoints` says that any node has a usable one. `has_internal` and `has_external` say that
    there is one for what comes to the cluster IP, and to all other destinations, after the policy
    of each: if not, it is refused (without any endpoint) or dropped.
    """

    cluster: Endpoints = ()
    local: Endpoints = ()
    has_endpoints: bool = False
    has_internal: bool = False
    has_external: bool = False

    @property
    def everywhere(self) -> Endpoints:
        """All that the node may send anything to."""
        if not self.local or self.local == self.cluster:
            return self.cluster
        if not self.cluster:
            return self.local
        union = {endpoint.text: endpoint for endpoint in (*self.cluster, *self.local)}
        return tuple(union[text] for text in sorted(union))


def endpoint_choice(
    info: ServicePortInfo, endpoints: Sequence[EndpointInfo]
) -> Callable[[Node], ChosenEndpoints]:
    """What each node uses of the endpoints of a port; what is the same for all is done once.

    Two nodes that choose the same get the same object, so what is derived from it can be shared.
    """
    ready = tuple(endpoint for endpoint in endpoints if endpoint.ready)
    usable = ready or tuple(e for e in endpoints if e.serving and e.terminating)
    known: dict[tuple[str, str], ChosenEndpoints] = {}
    hosts = {endpoint.node_name for endpoint in endpoints} - {""}
    nodes = hosts if info.uses_local_endpoints else frozenset[str]()
    hinted = {name for endpoint in ready for name in endpoint.hint_nodes}
    zoned = {name for endpoint in ready for name in endpoint.hint_zones}

    def choice(node: Node) -> ChosenEndpoints:
        """Nodes without an endpoint or a hint of their own all choose alike."""
        name = node.name if node.name in nodes or node.name in hinted else ""
        zone = node.zone if node.zone in zoned else ""
        if (name, zone) not in known:
            known[name, zone] = _chosen(info, endpoints, usable, name, zone)
        return known[name, zone]

    return choice


def _chosen(
    info: ServicePortInfo,
    endpoints: Sequence[EndpointInfo],
    usable: Endpoints,
    node: str,
    zone: str,
) -> ChosenEndpoints:
    """The choice of a node of this name in this zone; either is empty if no endpoint names it.

    `usable` are the ready endpoints, or else those that still serve while they terminate. Hints
    count among ready ones only, and never for traffic that must stay on the node.
    """
    cluster: Endpoints = ()
    local: Endpoints = ()
    if info.uses_cluster_endpoints:
        cluster = _near(usable, node, zone) if usable and usable[0].ready else usable
    if info.uses_local_endpoints and node:
        here = tuple(endpoint for endpoint in endpoints if endpoint.node_name == node)
        local = tuple(endpoint for endpoint in here if endpoint.ready) or tuple(
            endpoint for endpoint in here if endpoint.serving and endpoint.terminating
        )
    some = bool(usable)
    return ChosenEndpoints(
        cluster=cluster,
        local=local,
        has_endpoints=some,
        has_internal=some and (bool(local) or not info.internal_local),
        has_external=some and (bool(local) or not info.external_local),
    )


def _near(ready: Endpoints, node: str, zone: str) -> Endpoints:
    """Those hinted for the node, else for its zone, else all: every one must have such a hint."""
    if all(endpoint.hint_nodes for endpoint in ready):
        near = tuple(endpoint for endpoint in ready if node in endpoint.hint_nodes)
        if near:
            return near
    if all(endpoint.hint_zones for endpoint in ready):
        near = tuple(endpoint for endpoint in ready if zone in endpoint.hint_zones)
        if near:
            return near
    return ready
