"""The processes of pods: what kubelet would have its container runtime start."""

from __future__ import annotations

from collections.abc import Iterator

from labnet.compile.parts import Part, because
from labnet.model import Cluster
from labnet.state import Process


def compile_kubelet(cluster: Cluster) -> Iterator[Part]:
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
