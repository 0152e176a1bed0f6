"""Services as the API server returns them, with its defaults (pkg/apis/core/v1/defaults.go)."""

from __future__ import annotations

from collections.abc import Iterable

from labnet.cli.kube.metadata import Identity, metadata, without_empty
from labnet.cli.kube.view import Json, View
from labnet.model import Family, LoadBalancerIngress, Service, ServicePort


HEADLESS = "None"
_REACHABLE = ("NodePort", "LoadBalancer")


def services(view: View) -> list[Json]:
    """Every Service."""
    return [_service(view, one) for one in view.cluster.services]


def _service(view: View, service: Service) -> Json:
    """A Service with its spec and, if it is a LoadBalancer, the addresses that it was given."""
    about = metadata(
        view,
        Identity("Service", service.name, service.namespace),
        labels=service.labels,
        annotations=service.annotations,
    )
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": about,
        "spec": without_empty({**_addresses(service), **_policies(service), **_balancer(service)}),
        "status": {"loadBalancer": without_empty({"ingress": list(_ingress(service.ingress))})},
    }


def _addresses(service: Service) -> Json:
    """What it is and where: an ExternalName has no address, and a headless Service the word None.

    `type` decides which of the fields exist at all.
    """
    ips = [HEADLESS] if service.headless else [str(ip) for ip in service.cluster_ips]
    named = service.type == "ExternalName"
    return {
        "clusterIP": ips[0] if ips and not named else "",
        "clusterIPs": [] if named else ips,
        "externalIPs": [str(ip) for ip in service.external_ips],
        "externalName": service.external_name,
        "ipFamilies": [] if named else list(family_words(service.families)),
        "ipFamilyPolicy": "" if named else service.ip_family_policy or "SingleStack",
        "ports": [_port(service, one) for one in service.ports],
        "selector": dict(service.selector or {}),
        "type": service.type,
    }


def family_words(families: Iterable[Family]) -> Iterable[str]:
    """`IPv4` and `IPv6`."""
    return (f"IPv{family}" for family in families)


def _port(service: Service, port: ServicePort) -> Json:
    """An entry of `ports`; a ClusterIP Service has no node ports."""
    reachable = service.type in _REACHABLE
    return without_empty(
        {
            "appProtocol": port.app_protocol,
            "name": port.name,
            "nodePort": (port.node_port or None) if reachable else None,
            "port": port.port,
            "protocol": port.protocol,
            "targetPort": port.target_port or port.port,
        }
    )


def _policies(service: Service) -> Json:
    """What becomes of packets; external traffic has a policy where there is any."""
    external = service.type in _REACHABLE or bool(
        service.type == "ClusterIP" and service.external_ips
    )
    seconds = service.session_affinity_seconds
    affinity = {"clientIP": {"timeoutSeconds": seconds}} if seconds else {}
    named = service.type == "ExternalName"
    return {
        "externalTrafficPolicy": service.external_traffic_policy if external else "",
        "internalTrafficPolicy": "" if named else service.internal_traffic_policy,
        "publishNotReadyAddresses": service.publish_not_ready_addresses or None,
        "sessionAffinity": "ClientIP" if seconds else "None",
        "sessionAffinityConfig": affinity,
        "trafficDistribution": service.traffic_distribution,
    }


def _balancer(service: Service) -> Json:
    """What only Services of type LoadBalancer have."""
    if service.type != "LoadBalancer":
        return {}
    asked = service.load_balancer_ip
    return {
        "allocateLoadBalancerNodePorts": service.allocate_load_balancer_node_ports,
        "healthCheckNodePort": service.health_check_node_port or None,
        "loadBalancerClass": service.load_balancer_class,
        "loadBalancerIP": str(asked) if asked else "",
        "loadBalancerSourceRanges": [str(one) for one in service.load_balancer_source_ranges],
    }


def _ingress(ingress: Iterable[LoadBalancerIngress]) -> Iterable[Json]:
    """`status.loadBalancer.ingress`; only an address has an ipMode."""
    for one in ingress:
        if one.ip is not None:
            yield {"ip": str(one.ip), "ipMode": one.ip_mode}
        else:
            yield {"hostname": one.hostname}
