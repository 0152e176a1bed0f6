"""kube-proxy's HTTP servers: its own health, and the healthCheckNodePort of Services.

Each is a process of the node's, so one that changes does not disturb the others. A server knows
its number of endpoints from its start: it is replaced when that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labnet.compile.parts import Part, because
from labnet.compile.proxy.node import NodePortAddresses, node_port_addresses
from labnet.compile.proxy.service_port import ServicePortEndpoints, service_ports
from labnet.model import Cluster, Node, Source
from labnet.state import Process


HEALTHZ_PORT = 10256
"""Where kube-proxy says how it is itself, on all addresses (KubeProxyConfiguration)."""
_ANY = "0.0.0.0"  # noqa: S104  # as in kube-proxy, on both families where there are both

_Key = tuple[str, int]
_Binds = dict[_Key, list[tuple[str, int]]]


def compile_health(cluster: Cluster) -> Iterator[Part]:
    """The servers of every node of a cluster that has a Service of type LoadBalancer.

    Without one nobody asks, and they are left out: to start a process takes more time than all else
    that kube-proxy does on a node.
    """
    if not any(service.type == "LoadBalancer" for service in cluster.services):
        return
    binds, sources = _binds(cluster)
    for node in cluster.nodes:
        why = because("Node", node.name, node.source)
        own = _process(node, "kube-proxy", ("healthz", _ANY, str(HEALTHZ_PORT)), HEALTHZ_PORT)
        yield Part(own, why)
        for (name, port), listeners in binds[node.name].items():
            argv = ("service", name, str(port), *(f"{ip}={count}" for ip, count in listeners))
            process = _process(node, f"kube-proxy-{port}", argv, port if listeners else 0)
            yield Part(process, because("Service", name, sources[name, port]))


def _process(node: Node, name: str, argv: tuple[str, ...], port: int) -> Process:
    return Process(
        netns=node.netns,
        pod=f"node/{node.name}",
        name=name,
        argv=argv,
        builtin="kube_proxy",
        hostname=node.name,
        ports=(port,) if port else (),
    )


def _binds(cluster: Cluster) -> tuple[Mapping[str, _Binds], Mapping[_Key, Source]]:
    """For each node, Service and port: where to listen, and how many endpoints to tell of there.

    Where all addresses are meant, one socket has both families, and the first family has it.
    """
    binds: dict[str, _Binds] = {node.name: {} for node in cluster.nodes}
    sources: dict[_Key, Source] = {}
    for family in cluster.lab.networking.families:
        checked = [one for one in service_ports(cluster, family) if one[0].health_check_node_port]
        addresses = node_port_addresses(cluster, family) if checked else {}
        for (name, port), ready in _ready(checked, sources).items():
            for node in cluster.nodes:
                listeners = binds[node.name].setdefault((name, port), [])
                if all(ip != _ANY for ip, _ in listeners):
                    count = len(ready.get(node.name, ()))
                    listeners += [(ip, count) for ip in _listened(addresses[node.name])]
    return binds, sources


def _ready(
    checked: list[ServicePortEndpoints], sources: dict[_Key, Source]
) -> dict[_Key, dict[str, set[str]]]:
    """The addresses of the ready endpoints by Service and node: an endpoint counts once."""
    ready: dict[_Key, dict[str, set[str]]] = {}
    for info, endpoints in checked:
        key = f"{info.name.namespace}/{info.name.name}", info.health_check_node_port
        sources[key] = info.source
        nodes = ready.setdefault(key, {})
        for endpoint in endpoints:
            if endpoint.ready:
                nodes.setdefault(endpoint.node_name, set()).add(endpoint.ip)
    return ready


def _listened(addresses: NodePortAddresses) -> tuple[str, ...]:
    return (_ANY,) if addresses.match_all else addresses.addresses
