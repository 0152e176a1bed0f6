"""The nftables tables of clusters that are written for both modes of kube-proxy."""

from __future__ import annotations

from dataclasses import replace

import service_clusters
from labnet.compile.proxy.nftables import compile_nftables
from labnet.model import Cluster, Family
from labnet.state import NftBlock, NftTable


NAMES = sorted(name for name in service_clusters.ALL if not name.startswith("host-ports"))
"""The clusters whose Services are what matters."""


def by_name(name: str) -> Cluster:
    """One of `NAMES` with kube-proxy in its nftables mode."""
    return in_nftables_mode(service_clusters.ALL[name]())


def in_nftables_mode(cluster: Cluster) -> Cluster:
    """The same cluster with the other rules."""
    lab = cluster.lab
    proxy = replace(lab.kube_proxy, mode="nftables")
    return replace(cluster, lab=replace(lab, kube_proxy=proxy))


def table_of(cluster: Cluster, machine: str = "node1", family: Family = 4) -> NftTable:
    """kube-proxy's table of a node."""
    netns = next(node.netns for node in cluster.nodes if node.name == machine)
    parts = compile_nftables(in_nftables_mode(cluster), family)
    tables = [part.item for part in parts if isinstance(part.item, NftTable)]
    (found,) = [table for table in tables if table.netns == netns]
    return found


def blocks_of(table: NftTable) -> dict[str, NftBlock]:
    """The blocks by name, which no chain has in common with a set or map."""
    return {block.name: block for block in table.blocks}
