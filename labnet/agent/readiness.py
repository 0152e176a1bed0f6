"""Which pods are Ready and which have ended: the part of the kubelet's work that Services see.

Sources: pkg/kubelet/kubelet_pods.go (getPhase) and pkg/kubelet/status/generate.go (containers
ready). labnet has no probes: a container is ready as long as it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from labnet.model import Cluster, Container, Pod
from labnet.resolve import pod_key
from labnet.state import Address, Netns, Process, State, Veth


if TYPE_CHECKING:
    from labnet.kernel.runtime.protocol import Status

    Statuses = Mapping[tuple[str, str], Status]


class Readiness(NamedTuple):
    """The keys of pods that are not Ready, and of those in a terminal phase."""

    unready: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()


def readiness(cluster: Cluster, statuses: Statuses) -> Readiness:
    """What the container runtime's words about containers mean for the pods of a cluster.

    A container that the runtime does not know does not run. labnet's own Containers are no pods.
    """
    unready, ended = set(), set()
    for pod in cluster.pods:
        if pod.kind == "Pod":
            key = pod_key(pod)
            if has_ended(pod, statuses):
                ended.add(key)
            elif not is_ready(pod, statuses):
                unready.add(key)
    return Readiness(frozenset(unready), frozenset(ended))


def is_ready(pod: Pod, statuses: Statuses) -> bool:
    """Whether all init containers have succeeded and all others run."""
    for container in pod.containers:
        if _is_process(container):
            status = statuses.get((pod_key(pod), container.name))
            if status is None:
                return False
            if status.running == container.init or (container.init and status.exit_status != 0):
                return False
    return True


def has_ended(pod: Pod, statuses: Statuses) -> bool:
    """Whether a pod has Succeeded or Failed: nothing of it runs or will run again."""
    if pod.restart_policy == "Always":
        return False
    codes = []
    for container in pod.containers:
        if not _is_process(container):
            if container.init:
                continue
            return False  # a pause never ends
        status = statuses.get((pod_key(pod), container.name))
        code = None if status is None or status.running else status.exit_status
        if container.init and code and pod.restart_policy == "Never":
            return True
        if code is None or (container.init and code):
            return False
        codes.append(code)
    return pod.restart_policy == "Never" or not any(codes)


def starting_pods(cluster: Cluster, desired: State, observed: State) -> frozenset[str]:
    """The pods that are not, or not where or as they are to be, until `desired` is reached."""
    pods = [pod for pod in cluster.pods if pod.kind == "Pod"]
    keys = {pod_key(pod) for pod in pods}
    homes = {pod.netns: pod_key(pod) for pod in pods if pod.network == "cni"}
    starting = set()
    for item in desired:
        if isinstance(item, Process):
            key = item.pod
        elif isinstance(item, Netns | Veth | Address):
            key = homes.get(item.key[1], "")
        else:
            continue
        if key in keys and observed.objects.get(item.key) != item:
            starting.add(key)
    return frozenset(starting)


def _is_process(container: Container) -> bool:
    """Whether a container runs anything; a pause is there as soon as its namespace is."""
    return bool(container.argv or container.builtin)
