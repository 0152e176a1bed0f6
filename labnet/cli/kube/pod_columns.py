"""The columns of a pod that are more than a field: printPod in kubectl's printers.go."""

from __future__ import annotations

from labnet.cli.kube.view import Json


def pod_readiness(item: Json, now: float) -> str:
    """READY: `1/2`, without init containers."""
    del now
    statuses = item["status"].get("containerStatuses", [])
    ready = sum(one["ready"] and "running" in one["state"] for one in statuses)
    return f"{ready}/{len(statuses)}"


def pod_restarts(item: Json, now: float) -> str:
    """RESTARTS: those of the containers, or of the init containers while they run."""
    del now
    initializing = _init_state(item) is not None
    field = "initContainerStatuses" if initializing else "containerStatuses"
    return str(sum(one["restartCount"] for one in item["status"].get(field, [])))


def pod_state(item: Json, now: float) -> str:
    """STATUS: the phase, or whatever is more telling in the containers' states."""
    del now
    return _init_state(item) or _main_state(item)


def _init_state(item: Json) -> str | None:
    """`Init:0/1` or `Init:Error` until all init containers have ended well."""
    statuses = item["status"].get("initContainerStatuses", [])
    for number, one in enumerate(statuses):
        terminated = one["state"].get("terminated")
        if terminated and terminated["exitCode"] == 0:
            continue
        if terminated:
            return f"Init:{_ending(terminated)}"
        waiting = one["state"].get("waiting", {}).get("reason", "")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{number}/{len(statuses)}"
    return None


def _main_state(item: Json) -> str:
    """The first container's state counts most, so it comes last; one that runs saves Completed."""
    reason, running = str(item["status"]["phase"]), False
    for one in reversed(item["status"].get("containerStatuses", [])):
        state = one["state"]
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            reason = _ending(state["terminated"])
        elif one["ready"]:
            running = True
    if reason == "Completed" and running:
        conditions = item["status"].get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return "Running" if ready else "NotReady"
    return reason


def _ending(terminated: Json) -> str:
    """`Completed`, `Error`, `Signal:9` or `ExitCode:3`."""
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated['exitCode']}"
