"""What only the world can tell: which addresses and places have been given while the lab lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Self, TypeVar

from labnet.model import Cluster, Family, IPAddress, IPNetwork, Node, Pod
from labnet.resolve.segment import Segment, of_family
from labnet.resolve.segment import ip_address as address_of


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node was given; `last_given` is host-local's `last_reserved_ip`, one a family."""

    addresses: tuple[IPAddress, ...] = ()
    pod_cidrs: tuple[IPNetwork, ...] = ()
    last_given: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class PodFacts:
    """Where a pod is; no addresses when it has none of its own (host network, say)."""

    node: str
    addresses: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was given, by name; a pod's key is `pod/NAMESPACE/NAME` or `container/NAME`."""

    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    hosts: Mapping[str, tuple[IPAddress, ...]] = field(default_factory=dict)
    pods: Mapping[str, PodFacts] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The facts as a dict that `json` can write, and `from_json` read."""
        nodes = {
            name: {
                "addresses": _texts(node.addresses),
                "podCIDRs": _texts(node.pod_cidrs),
                "lastGiven": _texts(node.last_given),
            }
            for name, node in sorted(self.nodes.items())
        }
        pods = {
            key: {"node": pod.node, "addresses": _texts(pod.addresses)}
            for key, pod in sorted(self.pods.items())
        }
        hosts = {name: _texts(addresses) for name, addresses in sorted(self.hosts.items())}
        return {"nodes": nodes, "hosts": hosts, "pods": pods}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The inverse of `to_json`; raises ValueError when `data` is anything else."""
        top = _mapping(data)
        nodes = {
            name: NodeFacts(
                _parsed(ip_address, node.get("addresses", [])),
                _parsed(ip_network, node.get("podCIDRs", [])),
                _parsed(ip_address, node.get("lastGiven", [])),
            )
            for name, node in _mappings(top.get("nodes", {}))
        }
        pods = {
            key: PodFacts(_text(pod.get("node")), _parsed(ip_address, pod.get("addresses", [])))
            for key, pod in _mappings(top.get("pods", {}))
        }
        hosts = _mapping(top.get("hosts", {}))
        return cls(nodes, {name: _parsed(ip_address, item) for name, item in hosts.items()}, pods)


NO_FACTS = Facts()


def pod_key(pod: Pod) -> str:
    """The name of a pod in Facts, and wherever else pods and containers are told apart."""
    if pod.kind == "Container":
        return f"container/{pod.name}"
    return f"pod/{pod.namespace}/{pod.name}"


def facts_of(cluster: Cluster, before: Facts) -> Facts:
    """What to remember of a cluster that was resolved with the facts `before`.

    What is gone is forgotten, but for the address that a node gave last: the next pod gets the one
    after it, so that an address that has just become free is not used again at once.
    """
    by_node: dict[str, list[Pod]] = {node.name: [] for node in cluster.nodes}
    pods: dict[str, PodFacts] = {}
    for pod in cluster.pods:
        own = pod.network in ("cni", "bridge")
        pods[pod_key(pod)] = PodFacts(pod.node, pod.ips if own else ())
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
    return Facts(nodes, hosts, pods)


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


def _texts(values: Iterable[object]) -> list[str]:
    """Addresses or networks as text."""
    return [str(value) for value in values]


def _text(value: object) -> str:
    """`value`, which must be a string."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")  # noqa: TRY004 - ValueError is the promise
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    """`value`, which must be a mapping by strings."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{value!r} is not an object")
    return value


def _mappings(value: object) -> list[tuple[str, Mapping[str, Any]]]:
    """The items of a mapping of mappings."""
    return [(key, _mapping(item)) for key, item in _mapping(value).items()]


def _parsed(parse: Callable[[str], T], values: object) -> tuple[T, ...]:
    """A list of strings, each parsed; `ipaddress` raises ValueError for what it does not know."""
    if not isinstance(values, list):
        raise ValueError(f"{values!r} is not a list")  # noqa: TRY004 - ValueError is the promise
    return tuple(parse(_text(value)) for value in values)
