"""Which node each pod is on: what Kubernetes' scheduler decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapreplace

from labnet.model import Family, IPAddress, Node, Workload
from labnet.resolve.blocks import Blocks
from labnet.resolve.facts import Facts
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
    where there are the fewest pods of the nodes that its nodeSelector allows, the first of them in
    the order of the file.
    """
    scheduler = _Scheduler(machines.nodes)
    homes = [_certain_home(draft, machines, scheduler, facts, findings) for draft in drafts]
    for home in homes:
        if home is not None:
            scheduler.count(home)
    for index, draft in enumerate(drafts):
        if homes[index] is None and not _is_bound(draft):
            homes[index] = home = _free_home(draft, scheduler, findings)
            if home is not None:
                scheduler.count(home)
    return homes


def _is_bound(draft: Draft) -> bool:
    """Whether the file leaves no choice of the node."""
    return bool(draft.node or draft.workload.template.addresses)


def _certain_home(
    draft: Draft, machines: Machines, scheduler: _Scheduler, facts: Facts, findings: Findings
) -> Node | None:
    """The node of a pod that the file or the past decides, if any."""
    if _is_bound(draft):
        return _bound_home(draft, machines, scheduler, findings)
    fact = facts.pods.get(draft.key)
    home = scheduler.named(fact.node) if fact else None
    if home is None or not selects(draft.workload.template.spec.node_selector, home.labels):
        return None
    return home


def _bound_home(
    draft: Draft, machines: Machines, scheduler: _Scheduler, findings: Findings
) -> Node | None:
    """The node that a pod names, by its nodeName or by its address."""
    workload = draft.workload
    spec = workload.template.spec
    path = "spec." if workload.kind == "Pod" else "spec.template.spec."
    home = scheduler.named(draft.node)
    if home is None and draft.node:
        findings.add(workload.source, f"{path}nodeName", f"there is no node {draft.node}")
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
        findings.add(workload.source, f"{path}nodeSelector", what)
        return None
    return home


def _free_home(draft: Draft, scheduler: _Scheduler, findings: Findings) -> Node | None:
    """The node that is best for a pod that may go anywhere that its selector allows."""
    workload = draft.workload
    selector = workload.template.spec.node_selector
    home = scheduler.emptiest(selector)
    if home is None:
        path = "spec.nodeSelector" if workload.kind == "Pod" else "spec.template.spec.nodeSelector"
        findings.add(workload.source, path, f"{_selector(selector)} matches no node")
    return home


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

    def named(self, name: str) -> Node | None:
        """The node of a name."""
        position = self._position.get(name)
        return None if position is None else self._nodes[position]

    def count(self, node: Node) -> None:
        """Note one more pod on `node`."""
        self._counts[self._position[node.name]] += 1

    def emptiest(self, selector: Mapping[str, str]) -> Node | None:
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
