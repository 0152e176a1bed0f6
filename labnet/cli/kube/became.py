"""What objects became in the kernel, and what of that differs now."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from labnet.cli.kube.view import Json, View
from labnet.cli.kube.workloads import pods_of
from labnet.model import Pod
from labnet.plan import Op
from labnet.resolve import pod_key
from labnet.state import NftTable, Object, Process, Ruleset, State


Belongs = Callable[[Object], bool]
_OWN = ("cni", "bridge", "none")
_MANY = 60  # rules, with which a table is more than one wants to read here


def belongs_to(view: View, item: Json) -> Belongs | None:
    """Whether an object of the kernel is this one's; None for what is nothing but data."""
    kind, name = item["kind"], item["metadata"]["name"]
    if kind in ("Node", "Host"):
        netns = {item["metadata"]["annotations"]["labnet.dev/netns"]}
        machine = f"{kind.lower()}/{name}"
        return lambda one: one.pod == machine if isinstance(one, Process) else one.home in netns
    namespace = item["metadata"].get("namespace", "")
    pods = _pods(view, kind, namespace, name)
    if pods is None:
        return None
    own = {pod.netns for pod in pods if pod.network in _OWN}
    keys = {pod_key(pod) for pod in pods}

    def belongs(one: Object) -> bool:
        return one.pod in keys if isinstance(one, Process) else one.home in own

    return belongs


def _pods(view: View, kind: str, namespace: str, name: str) -> list[Pod] | None:
    """The pods that an object is or has made; None if it is no workload either."""
    pods = view.cluster.pods
    if kind in ("Pod", "Container"):
        here = [pod for pod in pods if (pod.kind, pod.name) == (kind, name)]
        return [pod for pod in here if kind == "Container" or pod.namespace == namespace]
    if kind == "ReplicaSet":
        return [pod for pod in pods if (pod.namespace, pod.replica_set) == (namespace, name)]
    found = [
        one
        for one in view.cluster.workloads
        if (one.kind, one.namespace, one.name) == (kind, namespace, name)
    ]
    return pods_of(view, found[0]) if found else None


def kernel_lines(desired: State, belongs: Belongs) -> Iterator[str]:
    """The objects that belong to somebody, as one would type them, below the manifest of each."""
    mine = [(desired.notes.get(one.key, ""), one) for one in desired if belongs(one)]
    mine.sort(key=lambda pair: (pair[1].home, pair[1].sort_key))
    yield "Kernel:" if mine else "Kernel:\t<none>"
    for note, group in groupby(mine, key=lambda pair: pair[0]):
        yield f"  {note}:"
        yield from (f"    {line}" for _, one in group for line in object_lines(one))


def object_lines(one: Object) -> list[str]:
    """The commands for an object; a table is spelled rule by rule, or only named if it is long."""
    if isinstance(one, Ruleset):
        count = len(one.rules)
        return _rule_lines(one) if count <= _MANY else [_table_line(one.tool, one.table, count)]
    if isinstance(one, NftTable):
        count = sum(len(block.members) for block in one.blocks)
        return [_table_line(f"nft table {one.nft_family}", one.name, count)]
    if isinstance(one, Process):
        command = shlex.join(filter(None, (one.builtin, *one.argv)))
        return [f"process {one.name} in {one.netns}: {' '.join(command.split())}"]
    return [shlex.join(command) for command in one.add()]


def _table_line(tool: str, name: str, count: int) -> str:
    """A table by its name; its rules are another command's affair."""
    return f"{tool} {name}: {count} rules and elements, which `labnet rules` shows"


def _rule_lines(ruleset: Ruleset) -> list[str]:
    """`iptables -t nat -N CHAIN`, then `-A` for each rule."""
    head = f"ip netns exec {ruleset.netns} {ruleset.tool} -t {ruleset.table}"
    own = [f"{head} -N {chain}" for chain, policy in ruleset.chains if policy == "-"]
    policies = [
        f"{head} -P {chain} {policy}"
        for chain, policy in ruleset.chains
        if policy not in ("-", "ACCEPT")
    ]
    return [*policies, *own, *(f"{head} {rule}" for rule in ruleset.rules)]


def differing_lines(plan: Iterable[Op], belongs: Belongs) -> Iterator[str]:
    """What `up` would do about these objects now, and why."""
    mine = [str(op) for op in plan if belongs(op.object)]
    yield "Differs:" if mine else "Differs:\t<none>"
    yield from (f"  {line}" for line in mine)
