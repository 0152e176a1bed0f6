"""What to remember of a cluster: the Facts that it was resolved to."""

from __future__ import annotations

from labnet.model import Cluster, Family, IPAddress, Node, Pod, Service
from labnet.resolve.facts import (
    Facts,
    NodeFacts,
    PodFacts,
    ServiceFacts,
    pod_key,
    service_key,
)
from labnet.resolve.segment import Segment, of_family
from labnet.resolve.segment import ip_address as address_of
from labnet.resolve.service_links import Links, ServiceLinks


def facts_of(cluster: Cluster, before: Facts) -> Facts:
    """What to remember of a cluster that was resolved with the facts `before`.

    What is gone is forgotten, but for the address that a node gave last: the next pod gets the one
    after it, so that an address that has just become free is not used again at once.
    """
    by_node: dict[str, list[Pod]] = {node.name: [] for node in cluster.nodes}
    for pod in cluster.pods:
        if pod.network == "cni":
            by_node[pod.node].append(pod)
    nodes = {
        node.name: NodeFacts(
            tuple(interface.ip for interface in node.addresses),
            node.pod_cidrs,
            _last_given(node, by_node[node.name], before),
        )
        for node in cluster.nodes
    }
    hosts = {host.name: tuple(one.ip for one in host.addresses) for host in cluster.hosts}
    pods, links = _pods(cluster, before)
    return Facts(
        nodes,
        hosts,
        pods,
        {service_key(service): _service(service) for service in cluster.services},
        links,
        before.unready & pods.keys(),
        before.ended & pods.keys(),
    )


def _pods(cluster: Cluster, before: Facts) -> tuple[dict[str, PodFacts], tuple[Links, ...]]:
    """Where the pods are, and the links that they were made with."""
    known = ServiceLinks(cluster.services, before)
    sets: dict[int, Links] = {}
    places: dict[int, int] = {}
    pods: dict[str, PodFacts] = {}
    for pod in cluster.pods:
        key = pod_key(pod)
        addresses = pod.ips if pod.network in ("cni", "bridge") else ()
        if pod.owner is None:
            pods[key] = PodFacts(pod.node, addresses)
            continue
        links = known.given(key, pod.owner)
        sets[id(links)] = links
        place = places.setdefault(id(links), len(places)) if links else None
        pods[key] = PodFacts(pod.node, addresses, place, known.version(pod.owner))
    return pods, tuple(sets[one] for one in places)


def _service(service: Service) -> ServiceFacts:
    """What a Service has."""
    ports = {port.name: port.node_port for port in service.ports if port.node_port}
    return ServiceFacts(service.cluster_ips, ports, service.health_check_node_port)


def _last_given(node: Node, pods: list[Pod], before: Facts) -> tuple[IPAddress, ...]:
    """The last address that a node has given, of each family of which it has given any."""
    known = before.nodes.get(node.name, NodeFacts()).last_given
    last: list[IPAddress] = []
    for cidr in node.pod_cidrs:
        segment = Segment(cidr)
        start = of_family(known, segment.family)
        if start is not None and not segment.first <= start <= segment.last:
            start = None
        new = _newly_given(segment.family, pods, before)
        if new and segment.size:
            origin = segment.first if start is None else start + 1
            start = max(new, key=lambda value: (value - origin) % segment.size)
        if start is not None:
            last.append(address_of(segment.family, start))
    return tuple(last)


def _newly_given(family: Family, pods: list[Pod], before: Facts) -> list[int]:
    """The addresses that pods have now, had not before, and did not ask for themselves."""
    found: list[int] = []
    for pod in pods:
        static = pod.owner.template.addresses if pod.owner else ()
        fact = before.pods.get(pod_key(pod))
        known = fact.addresses if fact else ()
        found += [
            int(address)
            for address in pod.ips
            if address.version == family and address not in known and address not in static
        ]
    return found
