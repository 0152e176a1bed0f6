"""kubectl's columns: each a heading and a function of an object (printers.go, and `now`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from labnet.cli.kube.age import age
from labnet.cli.kube.metadata import NETNS
from labnet.cli.kube.pod_columns import pod_readiness, pod_restarts, pod_state
from labnet.cli.kube.service_columns import (
    cluster_ip,
    external_ip,
    external_ip_wide,
    service_ports,
    slice_endpoints,
    slice_ports,
    subset_endpoints,
)
from labnet.cli.kube.view import Json, seconds_of


NONE = "<none>"
ROLE = "node-role.kubernetes.io/"


class Column(NamedTuple):
    """A column of a table; `wide` ones only show with `-o wide`, where `more` replaces `cell`."""

    heading: str
    cell: Callable[[Json, float], str]
    wide: bool = False
    more: Callable[[Json, float], str] | None = None


def name(item: Json, now: float) -> str:
    """`metadata.name`."""
    del now
    return str(item["metadata"]["name"])


def _age(item: Json, now: float) -> str:
    return age(now - seconds_of(item["metadata"]["creationTimestamp"]))


def at(*path: str | int, missing: str = NONE) -> Callable[[Json, float], str]:
    """A cell that prints what is at a path of the object."""

    def cell(item: Json, now: float) -> str:
        del now
        found = lookup(item, *path)
        return missing if found in (None, "") else str(found)

    return cell


def lookup(item: object, *path: str | int) -> object:
    """What is at a path of keys and indexes; None when it ends early."""
    for step in path:
        if isinstance(item, dict) and isinstance(step, str):
            item = item.get(step)
        elif isinstance(item, list) and isinstance(step, int) and step < len(item):
            item = item[step]
        else:
            return None
    return item


def labels_text(labels: Mapping[str, str] | None) -> str:
    """`app=web,tier=front`, sorted."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def _count(field: str) -> Callable[[Json, float], str]:
    return at("status", field, missing="0")


def _ready_of(ready: str, wanted: str = "replicas") -> Callable[[Json, float], str]:
    def cell(item: Json, now: float) -> str:
        del now
        return f"{item['status'].get(ready, 0)}/{item['spec'].get(wanted, 0)}"

    return cell


def _template(field: str) -> Callable[[Json, float], str]:
    """The names or images of a template's containers, with commas."""

    def cell(item: Json, now: float) -> str:
        del now
        containers = item["spec"]["template"]["spec"].get("containers", [])
        return ",".join(one[field] for one in containers)

    return cell


def _selector(item: Json, now: float) -> str:
    del now
    return labels_text(item["spec"]["selector"]["matchLabels"])


def _data(item: Json, now: float) -> str:
    del now
    return str(len(item.get("data", {})))


def _roles(item: Json, now: float) -> str:
    del now
    labels = item["metadata"].get("labels", {})
    roles = [key.removeprefix(ROLE) for key in labels if key.startswith(ROLE)]
    return ",".join(sorted(role for role in roles if role)) or NONE


def ready_word(item: Json, now: float) -> str:
    """`Ready` or `NotReady`."""
    del now
    conditions = item["status"]["conditions"]
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return "Ready" if ready else "NotReady"


def _addresses(item: Json, now: float) -> str:
    del now
    found = item["status"]["addresses"]
    return ",".join(one["address"] for one in found if one["type"] == "InternalIP")


def _published(item: Json, now: float) -> str:
    del now
    return ",".join(item["spec"].get("publish", [])) or NONE


_NAME, _AGE = Column("NAME", name), Column("AGE", _age)
_TEMPLATE = (
    Column("CONTAINERS", _template("name"), wide=True),
    Column("IMAGES", _template("image"), wide=True),
)
_SELECTOR = Column("SELECTOR", _selector, wide=True)
_NETNS = Column("NETNS", at("metadata", "annotations", NETNS), wide=True)


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Pod": (
        _NAME,
        Column("READY", pod_readiness),
        Column("STATUS", pod_state),
        Column("RESTARTS", pod_restarts),
        _AGE,
        Column("IP", at("status", "podIP"), wide=True),
        Column("NODE", at("spec", "nodeName"), wide=True),
        Column("NOMINATED NODE", at("status", "nominatedNodeName"), wide=True),
        Column("READINESS GATES", at("spec", "readinessGates"), wide=True),
    ),
    "Node": (
        _NAME,
        Column("STATUS", ready_word),
        Column("ROLES", _roles),
        _AGE,
        Column("VERSION", at("status", "nodeInfo", "kubeletVersion")),
        Column("INTERNAL-IP", at("status", "addresses", 0, "address"), wide=True),
        Column("EXTERNAL-IP", at("status", "externalIP"), wide=True),
        Column("OS-IMAGE", at("status", "nodeInfo", "osImage", missing="<unknown>"), wide=True),
        Column(
            "KERNEL-VERSION",
            at("status", "nodeInfo", "kernelVersion", missing="<unknown>"),
            wide=True,
        ),
        Column(
            "CONTAINER-RUNTIME",
            at("status", "nodeInfo", "containerRuntimeVersion", missing="<unknown>"),
            wide=True,
        ),
    ),
    "Host": (
        _NAME,
        Column("STATUS", ready_word),
        Column("IP", _addresses),
        _AGE,
        _NETNS,
    ),
    "Container": (
        _NAME,
        Column("STATUS", pod_state),
        Column("RESTARTS", pod_restarts),
        _AGE,
        Column("IP", at("status", "podIP")),
        Column("NODE", at("spec", "node")),
        Column("PORTS", _published),
        Column("IMAGE", at("spec", "image"), wide=True),
        Column("NETWORK", at("spec", "network"), wide=True),
        _NETNS,
    ),
    "Deployment": (
        _NAME,
        Column("READY", _ready_of("readyReplicas")),
        Column("UP-TO-DATE", _count("updatedReplicas")),
        Column("AVAILABLE", _count("availableReplicas")),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "ReplicaSet": (
        _NAME,
        Column("DESIRED", at("spec", "replicas")),
        Column("CURRENT", _count("replicas")),
        Column("READY", _count("readyReplicas")),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "StatefulSet": (_NAME, Column("READY", _ready_of("readyReplicas")), _AGE, *_TEMPLATE),
    "DaemonSet": (
        _NAME,
        Column("DESIRED", _count("desiredNumberScheduled")),
        Column("CURRENT", _count("currentNumberScheduled")),
        Column("READY", _count("numberReady")),
        Column("UP-TO-DATE", _count("updatedNumberScheduled")),
        Column("AVAILABLE", _count("numberAvailable")),
        Column(
            "NODE SELECTOR",
            lambda item, _: labels_text(item["spec"]["template"]["spec"].get("nodeSelector")),
        ),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "Service": (
        _NAME,
        Column("TYPE", at("spec", "type")),
        Column("CLUSTER-IP", cluster_ip),
        Column("EXTERNAL-IP", external_ip, more=external_ip_wide),
        Column("PORT(S)", service_ports),
        _AGE,
        Column("SELECTOR", lambda item, _: labels_text(item["spec"].get("selector")), wide=True),
    ),
    "EndpointSlice": (
        _NAME,
        Column("ADDRESSTYPE", at("addressType")),
        Column("PORTS", slice_ports),
        Column("ENDPOINTS", slice_endpoints),
        _AGE,
    ),
    "Endpoints": (_NAME, Column("ENDPOINTS", subset_endpoints), _AGE),
    "Namespace": (_NAME, Column("STATUS", at("status", "phase")), _AGE),
    "ConfigMap": (_NAME, Column("DATA", _data), _AGE),
    "Secret": (_NAME, Column("TYPE", at("type")), Column("DATA", _data), _AGE),
}
