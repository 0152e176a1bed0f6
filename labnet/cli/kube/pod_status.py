"""`status` of a pod: what the kubelet reports (pkg/kubelet/kubelet_pods.go)."""

from __future__ import annotations

from collections.abc import Sequence

from labnet.cli.kube.metadata import condition, without_empty
from labnet.cli.kube.view import ContainerStatus, Json, View, timestamp
from labnet.model import Container, Pod
from labnet.resolve import pod_key


_BACK_OFF = "CrashLoopBackOff"


def pod_status(view: View, pod: Pod) -> Json:
    """A pod's status; `containerStatuses` are in the order of the spec, as kubectl wants them."""
    init = [one for one in pod.containers if one.init]
    main = [one for one in pod.containers if not one.init]
    ready_to_start = all(_has_ended_well(view.status(pod, one.name)) for one in init)
    init_statuses = [_container_status(view, pod, one, waits=False) for one in init]
    statuses = [_container_status(view, pod, one, waits=not ready_to_start) for one in main]
    phase = pod_phase(pod, init_statuses, statuses)
    node = next(node for node in view.cluster.nodes if node.name == pod.node)
    host_ips = [{"ip": str(address.ip)} for address in node.addresses]
    pod_ips = [{"ip": str(ip)} for ip in pod.ips]
    return without_empty(
        {
            "conditions": _conditions(view, pod, statuses, initialized=ready_to_start, phase=phase),
            "containerStatuses": statuses,
            "hostIP": host_ips[0]["ip"],
            "hostIPs": host_ips,
            "initContainerStatuses": init_statuses,
            "phase": phase,
            "podIP": pod_ips[0]["ip"] if pod_ips else "",
            "podIPs": pod_ips,
            "qosClass": "BestEffort",
            "startTime": timestamp(view.born(pod.netns)),
        }
    )


def pod_phase(pod: Pod, init: Sequence[Json], main: Sequence[Json]) -> str:
    """Pending, Running, Succeeded or Failed (getPhase in kubelet_pods.go)."""
    codes = [_exit_code(one) for one in init]
    if any(codes) and pod.restart_policy == "Never":
        return "Failed"
    ended = [_exit_code(one) for one in main]
    running = ["running" in one["state"] for one in main]
    waiting = any(code is None and not runs for code, runs in zip(ended, running, strict=True))
    if any(code != 0 for code in codes) or waiting:
        return "Pending"
    if any(running) or pod.restart_policy == "Always":
        return "Running"  # or about to be started again
    if not any(ended):
        return "Succeeded"
    return "Failed" if pod.restart_policy == "Never" else "Running"


def _exit_code(status: Json) -> int | None:
    """How a container ended last; None if it never has, or runs again."""
    ended = status["state"].get("terminated") or status["lastState"].get("terminated")
    return None if "running" in status["state"] or not ended else int(ended["exitCode"])


def _has_ended_well(status: ContainerStatus | None) -> bool:
    return status is None or (not status.running and status.exit_status == 0)


def _container_status(view: View, pod: Pod, container: Container, *, waits: bool) -> Json:
    """One entry of `containerStatuses`; `waits` for the init containers before it."""
    status = view.status(pod, container.name)
    state = _state(view, pod, container, status, waits=waits)
    ended_well = state.get("terminated", {}).get("exitCode") == 0
    crashed = status is not None and status.reason == _BACK_OFF
    begun = crashed or "waiting" not in state
    return {
        "containerID": f"labnet://{pod_key(pod)}/{container.name}" if begun else "",
        "image": container.image,
        "imageID": "",
        "lastState": {"terminated": _terminated(status, "Error")} if status and crashed else {},
        "name": container.name,
        "ready": ended_well if container.init else "running" in state,
        "restartCount": status.restarts if status else 0,
        "started": "running" in state,
        "state": state,
    }


def _state(
    view: View, pod: Pod, container: Container, status: ContainerStatus | None, *, waits: bool
) -> Json:
    """`state`: running, waiting or terminated."""
    rests = not container.argv and not container.builtin
    if pod.netns not in view.births or (status is None and not rests):
        return {"waiting": {"reason": "ContainerCreating"}}
    if waits:
        return {"waiting": {"reason": "PodInitializing"}}
    if status is None:
        return {"running": {"startedAt": timestamp(view.born(pod.netns))}}
    if status.running:
        return {"running": {"startedAt": timestamp(status.started_at or 0)}}
    if status.exit_status is None or status.reason == _BACK_OFF:
        waiting = {"reason": status.reason or "ContainerCreating", "message": status.message}
        return {"waiting": without_empty(waiting)}
    return {"terminated": _terminated(status, status.reason)}


def _terminated(status: ContainerStatus, reason: str) -> Json:
    said = without_empty({"message": status.message, "signal": status.signal or None})
    return {
        "exitCode": status.exit_status or 0,
        **said,
        "reason": reason or ("Error" if status.exit_status else "Completed"),
        "startedAt": timestamp(status.started_at or 0),
        "finishedAt": timestamp(status.finished_at or 0),
    }


def _conditions(
    view: View, pod: Pod, main: Sequence[Json], *, initialized: bool, phase: str
) -> list[Json]:
    """The conditions that the kubelet sets, in its order (pkg/kubelet/status/generate.go)."""
    since = timestamp(view.born(pod.netns))
    unready = [one["name"] for one in main if not one["ready"]]
    message = f"containers with unready status: [{' '.join(unready)}]" if unready else ""
    reason = "ContainersNotReady" if unready else ""
    over = phase in ("Succeeded", "Failed")
    if over:
        reason, message = "PodCompleted" if phase == "Succeeded" else "PodFailed", ""
    ready = not unready and not over
    pending = "" if initialized else "ContainersNotInitialized"
    there = pod.netns in view.births and not over
    return [
        condition("PodReadyToStartContainers", true=there, since=since),
        condition("Initialized", true=initialized, since=since, reason=pending),
        condition("Ready", true=ready, since=since, reason=reason, message=message),
        condition("ContainersReady", true=ready, since=since, reason=reason, message=message),
        condition("PodScheduled", true=True, since=since),
    ]
