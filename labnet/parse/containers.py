"""`containers[]` and `initContainers[]` of a pod: what labnet acts on, and its checks."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from labnet.model import ContainerPort, ContainerSpec, EnvVar, KeyRef, VolumeMount
from labnet.model.images import KNOWN_IMAGES, image_name
from labnet.parse.addresses import ip_text
from labnet.parse.findings import Findings, choices
from labnet.parse.formats import (
    Complaint,
    config_key,
    dns_label,
    dns_subdomain,
    env_name,
    env_prefix,
    image_reference,
    mount_path,
    port_name,
    relative_path,
)
from labnet.parse.readers import Reader, boolean, integer, items, one_of, optional_port, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Tree, quote


PROTOCOLS: Final = ("TCP", "UDP", "SCTP")

_FIELD_PATHS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.labels['KEY']",
    "metadata.annotations['KEY']",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_SUBSCRIPT: Final = re.compile(r"\['[^']+'\]$")


def _field_path(path: str) -> Complaint | None:
    if _SUBSCRIPT.sub("['KEY']", path) in _FIELD_PATHS:
        return None
    return f"unsupported value {quote(path)}", f"supported values: {', '.join(_FIELD_PATHS)}"


def key_ref(kind: Literal["ConfigMap", "Secret"], *, with_key: bool) -> Reader[KeyRef]:
    """A reference to a ConfigMap or Secret by name, and to one of its keys or all."""
    fields = {
        "name": Field("name", text(dns_subdomain), required=True, example="name: settings"),
        "optional": Field("optional", boolean),
    }
    if not with_key:
        return record("OptionalName", partial(KeyRef, kind), fields)
    wanted = Field("key", text(config_key), required=True, example="key: colour")
    return record("KeySelector", partial(KeyRef, kind), {**fields, "key": wanted})


def exactly_one(*names: str, of: str, hint: str = "") -> Callable[[Fields, object, Findings], None]:
    """A check that a mapping has one and only one of several fields."""

    def check(tree: Fields, made: object, findings: Findings) -> None:
        del made
        found = [name for name in names if name in tree.fields and not tree.fields[name].is_null]
        if not found and tree.fields.keys() <= {"name", "prefix", *names}:
            findings.error(tree, f"must specify {of}", hint or f"one of {choices(names)}")
        elif len(found) > 1:
            findings.error(tree, f"may not specify more than one of {', '.join(found)}")

    return check


_ENV_SOURCE: Final = record(
    "EnvVarSource",
    lambda path="", config_map=None, secret=None: EnvVar(
        "", field_path=path, key=config_map or secret
    ),
    {
        "fieldRef": Field(
            "path",
            record(
                "FieldRef",
                lambda path: path,
                {"fieldPath": Field("path", text(_field_path), required=True)},
                silent=("apiVersion",),
            ),
        ),
        "configMapKeyRef": Field("config_map", key_ref("ConfigMap", with_key=True)),
        "secretKeyRef": Field("secret", key_ref("Secret", with_key=True)),
    },
    check=exactly_one(
        "fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", of="a source"
    ),
)


def _env_var(name: str, value: str = "", source: EnvVar | None = None) -> EnvVar:
    if source is None:
        return EnvVar(name, value)
    return EnvVar(name, value, source.field_path, source.key)


def _check_env_var(tree: Fields, made: EnvVar, findings: Findings) -> None:
    if made.value and "valueFrom" in tree.fields and not tree.fields["valueFrom"].is_null:
        what = "may not be specified when `value` is not empty"
        findings.error(tree, what, below=("valueFrom",))


ENV_VAR: Final = record(
    "EnvVar",
    _env_var,
    {
        "name": Field("name", text(env_name), required=True, example="name: PORT"),
        "value": Field("value", text()),
        "valueFrom": Field("source", _ENV_SOURCE),
    },
    check=_check_env_var,
)

_ENV_FROM: Final = record(
    "EnvFrom",
    lambda prefix="", config_map=None, secret=None: EnvVar(prefix, key=config_map or secret),
    {
        "prefix": Field("prefix", text(env_prefix)),
        "configMapRef": Field("config_map", key_ref("ConfigMap", with_key=False)),
        "secretRef": Field("secret", key_ref("Secret", with_key=False)),
    },
    check=exactly_one("configMapRef", "secretRef", of="a source"),
)

_PORT: Final = record(
    "ContainerPort",
    ContainerPort,
    {
        "containerPort": Field(
            "container_port", integer(1, 65535), required=True, example="containerPort: 80"
        ),
        "name": Field("name", text(port_name)),
        "protocol": Field("protocol", one_of(PROTOCOLS, "TCP")),
        "hostPort": Field("host_port", optional_port),
        "hostIP": Field("host_ip", text(ip_text)),
    },
)


def _mount(
    name: str,
    mount_path: str,
    sub_path: str = "",
    read_only: bool = False,  # noqa: FBT001, FBT002 - YAML's
) -> VolumeMount:
    place = posixpath.normpath(f"/{mount_path}").replace("//", "/")
    return VolumeMount(name, place, sub_path, read_only)


_VOLUME_MOUNT: Final = record(
    "VolumeMount",
    _mount,
    {
        "name": Field("name", text(dns_label), required=True, example="name: data"),
        "mountPath": Field(
            "mount_path", text(mount_path), required=True, example="mountPath: /data"
        ),
        "subPath": Field("sub_path", text(relative_path)),
        "readOnly": Field("read_only", boolean),
    },
)


def check_image(tree: Tree, spec: ContainerSpec, findings: Findings, *, below: str) -> None:
    """An image that labnet does not know needs a command, for there is nothing to pull."""
    if spec.image and not spec.command and image_name(spec.image) not in KNOWN_IMAGES:
        what = (
            f"labnet does not know what the image {quote(spec.image)} runs, and there is no command"
        )
        hint = f"give a command, or one of the images {', '.join(sorted(KNOWN_IMAGES))}"
        findings.error(tree, what, hint, below=(below,))


def _check_container(tree: Fields, made: ContainerSpec, findings: Findings) -> None:
    check_image(tree, made, findings, below="image")
    for index in _repeated([port.name for port in made.ports]):
        what = f"duplicate port name {quote(made.ports[index].name)}"
        findings.error(tree, what, below=("ports", index, "name"))
    for index in _repeated([mount.mount_path for mount in made.volume_mounts]):
        what = f"{quote(made.volume_mounts[index].mount_path)}: must be unique"
        hint = "two volumes cannot be mounted on one path"
        findings.error(tree, what, hint, below=("volumeMounts", index, "mountPath"))


def _repeated(words: list[str]) -> list[int]:
    """The indexes of words (empty ones do not count) that stand further ahead already."""
    seen: Counter[str] = Counter()
    repeated = []
    for index, word in enumerate(words):
        if word and seen[word]:
            repeated.append(index)
        seen[word] += 1
    return repeated


def _read_sidecar(tree: Tree, findings: Findings) -> None:
    if one_of(("Always",)).read(tree, findings) == "Always":
        what = "an init container that keeps running (a sidecar) is not there yet"
        findings.error(tree, what, "put it under containers")


_FIELDS: Final = {
    "name": Field("name", text(dns_label), required=True, example="name: web"),
    "image": Field("image", text(image_reference), required=True, example="image: nginx"),
    "command": Field("command", items(text())),
    "args": Field("args", items(text())),
    "env": Field("env", items(ENV_VAR)),
    "envFrom": Field("env_from", items(_ENV_FROM)),
    "workingDir": Field("working_dir", text()),
    "ports": Field("ports", items(_PORT)),
    "volumeMounts": Field("volume_mounts", items(_VOLUME_MOUNT)),
}


def _container(sidecar: None = None, **fields: object) -> ContainerSpec:
    del sidecar
    return ContainerSpec(**fields)  # type: ignore[arg-type] # the table above gives them types


CONTAINER: Final = record("Container", ContainerSpec, _FIELDS, source=True, check=_check_container)
INIT_CONTAINER: Final = record(
    "Container",
    _container,
    {**_FIELDS, "restartPolicy": Field("sidecar", Reader(_read_sidecar, None))},
    source=True,
    check=_check_container,
)
