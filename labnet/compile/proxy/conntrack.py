"""What conntrack of a node may remember of UDP Services, in both modes.

As CleanStaleEntries does it (pkg/proxy/conntrack/cleanup.go of Kubernetes 1.33): all nodes expect
the same, because neither traffic policies nor topology nor termination concern a flow that has
begun. Entries of TCP and SCTP are left alone, those of Services without endpoints likewise.
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part
from labnet.compile.proxy.node import primary_addresses
from labnet.compile.proxy.service_port import EndpointInfo, ServicePortInfo, service_ports
from labnet.model import Cluster, Family
from labnet.state import UdpFlows, UdpService


def compile_flows(cluster: Cluster, family: Family) -> Iterator[Part]:
    """The flows of every node, if there is any UDP Service."""
    services = tuple(
        _service(port, endpoints)
        for port, endpoints in service_ports(cluster, family)
        if port.name.protocol == "UDP"
    )
    if services:
        for node in cluster.nodes:
            own = tuple(str(ip) for ip in primary_addresses(node) if ip.version == family)
            flows = UdpFlows(node.netns, family, services, addresses=own)
            yield Part(flows, "UDP flows of kube-proxy")


def _service(port: ServicePortInfo, endpoints: tuple[EndpointInfo, ...]) -> UdpService:
    addresses = (port.cluster_ip, *port.load_balancer_vips, *port.external_ips)
    return UdpService(
        destinations=tuple((address, port.port) for address in addresses),
        endpoints=tuple((one.ip, one.port) for one in endpoints if one.serving),
        node_port=port.node_port,
    )
