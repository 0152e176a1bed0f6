"""Pods, and labnet's own containers on docker0."""

from __future__ import annotations

from labnet.cli.kube.metadata import Identity, metadata, without_empty
from labnet.cli.kube.pod_spec import container, pod_spec
from labnet.cli.kube.pod_status import pod_status
from labnet.cli.kube.view import Json, View
from labnet.model import Pod
from labnet.resolve import object_uid


def pods(view: View) -> list[Json]:
    """Every Pod."""
    return [pod_object(view, pod) for pod in view.cluster.pods if pod.kind == "Pod"]


def pod_object(view: View, pod: Pod) -> Json:
    """A Pod as the API server would return it."""
    assert pod.owner is not None, "a Pod comes from a workload"
    about = metadata(
        view,
        Identity("Pod", pod.name, pod.namespace),
        labels=pod.labels,
        annotations=pod.annotations,
        netns=pod.netns,
    )
    owner = _owner(view, pod)
    if owner:
        about |= {"generateName": f"{owner['name']}-", "ownerReferences": [owner]}
        if owner["kind"] == "StatefulSet":
            del about["generateName"]  # its pods are not named by chance
    spec = pod_spec(pod.owner.template.spec, pod.node)
    status = pod_status(view, pod)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec, "status": status}


def _owner(view: View, pod: Pod) -> Json:
    """The controller of a pod; empty for one that stands alone."""
    if pod.owner is None or pod.owner.kind == "Pod":
        return {}
    kind, name = pod.owner.kind, pod.owner.name
    if pod.replica_set:
        kind, name = "ReplicaSet", pod.replica_set
    return owner_reference(view, kind, pod.namespace, name)


def owner_reference(view: View, kind: str, namespace: str, name: str) -> Json:
    """An entry of `metadata.ownerReferences` that points to a workload."""
    return {
        "apiVersion": "apps/v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": kind,
        "name": name,
        "uid": object_uid(view.lab, kind, namespace, name),
    }


def containers(view: View) -> list[Json]:
    """Every `kind: Container`."""
    return [_container(view, pod) for pod in view.cluster.pods if pod.kind == "Container"]


def _container(view: View, pod: Pod) -> Json:
    """A Container: `spec` as it was written, `status` as a pod's with one container."""
    written = next(one for one in view.topology.containers if one.name == pod.name)
    said = container(written.container)
    del said["name"]
    publish = [
        (f"{port.host_ip}:" if port.host_ip else "")
        + f"{port.host_port}:{port.container_port}/{port.protocol}"
        for port in written.publish
    ]
    spec = {**said, "network": written.network, "node": pod.node, "publish": publish}
    status = pod_status(view, pod)
    return {
        "apiVersion": "labnet.dev/v1",
        "kind": "Container",
        "metadata": metadata(view, Identity("Container", pod.name), netns=pod.netns),
        "spec": without_empty(spec),
        "status": status,
    }
