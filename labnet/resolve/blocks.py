"""Which part of a pod subnet is which node's: what Kubernetes' node IPAM controller decides.

As its CIDR allocator does (pkg/controller/nodeipam/ipam/cidrset): equal blocks of /24 (IPv4) and
/64 (IPv6), the lowest free one to the next node, the first node's beginning with the subnet.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import NamedTuple

from labnet.model import Family, IPNetwork, Lab
from labnet.resolve.facts import Facts, NodeFacts
from labnet.resolve.problem import Findings
from labnet.resolve.segment import ip_network


MASK_SIZE: Mapping[Family, int] = {4: 24, 6: 64}  # --node-cidr-mask-size-ipv4, -ipv6


class Block(NamedTuple):
    """A range of addresses, both ends included, and the node that has it."""

    low: int
    high: int
    node: str


class Blocks:
    """Disjoint blocks of one family, found by any address in them."""

    def __init__(self) -> None:
        """Nobody has anything."""
        self._blocks: list[Block] = []

    def overlapping(self, low: int, high: int) -> Block | None:
        """A block that shares an address with the range from `low` to `high`."""
        index = bisect_left(self._blocks, (low,))
        if index < len(self._blocks) and self._blocks[index].low <= high:
            return self._blocks[index]
        if index and self._blocks[index - 1].high >= low:
            return self._blocks[index - 1]
        return None

    def take(self, network: IPNetwork, node: str) -> Block | None:
        """Give `network` to `node`; if part of it is another's, do nothing but return that."""
        low, high = int(network.network_address), int(network.broadcast_address)
        other = self.overlapping(low, high)
        if other is None:
            insort(self._blocks, Block(low, high, node))
        return other


def resolve_pod_cidrs(
    lab: Lab, facts: Facts, findings: Findings
) -> tuple[dict[str, tuple[IPNetwork, ...]], dict[Family, Blocks]]:
    """The pod CIDRs of each node by its name, and the same by address."""
    by_node: dict[str, tuple[IPNetwork, ...]] = {node.name: () for node in lab.nodes}
    by_family: dict[Family, Blocks] = {}
    for subnet in lab.networking.pod_subnets:
        division = _Division(lab, subnet, findings)
        division.take_static()
        division.take_given(facts)
        division.take_free()
        by_family[subnet.version] = division.blocks
        for name, cidr in division.chosen.items():
            by_node[name] += (cidr,)
    return by_node, by_family


class _Division:
    """A pod subnet while it is divided among the nodes, in three steps."""

    def __init__(self, lab: Lab, subnet: IPNetwork, findings: Findings) -> None:
        """Nothing is divided yet."""
        self.blocks = Blocks()
        self.chosen: dict[str, IPNetwork] = {}
        self._lab = lab
        self._subnet = subnet
        self._findings = findings
        self._static: dict[str, tuple[int, IPNetwork]] = {
            node.name: (index, cidr)
            for index, node in enumerate(lab.nodes)
            for cidr in node.pod_cidrs
            if cidr.version == subnet.version
        }

    def take_static(self) -> None:
        """First, the blocks that the file asks for."""
        for name, (_, cidr) in self._static.items():
            other = self.blocks.take(cidr, name)
            if other is None:
                self.chosen[name] = cidr
            else:
                self._blame(name, f"{cidr} overlaps that of node {other.node}")

    def take_given(self, facts: Facts) -> None:
        """Then those that were given before, as long as they are in the subnet."""
        for name in self._waiting():
            known = facts.nodes.get(name, NodeFacts()).pod_cidrs
            cidr = next((cidr for cidr in known if _is_within(cidr, self._subnet)), None)
            other = None if cidr is None else self.blocks.take(cidr, name)
            if cidr is not None and other is None:
                self.chosen[name] = cidr
            elif other is not None and other.node in self._static:
                what = f"{self._static[other.node][1]} overlaps {cidr} of node {name}"
                hint = f"{name} was given it earlier, and keeps it until it or the lab is removed"
                self._blame(other.node, what, hint)

    def take_free(self) -> None:
        """Last, the lowest free block for each node that still has none."""
        subnet = self._subnet
        prefix_length = max(MASK_SIZE[subnet.version], subnet.prefixlen)
        size = 1 << (subnet.max_prefixlen - prefix_length)
        low, end = int(subnet.network_address), int(subnet.broadcast_address)
        for name in self._waiting():
            while (other := self.blocks.overlapping(low, low + size - 1)) is not None:
                low = (other.high // size + 1) * size
            if low > end:
                what = f"{subnet} has no /{prefix_length} left for node {name}"
                count = subnet.num_addresses // size
                hint = f"it holds {count} for {len(self._lab.nodes)} nodes"
                self._findings.add(self._lab.source, "spec.networking.podSubnet", what, hint)
                return
            self.chosen[name] = ip_network(subnet.version, low, prefix_length)
            self.blocks.take(self.chosen[name], name)

    def _waiting(self) -> list[str]:
        """The nodes that have no block and ask for none."""
        return [
            node.name
            for node in self._lab.nodes
            if node.name not in self.chosen and node.name not in self._static
        ]

    def _blame(self, name: str, what: str, hint: str = "") -> None:
        """Say what is wrong with the block that a node asks for."""
        index = self._static[name][0]
        source = self._lab.nodes[index].source
        self._findings.add(source, f"spec.nodes[{index}].podCIDR", what, hint)


def _is_within(cidr: IPNetwork, subnet: IPNetwork) -> bool:
    """Whether all of `cidr` is in `subnet`."""
    if cidr.version != subnet.version or cidr.prefixlen < subnet.prefixlen:
        return False
    return cidr.network_address in subnet
