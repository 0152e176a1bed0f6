"""Objects that are nothing but data: Namespaces, ConfigMaps and Secrets."""

from __future__ import annotations

from base64 import b64encode

from labnet.cli.kube.metadata import Identity, metadata, without_empty
from labnet.cli.kube.view import Json, View
from labnet.names import DEFAULT_NAMESPACE


def namespaces(view: View) -> list[Json]:
    """Every Namespace: `default`, and what the files have or use."""
    declared = {one.name: one for one in view.topology.namespaces}
    used = {one.namespace for one in view.topology.workloads}
    used |= {one.namespace for one in view.topology.config_maps}
    items = []
    for name in sorted({DEFAULT_NAMESPACE, *declared, *used}):
        one = declared.get(name)
        labels = {"kubernetes.io/metadata.name": name, **(one.labels if one else {})}
        annotations = one.annotations if one else {}
        about = metadata(view, Identity("Namespace", name), labels=labels, annotations=annotations)
        item = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": about,
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
        items.append(item)
    return items


def config_maps(view: View) -> list[Json]:
    """Every ConfigMap."""
    return _data(view, "ConfigMap")


def secrets(view: View) -> list[Json]:
    """Every Secret; its data is encoded again."""
    return _data(view, "Secret")


def _data(view: View, kind: str) -> list[Json]:
    items = []
    for one in sorted(view.topology.config_maps, key=lambda one: (one.namespace, one.name)):
        if one.kind != kind:
            continue
        data = dict(one.data)
        if kind == "Secret":
            data = {key: b64encode(value.encode()).decode() for key, value in data.items()}
        about = metadata(view, Identity(kind, one.name, one.namespace))
        fields = {"apiVersion": "v1", "data": data, "kind": kind, "metadata": about}
        items.append(without_empty({**fields, "type": "Opaque" if kind == "Secret" else ""}))
    return items
