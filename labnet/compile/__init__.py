"""What a Cluster is in the kernel: one file for each component that would have made it.

Every component is a pure generator with one signature, `(Cluster) -> Iterator[Part]`; it yields
objects of the kernel and shares of iptables tables, each with the manifest that it comes from.
Compiling is total: whatever could be wrong with a Cluster was said before.

Decisions
- We chose to follow flannel for `host-gw` and `vxlan`, its chains included, because labnet's two
  modes are its two backends, and its rules are what people meet in clusters of that kind.
- We chose to give every link a MAC address made of an IP address over leaving it to the kernel:
  desired and observed links can only be compared if nothing in them is random.
- We chose to merge the components' shares of an iptables table in the order in which they start on
  a real node, because their jumps from the built-in chains stand in that order: below those of
  whoever was there before if a component appends them, above if it prepends them.
- We chose to let kubelet and kube-proxy write rules for the lab's families only, where real ones
  serve both that the machine has: rules that no packet can meet would cost a process on each node.
- We chose to start kube-proxy's health server only in labs that have a Service of type
  LoadBalancer, because twenty nodes were up in 1.4 s with it and in 1.0 s without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from labnet.compile.cni import compile_cni
from labnet.compile.docker import compile_docker
from labnet.compile.kubelet import compile_kubelet
from labnet.compile.parts import Part, TablePart, merge_tables
from labnet.compile.portmap import compile_portmap
from labnet.compile.proxy import compile_proxy
from labnet.compile.underlay import compile_underlay
from labnet.model import Cluster
from labnet.state import Key, Object, State


__all__ = ["compile_parts", "compile_state"]

_COMPONENTS: tuple[Callable[[Cluster], Iterator[Part]], ...] = (
    compile_underlay,
    compile_docker,
    compile_kubelet,
    compile_cni,
    compile_proxy,
    compile_portmap,
)


def compile_state(cluster: Cluster) -> State:
    """Everything that the kernel holds when the lab is up, with the manifests as notes."""
    objects: dict[Key, Object] = {}
    notes: dict[Key, str] = {}
    tables: list[TablePart] = []
    for part in compile_parts(cluster):
        if isinstance(part.item, TablePart):
            tables.append(part.item)
            continue
        key = part.item.key
        assert key not in objects, f"two components make {part.item}"
        objects[key] = part.item
        notes[key] = part.why
    for ruleset, why in merge_tables(tables):
        objects[ruleset.key] = ruleset
        notes[ruleset.key] = why
    return State(objects, notes)


def compile_parts(cluster: Cluster) -> Iterator[Part]:
    """What each component makes, before their shares of tables are merged."""
    for component in _COMPONENTS:
        yield from component(cluster)
