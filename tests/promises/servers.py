"""Who listens in a lab: known by image and command, or only declared by a container's ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from labnet.model import Cluster, Container, Node, Pod
from labnet.model.net import IPAddress
from promises.promise import Answerer, Kind


Protocol = Literal["TCP", "UDP"]
NGINX = "nginx"
NETEXEC = {"--http-port": 8080, "--udp-port": 8081}  # where agnhost listens if nothing is said


class Server(NamedTuple):
    """A port on which a pod listens, and what those who ask there are told that it is.

    Without a name it is declared, and nothing is known of who listens.
    """

    pod: Pod
    protocol: Protocol
    port: int
    name: str = ""

    @property
    def kind(self) -> Kind:
        """How it is asked."""
        if self.protocol == "UDP":
            return "udp"
        return "curl" if self.name else "tcp"

    def answerer(self, seen: frozenset[IPAddress]) -> Answerer:
        """Who answers, and sees one of these as the client; nginx tells nothing of that."""
        return Answerer(self.name, frozenset() if self.name in ("", NGINX) else seen)


class Opening(NamedTuple):
    """A port of a node that leads to a pod's: hostPort, or `publish` of a container.

    Without an address it is on all that the node has.
    """

    address: str
    port: int
    target: Server
    reason: Literal["host port", "published port"]

    def is_on(self, address: IPAddress) -> bool:
        """Whether it is on an address of the node."""
        return self.address in ("", "0.0.0.0", "::", str(address))


def servers(pod: Pod) -> list[Server]:
    """What the containers of a pod serve: what is known, and what else they declare.

    Of a port of UDP that is only declared nobody can tell whether somebody listens.
    """
    found = {(one.protocol, one.port): one for one in _known(pod)}
    staying = (one for one in pod.containers if not one.init)
    for port in (port for container in staying for port in container.ports):
        if port.protocol == "TCP":
            found.setdefault(("TCP", port.container_port), Server(pod, "TCP", port.container_port))
    return list(found.values())


def _known(pod: Pod) -> Iterator[Server]:
    """Those whose image and command tell."""
    for container in pod.containers:
        if container.builtin == "agnhost" and "netexec" in container.argv:
            yield Server(pod, "TCP", _told(container, "--http-port"), pod.hostname)
            if (port := _told(container, "--udp-port")) > 0:
                yield Server(pod, "UDP", port, pod.hostname)
        elif _is_nginx(container):
            yield Server(pod, "TCP", 80, NGINX)


def _is_nginx(container: Container) -> bool:
    name = container.image.rpartition("/")[2].partition(":")[0]
    return name == NGINX and container.argv[:1] in ((), (NGINX,))


def _told(container: Container, flag: str) -> int:
    """The port that netexec is told, as `--flag=80` or `--flag 80`."""
    words = " ".join(container.argv).replace("=", " ").split()
    return int(words[words.index(flag) + 1]) if flag in words else NETEXEC[flag]


def openings(pod: Pod) -> Iterator[Opening]:
    """The ports of its node that lead to a pod, if it has servers behind them."""
    if pod.network == "bridge":
        for published in pod.publish:
            if target := _behind(pod, published.container_port, published.protocol.upper()):
                yield Opening(published.host_ip, published.host_port, target, "published port")
    if pod.network == "cni":
        for port in (port for container in pod.containers for port in container.ports):
            target = _behind(pod, port.container_port, port.protocol)
            if port.host_port and target:
                yield Opening(port.host_ip, port.host_port, target, "host port")


def _behind(pod: Pod, port: int, protocol: str) -> Server | None:
    """Who has to be at a port of a pod to which something leads, whether or not it is declared.

    None if nobody can tell: of UDP, where what the pod's containers are is not known.
    """
    for server in servers(pod):
        if (server.protocol, server.port) == (protocol, port):
            return server
    if protocol == "TCP":
        return Server(pod, "TCP", port)
    if protocol == "UDP" and any(_known(pod)):
        return Server(pod, "UDP", port, pod.hostname)
    return None


def server_at(cluster: Cluster, address: IPAddress, port: int, protocol: str) -> Server | None:
    """Who listens at an address, be it a pod's or a node's; None if that is not known."""
    for pod in cluster.pods:
        for server in servers(pod):
            if address in pod.ips and (server.protocol, server.port) == (protocol, port):
                return server
        for opening in openings(pod):
            if (
                address in addresses(node_of(cluster, pod), address.version)
                and opening.is_on(address)
                and (opening.target.protocol, opening.port) == (protocol, port)
            ):
                return opening.target
    strangers = (_behind(pod, port, protocol) for pod in cluster.pods if address in pod.ips)
    return next(filter(None, strangers), None)


def node_of(cluster: Cluster, pod: Pod) -> Node:
    """The node that a pod is on."""
    return next(node for node in cluster.nodes if node.name == pod.node)


def addresses(node: Node, family: int) -> list[IPAddress]:
    """What others reach a node by, in a family."""
    return [one.ip for one in node.addresses if one.version == family]
