"""What kubelet does: the processes of pods, and its own few iptables chains.

The chains are those of Kubernetes 1.33 (pkg/kubelet/kubelet_network_linux.go), for the families of
the lab. KUBE-IPTABLES-HINT tells others which iptables kubelet uses, KUBE-KUBELET-CANARY that
nobody has flushed the tables; KUBE-FIREWALL keeps others from the node's loopback, to which
`route_localnet` would let them.
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part, TablePart, because
from labnet.model import Cluster, Family, Node
from labnet.state import Process


_CANARY = "KUBE-KUBELET-CANARY"
_FIREWALL = "KUBE-FIREWALL"
_MARTIAN = (
    f"-A {_FIREWALL} ! -s 127.0.0.0/8 -d 127.0.0.0/8"
    ' -m comment --comment "block incoming localnet connections"'
    " -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"
)
_JUMPS = (f"-A INPUT -j {_FIREWALL}", f"-A OUTPUT -j {_FIREWALL}")


def compile_kubelet(cluster: Cluster) -> Iterator[Part]:
    """The chains of every node, and the processes of all pods."""
    for node in cluster.nodes:
        for family in cluster.lab.networking.families:
            yield from (Part(table, "") for table in _tables(node, family))
    yield from _processes(cluster)


def _tables(node: Node, family: Family) -> Iterator[TablePart]:
    """A canary in every table that Kubernetes uses; the rule against martians is IPv4's only."""
    netns, name = node.netns, "kubelet"
    yield TablePart(netns, family, "mangle", name, ("KUBE-IPTABLES-HINT", _CANARY), ())
    yield TablePart(netns, family, "nat", name, (_CANARY,), ())
    own, rules, jumps = ((_FIREWALL,), (_MARTIAN,), _JUMPS) if family == 4 else ((), (), ())
    yield TablePart(netns, family, "filter", name, (_CANARY, *own), rules, jumps)


def _processes(cluster: Cluster) -> Iterator[Part]:
    """A Process for every container that runs anything; init containers come first in their pod."""
    for pod in cluster.pods:
        owner = f"pod/{pod.namespace}/{pod.name}" if pod.kind == "Pod" else f"container/{pod.name}"
        why = ""
        for order, container in enumerate(pod.containers):
            if not container.argv and not container.builtin:
                continue  # a pause: its namespace is all that it is
            why = why or because(pod.kind, owner.partition("/")[2], pod.source)
            process = Process(
                netns=pod.netns,
                pod=owner,
                name=container.name,
                argv=container.argv,
                builtin=container.builtin,
                program=container.program,
                env=tuple(sorted(container.env.items())),
                cwd=container.cwd,
                hostname=pod.hostname,
                files=tuple(sorted(container.files.items())),
                volumes=tuple(sorted(container.volumes.items())),
                ports=tuple(p.container_port for p in container.ports if p.protocol == "TCP"),
                init=container.init,
                order=order,
                restart=pod.restart_policy,
                grace=pod.termination_grace_period_seconds,
            )
            yield Part(process, why)
