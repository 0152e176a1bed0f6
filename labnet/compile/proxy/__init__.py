"""kube-proxy: what Services are on every node, in its iptables mode and in its nftables mode.

Both modes begin with the same units (`service_port`), the same choice of endpoints (`endpoints`)
and the same knowledge of the node (`node`).
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part
from labnet.compile.proxy.conntrack import compile_flows
from labnet.compile.proxy.health import compile_health
from labnet.compile.proxy.iptables import compile_iptables
from labnet.compile.proxy.nftables import compile_nftables
from labnet.compile.proxy.sysctls import compile_sysctls
from labnet.model import Cluster


def compile_proxy(cluster: Cluster) -> Iterator[Part]:
    """Everything that kube-proxy does on every node."""
    yield from compile_sysctls(cluster)
    yield from compile_health(cluster)
    mode = cluster.lab.kube_proxy.mode
    compile_rules = compile_nftables if mode == "nftables" else compile_iptables
    for family in cluster.lab.networking.families:
        yield from compile_rules(cluster, family)
        yield from compile_flows(cluster, family)
