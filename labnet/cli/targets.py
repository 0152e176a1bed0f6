"""TARGET: the pod, node, host or container that a command is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labnet.cli.kube.kinds import KINDS
from labnet.errors import InputError
from labnet.model import CONTROLLERS, Cluster, Container, Pod
from labnet.names import DEFAULT_NAMESPACE
from labnet.resolve import pod_key


_MACHINES = ("node", "host")
_WORDS = {name: one.singular for one in KINDS for name in (one.singular, one.plural, *one.short)}


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a lab: a network namespace, and the pod whose containers live there, if any."""

    lab: str
    netns: str
    label: str
    pod: Pod | None = None

    def container(self, name: str = "") -> Container | None:
        """The container of that name, else the first that is no init container; raises InputError.

        None for a machine, which has none.
        """
        if self.pod is None:
            if name:
                raise InputError(f"{self.label} is a machine and has no containers: leave out -c")
            return None
        wanted = {name} if name else {one.name for one in self.pod.containers if not one.init}
        found = [one for one in self.pod.containers if one.name in wanted]
        if not found:
            names = ", ".join(one.name for one in self.pod.containers)
            raise InputError(f"{self.label} has no container {name}; it has {names}")
        return found[0]

    @property
    def key(self) -> str:
        """The key of the pod in the container runtime."""
        assert self.pod is not None, "a machine is no pod"
        return pod_key(self.pod)


def find_target(cluster: Cluster, text: str, namespace: str = "") -> Target:
    """What TARGET means: `POD`, `NAMESPACE/POD`, or `KIND/NAME`; raises InputError."""
    kind, slash, name = text.rpartition("/")
    if "/" in kind:
        namespace, kind = kind.split("/", 1)
    word = _WORDS.get(kind.lower().partition(".")[0]) if slash else "pod"
    if word is None:
        word, namespace = "pod", kind
    if word in _MACHINES:
        return _machine(cluster, word, name, text)
    if word == "container":
        named = [pod for pod in cluster.pods if pod.kind == "Container" and pod.name == name]
        return _pod_target(cluster, _one(cluster, text, named))
    space = namespace or DEFAULT_NAMESPACE
    if word == "pod":
        found = [pod for pod in _pods(cluster, space) if pod.name == name]
    elif word == "service":
        found = _selected(cluster, space, name)
    else:
        found = [pod for pod in _pods(cluster, space) if _is_of(pod, word, name)]
    return _pod_target(cluster, _one(cluster, text, found))


def _pods(cluster: Cluster, namespace: str) -> list[Pod]:
    return [pod for pod in cluster.pods if pod.kind == "Pod" and pod.namespace == namespace]


def _selected(cluster: Cluster, namespace: str, name: str) -> list[Pod]:
    """The pods that a Service selects."""
    wanted = [
        service.selector.items()
        for service in cluster.services
        if service.selector and (service.namespace, service.name) == (namespace, name)
    ]
    return [
        pod
        for pod in _pods(cluster, namespace)
        if any(labels <= pod.labels.items() for labels in wanted)
    ]


def _is_of(pod: Pod, kind: str, name: str) -> bool:
    """Whether a pod belongs to the workload `KIND/NAME`."""
    if pod.owner is None or kind not in (word.lower() for word in CONTROLLERS):
        return False
    if kind == "replicaset" and pod.replica_set:
        return pod.replica_set == name
    return (pod.owner.kind.lower(), pod.owner.name) == (kind, name)


def _machine(cluster: Cluster, kind: str, name: str, text: str) -> Target:
    machines = cluster.nodes if kind == "node" else cluster.hosts
    for machine in machines:
        if machine.name == name:
            return Target(cluster.name, machine.netns, name)
    raise InputError(_unknown(cluster, text))


def _one(cluster: Cluster, text: str, found: list[Pod]) -> Pod:
    if found:
        return found[0]
    raise InputError(_unknown(cluster, text))


def _pod_target(cluster: Cluster, pod: Pod) -> Target:
    label = pod.name if pod.namespace == DEFAULT_NAMESPACE else f"{pod.namespace}/{pod.name}"
    return Target(cluster.name, pod.netns, label, pod)


def target_words(cluster: Cluster) -> list[str]:
    """Every TARGET of a cluster, as one would type it."""
    words = []
    for pod in cluster.pods:
        if pod.kind == "Container":
            words.append(f"container/{pod.name}")
        elif pod.namespace == DEFAULT_NAMESPACE:
            words.append(pod.name)
        else:
            words.append(f"{pod.namespace}/{pod.name}")
    words += [f"node/{node.name}" for node in cluster.nodes]
    return [*words, *(f"host/{host.name}" for host in cluster.hosts)]


def _unknown(cluster: Cluster, text: str) -> str:
    """That there is no such target, and what is near it."""
    words = target_words(cluster)
    near = near_words(text, words)
    which = f"did you mean {' or '.join(near)}?" if near else f"there are {_some(words)}"
    return f"lab {cluster.name} has no {text}; {which}"


def near_words(text: str, words: Iterable[str]) -> list[str]:
    """The words that are like a text, or end with it."""
    from difflib import get_close_matches  # noqa: PLC0415  # only an error pays for it

    known = list(words)
    same = [word for word in known if word.rpartition("/")[2] == text.rpartition("/")[2]]
    return list(dict.fromkeys([*same, *get_close_matches(text, known, n=3)]))[:3]


def _some(words: list[str], most: int = 8) -> str:
    return ", ".join(words[:most]) + (", …" if len(words) > most else "")
