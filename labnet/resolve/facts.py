"""What only the world can tell: what has been given while the lab lives, and which pods are ready.

Decisions
- We chose to keep the links of a pod's Services once for all pods that were made with the same, and
  their number with each pod: a thousand pods of a lab that does not change share one entry.
- We chose to keep who is unready over who is ready: a lab that comes up is expected to work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple, Self, TypeVar

from labnet.model import IPAddress, IPNetwork, Pod, Service


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node was given; `last_given` is host-local's `last_reserved_ip`, one a family."""

    addresses: tuple[IPAddress, ...] = ()
    pod_cidrs: tuple[IPNetwork, ...] = ()
    last_given: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class PodFacts:
    """Where a pod is; no addresses when it has none of its own (host network, say).

    `links` is the place in `Facts.links` of those it was made with, None for one without; and
    `template` tells the template that it was made of from a later one (empty if its name does).
    """

    node: str
    addresses: tuple[IPAddress, ...] = ()
    links: int | None = None
    template: str = ""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What a Service was given; the NodePorts by the name of the port."""

    cluster_ips: tuple[IPAddress, ...] = ()
    node_ports: Mapping[str, int] = field(default_factory=dict)
    health_check_node_port: int = 0


class ServiceLink(NamedTuple):
    """A Service as a container's environment tells of it: (number, protocol, name) of its ports."""

    name: str
    host: str
    ports: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was given, by name; a pod's key is `pod/NAMESPACE/NAME` or `container/NAME`.

    A Service's key is `NAMESPACE/NAME`. `unready` and `ended` are keys of pods: those that are not
    Ready, and those in a terminal phase (Succeeded, Failed), which are not Ready either.
    """

    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    hosts: Mapping[str, tuple[IPAddress, ...]] = field(default_factory=dict)
    pods: Mapping[str, PodFacts] = field(default_factory=dict)
    services: Mapping[str, ServiceFacts] = field(default_factory=dict)
    links: tuple[tuple[ServiceLink, ...], ...] = ()
    unready: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """The facts as a dict that `json` can write, and `from_json` read."""
        return {
            "nodes": {name: _node_to_json(one) for name, one in sorted(self.nodes.items())},
            "hosts": {name: _texts(one) for name, one in sorted(self.hosts.items())},
            "pods": {key: _pod_to_json(one) for key, one in sorted(self.pods.items())},
            "services": {key: _service_to_json(one) for key, one in sorted(self.services.items())},
            "links": [[_link_to_json(link) for link in links] for links in self.links],
            "unready": sorted(self.unready),
            "ended": sorted(self.ended),
        }

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The inverse of `to_json`; raises ValueError when `data` is anything else."""
        top = _mapping(data)
        hosts = _mapping(top.get("hosts", {}))
        links = tuple(_links(item) for item in _list(top.get("links", [])))
        return cls(
            {name: _node(item) for name, item in _mappings(top.get("nodes", {}))},
            {name: _parsed(ip_address, item) for name, item in hosts.items()},
            {key: _pod(item, len(links)) for key, item in _mappings(top.get("pods", {}))},
            {key: _service(item) for key, item in _mappings(top.get("services", {}))},
            links,
            frozenset(_parsed(str, top.get("unready", []))),
            frozenset(_parsed(str, top.get("ended", []))),
        )


NO_FACTS = Facts()


def pod_key(pod: Pod) -> str:
    """The name of a pod in Facts, and wherever else pods and containers are told apart."""
    if pod.kind == "Container":
        return f"container/{pod.name}"
    return f"pod/{pod.namespace}/{pod.name}"


def service_key(service: Service) -> str:
    """The name of a Service in Facts."""
    return f"{service.namespace}/{service.name}"


def _node_to_json(node: NodeFacts) -> dict[str, Any]:
    return {
        "addresses": _texts(node.addresses),
        "podCIDRs": _texts(node.pod_cidrs),
        "lastGiven": _texts(node.last_given),
    }


def _node(item: Mapping[str, Any]) -> NodeFacts:
    return NodeFacts(
        _parsed(ip_address, item.get("addresses", [])),
        _parsed(ip_network, item.get("podCIDRs", [])),
        _parsed(ip_address, item.get("lastGiven", [])),
    )


def _pod_to_json(pod: PodFacts) -> dict[str, Any]:
    """What a pod has none of is left out: there can be thousands."""
    written: dict[str, Any] = {"node": pod.node, "addresses": _texts(pod.addresses)}
    if pod.links is not None:
        written["links"] = pod.links
    if pod.template:
        written["template"] = pod.template
    return written


def _pod(item: Mapping[str, Any], known: int) -> PodFacts:
    """A pod whose links are one of `known`, if it has any."""
    links = _number(item["links"]) if "links" in item else None
    if links is not None and not 0 <= links < known:
        raise ValueError(f"there are no links {links}")
    addresses = _parsed(ip_address, item.get("addresses", []))
    return PodFacts(_text(item.get("node")), addresses, links, _text(item.get("template", "")))


def _service_to_json(service: ServiceFacts) -> dict[str, Any]:
    written: dict[str, Any] = {"clusterIPs": _texts(service.cluster_ips)}
    if service.node_ports:
        written["nodePorts"] = dict(sorted(service.node_ports.items()))
    if service.health_check_node_port:
        written["healthCheckNodePort"] = service.health_check_node_port
    return written


def _service(item: Mapping[str, Any]) -> ServiceFacts:
    ports = _mapping(item.get("nodePorts", {}))
    return ServiceFacts(
        _parsed(ip_address, item.get("clusterIPs", [])),
        {name: _number(port) for name, port in ports.items()},
        _number(item.get("healthCheckNodePort", 0)),
    )


def _links(item: object) -> tuple[ServiceLink, ...]:
    """The links that pods share."""
    return tuple(_link(*_list(link, 3)) for link in _list(item))


def _link_to_json(link: ServiceLink) -> list[Any]:
    return [link.name, link.host, [list(port) for port in link.ports]]


def _link(name: object, host: object, ports: object) -> ServiceLink:
    parts = (_list(port, 3) for port in _list(ports))
    numbered = tuple((_number(port), _text(proto), _text(own)) for port, proto, own in parts)
    return ServiceLink(_text(name), _text(host), numbered)


def _texts(values: Iterable[object]) -> list[str]:
    """Addresses or networks as text."""
    return [str(value) for value in values]


def _text(value: object) -> str:
    """`value`, which must be a string."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")  # noqa: TRY004 - ValueError is the promise
    return value


def _number(value: object) -> int:
    """`value`, which must be a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a number")  # noqa: TRY004 - ValueError is the promise
    return value


def _list(value: object, length: int | None = None) -> list[Any]:
    """`value`, which must be a list, and of so many items if that is said."""
    if not isinstance(value, list) or length not in (None, len(value)):
        raise ValueError(f"{value!r} is not a list, or too long or short")
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
    return tuple([parse(_text(value)) for value in _list(values)])
