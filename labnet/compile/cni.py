"""The cluster network: a bridge on every node, a veth for every pod, and a way between the nodes.

Three modes: `host-gw` and `vxlan` are flannel's backends of these names, with the
bridge plugin's network on each node; `kubenet` is kubelet's old built-in, which leaves the way
between nodes to somebody else's route table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from labnet.compile.parts import Part, TablePart, because, no_dad
from labnet.compile.underlay import DEFAULT, UPLINK, gateway
from labnet.model import Cluster, Family, IPAddress, IPNetwork, Node, Pod
from labnet.names import POD_MAC, PORT_MAC, VXLAN_MAC, mac_address, veth_name
from labnet.state import Address, Bridge, FdbEntry, Neighbour, Netns, Route, Veth, Vxlan


_BRIDGE = {"kubenet": "cbr0"}
_VXLAN_OVERHEAD = {4: 50, 6: 70}  # bytes: inner Ethernet, VXLAN, UDP and the outer IP header
_VNI, _VXLAN_PORT = 1, 8472  # flannel's defaults
_VTEP = {4: "flannel.1", 6: "flannel-v6.1"}
_MULTICAST = {4: "224.0.0.0/4", 6: "ff00::/8"}
_NON_MASQUERADE = "10.0.0.0/8"  # kubelet's --non-masquerade-cidr


def compile_cni(cluster: Cluster) -> Iterator[Part]:
    """The bridge and the pods of every node, then what joins the nodes."""
    cni = cluster.lab.networking.cni
    bridge = bridge_name(cluster)
    mtu = pod_mtu(cluster)
    nodes = {node.name: node for node in cluster.nodes}
    for node in cluster.nodes:
        why = because("Node", node.name, node.source)
        gateways = [gateway(cidr) for cidr in node.pod_cidrs]
        mac = mac_address(POD_MAC, gateways[0])
        yield Part(Bridge(node.netns, bridge, mac, mtu), why)
        for address, cidr in zip(gateways, node.pod_cidrs, strict=True):
            yield Part(Address(node.netns, bridge, f"{address}/{cidr.prefixlen}"), why)
        yield from (_kubenet_rules if cni == "kubenet" else _flannel_rules)(cluster, node)
    for pod in cluster.pods:
        if pod.network == "cni":
            yield from _pod(cluster, pod, nodes[pod.node], bridge)
    if cni == "host-gw":
        yield from _host_gw(cluster)
    elif cni == "vxlan":
        yield from _vxlan(cluster)


def bridge_name(cluster: Cluster) -> str:
    """The bridge of the pods, on every node."""
    return _BRIDGE.get(cluster.lab.networking.cni, "cni0")


def pod_mtu(cluster: Cluster) -> int:
    """The MTU of pods: the segment's, less what VXLAN takes."""
    networking = cluster.lab.networking
    if networking.cni != "vxlan":
        return networking.mtu
    return networking.mtu - max(_VXLAN_OVERHEAD[family] for family in networking.families)


def _pod(cluster: Cluster, pod: Pod, node: Node, bridge: str) -> Iterator[Part]:
    """A namespace, one veth for all of the pod's containers, its addresses and default routes."""
    why = because("Pod", f"{pod.namespace}/{pod.name}", pod.source)
    primary, mtu = pod.addresses[0].ip, pod_mtu(cluster)
    port, netns = veth_name(primary), pod.netns
    mac, port_mac = mac_address(POD_MAC, primary), mac_address(PORT_MAC, primary)
    yield Part(Netns(netns, f"pod/{pod.namespace}/{pod.name}"), why)
    if 6 in cluster.lab.networking.families:  # machines have it always, for the day it has
        yield from no_dad(netns, why)
    port_end = Veth(node.netns, port, netns, "eth0", netns, port_mac, mtu, bridge, hairpin=True)
    yield Part(port_end, why)
    yield Part(Veth(netns, "eth0", node.netns, port, netns, mac, mtu), why)
    for address, cidr in zip(pod.addresses, node.pod_cidrs, strict=True):
        yield Part(Address(netns, "eth0", str(address)), why)
        yield Part(Route(netns, DEFAULT[address.version], "eth0", str(gateway(cidr))), why)


def _host_gw(cluster: Cluster) -> Iterator[Part]:
    """Every node reaches every other node's pods through that node's own address."""
    for here, there in permutations(cluster.nodes, 2):
        why = because("Node", there.name, there.source)
        for cidr, address in zip(there.pod_cidrs, there.addresses, strict=True):
            yield Part(Route(here.netns, str(cidr), UPLINK, str(address.ip)), why)


@dataclass(frozen=True, slots=True)
class _Vtep:
    """A node's VXLAN device for one family."""

    node: Node
    cidr: IPNetwork
    local: IPAddress

    @property
    def mac(self) -> str:
        return mac_address(VXLAN_MAC, self.local)

    @property
    def address(self) -> IPAddress:
        """The first address of the node's pod CIDR, which no pod and no bridge has."""
        return self.cidr[0]


def _vxlan(cluster: Cluster) -> Iterator[Part]:
    """For every other node one route, one neighbour and one forwarding entry, nothing learnt."""
    networking = cluster.lab.networking
    for index, family in enumerate(networking.families):
        name = _VTEP[family]
        vteps = [_Vtep(n, n.pod_cidrs[index], n.addresses[index].ip) for n in cluster.nodes]
        mtu = networking.mtu - _VXLAN_OVERHEAD[family]
        for vtep in vteps:
            netns, why = vtep.node.netns, because("Node", vtep.node.name, vtep.node.source)
            local = str(vtep.local)
            yield Part(Vxlan(netns, name, vtep.mac, mtu, _VNI, local, _VXLAN_PORT), why)
            prefix = vtep.address.max_prefixlen
            yield Part(Address(netns, name, f"{vtep.address}/{prefix}"), why)
        for here, there in permutations(vteps, 2):
            netns, why = here.node.netns, because("Node", there.node.name, there.node.source)
            via = str(there.address)
            yield Part(Route(netns, str(there.cidr), name, via, onlink=True), why)
            yield Part(Neighbour(netns, name, via, there.mac), why)
            yield Part(FdbEntry(netns, name, there.mac, str(there.local)), why)


def _flannel_rules(cluster: Cluster, node: Node) -> Iterator[Part]:
    """Flannel's chains: no NAT within the cluster, masquerade to the outside, and ACCEPT.

    The rules are those of flannel's pkg/trafficmngr/iptables.
    """
    masq = '-m comment --comment "flanneld masq" -j'
    forward = '-m comment --comment "flanneld forward" -j'
    for family, cluster_net, own in _families(cluster, node):
        post = "-A FLANNEL-POSTRTG"
        masquerade = f"{masq} MASQUERADE --random-fully"
        nat = (
            f"-A POSTROUTING {masq} FLANNEL-POSTRTG",
            f"{post} -m mark --mark 0x4000/0x4000 {masq} RETURN",
            f"{post} -s {own} -d {cluster_net} {masq} RETURN",
            f"{post} -s {cluster_net} -d {own} {masq} RETURN",
            f"{post} ! -s {cluster_net} -d {own} {masq} RETURN",
            f"{post} -s {cluster_net} ! -d {_MULTICAST[family]} {masquerade}",
            f"{post} ! -s {cluster_net} -d {cluster_net} {masquerade}",
        )
        filter_ = (
            f"-A FORWARD {forward} FLANNEL-FWD",
            f"-A FLANNEL-FWD -s {cluster_net} {forward} ACCEPT",
            f"-A FLANNEL-FWD -d {cluster_net} {forward} ACCEPT",
        )
        netns = node.netns
        yield Part(TablePart(netns, family, "nat", "flannel", ("FLANNEL-POSTRTG",), nat), "")
        yield Part(TablePart(netns, family, "filter", "flannel", ("FLANNEL-FWD",), filter_), "")


def _kubenet_rules(cluster: Cluster, node: Node) -> Iterator[Part]:
    """Kubenet masquerades what leaves 10.0.0.0/8 and is not the node's own; IPv4 only."""
    comment = '-m comment --comment "kubenet: SNAT for outbound traffic from cluster"'
    if 4 in cluster.lab.networking.families:
        local = "-m addrtype ! --dst-type LOCAL"
        rule = f"-A POSTROUTING ! -d {_NON_MASQUERADE} {comment} {local} -j MASQUERADE"
        yield Part(TablePart(node.netns, 4, "nat", "kubenet", (), (rule,)), "")


def _families(cluster: Cluster, node: Node) -> Iterator[tuple[Family, IPNetwork, IPNetwork]]:
    """Each family with the cluster's pod subnet and the node's share of it."""
    networking = cluster.lab.networking
    yield from zip(networking.families, networking.pod_subnets, node.pod_cidrs, strict=True)
