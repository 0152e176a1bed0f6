"""The fields of a Service and their forms, as they were written.

Source: k8s.io/api/core/v1 (types.go) and k8s.io/kubernetes/pkg/apis/core/v1 (defaults.go), v1.33.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeVar

from labnet.model import Family, IPAddress, IPNetwork, LoadBalancerIngress, ServicePort
from labnet.parse.containers import PROTOCOLS
from labnet.parse.findings import Findings, did_you_mean
from labnet.parse.formats import Complaint, dns_label, dns_subdomain, label_key, port_name
from labnet.parse.legacy_addresses import (
    endpoint_address,
    legacy_address,
    legacy_address_of,
    legacy_network,
)
from labnet.parse.metadata import LABELS
from labnet.parse.readers import (
    INT32,
    Reader,
    boolean,
    integer,
    integer_or_text,
    items,
    one_of,
    optional_port,
    text,
)
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Scalar, Tree, quote


T = TypeVar("T")

NONE: Final = "None"
FAMILIES: Final[Mapping[str, Family]] = {"IPv4": 4, "IPv6": 6}
POLICIES: Final = ("Cluster", "Local")
TYPES: Final = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
AFFINITY_SECONDS: Final = 10800  # DefaultClientIPServiceAffinitySeconds
MAX_AFFINITY_SECONDS: Final = 86400

ClusterIP = IPAddress | Literal["None", ""] | None
"""An address, `None`, nothing, or None for one that could not be read."""


class ServiceSpec(NamedTuple):
    """`spec` of a Service; the blank of a field is that it was not written, or not readable."""

    type: str = "ClusterIP"
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] | None = None
    cluster_ip: ClusterIP = ""
    cluster_ips: tuple[ClusterIP, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str = ""
    external_ips: tuple[IPAddress | None, ...] = ()
    external_name: str = ""
    session_affinity: str = NONE
    affinity_seconds: int = AFFINITY_SECONDS
    load_balancer_ip: IPAddress | None = None
    load_balancer_class: str = ""
    source_ranges: tuple[IPNetwork | None, ...] = ()
    allocate_node_ports: bool = True
    internal_traffic_policy: str = "Cluster"
    external_traffic_policy: str = ""
    health_check_node_port: int = 0
    publish_not_ready_addresses: bool = False
    traffic_distribution: str = ""

    @property
    def addresses(self) -> tuple[ClusterIP, ...]:
        """`clusterIPs`, which the API server makes of `clusterIP` where it is not written."""
        return self.cluster_ips or ((self.cluster_ip,) if self.cluster_ip != "" else ())

    @property
    def is_headless(self) -> bool:
        """Whether it asks for no address."""
        return self.addresses == (NONE,)


def defaulted(reader: Reader[T], default: T) -> Reader[T]:
    """`reader` for a field in which an empty text is the same as no field."""

    def read(tree: Tree, findings: Findings) -> T:
        if isinstance(tree, Scalar) and not tree.text:
            return default
        return reader.read(tree, findings)

    return Reader(read, reader.blank)


def _read_target_port(tree: Tree, findings: Findings) -> int | str:
    """A number or the name of a container port; 0 and no text mean the Service's own port."""
    if not isinstance(tree, Scalar) or tree.kind not in {"int", "str"}:
        return integer_or_text.read(tree, findings)
    reader = optional_port if tree.kind == "int" else _TARGET_NAME
    return reader.read(tree, findings)


def _target_port_name(word: str) -> Complaint | None:
    complaint = port_name(word) if word else None
    if complaint is not None and word.isdecimal():
        return complaint[0], f"without quotes it is a number: {word}"
    return complaint


PROTOCOL: Final = defaulted(one_of(PROTOCOLS), "TCP")
PORT_NAME: Final = text(lambda name: dns_label(name) if name else None)
_TARGET_NAME: Final = text(_target_port_name)

PORT: Final = record(
    "ServicePort",
    lambda target_port=0, **fields: ServicePort(target_port=target_port or 0, **fields),
    {
        "port": Field("port", integer(1, 65535), required=True, example="port: 80"),
        "name": Field("name", PORT_NAME),
        "protocol": Field("protocol", PROTOCOL),
        "targetPort": Field("target_port", Reader(_read_target_port, 0)),
        "nodePort": Field("node_port", integer(0, INT32)),
        "appProtocol": Field("app_protocol", text(label_key)),
    },
)


def _read_cluster_ip(tree: Tree, findings: Findings) -> ClusterIP:
    if isinstance(tree, Scalar) and tree.text in {NONE, ""}:
        return NONE if tree.text else ""
    if isinstance(tree, Scalar) and tree.kind == "str" and tree.text.lower() == "none":
        what = f"{quote(tree.text)}: must be a valid IP address, or None"
        findings.error(tree, what, did_you_mean(tree.text, (NONE,)))
        return None
    return legacy_address.read(tree, findings)


_CLUSTER_IP: Final[Reader[ClusterIP]] = Reader(_read_cluster_ip, None)


def _external_name(name: str) -> Complaint | None:
    """A DNS name, which may end in a dot to say that nothing is to be appended."""
    return dns_subdomain(name.removesuffix(".")) if name.removesuffix(".") else None


_CLIENT_IP: Final = record(
    "ClientIPConfig",
    lambda seconds=AFFINITY_SECONDS: seconds,
    {"timeoutSeconds": Field("seconds", integer(1, MAX_AFFINITY_SECONDS, blank=AFFINITY_SECONDS))},
)
_AFFINITY: Final = record(
    "SessionAffinityConfig",
    lambda client_ip=AFFINITY_SECONDS: client_ip,
    {"clientIP": Field("client_ip", _CLIENT_IP)},
)

SPEC: Final = record(
    "ServiceSpec",
    ServiceSpec,
    {
        "type": Field("type", defaulted(one_of(TYPES), "ClusterIP")),
        "ports": Field("ports", items(PORT)),
        "selector": Field("selector", LABELS),
        "clusterIP": Field("cluster_ip", _CLUSTER_IP),
        "clusterIPs": Field("cluster_ips", items(_CLUSTER_IP)),
        "ipFamilies": Field("ip_families", items(one_of(tuple(FAMILIES)))),
        "ipFamilyPolicy": Field(
            "ip_family_policy", one_of(("SingleStack", "PreferDualStack", "RequireDualStack"))
        ),
        "externalIPs": Field("external_ips", items(endpoint_address)),
        "externalName": Field("external_name", text(_external_name)),
        "sessionAffinity": Field("session_affinity", defaulted(one_of((NONE, "ClientIP")), NONE)),
        "sessionAffinityConfig": Field("affinity_seconds", _AFFINITY),
        "loadBalancerIP": Field("load_balancer_ip", defaulted(legacy_address, None), later=True),
        "loadBalancerClass": Field("load_balancer_class", text(label_key), later=True),
        "loadBalancerSourceRanges": Field("source_ranges", items(legacy_network)),
        "allocateLoadBalancerNodePorts": Field("allocate_node_ports", boolean),
        "internalTrafficPolicy": Field("internal_traffic_policy", one_of(POLICIES)),
        "externalTrafficPolicy": Field("external_traffic_policy", defaulted(one_of(POLICIES), "")),
        "healthCheckNodePort": Field("health_check_node_port", integer(0, INT32)),
        "publishNotReadyAddresses": Field("publish_not_ready_addresses", boolean),
        "trafficDistribution": Field(
            "traffic_distribution", one_of(("PreferClose", "PreferSameZone", "PreferSameNode"))
        ),
    },
)


def _ingress_host(name: str) -> Complaint | None:
    try:
        legacy_address_of(name)
    except ValueError:
        return dns_subdomain(name) if name else None
    return f"{quote(name)}: must be a DNS name, not an IP address", "write it under ip"


def _check_ingress(tree: Fields, made: LoadBalancerIngress, findings: Findings) -> None:
    written = tree.fields.get("ip")
    if made.ip is None and "ipMode" in tree.fields and (written is None or written.is_blank):
        what = "may not be specified when `ip` is not set"
        findings.error(tree, what, below=("ipMode",))


_INGRESS: Final = record(
    "LoadBalancerIngress",
    LoadBalancerIngress,
    {
        "ip": Field("ip", defaulted(legacy_address, None)),
        "hostname": Field("hostname", text(_ingress_host)),
        "ipMode": Field("ip_mode", one_of(("VIP", "Proxy"), "VIP")),
    },
    silent=("ports",),
    check=_check_ingress,
)


def _itself(ingress: tuple[LoadBalancerIngress, ...] = ()) -> tuple[LoadBalancerIngress, ...]:
    return ingress


_BALANCER: Final = record(
    "LoadBalancerStatus", _itself, {"ingress": Field("ingress", items(_INGRESS))}
)
STATUS: Final = record(
    "ServiceStatus",
    _itself,
    {"loadBalancer": Field("ingress", _BALANCER)},
    silent=("conditions",),
)
"""`status`: the addresses that a load balancer gave it."""
