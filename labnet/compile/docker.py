"""What Docker makes on a node: `docker0`, a veth for each container, and its chains.

The rules are those that dockerd 20.10 wrote when it was tried, in its order. FORWARD's policy stays
ACCEPT: Docker changes it only where it is the one to turn forwarding on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface

from labnet.compile.parts import Part, TablePart, because
from labnet.model import Cluster, Node, Pod
from labnet.names import DOCKER_MAC, PORT_MAC, mac_address, veth_name
from labnet.state import Address, Bridge, Netns, Process, Route, Veth


BRIDGE = "docker0"
_GATEWAY = IPv4Interface("172.17.0.1/16")
_ANY = "0.0.0.0"  # noqa: S104  # where Docker publishes if nobody says otherwise
_MTU = 1500  # Docker's, whatever the uplink's is


def compile_docker(cluster: Cluster) -> Iterator[Part]:
    """`docker0` on every node that has a container on it, and all containers."""
    for node in cluster.nodes:
        containers = [pod for pod in cluster.pods if pod.kind == "Container"]
        bridged = [pod for pod in containers if pod.network == "bridge" and pod.node == node.name]
        if bridged:
            why = because("Node", node.name, node.source)
            mac = mac_address(DOCKER_MAC, _GATEWAY.ip)
            yield Part(Bridge(node.netns, BRIDGE, mac, _MTU), why)
            yield Part(Address(node.netns, BRIDGE, str(_GATEWAY)), why)
            yield Part(_nat(node, bridged), "")
            yield Part(_filter(node, bridged), "")
        for pod in containers:
            if pod.node == node.name and pod.network in {"bridge", "none"}:
                yield from _container(pod, node)
                yield from _proxies(pod, node)


def _container(pod: Pod, node: Node) -> Iterator[Part]:
    """A namespace; on the bridge also its own veth, address and default route."""
    why = because("Container", pod.name, pod.source)
    netns = pod.netns
    yield Part(Netns(netns, f"container/{pod.name}"), why)
    for address in pod.addresses:
        port = veth_name(address.ip)
        mac, port_mac = mac_address(DOCKER_MAC, address.ip), mac_address(PORT_MAC, address.ip)
        yield Part(Veth(node.netns, port, netns, "eth0", netns, port_mac, _MTU, BRIDGE), why)
        yield Part(Veth(netns, "eth0", node.netns, port, netns, mac, _MTU), why)
        yield Part(Address(netns, "eth0", str(address)), why)
        yield Part(Route(netns, "0.0.0.0/0", "eth0", str(_GATEWAY.ip)), why)


def _proxies(pod: Pod, node: Node) -> Iterator[Part]:
    """A docker-proxy in the node for each published port, for those whom no rule serves."""
    why = because("Container", pod.name, pod.source)
    for port in pod.publish:
        if port.protocol == "sctp":
            continue  # Docker's has it, the kernels that labnet runs on mostly not
        where = ("-proto", port.protocol, "-host-ip", port.host_ip or _ANY)
        options = ("-host-port", str(port.host_port), "-container-ip", str(pod.addresses[0].ip))
        process = Process(
            netns=node.netns,
            pod=f"container/{pod.name}",
            name=f"docker-proxy-{port.host_port}-{port.protocol}",
            argv=(*where, *options, "-container-port", str(port.container_port)),
            builtin="docker_proxy",
            hostname=node.name,
            ports=(port.host_port,) if port.protocol == "tcp" else (),
        )
        yield Part(process, why)


def _nat(node: Node, containers: Sequence[Pod]) -> TablePart:
    """Published ports are DNATed; what leaves the bridge is masqueraded."""
    rules = [
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
        f"-A POSTROUTING -s {_GATEWAY.network} ! -o {BRIDGE} -j MASQUERADE",
    ]
    to_itself, dnat = [], [f"-A DOCKER -i {BRIDGE} -j RETURN"]
    for pod in containers:
        ip = pod.addresses[0].ip
        for port in pod.publish:
            protocol = f"-p {port.protocol} -m {port.protocol}"
            inside = f"{protocol} --dport {port.container_port}"
            to_itself.append(f"-A POSTROUTING -s {ip}/32 -d {ip}/32 {inside} -j MASQUERADE")
            host_ip = port.host_ip and port.host_ip != _ANY
            where = f"-d {port.host_ip}/32 " if host_ip else ""
            target = f"-j DNAT --to-destination {ip}:{port.container_port}"
            outside = f"{where}! -i {BRIDGE} {protocol} --dport {port.host_port}"
            dnat.append(f"-A DOCKER {outside} {target}")
    return TablePart(node.netns, 4, "nat", "docker", ("DOCKER",), (*rules, *to_itself, *dnat))


def _filter(node: Node, containers: Sequence[Pod]) -> TablePart:
    """Isolation between bridges, and ACCEPT for published ports."""
    accept = []
    for pod in containers:
        ip = pod.addresses[0].ip
        for port in pod.publish:
            inside = f"-p {port.protocol} -m {port.protocol} --dport {port.container_port}"
            accept.append(f"-A DOCKER -d {ip}/32 ! -i {BRIDGE} -o {BRIDGE} {inside} -j ACCEPT")
    rules = (
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -j DOCKER-ISOLATION-STAGE-1",
        f"-A FORWARD -o {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A FORWARD -o {BRIDGE} -j DOCKER",
        f"-A FORWARD -i {BRIDGE} ! -o {BRIDGE} -j ACCEPT",
        f"-A FORWARD -i {BRIDGE} -o {BRIDGE} -j ACCEPT",
        *accept,
        f"-A DOCKER-ISOLATION-STAGE-1 -i {BRIDGE} ! -o {BRIDGE} -j DOCKER-ISOLATION-STAGE-2",
        "-A DOCKER-ISOLATION-STAGE-1 -j RETURN",
        f"-A DOCKER-ISOLATION-STAGE-2 -o {BRIDGE} -j DROP",
        "-A DOCKER-ISOLATION-STAGE-2 -j RETURN",
        "-A DOCKER-USER -j RETURN",
    )
    own = ("DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-USER")
    return TablePart(node.netns, 4, "filter", "docker", own, rules)
