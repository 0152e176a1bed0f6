"""`kind: Container`: what `docker run` makes on a node's docker0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Literal, NamedTuple

from labnet.model import BridgeContainer, IPInterface, Lab, Node, Pod, Topology
from labnet.names import DEFAULT_NAMESPACE, netns_name
from labnet.resolve.containers import resolve_container
from labnet.resolve.environment import Identity
from labnet.resolve.etc import HOSTNAME, HOSTS, RESOLV_CONF, machine_hosts, resolv_conf
from labnet.resolve.facts import Facts
from labnet.resolve.mounts import Surroundings
from labnet.resolve.problem import Findings
from labnet.resolve.references import References
from labnet.resolve.segment import MAX_PORTS, Claim, Segment, allotment, ip_interface, of_family


DOCKER_SUBNET = IPv4Network("172.17.0.0/16")  # dockerd's default-address-pools begin with it
STOP_TIMEOUT = 10  # seconds from SIGTERM to SIGKILL: what `docker stop` waits
_JOIN = "container:"


class _Joined(NamedTuple):
    """A container and the one whose network it has, which may be itself."""

    container: BridgeContainer
    target: BridgeContainer

    @property
    def network(self) -> Literal["bridge", "host", "none", "container"]:
        """`network` of the resolved pod."""
        match self.container.network:
            case "host":
                return "host"
            case "none":
                return "none"
            case network if network.startswith(_JOIN):
                return "container"
        return "bridge"


def resolve_containers(
    topology: Topology,
    nodes: Sequence[Node],
    facts: Facts,
    references: References,
    findings: Findings,
) -> list[Pod]:
    """Every Container of the file, in its order."""
    joined = _targets(topology.containers, findings)
    homes = {one.target.name: _home(one.target, nodes, facts, findings) for one in joined}
    for container, target in joined:
        home = homes[target.name]
        if home is not None and container.node not in ("", home.name):
            what = f"node {container.node} is not that of container {target.name}, {home.name}"
            findings.add(container.source, "node", what, "it has the network of the other")
    addresses = _addresses(joined, homes, facts, findings)
    findings.stop()
    return [
        _pod(topology.lab, one, home, addresses.get(f"container/{one.target.name}", ()), references)
        for one in joined
        if (home := homes[one.target.name]) is not None
    ]


def _targets(containers: Sequence[BridgeContainer], findings: Findings) -> list[_Joined]:
    """Each container with the one at the end of its chain of `container:NAME`."""
    by_name = {container.name: container for container in containers}
    joined = []
    for container in containers:
        target, seen = container, [container.name]
        while target.network.startswith(_JOIN):
            name = target.network.removeprefix(_JOIN)
            if name in seen or name not in by_name:
                what = f"there is no container {name}"
                if name in seen:
                    what = f"{' joins '.join([*seen, name])}: one of them needs a network"
                findings.add(container.source, "network", what)
                break
            seen.append(name)
            target = by_name[name]
        else:
            joined.append(_Joined(container, target))
    return joined


def _home(
    container: BridgeContainer, nodes: Sequence[Node], facts: Facts, findings: Findings
) -> Node | None:
    """The node of a container: the one that it names, or is on, or else the first."""
    by_name = {node.name: node for node in nodes}
    if container.node:
        if container.node not in by_name:
            findings.add(container.source, "node", f"there is no node {container.node}")
        return by_name.get(container.node)
    fact = facts.pods.get(f"container/{container.name}")
    return by_name.get(fact.node if fact else "", nodes[0])


def _addresses(
    joined: Sequence[_Joined],
    homes: Mapping[str, Node | None],
    facts: Facts,
    findings: Findings,
) -> dict[str, tuple[IPInterface, ...]]:
    """The addresses on docker0: the lowest free ones of each node, as Docker gives them."""
    members: dict[str, list[BridgeContainer]] = {}
    for one in joined:
        home = homes[one.target.name]
        if one.network == "bridge" and home is not None:
            members.setdefault(home.name, []).append(one.container)
    chosen: dict[str, tuple[IPInterface, ...]] = {}
    for node, containers in members.items():
        if len(containers) > MAX_PORTS:
            what = f"{len(containers)} containers are too many for docker0 of node {node}"
            hint = f"at most {MAX_PORTS}: a bridge has no more ports"
            findings.add(containers[MAX_PORTS].source, "node", what, hint)
            continue
        claims = [_claim(container, node, facts) for container in containers]
        for key, value in allotment(Segment(DOCKER_SUBNET), claims, findings).items():
            chosen[key] = (ip_interface(4, value, DOCKER_SUBNET.prefixlen),)
    return chosen


def _claim(container: BridgeContainer, node: str, facts: Facts) -> Claim:
    """What a container asks for: any address, or the one that it has."""
    key = f"container/{container.name}"
    fact = facts.pods.get(key)
    given = of_family(fact.addresses, 4) if fact and fact.node == node else None
    return Claim(key, container.source, "", None, given)


def _pod(
    lab: Lab,
    joined: _Joined,
    node: Node,
    addresses: tuple[IPInterface, ...],
    references: References,
) -> Pod:
    """A container in its place; it has the hostname and the files of the one that it joins."""
    container, target = joined
    netns, hostname = netns_name(lab.name, target.name), target.name
    if target.network == "host":
        netns, hostname, addresses = node.netns, node.name, node.addresses
    ips = tuple(str(interface.ip) for interface in addresses)
    name = container.name
    identity = Identity(lab.name, "Container", DEFAULT_NAMESPACE, name, hostname, {}, {}, node, ips)
    etc = {
        HOSTS: machine_hosts(ips, hostname),
        HOSTNAME: f"{hostname}\n",
        RESOLV_CONF: resolv_conf(),
    }
    around = Surroundings(identity, {}, etc, references)
    return Pod(
        kind="Container",
        namespace=DEFAULT_NAMESPACE,
        name=name,
        netns=netns,
        node=node.name,
        source=container.source,
        network=joined.network,
        addresses=addresses,
        containers=(resolve_container(container.container, around),),
        hostname=hostname,
        restart_policy="Never",
        termination_grace_period_seconds=STOP_TIMEOUT,
        publish=container.publish,
    )
