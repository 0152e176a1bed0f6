"""The addresses of pods: static ones in their place, and room for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from labnet.model import IPAddress, Lab, NodeSpec, Workload
from labnet.parse.addressing import NODE_MASK, reserved
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, count, place
from labnet.parse.metadata import IP_ANNOTATION
from labnet.parse.references import node_labels, selects, spec_keys
from labnet.parse.tree import descend


MAX_PODS: Final = 1000  # of a node: the kernel's 1,024 ports of a bridge, less a few for others


class _Static(NamedTuple):
    """A pod's own address and the annotation that asks for it."""

    document: Document
    workload: Workload
    address: IPAddress
    keys: Keys


def check_capacity(contents: Contents, findings: Findings) -> None:
    """Static addresses and the number of pods, against the subnets of the lab."""
    statics = list(_statics(contents))
    _check_replicas(statics, findings)
    _check_unique(statics, findings)
    for _, lab in contents.of(Lab):
        for static in statics:
            _check_place(static, lab, findings)
        _check_room(contents, lab, findings)


def _statics(contents: Contents) -> Iterator[_Static]:
    for document, workload in contents.of(Workload):
        for address in workload.template.addresses:
            yield _Static(document, workload, address, _annotation_keys(workload))


def _annotation_keys(workload: Workload) -> Keys:
    return (*spec_keys(workload)[:-1], "metadata", "annotations", IP_ANNOTATION)


def _check_replicas(statics: list[_Static], findings: Findings) -> None:
    for document, workload, _, keys in statics:
        if workload.template.spec.host_network:
            what = "a pod with hostNetwork has the addresses of its node"
            findings.error(document.root, what, "remove the annotation", below=keys)
        elif workload.kind == "DaemonSet":
            what = "a DaemonSet has a pod on each node, and an address is one pod's"
            findings.error(document.root, what, "make it a Pod with a nodeName", below=keys)
        elif workload.replicas > 1:
            what = f"{workload.replicas} replicas cannot share an address"
            findings.error(document.root, what, "set replicas: 1, or make it Pods", below=keys)


def _check_unique(statics: list[_Static], findings: Findings) -> None:
    first: dict[IPAddress, _Static] = {}
    for static in statics:
        other = first.setdefault(static.address, static)
        if other is not static:
            tree = descend(other.document.root, other.keys)
            owner = f"{other.document.title} ({place(tree, static.document.root)})"
            what = f"{static.address} is the address of {owner} already"
            findings.error(static.document.root, what, below=static.keys)


def _check_place(static: _Static, lab: Lab, findings: Findings) -> None:
    """It is of a family of the lab, inside of podSubnet, and of its node's podCIDR if known."""
    address = static.address
    subnets = [each for each in lab.networking.pod_subnets if each.version == address.version]
    root = static.document.root
    if address.version not in lab.networking.families:
        what = f"{address} is IPv{address.version}, and the lab has no IPv{address.version}"
        findings.error(root, what, "see ipFamily of the Lab", below=static.keys)
    elif subnets and address not in subnets[0]:
        what = f"{address} is not inside of podSubnet {subnets[0]}"
        findings.error(root, what, below=static.keys)
    else:
        _check_node(static, lab, findings)


def _check_node(static: _Static, lab: Lab, findings: Findings) -> None:
    name = static.workload.template.spec.node_name
    for node in lab.nodes:
        for cidr in node.pod_cidrs:
            inside = cidr.version == static.address.version and static.address in cidr
            if inside and (role := reserved(cidr, static.address)):
                what = f"{static.address} is {role} of podCIDR {cidr} of node {node.name}"
                findings.error(static.document.root, what, below=static.keys)
            elif node.name == name and cidr.version == static.address.version and not inside:
                what = f"{static.address} is not inside of podCIDR {cidr} of node {name}"
                hint = "a pod's address is of its node's podCIDR"
                findings.error(static.document.root, what, hint, below=static.keys)


def _pods_per_node(node: NodeSpec, lab: Lab) -> int:
    """How many pods fit on a node: ports of its bridge, and addresses of its podCIDR."""
    given = {cidr.version: cidr.prefixlen for cidr in node.pod_cidrs}
    room = MAX_PODS
    for family in lab.networking.families:
        bits = (32 if family == 4 else 128) - given.get(family, NODE_MASK[family])
        unusable = 3 if family == 4 else 2
        room = min(room, 2**bits - unusable)
    return room


def _check_room(contents: Contents, lab: Lab, findings: Findings) -> None:
    """The pods of each node by nodeName, and all pods together, fit."""
    room = {node.name: _pods_per_node(node, lab) for node in lab.nodes}
    labels = {node.name: node_labels(node) for node in lab.nodes}
    total_room = sum(room.values())
    total = 0
    pinned: Counter[str] = Counter()
    for document, workload in contents.of(Workload):
        pods = _pods(workload, labels)
        spec = workload.template.spec
        total += pods
        pinned[spec.node_name] += pods
        below = _count_keys(workload)
        home = spec.node_name
        if home in room and pinned[home] > room[home] >= pinned[home] - pods:
            fits = count(room[home], "pod")
            what = f"node {home} has room for {fits}, and this makes {pinned[home]:,}"
            findings.error(document.root, what, _ROOM_HINT, below=below)
        elif room and total > total_room >= total - pods:
            fits = count(total_room, "pod")
            what = f"the lab has room for {fits}, and this makes {total:,}"
            findings.error(document.root, what, _ROOM_HINT, below=below)


_ROOM_HINT: Final = (
    "each node has a bridge of 1,000 ports, and the addresses of its podCIDR: add nodes, or give "
    "them larger podCIDRs"
)


def _count_keys(workload: Workload) -> Keys:
    """The field that says how many pods there are, or where they are, or that there are any."""
    if workload.kind not in {"Pod", "DaemonSet"}:
        return ("spec", "replicas")
    return (*spec_keys(workload), "nodeName") if workload.template.spec.node_name else ("kind",)


def _pods(workload: Workload, labels: Mapping[str, Mapping[str, str]]) -> int:
    if workload.kind == "Pod":
        return 1
    if workload.kind != "DaemonSet":
        return workload.replicas
    spec = workload.template.spec
    if spec.node_name:
        return 1
    return sum(selects(spec.node_selector, each) for each in labels.values())
