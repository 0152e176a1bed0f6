"""`describe pod`, as kubectl's describePod has it."""

from __future__ import annotations

from collections.abc import Iterator

from labnet.cli.kube.tabs import pairs
from labnet.cli.kube.view import Json, moment


def pod_lines(item: Json) -> Iterator[str]:
    """A pod with its containers."""
    about, spec, status = item["metadata"], item["spec"], item["status"]
    yield f"Name:\t{about['name']}"
    yield f"Namespace:\t{about['namespace']}"
    yield f"Node:\t{spec['nodeName']}/{status['hostIP']}"
    yield f"Start Time:\t{moment(status['startTime'])}"
    yield from pairs("Labels", about.get("labels"))
    yield from pairs("Annotations", about.get("annotations"), ": ")
    yield f"Status:\t{status['phase']}"
    yield f"IP:\t{status.get('podIP', '')}"
    yield "IPs:"
    for one in status.get("podIPs", []):
        yield f"  IP:\t{one['ip']}"
    for owner in about.get("ownerReferences", []):
        yield f"Controlled By:\t{owner['kind']}/{owner['name']}"
    for title, field in (("Init Containers", "initContainers"), ("Containers", "containers")):
        statuses = {one["name"]: one for one in status.get(_STATUSES[field], [])}
        if field in spec:
            yield f"{title}:"
        for one in spec.get(field, []):
            yield from container_lines(one, statuses.get(one["name"]), "  ")
    yield "Conditions:"
    yield "  Type\tStatus "
    for one in status["conditions"]:
        yield f"  {one['type']}\t{one['status']} "
    yield from _volumes(spec)
    yield f"QoS Class:\t{status['qosClass']}"
    yield from pairs("Node-Selectors", spec.get("nodeSelector"))


_STATUSES = {"initContainers": "initContainerStatuses", "containers": "containerStatuses"}


def container_lines(spec: Json, status: Json | None, indent: str) -> Iterator[str]:
    """A container; without a status for one of a template."""
    deep = f"{indent}  "
    yield f"{indent}{spec['name']}:"
    yield f"{deep}Image:\t{spec['image']}"
    ports = [f"{one['containerPort']}/{one['protocol']}" for one in spec.get("ports", [])]
    yield f"{deep}Port{'s' if len(ports) > 1 else ''}:\t{', '.join(ports) or '<none>'}"
    for title in ("Command", "Args"):
        words = spec.get(title.lower(), [])
        if words:
            yield from (f"{deep}{title}:", *(f"{deep}  {word}" for word in words))
    if status is not None:
        yield from _state_lines("State", status["state"], deep)
        if status["lastState"]:
            yield from _state_lines("Last State", status["lastState"], deep)
        yield f"{deep}Ready:\t{status['ready']}"
        yield f"{deep}Restart Count:\t{status['restartCount']}"
    yield from _environment(spec, deep)
    mounts = [
        f"{one['mountPath']} from {one['name']} ({'ro' if one.get('readOnly') else 'rw'})"
        for one in spec.get("volumeMounts", [])
    ]
    if not mounts:
        yield f"{deep}Mounts:\t<none>"
        return
    yield from (f"{deep}Mounts:", *(f"{deep}  {mount}" for mount in mounts))


def _state_lines(label: str, state: Json, indent: str) -> Iterator[str]:
    """`State:  Running` and what belongs to it."""
    for word, fields in state.items():
        yield f"{indent}{label}:\t{word.capitalize()}"
        deep = f"{indent}  "
        for title, field in _FIELDS:
            if field in fields:
                value = moment(fields[field]) if field.endswith("At") else fields[field]
                yield f"{deep}{title}:\t{value}"


_FIELDS = (
    ("Reason", "reason"),
    ("Message", "message"),
    ("Exit Code", "exitCode"),
    ("Signal", "signal"),
    ("Started", "startedAt"),
    ("Finished", "finishedAt"),
)


def _environment(spec: Json, indent: str) -> Iterator[str]:
    """The variables as they were written; what they come from, for those that have no value."""
    for one in spec.get("envFrom", []):
        source = one.get("configMapRef") or one.get("secretRef") or {}
        kind = "ConfigMap" if "configMapRef" in one else "Secret"
        yield f"{indent}Environment Variables from:\t{source.get('name')} ({kind})"
    env = spec.get("env", [])
    if not env:
        yield f"{indent}Environment:\t<none>"
        return
    yield f"{indent}Environment:"
    for one in env:
        yield f"{indent}  {one['name']}:\t{_value(one)}"


def _value(env: Json) -> str:
    source = env.get("valueFrom", {})
    if "fieldRef" in source:
        return f" (v1:{source['fieldRef']['fieldPath']})"
    for field, kind in (("configMapKeyRef", "config map"), ("secretKeyRef", "secret")):
        if field in source:
            ref = source[field]
            return f"<set to the key '{ref['key']}' of {kind} '{ref['name']}'>"
    return str(env.get("value", ""))


def _volumes(spec: Json) -> Iterator[str]:
    volumes = spec.get("volumes", [])
    if not volumes:
        yield "Volumes:\t<none>"
        return
    yield "Volumes:"
    for one in volumes:
        yield f"  {one['name']}:"
        if "configMap" in one:
            yield "    Type:\tConfigMap (a volume populated by a ConfigMap)"
            yield f"    Name:\t{one['configMap']['name']}"
        elif "secret" in one:
            yield "    Type:\tSecret (a volume populated by a Secret)"
            yield f"    SecretName:\t{one['secret']['secretName']}"
        else:
            yield "    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)"
