"""Services and their endpoints, in Kubernetes' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from labnet.model.net import Family, IPAddress, IPNetwork, Source


Protocol = Literal["TCP", "UDP", "SCTP"]
TrafficPolicy = Literal["Cluster", "Local"]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`ports[]` of a Service.

    `target_port` is a number or the name of a container port, and 0 where none was written: then
    it is `port`. `node_port` 0 means none, or one that `resolve` chooses.
    """

    port: int
    name: str = ""
    protocol: Protocol = "TCP"
    target_port: int | str = 0
    node_port: int = 0
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class LoadBalancerIngress:
    """`status.loadBalancer.ingress[]`; nodes have no rules for one whose `ip_mode` is Proxy."""

    ip: IPAddress | None = None
    hostname: str = ""
    ip_mode: Literal["VIP", "Proxy"] = "VIP"


@dataclass(frozen=True, slots=True)
class Service:
    """`kind: Service`, as it was written in a Topology and with everything given in a Cluster.

    `cluster_ips` is one address for each of `families`, and empty for a headless or ExternalName
    Service. `selector` None or empty means that nobody computes its endpoints.
    `session_affinity_seconds` is 0 without affinity. `ip_family_policy` and `families` are empty
    where they were not written.
    """

    namespace: str
    name: str
    source: Source
    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] | None = None
    headless: bool = False
    cluster_ips: tuple[IPAddress, ...] = ()
    families: tuple[Family, ...] = ()
    ip_family_policy: Literal["", "SingleStack", "PreferDualStack", "RequireDualStack"] = ""
    external_ips: tuple[IPAddress, ...] = ()
    external_name: str = ""
    load_balancer_ip: IPAddress | None = None
    load_balancer_class: str = ""
    load_balancer_source_ranges: tuple[IPNetwork, ...] = ()
    allocate_load_balancer_node_ports: bool = True
    ingress: tuple[LoadBalancerIngress, ...] = ()
    internal_traffic_policy: TrafficPolicy = "Cluster"
    external_traffic_policy: TrafficPolicy = "Cluster"
    health_check_node_port: int = 0
    session_affinity_seconds: int = 0
    publish_not_ready_addresses: bool = False
    traffic_distribution: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointPort:
    """`ports[]` of an EndpointSlice: what the endpoints listen on; `name` is the Service port's."""

    port: int
    name: str = ""
    protocol: Protocol = "TCP"
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`endpoints[]` of an EndpointSlice.

    `addresses` are canonical text (a name, if the slice is of FQDN). `hint_zones` and `hint_nodes`
    are `hints`. `target` is the pod behind it, `pod/NAMESPACE/NAME`, if there is one.
    """

    addresses: tuple[str, ...]
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    node_name: str = ""
    zone: str = ""
    hostname: str = ""
    hint_zones: tuple[str, ...] = ()
    hint_nodes: tuple[str, ...] = ()
    target: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """`kind: EndpointSlice`, computed from a selector, mirrored from Endpoints, or as written.

    `service` is its label `kubernetes.io/service-name`. `managed_by` is its label
    `endpointslice.kubernetes.io/managed-by`: `endpointslice-controller.k8s.io` if computed,
    `endpointslicemirroring-controller.k8s.io` if mirrored.
    """

    namespace: str
    name: str
    source: Source
    service: str = ""
    address_type: Literal["IPv4", "IPv6", "FQDN"] = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()
    managed_by: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointSubset:
    """`subsets[]` of legacy Endpoints."""

    ready: tuple[Endpoint, ...] = ()
    not_ready: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`kind: Endpoints`, the predecessor of EndpointSlice; it has the name of its Service."""

    namespace: str
    name: str
    source: Source
    subsets: tuple[EndpointSubset, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
