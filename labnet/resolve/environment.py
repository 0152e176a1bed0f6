"""The environment of a container, and `$(VAR)` in what it runs.

Sources: third_party/forked/golang/expansion, and makeEnvironmentVariables of
pkg/kubelet/kubelet_pods.go; the defaults are what containerd and runc add.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from labnet.model import ContainerSpec, EnvVar, Node
from labnet.resolve.naming import object_uid
from labnet.resolve.references import Place, References


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]", re.DOTALL)


class Identity(NamedTuple):
    """Who a pod is, as far as its containers are told; `ips` are its addresses as text.

    `links` are the variables that tell of Services.
    """

    lab: str
    kind: str
    namespace: str
    name: str
    hostname: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    node: Node
    ips: tuple[str, ...]
    links: Mapping[str, str] = MappingProxyType({})


_FIELDS: Mapping[str, Callable[[Identity], str]] = {
    "metadata.name": lambda pod: pod.name,
    "metadata.namespace": lambda pod: pod.namespace,
    "metadata.uid": lambda pod: object_uid(pod.lab, pod.kind, pod.namespace, pod.name),
    "spec.nodeName": lambda pod: pod.node.name,
    "spec.serviceAccountName": lambda _: "default",
    "status.hostIP": lambda pod: str(pod.node.addresses[0].ip),
    "status.hostIPs": lambda pod: ",".join(str(one.ip) for one in pod.node.addresses),
    "status.podIP": lambda pod: pod.ips[0] if pod.ips else "",
    "status.podIPs": lambda pod: ",".join(pod.ips),
}
_BY_KEY = ("metadata.labels['KEY']", "metadata.annotations['KEY']")


def expanded(text: str, env: Mapping[str, str]) -> str:
    """`text` with `$(NAME)` replaced by its value; `$$` is a `$`, and unknown names stay."""
    if "$" not in text:
        return text
    return _REFERENCE.sub(lambda match: _expansion(match, env), text)


def _expansion(match: re.Match[str], env: Mapping[str, str]) -> str:
    """What stands for one `$$` or `$(NAME)`."""
    name = match[1]
    return "$" if name is None else env.get(name, match[0])


def declared_env(spec: ContainerSpec, pod: Identity, references: References) -> dict[str, str]:
    """The variables of Services, of `envFrom` and `env`; only these can stand in `$(NAME)`."""
    env = dict(pod.links)
    for index, item in enumerate(spec.env_from):
        if item.key is not None:
            place = Place(pod.namespace, spec.source, f"{spec.name}.envFrom[{index}]")
            data = references.data(item.key, place)
            env.update((f"{item.name}{key}", value) for key, value in data.items())
    for index, item in enumerate(spec.env):
        value: str | None
        if item.field_path or item.key is not None:
            path = f"{spec.name}.env[{index}].valueFrom"
            value = _sourced(item, pod, references, Place(pod.namespace, spec.source, path))
        else:
            value = expanded(item.value, env)
        if value is not None:
            env[item.name] = value
    return env


def _sourced(item: EnvVar, pod: Identity, references: References, place: Place) -> str | None:
    """The value of a variable that has a `valueFrom`; None when it has none."""
    if item.key is not None:
        return references.value(item.key, place)
    value = _field(item.field_path, pod)
    if value is None:
        what = f"{item.field_path} is no field that a container can be told"
        references.unknown(what, f"these are: {', '.join((*_FIELDS, *_BY_KEY))}", place)
    return value


def container_env(declared: Mapping[str, str], hostname: str) -> dict[str, str]:
    """The whole environment: what the image and the runtime set, then what is declared."""
    return {"PATH": PATH, "HOSTNAME": hostname, "HOME": "/root", **declared}


def _field(path: str, pod: Identity) -> str | None:
    """The value of a field of the downward API; None when it has no such field."""
    told = _FIELDS.get(path)
    if told is not None:
        return told(pod)
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is None:
        return None
    chosen = pod.labels if subscript[1] == "labels" else pod.annotations
    return chosen.get(subscript[2], "")
