"""Nothing dangles: the namespaces, nodes, ConfigMaps, Secrets and volumes that objects name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from labnet.model import ConfigMap, ContainerSpec, KeyRef, Lab, NodeSpec, Workload
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, choices, did_you_mean
from labnet.parse.pods import all_containers
from labnet.parse.tree import quote, shorten


STANDARD_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_FEW: Final = 6  # names that are quicker to list than to guess among
ZONE_LABEL: Final = "topology.kubernetes.io/zone"


def spec_keys(workload: Workload) -> Keys:
    """Where the pod's spec is in a workload's manifest."""
    return ("spec",) if workload.kind == "Pod" else ("spec", "template", "spec")


def node_labels(node: NodeSpec) -> dict[str, str]:
    """A node's labels with those that the kubelet sets."""
    zone = {ZONE_LABEL: node.zone} if node.zone else {}
    return {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        **node.labels,
        **zone,
    }


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether all of `selector` is among `labels`."""
    return selector.items() <= labels.items()


def nearest(word: str, known: Collection[str], noun: str) -> str:
    """What is near to a name that names nothing: the one meant, or all that there are."""
    if not known:
        return f"there is no {noun}"
    near = did_you_mean(word, known) if len(known) > _FEW else ""
    many = f"the {noun}s are" if len(known) > 1 else f"the only {noun} is"
    return near or f"{many} {choices(sorted(known))}"


class _Reference(NamedTuple):
    """A reference in a pod's spec: where it is, its field for the name, and the keys it wants."""

    keys: Keys
    name_field: str
    ref: KeyRef
    wanted: tuple[tuple[Keys, str], ...] = ()


_Keyed = Mapping[tuple[str, str, str], Collection[str]]
"""The keys of each ConfigMap and Secret, by kind, namespace and name."""


def check_references(contents: Contents, findings: Findings) -> None:
    """Everything that a document of the API server's names."""
    _check_namespaces(contents, findings)
    keyed: _Keyed = {
        (each.kind, each.namespace, each.name): each.data.keys()
        for _, each in contents.of(ConfigMap)
    }
    for document, workload in contents.of(Workload):
        for reference in _references(workload):
            _check_reference(document, reference, keyed, findings)
        _check_mounts(document, workload, findings)
    for _, lab in contents.of(Lab):
        labels = {node.name: node_labels(node) for node in lab.nodes if node.name}
        if not labels:
            continue  # that there is no node was said already
        for document, workload in contents.of(Workload):
            _check_node(document, workload, labels, findings)


def _check_namespaces(contents: Contents, findings: Findings) -> None:
    declared = {each.name for each in contents.documents if each.kind == "Namespace"}
    known = declared | set(STANDARD_NAMESPACES)
    for document in contents.documents:
        if document.namespace and document.namespace not in known:
            near = did_you_mean(document.namespace, known)
            hint = near or "add a document `kind: Namespace` of that name"
            what = f"there is no namespace {quote(document.namespace)}"
            findings.error(document.root, what, hint, below=("metadata", "namespace"))


def _references(workload: Workload) -> Iterator[_Reference]:
    spec = workload.template.spec
    here = spec_keys(workload)
    for keys, container in all_containers(spec):
        yield from _container_references((*here, *keys), container)
    for index, volume in enumerate(spec.volumes):
        if volume.ref is None:
            continue
        source = "configMap" if volume.ref.kind == "ConfigMap" else "secret"
        keys = (*here, "volumes", index, source)
        wanted = tuple(
            ((*keys, "items", item, "key"), key) for item, (key, _) in enumerate(volume.items)
        )
        name_field = "name" if volume.ref.kind == "ConfigMap" else "secretName"
        yield _Reference(keys, name_field, volume.ref, wanted)


def _container_references(here: Keys, container: ContainerSpec) -> Iterator[_Reference]:
    for index, variable in enumerate(container.env):
        if variable.key is not None:
            field = "configMapKeyRef" if variable.key.kind == "ConfigMap" else "secretKeyRef"
            keys = (*here, "env", index, "valueFrom", field)
            yield _Reference(keys, "name", variable.key, (((*keys, "key"), variable.key.key),))
    for index, variable in enumerate(container.env_from):
        if variable.key is not None:
            field = "configMapRef" if variable.key.kind == "ConfigMap" else "secretRef"
            yield _Reference((*here, "envFrom", index, field), "name", variable.key)


def _check_reference(
    document: Document, reference: _Reference, keyed: _Keyed, findings: Findings
) -> None:
    ref = reference.ref
    if ref.optional or not ref.name:
        return
    found = keyed.get((ref.kind, document.namespace, ref.name))
    if found is None:
        what = f"there is no {ref.kind} {quote(ref.name)} in namespace {document.namespace}"
        hint = _elsewhere(ref, document.namespace, keyed)
        findings.error(document.root, what, hint, below=(*reference.keys, reference.name_field))
        return
    for keys, key in reference.wanted:
        if key and key not in found:
            what = f"{ref.kind} {ref.name} has no key {quote(key)}"
            findings.error(document.root, what, nearest(key, found, "key"), below=keys)


def _elsewhere(ref: KeyRef, namespace: str, keyed: _Keyed) -> str:
    """One of that name in another namespace, or of a near name in this one."""
    others = sorted(each for kind, each, name in keyed if (kind, name) == (ref.kind, ref.name))
    if others:
        return f"there is one in namespace {others[0]}, and a pod takes those of its own"
    known = [name for kind, each, name in keyed if (kind, each) == (ref.kind, namespace)]
    return nearest(ref.name, known, ref.kind) if known else "add it, or set optional: true"


def _check_mounts(document: Document, workload: Workload, findings: Findings) -> None:
    spec = workload.template.spec
    volumes = [volume.name for volume in spec.volumes]
    for keys, container in all_containers(spec):
        for index, mount in enumerate(container.volume_mounts):
            if mount.name and mount.name not in volumes:
                what = f"there is no volume {quote(mount.name)} in the pod"
                below = (*spec_keys(workload), *keys, "volumeMounts", index, "name")
                hint = nearest(mount.name, volumes, "volume")
                findings.error(document.root, what, hint, below=below)


def _check_node(
    document: Document,
    workload: Workload,
    labels: Mapping[str, Mapping[str, str]],
    findings: Findings,
) -> None:
    """Its nodeName and its nodeSelector have a node, and the same one."""
    spec = workload.template.spec
    here = spec_keys(workload)
    if spec.node_name and spec.node_name not in labels:
        what = f"there is no node {quote(spec.node_name)}"
        hint = nearest(spec.node_name, labels, "node")
        findings.error(document.root, what, hint, below=(*here, "nodeName"))
        return
    candidates = (spec.node_name,) if spec.node_name else labels.keys()
    if any(selects(spec.node_selector, labels[name]) for name in candidates):
        return
    below = (*here, "nodeSelector")
    pairs = (f"{key}={value}" for key, value in sorted(spec.node_selector.items()))
    wanted = shorten(",".join(pairs), 100)
    if spec.node_name:
        what = f"{wanted} does not match node {spec.node_name}, which nodeName asks for"
        near = _near_labels(spec.node_selector, {spec.node_name: labels[spec.node_name]})
        findings.error(document.root, what, near, below=below)
    elif workload.kind == "DaemonSet":
        findings.warning(document.root, f"{wanted} matches no node: there is no pod", below=below)
    else:
        hint = _near_labels(spec.node_selector, labels)
        findings.error(document.root, f"{wanted} matches no node", hint, below=below)


def _near_labels(selector: Mapping[str, str], labels: Mapping[str, Mapping[str, str]]) -> str:
    """For the first key that is the matter, what the nodes have instead."""
    for key, value in sorted(selector.items()):
        found = {name: each[key] for name, each in labels.items() if key in each}
        if not found:
            known = {key for each in labels.values() for key in each}
            return did_you_mean(key, known) or f"no node has a label {key}"
        if value not in found.values():
            return choices([f"{name} has {key}={each}" for name, each in found.items()], limit=4)
    return "no node has all of these labels together"
