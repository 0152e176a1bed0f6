"""The upper part of `describe`, in kubectl's words (kubectl's pkg/describe/describe.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from labnet.cli.kube.columns import labels_text, lookup
from labnet.cli.kube.describe_pod import container_lines, pod_lines
from labnet.cli.kube.describe_service import endpoints_lines, service_lines, slice_lines
from labnet.cli.kube.endpoints import slice_objects
from labnet.cli.kube.tabs import pairs, stacked
from labnet.cli.kube.view import Json, View, moment


NONE = "<none>"


def head_lines(item: Json) -> Iterator[str]:
    """What all objects begin with."""
    about = item["metadata"]
    yield f"Name:\t{about['name']}"
    if "namespace" in about:
        yield f"Namespace:\t{about['namespace']}"
    yield f"CreationTimestamp:\t{moment(about['creationTimestamp'])}"
    yield from pairs("Labels", about.get("labels"))
    yield from pairs("Annotations", about.get("annotations"), ": ")


def node_lines(item: Json) -> Iterator[str]:
    """A node: its conditions, addresses and what it is."""
    yield from head_lines(item)
    yield "Conditions:"
    yield "  Type\tStatus\tReason\tMessage"
    yield "  ----\t------\t------\t-------"
    for one in item["status"]["conditions"]:
        yield f"  {one['type']}\t{one['status']}\t{one['reason']}\t{one['message']}"
    yield from address_lines(item)
    info = item["status"].get("nodeInfo", {})
    yield "System Info:"
    for label, field in _SYSTEM:
        yield f"  {label}:\t{info.get(field, '')}"
    cidrs = lookup(item, "spec", "podCIDRs")
    if isinstance(cidrs, list):
        yield f"PodCIDR:\t{cidrs[0]}"
        yield f"PodCIDRs:\t{','.join(cidrs)}"


_SYSTEM = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)


def address_lines(item: Json) -> Iterator[str]:
    """A machine's addresses."""
    yield "Addresses:"
    for one in item["status"]["addresses"]:
        yield f"  {one['type']}:\t{one['address']}"


def host_lines(item: Json) -> Iterator[str]:
    """A host outside the cluster."""
    yield from head_lines(item)
    yield from address_lines(item)
    on_link = lookup(item, "spec", "onLink")
    yield f"On Link:\t{','.join(on_link) if isinstance(on_link, list) else NONE}"


def workload_lines(item: Json) -> Iterator[str]:
    """A controller of pods: its selector, its counts and its template."""
    yield from head_lines(item)
    yield f"Selector:\t{labels_text(item['spec']['selector']['matchLabels'])}"
    status, replicas = item["status"], item["spec"].get("replicas", 0)
    ready = status.get("readyReplicas", 0)
    if item["kind"] == "DaemonSet":
        wanted, ready = status["desiredNumberScheduled"], status["numberReady"]
        yield f"Desired Number of Nodes Scheduled:\t{wanted}"
        yield f"Number of Nodes Scheduled with Available Pods:\t{ready}"
    elif item["kind"] == "Deployment":
        yield (
            f"Replicas:\t{replicas} desired | {status.get('updatedReplicas', 0)} updated | "
            f"{status.get('replicas', 0)} total | {ready} available | "
            f"{status.get('unavailableReplicas', 0)} unavailable"
        )
    else:
        yield f"Replicas:\t{status.get('replicas', 0)} current / {replicas} desired"
    template = item["spec"]["template"]
    yield "Pod Template:"
    yield from pairs("Labels", template["metadata"].get("labels"), indent="  ")
    yield "  Containers:"
    for one in template["spec"].get("containers", []):
        yield from container_lines(one, None, "   ")


def plain_lines(item: Json) -> Iterator[str]:
    """A ConfigMap with its data, a Secret with the sizes of its, a Namespace with its phase."""
    yield from head_lines(item)
    if item["kind"] == "Namespace":
        yield f"Status:\t{item['status']['phase']}"
        return
    yield ""
    yield "Data"
    yield "===="
    for key, value in sorted(item.get("data", {}).items()):
        if item["kind"] == "Secret":
            yield f"{key}:\t{_decoded_length(value)} bytes"
        else:
            yield from (f"{key}:", "----", *str(value).split("\n"), "")


def _decoded_length(text: str) -> int:
    """The number of bytes that a base64 text stands for."""
    return len(text) * 3 // 4 - text.count("=")


def labnet_container_lines(item: Json) -> Iterator[str]:
    """Labnet's own kind of container: what `docker inspect` would tell first."""
    yield from head_lines(item)
    spec, status = item["spec"], item["status"]
    yield f"Node:\t{spec['node']}/{status['hostIP']}"
    yield f"Status:\t{status['phase']}"
    yield f"IP:\t{status.get('podIP', '')}"
    yield f"Network:\t{spec['network']}"
    yield from stacked("Publish", spec.get("publish", []))
    yield "Container:"
    for one in status["containerStatuses"]:
        yield from container_lines({"name": one["name"], **spec}, one, "  ")


def described_lines(view: View, item: Json) -> Iterator[str]:
    """What kubectl says of an object; of a Service with the endpoints that others hold."""
    if item["kind"] == "Service":
        return service_lines(item, _slices(view, item))
    return DESCRIBE[item["kind"]](item)


def _slices(view: View, service: Json) -> list[Json]:
    """The EndpointSlices of a Service, by name."""
    about = service["metadata"]
    mine = [
        one
        for one in view.cluster.endpoint_slices
        if (one.namespace, one.service) == (about["namespace"], about["name"])
    ]
    return slice_objects(view, sorted(mine, key=lambda one: one.name))


DESCRIBE: Mapping[str, Callable[[Json], Iterator[str]]] = {
    "Pod": pod_lines,
    "Node": node_lines,
    "Host": host_lines,
    "Container": labnet_container_lines,
    "Deployment": workload_lines,
    "ReplicaSet": workload_lines,
    "StatefulSet": workload_lines,
    "DaemonSet": workload_lines,
    "EndpointSlice": slice_lines,
    "Endpoints": endpoints_lines,
    "Namespace": plain_lines,
    "ConfigMap": plain_lines,
    "Secret": plain_lines,
}
