"""kube-proxy: what Services are on every node, in its iptables mode and in its nftables mode.

Both modes begin with the same units (`service_port`), the same choice of endpoints (`endpoints`)
and the same knowledge of the node (`node`).
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part
from labnet.compile.proxy.health import compile_health
from labnet.compile.proxy.iptables import compile_iptables
from labnet.compile.proxy.sysctls import compile_sysctls
from labnet.model import Cluster


def compile_proxy(cluster: Cluster) -> Iterator[Part]:
    """Everything that kube-proxy does on every node."""
    yield from compile_sysctls(cluster)
    yield from compile_health(cluster)
    for family in cluster.lab.networking.families:
        yield from compile_iptables(cluster, family)
