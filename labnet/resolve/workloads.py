"""Workloads to the pods that Kubernetes' controllers would make of them, not yet placed.

Sources: pkg/controller/{deployment,replicaset,statefulset,daemon}, as to names and labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from labnet.model import BridgeContainer, Lab, Node, Source, Topology, Workload
from labnet.names import DEFAULT_NAMESPACE, netns_name
from labnet.resolve.naming import fnv1a, generated_name, hostname_of, template_hash
from labnet.resolve.problem import Findings


TEMPLATE_HASH = "pod-template-hash"
REVISION_HASH = "controller-revision-hash"
TEMPLATE_GENERATION = "pod-template-generation"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
MAX_FILE_NAME = 255  # a named network namespace is a file


class Draft(NamedTuple):
    """A pod with its name but no place; `node` is the one that it names or was made for."""

    workload: Workload
    name: str
    key: str
    labels: Mapping[str, str]
    hostname: str
    subdomain: str
    node: str
    replica_set: str = ""


class Names:
    """Who has which name in which Kubernetes namespace.

    Nodes, hosts and containers stand in the default one, as their network namespaces do.
    """

    def __init__(self, topology: Topology, findings: Findings) -> None:
        """The machines and the containers have theirs from the file."""
        lab = topology.lab
        self._lab = lab.name
        self._findings = findings
        self._owners: dict[tuple[str, str], str] = {}
        self._pods: set[tuple[str, str]] = set()
        for kind, name, source in _machines(lab, topology.containers):
            self._take_netns(DEFAULT_NAMESPACE, name, f"{kind}/{name}", source)

    def take(self, workload: Workload, name: str) -> None:
        """Take the name of a pod that the file decides; two pods cannot have the same."""
        where = workload.namespace, name
        if where in self._pods:
            what = f"there are two pods {name} in namespace {workload.namespace}"
            self._findings.add(workload.source, "metadata.name", what)
            return
        self._pods.add(where)
        if not workload.template.spec.host_network:
            key = f"pod/{workload.namespace}/{name}"
            self._take_netns(workload.namespace, name, key, workload.source)

    def generate(self, workload: Workload, owner: str, seed: int, index: str) -> str:
        """Take the first name that is free of those that `generated_name` has for an index."""
        attempt = 0
        while True:
            name = generated_name(owner, seed, index, attempt)
            where = workload.namespace, name
            if where not in self._pods and where not in self._owners:
                self.take(workload, name)
                return name
            attempt += 1

    def _take_netns(self, namespace: str, name: str, owner: str, source: Source) -> None:
        """Take the network namespace that goes with a name."""
        holder = self._owners.setdefault((namespace, name), owner)
        if holder != owner:
            netns = netns_name(self._lab, name, namespace)
            what = f"the name is {holder}'s already: both would be the network namespace {netns}"
            self._findings.add(source, "metadata.name", what)
        elif len(namespace) + len(name) + len(self._lab) + 2 > MAX_FILE_NAME:
            length = len(netns_name(self._lab, name, namespace))
            if length > MAX_FILE_NAME:
                what = f"{owner}: the name of its network namespace would have {length} characters"
                hint = f"at most {MAX_FILE_NAME}: it is the name of a file"
                self._findings.add(source, "metadata.name", what, hint)


def resolve_drafts(topology: Topology, nodes: Sequence[Node], findings: Findings) -> list[Draft]:
    """Every pod of every workload, in the order of the file; the replicas in that of their index.

    Names that the file decides come first, so that a generated one never takes them.
    """
    names = Names(topology, findings)
    for workload in topology.workloads:
        for name in _fixed_names(workload):
            names.take(workload, name)
    return [draft for workload in topology.workloads for draft in _drafts(workload, nodes, names)]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a nodeSelector or a matchLabels holds for `labels`."""
    return all(labels.get(key) == value for key, value in selector.items())


def _machines(lab: Lab, containers: Sequence[BridgeContainer]) -> Iterator[tuple[str, str, Source]]:
    """What has a network namespace of its own, named in the file, and is no pod."""
    for node in lab.nodes:
        yield "node", node.name, node.source
    for host in lab.hosts:
        yield "host", host.name, host.source
    for container in containers:
        if container.network in ("bridge", "none"):
            yield "container", container.name, container.source


def _fixed_names(workload: Workload) -> Iterator[str]:
    """The names of pods that follow from the workload's without a hash."""
    if workload.kind == "Pod":
        yield workload.name
    elif workload.kind == "StatefulSet":
        start = workload.ordinals_start
        for ordinal in range(start, start + workload.replicas):
            yield f"{workload.name}-{ordinal}"


def _drafts(workload: Workload, nodes: Sequence[Node], names: Names) -> Iterator[Draft]:
    """The pods of one workload."""
    if workload.kind == "Pod":
        yield _draft(workload, workload.name, workload.template.labels)
    elif workload.kind == "StatefulSet":
        yield from _stateful(workload)
    elif workload.kind == "DaemonSet":
        yield from _daemons(workload, nodes, names)
    else:
        yield from _replicas(workload, names)


def _replicas(workload: Workload, names: Names) -> Iterator[Draft]:
    """The pods of a ReplicaSet, or of the one that a Deployment makes."""
    owner, labels = workload.name, workload.template.labels
    if workload.kind == "Deployment":
        hashed = template_hash(workload.template)
        owner, labels = f"{workload.name}-{hashed}", {**labels, TEMPLATE_HASH: hashed}
    seed = fnv1a(f"ReplicaSet/{workload.namespace}/{owner}".encode())
    for index in range(workload.replicas):
        name = names.generate(workload, owner, seed, str(index))
        yield _draft(workload, name, labels, replica_set=owner)


def _stateful(workload: Workload) -> Iterator[Draft]:
    """The pods of a StatefulSet: their hostname is their name, their domain its serviceName."""
    revision = f"{workload.name}-{template_hash(workload.template)}"
    start = workload.ordinals_start
    for ordinal in range(start, start + workload.replicas):
        name = f"{workload.name}-{ordinal}"
        labels = {
            **workload.template.labels,
            POD_INDEX: str(ordinal),
            REVISION_HASH: revision,
            POD_NAME: name,
        }
        draft = _draft(workload, name, labels)
        yield draft._replace(hostname=hostname_of(name), subdomain=workload.service_name)


def _daemons(workload: Workload, nodes: Sequence[Node], names: Names) -> Iterator[Draft]:
    """The pods of a DaemonSet: one on every node that its template allows."""
    spec = workload.template.spec
    labels = {
        **workload.template.labels,
        REVISION_HASH: template_hash(workload.template),
        TEMPLATE_GENERATION: "1",
    }
    seed = fnv1a(f"DaemonSet/{workload.namespace}/{workload.name}".encode())
    for node in nodes:
        if spec.node_name in ("", node.name) and selects(spec.node_selector, node.labels):
            name = names.generate(workload, workload.name, seed, node.name)
            yield _draft(workload, name, labels, node=node.name)


def _draft(
    workload: Workload,
    name: str,
    labels: Mapping[str, str],
    *,
    node: str = "",
    replica_set: str = "",
) -> Draft:
    """A pod of `workload` that gets what its template says."""
    spec = workload.template.spec
    return Draft(
        workload=workload,
        name=name,
        key=f"pod/{workload.namespace}/{name}",
        labels=labels,
        hostname=hostname_of(spec.hostname or name),
        subdomain=spec.subdomain,
        node=node or spec.node_name,
        replica_set=replica_set,
    )
