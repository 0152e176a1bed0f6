"""What a lab promises: who reaches whom, by ping, HTTP and UDP, and who does not.

It follows from the Cluster alone, by Kubernetes' network model (every pod reaches every pod,
without NAT) and the documentation of Services, not from the rules that labnet makes of them:
a second witness. Servers are taken to answer `/` by HTTP on TCP and `hostname` on UDP, as nginx
and agnhost do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from labnet.model import Cluster, Container, Endpoint, Host, Node, Pod, Service, ServicePort
from labnet.model.net import IPAddress


Kind = Literal["ping", "curl", "udp"]
Reason = Literal["pod", "service", "node port", "published port"]
Machine = Node | Host

API_SERVER = ("default", "kubernetes")
"""The Service that every cluster has, and behind which nobody listens in a lab."""


@dataclass(frozen=True, slots=True)
class Promise:
    """That a packet of `kind` from `source` gets an answer from the address, or that it does not.

    `port` is 0 for a ping. `reason` is what kind of object promises it.
    """

    source: str
    netns: str
    kind: Kind
    address: IPAddress
    port: int
    answers: bool
    reason: Reason

    def __str__(self) -> str:
        """What a person would say was tried."""
        where = str(self.address)
        if self.port:
            where = f"[{where}]" if self.address.version == 6 else where
            where += f":{self.port}"
        return f"{self.kind} from {self.source} to {where} ({self.reason})"


def promises(cluster: Cluster) -> Iterator[Promise]:
    """Everything that a lab promises, in the order of its files."""
    yield from _of_pods(cluster)
    for service in cluster.services:
        if (service.namespace, service.name) != API_SERVER and service.cluster_ips:
            yield from _of_a_service(cluster, service)
    yield from _of_published_ports(cluster)


def _of_pods(cluster: Cluster) -> Iterator[Promise]:
    """Each pod to each other: a ping to every address, and curl to every port of HTTP."""
    for source in cluster.pods:
        for target in cluster.pods:
            if source is target or (answers := _reaches(cluster, source, target)) is None:
                continue
            for address in target.ips:
                if address.version not in {own.version for own in source.ips}:
                    continue
                for port in (0, *sorted(_http_ports(target))):
                    kind: Kind = "curl" if port else "ping"
                    yield Promise(source.name, source.netns, kind, address, port, answers, "pod")


def _reaches(cluster: Cluster, source: Pod, target: Pod) -> bool | None:
    """Whether one pod reaches another; None if nothing is promised, neither this nor that.

    Docker's bridges end at their node, and kubenet leaves the way between nodes to a cloud.
    """
    networks = {source.network, target.network}
    same_node = source.node == target.node
    if networks == {"bridge"} and same_node:
        return True
    if networks == {"cni"}:
        return same_node or cluster.lab.networking.cni != "kubenet"
    return None


def _http_ports(pod: Pod) -> set[int]:
    """The TCP ports that a pod declares, and those that its programs are known to listen on."""
    ports = {
        port.container_port
        for one in pod.containers
        for port in one.ports
        if port.protocol == "TCP"
    }
    for container in pod.containers:
        ports |= _known_ports(container)
    return ports


def _known_ports(container: Container) -> set[int]:
    """The port of nginx without a command, or what agnhost's netexec is told."""
    name = container.image.rpartition("/")[2].partition(":")[0]
    if container.builtin == "agnhost" and "netexec" in container.argv:
        told = [word for word in container.argv if word.startswith("--http-port=")]
        return {int(word.partition("=")[2]) for word in told} or {8080}
    return {80} if name == "nginx" and container.argv[:1] in ((), ("nginx",)) else set()


def _of_a_service(cluster: Cluster, service: Service) -> Iterator[Promise]:
    """The cluster IPs from every pod of the network, and the NodePorts from every machine."""
    for port in service.ports:
        if (kind := _kind(port)) is None:
            continue
        for address in service.cluster_ips:
            for pod in cluster.pods:
                if pod.network == "cni" and address.version in {own.version for own in pod.ips}:
                    ends = _endpoints(cluster, service, port, address.version)
                    answers = _any(ends, pod.node, service.internal_traffic_policy)
                    yield Promise(pod.name, pod.netns, kind, address, port.port, answers, "service")
        if port.node_port:
            yield from _of_a_node_port(cluster, service, port, kind)


def _of_a_node_port(
    cluster: Cluster, service: Service, port: ServicePort, kind: Kind
) -> Iterator[Promise]:
    """The port on each node, from the hosts; in a lab without one, from the other nodes."""
    for node in cluster.nodes:
        for address in (interface.ip for interface in node.addresses):
            if address.version not in service.families:
                continue
            ends = _endpoints(cluster, service, port, address.version)
            answers = _any(ends, node.name, service.external_traffic_policy)
            for source in _outside(cluster, node, address):
                yield Promise(
                    source.name,
                    source.netns,
                    kind,
                    address,
                    port.node_port,
                    answers,
                    "node port",
                )


def _outside(cluster: Cluster, node: Node, address: IPAddress) -> Iterator[Machine]:
    """The machines that reach a node's address over the wire."""
    machines: Iterable[Machine] = cluster.hosts or cluster.nodes
    for machine in machines:
        own = {interface.version for interface in machine.addresses}
        if machine.netns != node.netns and address.version in own:
            yield machine


def _kind(port: ServicePort) -> Kind | None:
    """How a port of a Service is tried; there is no client for SCTP."""
    kinds: dict[str, Kind] = {"TCP": "curl", "UDP": "udp"}
    return kinds.get(port.protocol)


def _endpoints(
    cluster: Cluster, service: Service, port: ServicePort, family: int
) -> tuple[Endpoint, ...]:
    """The endpoints that a Service's port may choose: ready ones or, without any, draining."""
    found = [
        endpoint
        for one in cluster.endpoint_slices
        if (one.namespace, one.service) == (service.namespace, service.name)
        and one.address_type == f"IPv{family}"
        and (port.name, port.protocol) in {(end.name, end.protocol) for end in one.ports}
        for endpoint in one.endpoints
    ]
    ready = tuple(endpoint for endpoint in found if endpoint.ready)
    return ready or tuple(one for one in found if one.serving and one.terminating)


def _any(endpoints: Iterable[Endpoint], node: str, policy: str) -> bool:
    """Whether a node has an endpoint to send to: with the policy Local, one of its own."""
    return any(policy == "Cluster" or endpoint.node_name == node for endpoint in endpoints)


def _of_published_ports(cluster: Cluster) -> Iterator[Promise]:
    """What containers publish, from the hosts; in a lab without one, from the other nodes."""
    nodes = {node.name: node for node in cluster.nodes}
    for pod in cluster.pods:
        node = nodes[pod.node]
        for published in pod.publish:
            if published.protocol != "tcp" or pod.network != "bridge":
                continue
            for address in (one.ip for one in node.addresses if one.version == 4):
                for source in _outside(cluster, node, address):
                    yield Promise(
                        source.name,
                        source.netns,
                        "curl",
                        address,
                        published.host_port,
                        answers=True,
                        reason="published port",
                    )
