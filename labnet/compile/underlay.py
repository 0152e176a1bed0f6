"""The wire between the machines, and the machines on it: nodes of the cluster, hosts outside it."""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part, because, no_dad
from labnet.model import Cluster, Host, IPAddress, IPNetwork, Node
from labnet.names import NODE_MAC, PORT_MAC, mac_address, segment_netns, veth_name
from labnet.state import Address, Bridge, Netns, Route, Sysctl, Veth


SEGMENT_BRIDGE = "br0"
UPLINK = "eth0"
DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
_BRIDGE_MAC = "02:1a:00:00:00:00"  # no machine has the address 0.0.0.0


def compile_underlay(cluster: Cluster) -> Iterator[Part]:
    """The segment is a bridge in a namespace of its own; every machine is plugged into it."""
    lab = cluster.lab
    why = because("Lab", lab.name, lab.source)
    segment = segment_netns(lab.name)
    yield Part(Netns(segment, "segment"), why)
    yield Part(Bridge(segment, SEGMENT_BRIDGE, _BRIDGE_MAC, lab.networking.mtu), why)
    yield from _router(cluster, segment, why)
    for node in cluster.nodes:
        why = because("Node", node.name, node.source)
        yield Part(Netns(node.netns, f"node/{node.name}"), why)
        yield from no_dad(node.netns, why)
        for key, value in _node_sysctls().items():
            yield Part(Sysctl(node.netns, key, value), why)
        yield from _plugged(cluster, node, why)
        yield from _routes_to_hosts(cluster, node)
    for host in cluster.hosts:
        why = because("Host", host.name, host.source)
        yield Part(Netns(host.netns, f"host/{host.name}"), why)
        yield from no_dad(host.netns, why)
        yield from _plugged(cluster, host, why)
        for network in host.on_link:
            yield Part(Route(host.netns, str(network), UPLINK), why)


def _router(cluster: Cluster, segment: str, why: str) -> Iterator[Part]:
    """The segment's router, which every machine has as its default gateway; it leads nowhere.

    Machines must have a route for an address that only their rules know (a clusterIP), and what no
    rule has changed is to get lost without an answer, as on its way through the Internet.
    """
    yield from no_dad(segment, why)
    for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        yield Part(Sysctl(segment, key, "0"), why)  # IPv4's is copied from the machine's
    for subnet in cluster.lab.networking.node_subnets:
        address = f"{gateway(subnet)}/{subnet.prefixlen}"
        yield Part(Address(segment, SEGMENT_BRIDGE, address), why)
        yield Part(Route(segment, DEFAULT[subnet.version], "", kind="blackhole"), why)


def gateway(subnet: IPNetwork) -> IPAddress:
    """The gateway of a subnet has its first address, as with host-local and Docker."""
    return subnet[1]


def _node_sysctls() -> dict[str, str]:
    """What kubelet's preflight checks want, no reverse path filter, and no redirects.

    A host that has a node for its gateway sits on the same wire as the node's own gateway. The node
    would send it redirects, which NAT swallows, but which count when ICMP errors are limited: it
    would not be told that a Service has no endpoints. Hosts mostly are behind a router, so that no
    redirect is due.

    Set before there are interfaces, which copy the defaults. Bridge netfilter makes the reply of a
    pod on the same bridge pass through conntrack, without which it could not be un-NATed.
    """
    return {
        "net.bridge.bridge-nf-call-ip6tables": "1",
        "net.bridge.bridge-nf-call-iptables": "1",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.all.send_redirects": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        "net.ipv4.conf.default.send_redirects": "0",
        "net.ipv4.ip_forward": "1",
        "net.ipv6.conf.all.forwarding": "1",
    }


def _plugged(cluster: Cluster, machine: Node | Host, why: str) -> Iterator[Part]:
    """A machine's `eth0`, its other end in the segment's bridge, and its addresses."""
    segment, mtu = segment_netns(cluster.name), cluster.lab.networking.mtu
    primary = machine.addresses[0].ip
    port, netns = veth_name(primary), machine.netns
    mac, port_mac = mac_address(NODE_MAC, primary), mac_address(PORT_MAC, primary)
    yield Part(Veth(segment, port, netns, UPLINK, netns, port_mac, mtu, SEGMENT_BRIDGE), why)
    yield Part(Veth(netns, UPLINK, segment, port, netns, mac, mtu), why)
    for address in machine.addresses:
        yield Part(Address(netns, UPLINK, str(address)), why)
    for subnet in cluster.lab.networking.node_subnets:
        if any(address.version == subnet.version for address in machine.addresses):
            yield Part(Route(netns, DEFAULT[subnet.version], UPLINK, str(gateway(subnet))), why)


def _routes_to_hosts(cluster: Cluster, node: Node) -> Iterator[Part]:
    """Hosts with an address outside the node subnet are on the same wire all the same."""
    subnets = cluster.lab.networking.node_subnets
    for host in cluster.hosts:
        why = because("Host", host.name, host.source)
        for address in host.addresses:
            if not any(address.ip in subnet for subnet in subnets):
                dst = f"{address.ip}/{address.max_prefixlen}"
                yield Part(Route(node.netns, dst, UPLINK), why)
