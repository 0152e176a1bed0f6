"""What kube-proxy works on: a port of a Service in one family, and all of its endpoints.

Which Services take part, and which of their addresses, is as in Kubernetes' pkg/proxy
(serviceport.go, endpointslicecache.go). Nothing here depends on a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from labnet.model import (
    Cluster,
    Endpoint,
    EndpointSlice,
    Family,
    IPAddress,
    IPNetwork,
    Service,
    ServicePort,
    Source,
)


_HEADLESS = "service.kubernetes.io/headless"
_OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
_ADDRESS_TYPE: Mapping[Family, str] = {4: "IPv4", 6: "IPv6"}


class ServicePortName(NamedTuple):
    """The identity of a port of a Service; `port` is its name, empty if it has none."""

    namespace: str
    name: str
    port: str
    protocol: str

    def __str__(self) -> str:
        """`NAMESPACE/NAME:PORT`, or `NAMESPACE/NAME` for a port without a name."""
        port = f":{self.port}" if self.port else ""
        return f"{self.namespace}/{self.name}{port}"


@dataclass(frozen=True, slots=True)
class ServicePortInfo:
    """A port of a Service in one family, with canonical addresses of that family only.

    `load_balancer_vips` are the load balancer's addresses that nodes are to serve.
    `source_ranges` is empty if every client may come, also if they were written so (`/0`).
    `affinity_seconds` is 0 without session affinity, `node_port` and `health_check_node_port` are
    0 if there is none.
    """

    name: ServicePortName
    source: Source
    cluster_ip: str
    port: int
    node_port: int = 0
    external_ips: tuple[str, ...] = ()
    load_balancer_vips: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    internal_local: bool = False
    external_local: bool = False
    affinity_seconds: int = 0
    health_check_node_port: int = 0

    @property
    def protocol(self) -> str:
        """`tcp`, `udp` or `sctp`, as netfilter has it."""
        return self.name.protocol.lower()

    @property
    def externally_accessible(self) -> bool:
        """Whether it has any destination but its cluster IP."""
        return bool(self.node_port or self.load_balancer_vips or self.external_ips)

    @property
    def uses_cluster_endpoints(self) -> bool:
        """Whether any traffic may go to endpoints of all nodes."""
        return not self.internal_local or self.externally_accessible

    @property
    def uses_local_endpoints(self) -> bool:
        """Whether any traffic must stay on the node that it came to."""
        return self.internal_local or (self.external_local and self.externally_accessible)


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """An endpoint of a port of a Service; `text` is `IP:PORT`, or `[IP]:PORT` in IPv6."""

    ip: str
    port: int
    text: str
    node_name: str = ""
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    hint_zones: frozenset[str] = frozenset()
    hint_nodes: frozenset[str] = frozenset()


ServicePortEndpoints = tuple[ServicePortInfo, tuple[EndpointInfo, ...]]


def service_ports(cluster: Cluster, family: Family) -> tuple[ServicePortEndpoints, ...]:
    """Every port that kube-proxy serves in a family, by name, each with all of its endpoints.

    The endpoints are sorted as text, so `10.2.2.22:22` stands before `10.2.2.2:22`; there is one
    for each address and port, whatever its conditions are.
    """
    slices = _slices(cluster.endpoint_slices, family)
    found = []
    for service in cluster.services:
        address = _cluster_ip(service, family)
        if address is None:
            continue
        endpoints = _endpoints(slices.get((service.namespace, service.name), ()))
        for port in service.ports:
            info = _service_port(service, port, address)
            found.append((info, endpoints.get((port.name, port.protocol), ())))
    return tuple(sorted(found, key=lambda one: one[0].name))


def _cluster_ip(service: Service, family: Family) -> IPAddress | None:
    """The cluster IP of a family, if kube-proxy serves the Service in that family at all."""
    if service.headless or service.type == "ExternalName" or _is_of_others(service.labels):
        return None
    return next((ip for ip in service.cluster_ips if ip.version == family), None)


def _is_of_others(labels: Mapping[str, str]) -> bool:
    """kube-proxy does not even list objects with these labels, Services or EndpointSlices."""
    return _HEADLESS in labels or _OTHER_PROXY in labels


def _service_port(service: Service, port: ServicePort, cluster_ip: IPAddress) -> ServicePortInfo:
    """All that concerns a port in the family of `cluster_ip`."""
    family = cluster_ip.version
    external_local = service.external_traffic_policy == "Local" and _is_external(service)
    needs_check = external_local and service.type == "LoadBalancer"
    vips = [
        ingress.ip
        for ingress in service.ingress
        if ingress.ip is not None and ingress.ip_mode == "VIP"
    ]
    return ServicePortInfo(
        name=ServicePortName(service.namespace, service.name, port.name, port.protocol),
        source=service.source,
        cluster_ip=str(cluster_ip),
        port=port.port,
        node_port=port.node_port,
        external_ips=_of_family(service.external_ips, family),
        load_balancer_vips=_of_family(vips, family),
        source_ranges=_source_ranges(service.load_balancer_source_ranges, family),
        internal_local=service.internal_traffic_policy == "Local",
        external_local=external_local,
        affinity_seconds=service.session_affinity_seconds,
        health_check_node_port=service.health_check_node_port if needs_check else 0,
    )


def _is_external(service: Service) -> bool:
    """Whether externalTrafficPolicy means anything for a Service (pkg/api/v1/service)."""
    return service.type in {"NodePort", "LoadBalancer"} or bool(service.external_ips)


def _of_family(addresses: Iterable[IPAddress], family: int) -> tuple[str, ...]:
    """Those of a family in their order, each once: iptables would take two, a map would not."""
    return tuple(dict.fromkeys(str(ip) for ip in addresses if ip.version == family))


def _source_ranges(ranges: Iterable[IPNetwork], family: int) -> tuple[str, ...]:
    """The ranges of a family, or none if one of them is everything."""
    own = [network for network in ranges if network.version == family]
    if any(network.prefixlen == 0 for network in own):
        return ()
    return tuple(dict.fromkeys(str(network) for network in own))


def _slices(
    slices: Iterable[EndpointSlice], family: Family
) -> dict[tuple[str, str], list[EndpointSlice]]:
    """The EndpointSlices of a family by namespace and name of their Service."""
    found: dict[tuple[str, str], list[EndpointSlice]] = {}
    for one in slices:
        if one.address_type == _ADDRESS_TYPE[family] and not _is_of_others(one.labels):
            found.setdefault((one.namespace, one.service), []).append(one)
    return found


def _endpoints(
    slices: Iterable[EndpointSlice],
) -> dict[tuple[str, str], tuple[EndpointInfo, ...]]:
    """The endpoints by name and protocol of their port.

    An endpoint that stands in two slices counts once, and the one that says its node wins.
    """
    found: dict[tuple[str, str], dict[str, EndpointInfo]] = {}
    for one in slices:
        for port in one.ports:
            if not port.port:
                continue  # "all ports": kube-proxy has none for it
            known = found.setdefault((port.name, port.protocol), {})
            for endpoint in one.endpoints:
                if not endpoint.addresses:
                    continue
                info = _endpoint(endpoint, port.port)
                if info.text not in known or not known[info.text].node_name:
                    known[info.text] = info
    return {name: tuple(known[text] for text in sorted(known)) for name, known in found.items()}


def _endpoint(endpoint: Endpoint, port: int) -> EndpointInfo:
    """An endpoint with one port; of several addresses, which mean the same, the first."""
    ip = endpoint.addresses[0]
    return EndpointInfo(
        ip=ip,
        port=port,
        text=f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}",
        node_name=endpoint.node_name,
        ready=endpoint.ready,
        serving=endpoint.serving,
        terminating=endpoint.terminating,
        hint_zones=frozenset(endpoint.hint_zones),
        hint_nodes=frozenset(endpoint.hint_nodes),
    )
