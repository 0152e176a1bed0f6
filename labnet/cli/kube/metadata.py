"""`metadata`, and what else all objects have alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from labnet.cli.kube.view import Json, View, timestamp
from labnet.resolve import object_uid


NETNS = "labnet.dev/netns"
"""The annotation that names the network namespace of a node, pod, host or container."""


class Identity(NamedTuple):
    """What an object is called; no namespace for a kind that has none."""

    kind: str
    name: str
    namespace: str = ""


def metadata(
    view: View,
    who: Identity,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    netns: str = "",
) -> Json:
    """An object's metadata, without what is empty; `netns` is the namespace that it lives in."""
    notes = {**(annotations or {}), **({NETNS: netns} if netns else {})}
    filled = {
        "annotations": notes,
        "creationTimestamp": timestamp(view.born(netns)),
        "labels": dict(labels or {}),
        "name": who.name,
        "namespace": who.namespace,
        "uid": object_uid(view.lab, who.kind, who.namespace, who.name),
    }
    return without_empty(filled)


def without_empty(fields: Json) -> Json:
    """The fields that say something; Kubernetes leaves empty ones out (`omitempty`)."""
    return {key: value for key, value in fields.items() if value not in ("", None, [], (), {})}


def condition(kind: str, *, true: bool, since: str, reason: str = "", message: str = "") -> Json:
    """An entry of `status.conditions`."""
    status = "True" if true else "False"
    filled = {"type": kind, "status": status, "reason": reason, "message": message}
    return without_empty({**filled, "lastTransitionTime": since})
