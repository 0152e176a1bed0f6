"""The lab and the rules that `bench.services` measures: thousands of Services, made in Python.

Of the Services only the last three lead anywhere: `last` to three servers, `near` and `far` to a
sink on the client's node and on the other. The others lead to addresses that nobody has.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Literal

from labnet.compile import compile_state
from labnet.model import (
    Cluster,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Service,
    ServicePort,
    Source,
)
from labnet.names import netns_name
from labnet.parse import SourceText, parse
from labnet.resolve import resolve
from labnet.state import NftTable, Ruleset


LAB = "bench-services"
PORT = 8080
NODE = netns_name(LAB, "node1")
CLIENT, FAR = "client", "server4"
SERVERS = ("server1", "server2", "server3")
LAST, NEAR, FAR_AWAY = "10.96.255.1", "10.96.255.2", "10.96.255.3"
"""The addresses of the Services that lead somewhere, which are the last in every table."""

Mode = Literal["iptables", "nftables"]
Rules = Ruleset | NftTable


def lab_file(mode: Mode) -> str:
    """Two nodes and five pods without a process."""
    where = {CLIENT: 1, **dict.fromkeys(SERVERS, 1), FAR: 2}
    lab = f"""\
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: {LAB}}}
spec:
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: node1}}, {{name: node2}}]
"""
    pod = """\
---
apiVersion: v1
kind: Pod
metadata: {{name: {}}}
spec:
  nodeName: node{}
  containers: [{{name: pause, image: pause}}]
"""
    return lab + "".join(pod.format(name, node) for name, node in where.items())


@dataclass(frozen=True, slots=True)
class Bench:
    """A cluster without any Service of the bench, and where its pods are."""

    cluster: Cluster

    @classmethod
    def of(cls, mode: Mode) -> Bench:
        """The cluster of a mode."""
        return cls(resolve(parse((SourceText("bench.yaml", lab_file(mode)),)).topology))

    def ip(self, pod: str) -> str:
        """The address of a pod."""
        (found,) = [item for item in self.cluster.pods if item.name == pod]
        return str(found.addresses[0].ip)

    def with_services(self, count: int, *, changed: bool = False) -> Cluster:
        """The cluster with `count` Services of three endpoints, one of which may have changed."""
        backends = [f"10.245.{n >> 8}.{n & 255}" for n in range(3 * count)]
        if changed:
            backends[3 * (count // 2)] = "10.246.0.1"
        first = int(IPv4Address("10.96.1.0"))
        made = [
            _service(f"svc-{n:05}", IPv4Address(first + n), backends[3 * n : 3 * n + 3])
            for n in range(count - 1)
        ]
        for name, address, pods in (
            ("zz-last", LAST, SERVERS),
            ("zz-near", NEAR, SERVERS[:1]),
            ("zz-remote", FAR_AWAY, (FAR,)),
        ):
            made.append(_service(name, IPv4Address(address), [self.ip(pod) for pod in pods]))
        own = self.cluster
        return replace(
            own,
            services=(*own.services, *(service for service, _ in made)),
            endpoint_slices=(*own.endpoint_slices, *(slice_ for _, slice_ in made)),
        )


def _service(
    name: str, address: IPv4Address, backends: Sequence[str]
) -> tuple[Service, EndpointSlice]:
    """A Service of one port, and its endpoints."""
    source = Source("bench.yaml", 1)
    port = ServicePort(80, target_port=PORT)
    endpoints = tuple(Endpoint((backend,)) for backend in backends)
    return (
        Service("default", name, source, ports=(port,), cluster_ips=(address,), families=(4,)),
        EndpointSlice(
            "default",
            f"{name}-1",
            source,
            service=name,
            endpoints=endpoints,
            ports=(EndpointPort(PORT),),
        ),
    )


def rules(cluster: Cluster) -> tuple[Rules, ...]:
    """The tables of the first node, by key."""
    state = compile_state(cluster)
    found = [item for item in state if isinstance(item, Ruleset | NftTable) and item.netns == NODE]
    return tuple(sorted(found, key=lambda item: item.key))


def kube_proxy_chains(cluster: Cluster) -> str:
    """What kube-proxy itself loads for ClusterIPs in its nftables mode: a chain for each thing."""
    elements: list[str] = []
    chains: list[str] = []
    endpoints = {item.service: item.endpoints for item in cluster.endpoint_slices}
    for service in cluster.services:
        backends = [item.addresses[0] for item in endpoints.get(service.name, ())]
        if backends and service.cluster_ips:
            address = service.cluster_ips[0]
            chain, text = _service_chains(service.name, f"{address}", backends)
            elements.append(f"{address} . tcp . 80 : goto {chain}")
            chains += text
    return "\n".join([_KUBE_PROXY.format(",\n".join(elements)), *chains, "}", ""])


def _service_chains(name: str, address: str, backends: Sequence[str]) -> tuple[str, Iterator[str]]:
    words = f"default/{name}/tcp/"
    chain = f"service-{_hash(words)}-{words}"
    ends = [f"{words}__{ip}/{PORT}" for ip in backends]
    names = [f"endpoint-{_hash(end)}-{end}" for end in ends]
    choice = ", ".join(f"{n} : goto {end}" for n, end in enumerate(names))

    def text() -> Iterator[str]:
        for end, ip in zip(names, backends, strict=True):
            yield f"chain {end} {{\nip saddr {ip} jump mark-for-masquerade"
            yield f"meta l4proto tcp dnat to {ip}:{PORT}\n}}"
        yield f"chain {chain} {{"
        yield f"ip daddr {address} tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade"
        yield f"numgen random mod {len(names)} vmap {{ {choice} }}\n}}"

    return chain, text()


def _hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:8]


_KUBE_PROXY = """\
table ip kube-proxy {{
map service-ips {{
type ipv4_addr . inet_proto . inet_service : verdict;
elements = {{ {} }}
}}
chain mark-for-masquerade {{
meta mark set mark or 0x4000
}}
chain services {{
ip daddr . meta l4proto . th dport vmap @service-ips
}}
chain nat-prerouting {{
type nat hook prerouting priority -100;
jump services
}}
chain nat-output {{
type nat hook output priority -100;
jump services
}}
chain nat-postrouting {{
type nat hook postrouting priority 100;
meta mark & 0x4000 != 0 masquerade fully-random
}}"""
