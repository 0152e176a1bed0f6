"""Nodes of the cluster, and hosts outside it."""

from __future__ import annotations

from labnet import __version__
from labnet.cli.kube.metadata import Identity, condition, metadata, without_empty
from labnet.cli.kube.view import Json, View, timestamp
from labnet.model import Host, Node
from labnet.resolve import object_uid
from labnet.resolve.segment import MAX_PORTS


KUBERNETES = "v1.33.0"  # the release whose fields labnet knows
_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def nodes(view: View) -> list[Json]:
    """Every Node."""
    return [_node(view, node) for node in view.cluster.nodes]


def _node(view: View, node: Node) -> Json:
    """A Node as its kubelet would register it."""
    about = metadata(view, Identity("Node", node.name), labels=node.labels, netns=node.netns)
    cidrs = [str(cidr) for cidr in node.pod_cidrs]
    addresses = [{"type": "InternalIP", "address": str(one.ip)} for one in node.addresses]
    room = {
        "cpu": str(view.machine.cpus),
        "memory": f"{view.machine.memory}Ki",
        "pods": str(MAX_PORTS),
    }
    status = {
        "addresses": [*addresses, {"type": "Hostname", "address": node.name}],
        "allocatable": room,
        "capacity": room,
        "conditions": _conditions(view, node),
        "nodeInfo": _node_info(view, node),
    }
    spec = {"podCIDR": cidrs[0], "podCIDRs": cidrs} if cidrs else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": about, "spec": spec, "status": status}


def _node_info(view: View, node: Node) -> Json:
    uid = object_uid(view.lab, "Node", "", node.name)
    return {
        "architecture": node.labels.get("kubernetes.io/arch", ""),
        "bootID": view.machine.boot_id,
        "containerRuntimeVersion": f"labnet://{__version__}",
        "kernelVersion": view.machine.kernel,
        "kubeProxyVersion": "",
        "kubeletVersion": f"{KUBERNETES}+labnet{__version__}",
        "machineID": uid.replace("-", ""),
        "operatingSystem": "linux",
        "osImage": view.machine.os_image,
        "systemUUID": uid,
    }


def _conditions(view: View, node: Node) -> list[Json]:
    """What the kubelet reports (pkg/kubelet/nodestatus/setters.go): Ready if it is there."""
    since = timestamp(view.born(node.netns))
    there = node.netns in view.births
    enough = [
        condition(kind, true=False, since=since, reason=reason, message=message)
        for kind, reason, message in _PRESSURES
    ]
    reason, message = "KubeletReady", "kubelet is posting ready status"
    if not there:
        reason, message = "KubeletNotReady", f"network namespace {node.netns} is missing"
    ready = condition("Ready", true=there, since=since, reason=reason, message=message)
    return [*enough, ready]


def hosts(view: View) -> list[Json]:
    """Every host outside the cluster, of labnet's own kind."""
    return [_host(view, host) for host in view.cluster.hosts]


def _host(view: View, host: Host) -> Json:
    there = host.netns in view.births
    since = timestamp(view.born(host.netns))
    on_link = [str(network) for network in host.on_link]
    return {
        "apiVersion": "labnet.dev/v1",
        "kind": "Host",
        "metadata": metadata(view, Identity("Host", host.name), netns=host.netns),
        "spec": without_empty({"onLink": on_link}),
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": str(address.ip)} for address in host.addresses
            ],
            "conditions": [condition("Ready", true=there, since=since)],
        },
    }
