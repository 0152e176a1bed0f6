"""`kind: Service`: what was written becomes the Service of the model."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, TypeVar

from labnet.model import IPAddress, Service, Source
from labnet.parse.metadata import Metadata
from labnet.parse.readers import Reader
from labnet.parse.records import Field, record
from labnet.parse.service_fields import FAMILIES, SPEC, STATUS, ClusterIP, ServiceSpec
from labnet.parse.service_rules import ServiceBody, check_service
from labnet.parse.workloads import HEADER


T = TypeVar("T")

SERVICE_BODY: Final[Reader[ServiceBody]] = record(
    "Service",
    ServiceBody,
    {"spec": Field("spec", SPEC), "status": Field("ingress", STATUS)},
    silent=HEADER,
    check=check_service,
)


def service(metadata: Metadata, source: Source, body: ServiceBody) -> Service:
    """A Service, with the defaults that need no more than itself."""
    spec = body.spec
    return Service(
        namespace=metadata.namespace,
        name=metadata.name,
        source=source,
        ports=spec.ports,
        selector=spec.selector,
        headless=spec.is_headless,
        cluster_ips=_cluster_ips(spec.addresses),
        families=tuple(FAMILIES[family] for family in spec.ip_families if family),
        external_ips=_readable(spec.external_ips),
        external_name=spec.external_name,
        load_balancer_ip=spec.load_balancer_ip,
        load_balancer_class=spec.load_balancer_class,
        load_balancer_source_ranges=_readable(spec.source_ranges),
        allocate_load_balancer_node_ports=spec.allocate_node_ports,
        ingress=body.ingress,
        health_check_node_port=spec.health_check_node_port,
        session_affinity_seconds=(
            spec.affinity_seconds if spec.session_affinity == "ClientIP" else 0
        ),
        publish_not_ready_addresses=spec.publish_not_ready_addresses,
        traffic_distribution=spec.traffic_distribution,
        labels=metadata.labels,
        annotations=metadata.annotations,
        **_words(spec),
    )


def _words(spec: ServiceSpec) -> Any:
    """The fields that are one of a few words, which their readers made sure of."""
    return {
        "type": spec.type,
        "ip_family_policy": spec.ip_family_policy,
        "internal_traffic_policy": spec.internal_traffic_policy,
        "external_traffic_policy": spec.external_traffic_policy or "Cluster",
    }


def _cluster_ips(written: tuple[ClusterIP, ...]) -> tuple[IPAddress, ...]:
    """The addresses; none if one of them could not be read, so that each keeps its place."""
    found = tuple(each for each in written if isinstance(each, IPv4Address | IPv6Address))
    return found if len(found) == len(written) else ()


def _readable(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(value for value in values if value is not None)
