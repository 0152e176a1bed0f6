"""What pods promise each other, their containers, and those who come to a port of their node."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import groupby

from labnet.model import Cluster, Container, Node, Pod
from labnet.model.net import IPAddress
from promises import clients
from promises.promise import Answerer, Promise
from promises.servers import Opening, addresses, node_of, openings, servers


ALONE = 1  # container in a namespace: on its loopback it would only meet itself


def of_pods(cluster: Cluster) -> Iterator[Promise]:
    """Each pod to each other: a ping to every address, and a question to every server there."""
    for source in cluster.pods:
        for target in cluster.pods:
            if source is not target and (reached := _reaches(cluster, source, target)) is not None:
                for address in target.ips:
                    own = [one for one in source.ips if one.version == address.version]
                    for client in own[:1]:
                        yield from _between(source, client, target, address, answers=reached)


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


def _between(
    source: Pod, client: IPAddress, target: Pod, address: IPAddress, *, answers: bool
) -> Iterator[Promise]:
    """From one pod to an address of another: without NAT, so the client is seen as it is."""
    who = (source.name, source.netns)
    yield Promise(*who, "ping", address, 0, "pod", (Answerer(),) if answers else ())
    for server in servers(target):
        told = (server.answerer(frozenset({client})),) if answers else ()
        yield Promise(*who, server.kind, address, server.port, "pod", told)


def of_containers(cluster: Cluster) -> Iterator[Promise]:
    """Containers of one namespace, of a pod or by `container:NAME`, to the servers on its `lo`."""
    inside = [pod for pod in cluster.pods if pod.network != "host"]
    for netns, found in groupby(sorted(inside, key=lambda one: one.netns), lambda one: one.netns):
        sharing = list(found)
        members = [(pod, one) for pod in sharing for one in pod.containers if not one.init]
        if len(members) <= ALONE:
            continue
        ips = [ip for pod in sharing for ip in pod.ips]
        loopback = ip_address("::1" if ips and ips[0].version == 6 else "127.0.0.1")
        for pod, container in members:
            name, words = _called(pod, container)
            for server in (one for pod in sharing for one in servers(pod)):
                if server.kind == "curl":
                    yield Promise(
                        name,
                        netns,
                        "curl",
                        loopback,
                        server.port,
                        "loopback",
                        (server.answerer(frozenset({loopback})),),
                        inside=("--lab", cluster.name, *words),
                    )


def _called(pod: Pod, container: Container) -> tuple[str, tuple[str, ...]]:
    """How a person and `labnet exec` call a container."""
    if pod.kind == "Container":
        return pod.name, (f"container/{pod.name}",)
    words = (f"{pod.namespace}/{pod.name}", "--container", container.name)
    return f"{pod.name}'s {container.name}", words


def of_openings(cluster: Cluster) -> Iterator[Promise]:
    """Ports of nodes that lead to pods: from outside as who one is, from pods as whoever."""
    for pod in cluster.pods:
        node = node_of(cluster, pod)
        for opening in openings(pod):
            families = {ip.version for ip in pod.ips}
            if opening.address:
                families &= {ip_address(opening.address).version}
            for address in (ip for one in sorted(families) for ip in addresses(node, one)):
                yield from _of_an_opening(cluster, node, opening, address)


def _of_an_opening(
    cluster: Cluster, node: Node, opening: Opening, address: IPAddress
) -> Iterator[Promise]:
    """What is not on the address is refused; pods are masqueraded, or not, as their CNI likes."""
    server = opening.target
    asking = [(one, True) for one in clients.outside(cluster, node, address.version)]
    if opening.reason == "host port" and opening.is_on(address):
        inside = clients.pods(cluster, address.version)
        asking += [(one, False) for one in inside if clients.comes(cluster, one, node)]
    for client, is_seen in asking:
        told = server.answerer(frozenset({client.address} if is_seen else ()))
        yield Promise(
            client.name,
            client.netns,
            server.kind,
            address,
            opening.port,
            opening.reason,
            (told,) if opening.is_on(address) else (),
        )
