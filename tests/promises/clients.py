"""Who asks in a lab: pods, nodes, and machines outside of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from labnet.model import Cluster, Host, Node, Pod
from labnet.model.net import IPAddress
from promises.servers import Server, addresses, node_of


Machine = Node | Host


class Client(NamedTuple):
    """Somebody with an address of the family that is asked for.

    `node` is the one that a pod is on, or that a node is; None for a machine outside.
    """

    name: str
    netns: str
    address: IPAddress
    node: Node | None = None
    pod: Pod | None = None


def pods(cluster: Cluster, family: int) -> Iterator[Client]:
    """The pods of the cluster's own network."""
    for pod in cluster.pods:
        for address in pod.ips:
            if pod.network == "cni" and address.version == family:
                yield Client(pod.name, pod.netns, address, node_of(cluster, pod), pod)


def nodes(cluster: Cluster, family: int) -> Iterator[Client]:
    """The nodes themselves."""
    for node in cluster.nodes:
        for address in addresses(node, family):
            yield Client(node.name, node.netns, address, node)


def hosts(cluster: Cluster, family: int) -> Iterator[Client]:
    """The machines outside."""
    for host in cluster.hosts:
        for interface in host.addresses:
            if interface.version == family:
                yield Client(host.name, host.netns, interface.ip)


def outside(cluster: Cluster, node: Node, family: int) -> Iterator[Client]:
    """Who comes to a node over the wire: the hosts or, in a lab without one, the other nodes."""
    for one in hosts(cluster, family) if cluster.hosts else nodes(cluster, family):
        if one.netns != node.netns:
            yield one


def own_addresses(node: Node) -> frozenset[IPAddress]:
    """Those that a node speaks from when it answers for others.

    By the wire its own, by its bridge the first of its pods' prefix, by a tunnel the prefix itself.
    """
    bridges = [prefix[number] for prefix in node.pod_cidrs for number in (0, 1)]
    return frozenset((*(one.ip for one in node.addresses), *bridges))


def led(cluster: Cluster, node: Node, server: Server) -> bool:
    """Whether there is a way from a node to a server: kubenet leaves that to others.

    (A cloud's routing table has it, which no lab has.)
    """
    is_far = server.pod.network == "cni" and server.pod.node != node.name
    return not (is_far and cluster.lab.networking.cni == "kubenet")


def comes(cluster: Cluster, client: Client, node: Node) -> bool:
    """Whether a client reaches a node, and the answer it: kubenet knows no way to others' pods."""
    is_far = client.pod is not None and client.node != node
    return not (is_far and cluster.lab.networking.cni == "kubenet")
