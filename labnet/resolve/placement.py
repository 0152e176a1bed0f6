"""Which node each pod is on: what Kubernetes' scheduler decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapreplace

from labnet.model import Family, IPAddress, Node, Workload
from labnet.resolve.blocks import Blocks
from labnet.resolve.facts import Facts
from labnet.resolve.host_ports import HostPort, HostPorts, host_ports
from labnet.resolve.nodes import Machines
from labnet.resolve.problem import Findings
from labnet.resolve.workloads import Draft, selects


IP_ANNOTATION = "labnet.dev/ip"


def static_path(workload: Workload) -> str:
    """The field of a workload that asks for an address."""
    template = "" if workload.kind == "Pod" else "spec.template."
    return f'{template}metadata.annotations["{IP_ANNOTATION}"]'


def resolve_homes(
    drafts: Sequence[Draft], machines: Machines, facts: Facts, findings: Findings
) -> list[Node | None]:
    """The node of each pod, None when it has none (which is in `findings`).

    A pod goes where it says (nodeName), where its own address is, where it already is, and else
    where there are the fewest pods of the nodes that its nodeSelector allows and that have its
    hostPorts free, the first of them in the order of the file.
    """
    scheduler = _Scheduler(machines.nodes)
    homes: list[Node | None] = [None] * len(drafts)
    for index, draft in enumerate(drafts):
        if not _is_bound(draft):
            homes[index] = home = _former_home(draft, scheduler, facts)
            if home is not None:
                scheduler.count(draft, home)
    for index, draft in enumerate(drafts):
        if _is_bound(draft):
            homes[index] = home = _bound_home(draft, machines, scheduler, findings)
            if home is not None:
                _check_ports(draft, home, scheduler, findings)
                scheduler.count(draft, home)
    for index, draft in enumerate(drafts):
        if homes[index] is None and not _is_bound(draft):
            homes[index] = home = _free_home(draft, scheduler, findings)
            if home is not None:
                scheduler.count(draft, home)
    return homes


def _is_bound(draft: Draft) -> bool:
    """Whether the file leaves no choice of the node."""
    return bool(draft.node or draft.workload.template.addresses)


def _former_home(draft: Draft, scheduler: _Scheduler, facts: Facts) -> Node | None:
    """The node where a pod already is, if it can stay there."""
    fact = facts.pods.get(draft.key)
    home = scheduler.named(fact.node) if fact else None
    if home is None or not selects(draft.workload.template.spec.node_selector, home.labels):
        return None
    return None if scheduler.holder(draft, home) else home


def _check_ports(draft: Draft, home: Node, scheduler: _Scheduler, findings: Findings) -> None:
    """Say that another pod of the only node where this one can be has a port of its."""
    held = scheduler.holder(draft, home)
    if held is not None:
        port, owner = held
        what = f"{port} of node {home.name} is already {owner}'s"
        findings.add(draft.workload.source, _spec_path(draft.workload, "containers"), what)


def _bound_home(
    draft: Draft, machines: Machines, scheduler: _Scheduler, findings: Findings
) -> Node | None:
    """The node that a pod names, by its nodeName or by its address."""
    workload = draft.workload
    spec = workload.template.spec
    home = scheduler.named(draft.node)
    if home is None and draft.node:
        where = _spec_path(workload, "nodeName")
        findings.add(workload.source, where, f"there is no node {draft.node}")
        return None
    for address in workload.template.addresses:
        if spec.host_network:
            what = f"{address} cannot be given: with hostNetwork the pod has its node's address"
            findings.add(workload.source, static_path(workload), what)
            return None
        name = _node_of(machines.pod_blocks, address)
        if name is None or (home is not None and home.name != name):
            there = "any node" if home is None else f"node {home.name}"
            what = f"{address} is not in the podCIDR of {there}"
            hints = (f"{node.name}: {_joined(node.pod_cidrs)}" for node in machines.nodes[:8])
            findings.add(workload.source, static_path(workload), what, "; ".join(hints))
            return None
        home = scheduler.named(name)
    if home is not None and not selects(spec.node_selector, home.labels):
        what = f"{_selector(spec.node_selector)} does not match node {home.name}, where the pod is"
        findings.add(workload.source, _spec_path(workload, "nodeSelector"), what)
        return None
    return home


def _free_home(draft: Draft, scheduler: _Scheduler, findings: Findings) -> Node | None:
    """The node that is best for a pod that may go anywhere that its selector allows."""
    workload = draft.workload
    selector = workload.template.spec.node_selector
    home = scheduler.emptiest(draft)
    if home is None:
        path = _spec_path(workload, "nodeSelector")
        allowed = scheduler.allowed(selector)
        if not allowed:
            findings.add(workload.source, path, f"{_selector(selector)} matches no node")
            return None
        ports = ", ".join(map(str, host_ports(workload.template.spec)))
        what = f"no node is left for {draft.key}: all have pods with {ports}"
        held = scheduler.holder(draft, allowed[0])
        hint = f"on node {allowed[0].name} it is {held[1]}" if held else ""
        findings.add(workload.source, _spec_path(workload, "containers"), what, hint)
    return home


def _spec_path(workload: Workload, field: str) -> str:
    """Where a field of the pod's spec is written."""
    return f"spec.{field}" if workload.kind == "Pod" else f"spec.template.spec.{field}"


def _node_of(pod_blocks: Mapping[Family, Blocks], address: IPAddress) -> str | None:
    """The name of the node whose pods have `address` in their subnet."""
    blocks = pod_blocks.get(address.version)
    block = blocks.overlapping(int(address), int(address)) if blocks else None
    return block.node if block else None


def _selector(selector: Mapping[str, str]) -> str:
    """A selector as kubectl writes it."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _joined(values: Sequence[object]) -> str:
    """Values with commas between them, as in the lab file."""
    return ",".join(map(str, values))


class _Scheduler:
    """How many pods each node has, and which allowed one has the fewest."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """No pods yet."""
        self._nodes = nodes
        self._position = {node.name: index for index, node in enumerate(nodes)}
        self._counts = [0] * len(nodes)
        self._heaps: dict[tuple[tuple[str, str], ...], list[tuple[int, int]]] = {}
        self._ports: dict[str, HostPorts] = {node.name: HostPorts() for node in nodes}

    def named(self, name: str) -> Node | None:
        """The node of a name."""
        position = self._position.get(name)
        return None if position is None else self._nodes[position]

    def count(self, draft: Draft, node: Node) -> None:
        """Note that a pod is on `node`."""
        self._counts[self._position[node.name]] += 1
        self._ports[node.name].take(host_ports(draft.workload.template.spec), draft.key)

    def holder(self, draft: Draft, node: Node) -> tuple[HostPort, str] | None:
        """A port that a pod needs of `node` and another has, and which pod that is."""
        return self._ports[node.name].holder(host_ports(draft.workload.template.spec))

    def allowed(self, selector: Mapping[str, str]) -> list[Node]:
        """The nodes that `selector` allows."""
        return [node for node in self._nodes if selects(selector, node.labels)]

    def emptiest(self, draft: Draft) -> Node | None:
        """The node with the fewest pods, of those that may have this one."""
        spec = draft.workload.template.spec
        if not host_ports(spec):
            return self._emptiest(spec.node_selector)
        free = [node for node in self.allowed(spec.node_selector) if not self.holder(draft, node)]
        return min(free, key=lambda node: self._counts[self._position[node.name]], default=None)

    def _emptiest(self, selector: Mapping[str, str]) -> Node | None:
        """The node with the fewest pods, of those that `selector` allows."""
        key = tuple(sorted(selector.items()))
        if key not in self._heaps:
            allowed = (i for i, node in enumerate(self._nodes) if selects(selector, node.labels))
            self._heaps[key] = [(0, index) for index in allowed]
        heap = self._heaps[key]
        # Counts only grow, so an entry that is out of date sorts too early, never too late.
        while heap and heap[0][0] != self._counts[heap[0][1]]:
            heapreplace(heap, (self._counts[heap[0][1]], heap[0][1]))
        return self._nodes[heap[0][1]] if heap else None
