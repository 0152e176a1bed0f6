"""More fields of `spec.kubeProxy`, and flows that hold with them."""

from __future__ import annotations

from flows.table import ALL


VARIANTS = {
    "masquerade-all": (
        """
    iptables: {masqueradeAll: true}
    nftables: {masqueradeAll: true}
""",
        f"""
c1 -> cluster web: n1: {ALL}
c3 -> cluster web-lc: timeout
c1 -> cluster web-lc: n1: a1
n1 -> cluster web: n1: {ALL}
c1 -> node:n1 web-cl: {ALL}
x1 -> node:n1 web-cl: a1
c1 -> lb web: n1: {ALL}
""",
    ),
    "node-cidr": (
        """
    detectLocalMode: NodeCIDR
""",
        f"""
c1 -> cluster web: {ALL}
c3 -> cluster web: {ALL}
n1 -> cluster web: n1: {ALL}
x1 -> cluster web: n1: {ALL}
c1 -> node:n1 web-cl: {ALL}
c3 -> node:n1 web-cl: a1/n3
""",
    ),
    "bridge-interface": (
        """
    detectLocalMode: BridgeInterface
    detectLocal: {bridgeInterface: cni0}
""",
        f"""
c1 -> cluster web: {ALL}
a1 -> cluster web: a1/n1 b1 b2
n1 -> cluster web: n1: {ALL}
x1 -> cluster web: n1: {ALL}
c1 -> node:n1 web-cl: {ALL}
n1 -> node:n1 web-cl: n1: {ALL}
x1 -> node:n1 web-cl: a1
""",
    ),
    "interface-prefix": (
        """
    detectLocalMode: InterfaceNamePrefix
    detectLocal: {interfaceNamePrefix: cni}
""",
        f"""
c3 -> cluster web: {ALL}
n3 -> cluster web: n3: {ALL}
c1 -> lb web-cl: {ALL}
x3 -> lb web-cl: timeout
""",
    ),
    "no-detector": (
        """
    clusterCIDR: 'fd00:10:244::/56'
""",
        f"""
c1 -> cluster web: {ALL}
a1 -> cluster web: a1/n1 b1 b2
4: n1 -> cluster web: {ALL}
4: n3 -> cluster web: {ALL}
4: x1 -> cluster web: a1 b1/n1 b2/n1
4: c1 -> node:n1 web-cl: a1
4: c3 -> node:n3 web-cl: timeout
4: c1 -> lb web-cl: a1
4: c3 -> external web-cl: timeout
c1 -> node:n1 web: n1: {ALL}
n1 -> node:n1 web-cl: n1: {ALL}
x1 -> node:n1 web-cl: a1
""",
    ),
    "node-port-addresses": (
        """
    nodePortAddresses: [172.18.0.0/24, 'fc00:f853:ccd:e793::/64']
""",
        f"""
c1 -> gw:n1 web: refused
lo1 -> lo web: refused
n1 -> node:n1 web: n1: {ALL}
x1 -> node:n2 web: n2: {ALL}
x1 -> node:n3 web-cl: timeout
""",
    ),
    "any-address": (  # the list has nothing of IPv6, which is as if it were empty there
        """
    nodePortAddresses: ['0.0.0.0/0']
""",
        f"""
c1 -> gw:n1 web: n1: {ALL}
n1 -> gw:n1 web: n1: {ALL}
4: lo1 -> lo web: n1: {ALL} | refused
lo1 -> lo none: refused
x1 -> node:n2 web: n2: {ALL}
x1 -> node:n3 web-cl: timeout
x1 -> node:n3 none: refused
c1 -> gw:n1 none: refused
""",
    ),
    "primary": (
        """
    nodePortAddresses: [primary]
""",
        f"""
c1 -> gw:n1 web: refused
x1 -> node:n1 web: n1: {ALL}
x1 -> external web: n1: {ALL}
""",
    ),
    "no-localhost": (
        """
    iptables: {localhostNodePorts: false}
""",
        f"""
lo1 -> lo web: refused
c1 -> gw:n1 web: n1: {ALL} | refused
n1 -> node:n1 web: n1: {ALL}
""",
    ),
    "other-bit": (
        """
    iptables: {masqueradeBit: 10}
    nftables: {masqueradeBit: 10}
""",
        f"""
c1 -> cluster web: {ALL}
a1 -> cluster web: a1/n1 b1 b2
x1 -> node:n3 web: n3: {ALL}
""",
    ),
}
