"""The machines: nodes and hosts with their addresses on the segment, and the nodes' labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from labnet.model import Family, Host, HostSpec, IPAddress, IPInterface, IPNetwork, Lab, Node
from labnet.model.topology import NodeSpec
from labnet.names import netns_name
from labnet.resolve.blocks import Blocks, resolve_pod_cidrs
from labnet.resolve.facts import Facts, NodeFacts
from labnet.resolve.problem import Findings
from labnet.resolve.segment import (
    MAX_PORTS,
    Claim,
    Segment,
    allotment,
    ip_interface,
    of_family,
)


ZONE_LABEL = "topology.kubernetes.io/zone"
ARCH = "amd64"  # what manifests select; a lab's nodes run the machine's programs, whatever it is


class Machines(NamedTuple):
    """The nodes in the order of the file, the hosts, and whose each pod address is."""

    nodes: tuple[Node, ...]
    hosts: tuple[Host, ...]
    pod_blocks: Mapping[Family, Blocks]


def resolve_machines(lab: Lab, facts: Facts, findings: Findings) -> Machines:
    """Every machine with its addresses; a gap in them is in `findings`."""
    ports = len(lab.nodes) + len(lab.hosts)
    if ports > MAX_PORTS:
        what = f"{ports} nodes and hosts are too many for one segment"
        hint = f"at most {MAX_PORTS}: a bridge has no more ports"
        findings.add(lab.source, "spec.nodes", what, hint)
        findings.stop()
    addresses = _addresses(lab, facts, findings)
    pod_cidrs, pod_blocks = resolve_pod_cidrs(lab, facts, findings)
    nodes = tuple(
        Node(
            name=spec.name,
            netns=netns_name(lab.name, spec.name),
            source=spec.source,
            addresses=addresses[f"node/{spec.name}"],
            pod_cidrs=pod_cidrs[spec.name],
            labels=_labels(spec),
            zone=spec.zone or spec.labels.get(ZONE_LABEL, ""),
        )
        for spec in lab.nodes
    )
    hosts = tuple(_host(lab, spec, addresses[f"host/{spec.name}"]) for spec in lab.hosts)
    return Machines(nodes, hosts, pod_blocks)


def _labels(spec: NodeSpec) -> dict[str, str]:
    """A node's labels: what the kubelet sets, then what the file does."""
    zone = {ZONE_LABEL: spec.zone} if spec.zone else {}
    return {
        "kubernetes.io/arch": ARCH,
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
        **spec.labels,
        **zone,
    }


def _host(lab: Lab, spec: HostSpec, addresses: tuple[IPInterface, ...]) -> Host:
    """A host; it reaches a node subnet that it has no address in without a gateway."""
    outside = {one.version for one in addresses if one.network.prefixlen == one.max_prefixlen}
    on_link = tuple(net for net in lab.networking.node_subnets if net.version in outside)
    return Host(spec.name, netns_name(lab.name, spec.name), spec.source, addresses, on_link)


def _addresses(lab: Lab, facts: Facts, findings: Findings) -> dict[str, tuple[IPInterface, ...]]:
    """The addresses of every machine by its owner's name, one for each family of the lab."""
    chosen: dict[str, tuple[IPInterface, ...]] = {}
    for subnet in lab.networking.node_subnets:
        segment = Segment(subnet, _pool(lab, subnet.version))
        claims = _claims(lab, facts, subnet.version)
        given = allotment(segment, claims, findings, outside=True)
        for claim in claims:
            mine = chosen.setdefault(claim.owner, ())
            if claim.owner in given:
                chosen[claim.owner] = (*mine, _interface(subnet, given[claim.owner]))
    return chosen


def _pool(lab: Lab, family: Family) -> list[tuple[int, int]]:
    """The addresses that are kept for load balancers, as inclusive ranges."""
    return [(int(low), int(high)) for low, high in lab.load_balancer.pool if low.version == family]


def _claims(lab: Lab, facts: Facts, family: Family) -> list[Claim]:
    """What the machines ask for: the nodes, then the hosts, as kind does."""
    claims = []
    for index, node in enumerate(lab.nodes):
        known = facts.nodes.get(node.name, NodeFacts()).addresses
        path = f"spec.nodes[{index}].address"
        claims.append(_claim(f"node/{node.name}", node, path, known, family))
    for index, host in enumerate(lab.hosts):
        known = facts.hosts.get(host.name, ())
        path = f"spec.hosts[{index}].address"
        claims.append(_claim(f"host/{host.name}", host, path, known, family))
    return claims


def _claim(
    owner: str, spec: NodeSpec | HostSpec, path: str, known: tuple[IPAddress, ...], family: Family
) -> Claim:
    """What one machine asks for."""
    static = of_family(spec.addresses, family)
    return Claim(owner, spec.source, path, static, of_family(known, family))


def _interface(subnet: IPNetwork, value: int) -> IPInterface:
    """An address with the prefix of its subnet, or a full-length one when it is outside."""
    inside = int(subnet.network_address) <= value <= int(subnet.broadcast_address)
    length = subnet.prefixlen if inside else subnet.max_prefixlen
    return ip_interface(subnet.version, value, length)
