"""What kube-proxy's configuration changes in what Services promise.

Source: the reference of KubeProxyConfiguration.
"""

from __future__ import annotations

from ipaddress import ip_network

from labnet.model import Cluster, Node
from labnet.model.net import IPAddress


PRIMARY = "primary"


def takes_node_ports(cluster: Cluster, node: Node, address: IPAddress) -> bool:
    """Whether NodePorts answer at an address of a node, be it its own or its loopback.

    A list without anything of the family is as none: all addresses or, with nftables, the node's
    own. Loopback needs mode iptables and IPv4.
    """
    proxy = cluster.lab.kube_proxy
    own = address in {one.ip for one in node.addresses}
    if address.is_loopback and not (
        proxy.mode == "iptables" and address.version == 4 and proxy.localhost_node_ports
    ):
        return False
    words = proxy.node_port_addresses
    cidrs = [ip_network(word) for word in words if word != PRIMARY]
    of_family = [cidr for cidr in cidrs if cidr.version == address.version]
    if PRIMARY in words or (proxy.mode == "nftables" and not words):
        return own
    return not of_family or any(address in cidr for cidr in of_family)


def is_inside(cluster: Cluster, address: IPAddress) -> bool:
    """Whether a node can tell that a pod of its own has this address.

    By the prefixes of the cluster, or of the node; where it looks at interfaces, nobody knows here.
    """
    proxy = cluster.lab.kube_proxy
    if proxy.detect_local_mode == "NodeCIDR":
        return True
    cidrs = [cidr for cidr in proxy.cluster_cidrs if cidr.version == address.version]
    return proxy.detect_local_mode == "ClusterCIDR" and any(address in cidr for cidr in cidrs[:1])
