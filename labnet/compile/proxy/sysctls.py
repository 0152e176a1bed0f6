"""The kernel parameters that kube-proxy sets on a node when it starts, in either mode.

kube-proxy does not set switches that are off, because a node that boots has them off. A node of
ours can have been another before: they are switched off here, or an `up` of an edited lab would
leave them on.

`net.netfilter.nf_conntrack_max`, which it sets too, is left out: there is one for all network
namespaces, and it can be written in the machine's own only. The time-outs are each namespace's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part, because
from labnet.compile.proxy.node import localhost_node_ports, node_port_addresses
from labnet.model import Cluster
from labnet.state import Sysctl


_CONNTRACK = "net.netfilter.nf_conntrack_"


def compile_sysctls(cluster: Cluster) -> Iterator[Part]:
    """Conntrack's time-outs as configured, and 127.0.0.1 routed where NodePorts answer on it."""
    settings = dict(_conntrack(cluster))
    addresses = node_port_addresses(cluster, 4) if 4 in cluster.lab.networking.families else {}
    for node in cluster.nodes:
        why = because("Node", node.name, node.source)
        for name, value in settings.items():
            yield Part(Sysctl(node.netns, name, str(value)), why)
        if node.name in addresses:
            switch = str(int(localhost_node_ports(cluster, addresses[node.name])))
            yield Part(Sysctl(node.netns, "net.ipv4.conf.all.route_localnet", switch), why)


def _conntrack(cluster: Cluster) -> Iterator[tuple[str, int]]:
    """A time-out of 0 stays as the kernel has it (cmd/kube-proxy/app/server_linux.go)."""
    conntrack = cluster.lab.kube_proxy.conntrack
    seconds = {
        "tcp_timeout_established": conntrack.tcp_established,
        "tcp_timeout_close_wait": conntrack.tcp_close_wait,
        "udp_timeout": conntrack.udp,
        "udp_timeout_stream": conntrack.udp_stream,
    }
    yield from ((f"{_CONNTRACK}{name}", value) for name, value in seconds.items() if value)
    yield f"{_CONNTRACK}tcp_be_liberal", int(conntrack.tcp_be_liberal)
