"""What Services promise: who answers at each of their addresses, and whom that one sees.

Sources: Kubernetes' documentation of Services, of virtual IPs and of source IPs. In short: a pod is
seen as it is at a cluster IP; from outside a node answers in its own name, unless the external
traffic policy is Local, where it only sends to endpoints of its own; pods and the node itself count
as inside there, and reach all; who asks an endpoint that it is itself is seen as its node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from labnet.model import Cluster, Node, Service, ServicePort
from labnet.model.net import IPAddress
from promises import clients
from promises.choice import Backend, backends, chosen
from promises.clients import Client
from promises.promise import Answerer, Kind, Promise, Reason
from promises.proxy import is_inside, takes_node_ports
from promises.servers import Server, addresses, server_at


KINDS: dict[str, Kind] = {"TCP": "curl", "UDP": "udp"}
"""How a port of a Service is tried; there is no client for SCTP."""
OTHERS = ("service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless")
"""Labels of Services that kube-proxy leaves to others."""

Seen = Callable[[Server], frozenset[IPAddress]]
Told = tuple[Answerer, ...] | None
"""Who answers, maybe nobody; None if that cannot be told and nothing is promised."""


def of_services(cluster: Cluster) -> Iterator[Promise]:
    """Each port of each Service, at every address, from all who have a way there."""
    for service in cluster.services:
        if not any(label in service.labels for label in OTHERS):
            for port in service.ports:
                for address in service.cluster_ips:
                    if kind := KINDS.get(port.protocol):
                        yield from _Port(cluster, service, port, kind, address).promises()
            yield from _of_health(cluster, service)


@dataclass(frozen=True)
class _Port:
    """A port of a Service in one family, that of the cluster IP."""

    cluster: Cluster
    service: Service
    port: ServicePort
    kind: Kind
    cluster_ip: IPAddress

    @property
    def family(self) -> int:
        """Of everybody who asks and answers."""
        return self.cluster_ip.version

    def promises(self) -> Iterator[Promise]:
        """What it promises, at each kind of address."""
        yield from self._of_cluster_ip()
        if self.port.node_port:
            yield from self._of_node_ports()
        for address in self.service.external_ips:
            yield from self._of_virtual_ip(address, "external IP")
        for ingress in self.service.ingress:
            if ingress.ip and ingress.ip_mode == "VIP":
                yield from self._of_virtual_ip(ingress.ip, "load balancer")

    def _of_cluster_ip(self) -> Iterator[Promise]:
        """From every pod and every node."""
        for node, one in self._inside():
            ends = self._chosen(node, self.service.internal_traffic_policy)
            masked = one.pod is None or self.cluster.lab.kube_proxy.masquerade_all
            told = self._told(node, ends, _as_node(node) if masked else _as_pod(one, node))
            yield from self._promised(one, self.cluster_ip, self.port.port, "service", told)

    def _inside(self) -> Iterator[tuple[Node, Client]]:
        """Who is on which node."""
        for one in (*self._pods(), *clients.nodes(self.cluster, self.family)):
            if one.node is not None:
                yield one.node, one

    def _of_node_ports(self) -> Iterator[Promise]:
        """On each node: from outside, from pods, and from the node itself at 127.0.0.1."""
        number = self.port.node_port
        for node in self.cluster.nodes:
            for address in addresses(node, self.family):
                taken = takes_node_ports(self.cluster, node, address)
                for one in (*clients.outside(self.cluster, node, self.family), *self._pods()):
                    told = self._entered(one, node) if taken else ()
                    yield from self._promised(one, address, number, "node port", told)
            if self.family == 4:
                itself = Client(node.name, node.netns, ip_address("127.0.0.1"), node)
                taken = takes_node_ports(self.cluster, node, itself.address)
                told = self._inner(node, _as_node(node)) if taken else ()
                yield from self._promised(itself, itself.address, number, "node port", told)

    def _of_virtual_ip(self, address: IPAddress, reason: Reason) -> Iterator[Promise]:
        """From pods, whose nodes take it, and from hosts that are led to the first node."""
        if address.version != self.family:
            return
        first = self.cluster.nodes[0]
        via = addresses(first, self.family)[0]
        for one in (*self._pods(), *clients.hosts(self.cluster, self.family)):
            admitted = reason == "external IP" or self._admits(one.address)
            told = self._entered(one, one.node or first) if admitted else ()
            way = None if one.pod else via
            yield from self._promised(one, address, self.port.port, reason, told, via=way)

    def _admits(self, address: IPAddress) -> bool:
        """Whether a client may ask the load balancer; without ranges of its family, it may."""
        given = self.service.load_balancer_source_ranges
        ranges = [one for one in given if one.version == self.family]
        return not ranges or any(address in one for one in ranges)

    def _entered(self, one: Client, node: Node) -> Told:
        """Who answers a client that comes in by a node, at an address for the outside.

        With the policy Local it is seen as it is, but a pod of another node as that node, perhaps.
        """
        if not clients.comes(self.cluster, one, node):
            return None
        if self.service.external_traffic_policy == "Cluster":
            return self._inner(node, _as_node(node))
        if one.pod is None:
            ends = self._chosen(node, "Local")
            return self._told(node, ends, lambda _: frozenset({one.address}))
        if one.node != node:
            return self._told(node, self._chosen(node, "Local"), lambda _: frozenset())
        known = is_inside(self.cluster, one.address)
        return self._inner(node, _as_pod(one, node)) if known else None

    def _inner(self, node: Node, seen: Seen) -> Told:
        """Who answers those for whom the policy is Cluster."""
        return self._told(node, self._chosen(node, "Cluster"), seen)

    def _pods(self) -> Iterator[Client]:
        return clients.pods(self.cluster, self.family)

    def _chosen(self, node: Node, policy: str) -> list[Backend]:
        return chosen(self.cluster, self.service, self.port, self.family, node=node, policy=policy)

    def _told(self, node: Node, ends: Sequence[Backend], seen: Seen) -> Told:
        """The servers behind endpoints; None if one is no pod's, or out of the node's reach."""
        told = []
        for end in ends:
            server = server_at(self.cluster, end.address, end.port, self.port.protocol)
            if server is None or not clients.led(self.cluster, node, server):
                return None
            told.append(server.answerer(seen(server)))
        return tuple(dict.fromkeys(told))

    def _promised(
        self,
        one: Client,
        address: IPAddress,
        number: int,
        reason: Reason,
        told: Told,
        *,
        via: IPAddress | None = None,
    ) -> Iterator[Promise]:
        """A promise, if there is any."""
        if told is not None:
            stays = self.service.session_affinity_seconds > 0
            kind = self.kind
            if not all(answerer.name for answerer in told):  # a connection is all that is known
                kind, told = "tcp", (Answerer(),)
            yield Promise(one.name, one.netns, kind, address, number, reason, told, stays, via)


def _as_node(node: Node) -> Seen:
    """A client for whom the node speaks; what leads to a port of the node itself may stay."""

    def seen(server: Server) -> frozenset[IPAddress]:
        """The addresses of the node."""
        return clients.own_addresses(node) if server.pod.network == "cni" else frozenset()

    return seen


def _as_pod(one: Client, node: Node) -> Seen:
    """A pod that is seen as it is, but by itself as its node."""

    def seen(server: Server) -> frozenset[IPAddress]:
        """Its address; flannel masquerades what goes to a port of another node."""
        if server.pod is one.pod:
            return _as_node(node)(server)
        return frozenset({one.address}) if server.pod.network == "cni" else frozenset()

    return seen


def _of_health(cluster: Cluster, service: Service) -> Iterator[Promise]:
    """What a load balancer asks of each node: 200 if a ready endpoint is there, else 503."""
    number = service.health_check_node_port
    if not number or not service.families:
        return
    family = service.families[0]
    for node in cluster.nodes:
        ready = any(
            end.endpoint.ready and end.endpoint.node_name == node.name
            for port in service.ports
            for end in backends(cluster, service, port, family)
        )
        status = (Answerer("200" if ready else "503"),)
        for address in addresses(node, family):
            if takes_node_ports(cluster, node, address):
                for one in clients.outside(cluster, node, family):
                    where = (address, number)
                    yield Promise(one.name, one.netns, "health", *where, "health check", status)
