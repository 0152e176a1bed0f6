"""Deployments, ReplicaSets, StatefulSets and DaemonSets, with the counts of their pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labnet.cli.kube.metadata import Identity, condition, metadata, without_empty
from labnet.cli.kube.pod_spec import template
from labnet.cli.kube.pod_status import pod_status
from labnet.cli.kube.pods import owner_reference
from labnet.cli.kube.view import Json, View, timestamp
from labnet.model import Pod, Workload
from labnet.resolve.naming import template_hash
from labnet.resolve.workloads import TEMPLATE_HASH


REVISION = "deployment.kubernetes.io/revision"


def deployments(view: View) -> list[Json]:
    """Every Deployment."""
    return [_deployment(view, one) for one in _of_kind(view, "Deployment")]


def replica_sets(view: View) -> list[Json]:
    """Every ReplicaSet, those that Deployments make included."""
    made = [_made_replica_set(view, one) for one in _of_kind(view, "Deployment")]
    own = [
        _replica_set(view, one, one.name, one.labels, one.selector)
        for one in _of_kind(view, "ReplicaSet")
    ]
    return sorted([*made, *own], key=lambda item: (_namespace(item), item["metadata"]["name"]))


def stateful_sets(view: View) -> list[Json]:
    """Every StatefulSet."""
    return [_stateful_set(view, one) for one in _of_kind(view, "StatefulSet")]


def daemon_sets(view: View) -> list[Json]:
    """Every DaemonSet."""
    return [_daemon_set(view, one) for one in _of_kind(view, "DaemonSet")]


def _of_kind(view: View, kind: str) -> list[Workload]:
    return [one for one in view.cluster.workloads if one.kind == kind]


def _namespace(item: Json) -> str:
    return str(item["metadata"]["namespace"])


def pods_of(view: View, workload: Workload) -> list[Pod]:
    """The pods that a workload is for."""
    here = (workload.kind, workload.namespace, workload.name)
    return [
        pod
        for pod in view.cluster.pods
        if pod.owner and (pod.owner.kind, pod.owner.namespace, pod.owner.name) == here
    ]


def _ready(view: View, pods: Sequence[Pod]) -> int:
    """How many of them have the condition Ready."""
    return sum(
        any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])
        for status in (pod_status(view, pod) for pod in pods)
    )


def _workload(
    view: View, workload: Workload, spec: Json, status: Json, about: Json | None = None
) -> Json:
    """A workload; `about` is its metadata when that is not the file's."""
    about = about or metadata(
        view,
        Identity(workload.kind, workload.name, workload.namespace),
        labels=workload.labels,
        annotations=workload.annotations,
    )
    return {
        "apiVersion": "apps/v1",
        "kind": workload.kind,
        "metadata": about,
        "spec": spec,
        "status": {"observedGeneration": 1, **status},
    }


def _deployment(view: View, workload: Workload) -> Json:
    pods = pods_of(view, workload)
    ready, since = _ready(view, pods), timestamp(view.born())
    enough = ready >= workload.replicas
    counts = {
        "availableReplicas": ready,
        "readyReplicas": ready,
        "replicas": len(pods),
        "unavailableReplicas": (workload.replicas - ready) or None,
        "updatedReplicas": len(pods),
    }
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    progress = "NewReplicaSetAvailable" if enough else "ReplicaSetUpdated"
    conditions = [
        condition("Available", true=enough, since=since, reason=reason),
        condition("Progressing", true=True, since=since, reason=progress),
    ]
    spec = _spec(workload, replicas=workload.replicas)
    item = _workload(view, workload, spec, without_empty({**counts, "conditions": conditions}))
    item["metadata"].setdefault("annotations", {})[REVISION] = "1"
    return item


def _made_replica_set(view: View, workload: Workload) -> Json:
    """The ReplicaSet that a Deployment makes."""
    revision = {TEMPLATE_HASH: template_hash(workload.template)}
    name = f"{workload.name}-{revision[TEMPLATE_HASH]}"
    labels = {**workload.template.labels, **revision}
    item = _replica_set(view, workload, name, labels, {**workload.selector, **revision})
    item["spec"]["template"]["metadata"]["labels"] = labels
    owner = owner_reference(view, "Deployment", workload.namespace, workload.name)
    item["metadata"]["ownerReferences"] = [owner]
    return item


def _replica_set(
    view: View,
    workload: Workload,
    name: str,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
) -> Json:
    pods = pods_of(view, workload)
    ready = _ready(view, pods)
    counts = {
        "availableReplicas": ready,
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": ready,
        "replicas": len(pods),
    }
    about = metadata(
        view,
        Identity("ReplicaSet", name, workload.namespace),
        labels=labels,
        annotations=workload.annotations,
    )
    spec = _spec(workload, replicas=workload.replicas)
    spec["selector"] = {"matchLabels": dict(selector)}
    return {**_workload(view, workload, spec, counts, about), "kind": "ReplicaSet"}


def _stateful_set(view: View, workload: Workload) -> Json:
    pods = pods_of(view, workload)
    ready = _ready(view, pods)
    ordinals = {"start": workload.ordinals_start} if workload.ordinals_start else {}
    spec = _spec(workload, replicas=workload.replicas)
    spec |= without_empty({"serviceName": workload.service_name, "ordinals": ordinals})
    counts = {
        "availableReplicas": ready,
        "currentReplicas": len(pods),
        "readyReplicas": ready,
        "replicas": len(pods),
        "updatedReplicas": len(pods),
    }
    return _workload(view, workload, spec, counts)


def _daemon_set(view: View, workload: Workload) -> Json:
    pods = pods_of(view, workload)
    ready = _ready(view, pods)
    counts = {
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": len(pods),
        "numberAvailable": ready,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "numberUnavailable": (len(pods) - ready) or None,
        "updatedNumberScheduled": len(pods),
    }
    return _workload(view, workload, _spec(workload), without_empty(counts))


def _spec(workload: Workload, replicas: int | None = None) -> Json:
    """What the specs of all workloads have alike; a DaemonSet has no replicas."""
    some = {} if replicas is None else {"replicas": replicas}
    selector = {"matchLabels": dict(workload.selector)}
    return {**some, "selector": selector, "template": template(workload.template)}
