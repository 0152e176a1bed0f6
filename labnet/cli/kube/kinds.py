"""The kinds that `get` knows, by all their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labnet.cli.kube import endpoints, machines, plain, pods, services, workloads
from labnet.cli.kube.view import Json, View
from labnet.errors import InputError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: its names as kubectl has them, and where its objects come from.

    `group` is the API group, which `-o name` prints.
    """

    name: str
    plural: str
    short: tuple[str, ...]
    objects: Callable[[View], list[Json]]
    group: str = ""
    namespaced: bool = True
    in_all: bool = False

    @property
    def singular(self) -> str:
        """The name in lower case, as in `pod/web-1`."""
        return self.name.lower()

    @property
    def resource(self) -> str:
        """What `-o name` prints before the slash: `deployment.apps`."""
        return f"{self.singular}.{self.group}" if self.group else self.singular


KINDS = (
    Kind("Node", "nodes", ("no",), machines.nodes, namespaced=False, in_all=True),
    Kind("Host", "hosts", (), machines.hosts, "labnet.dev", namespaced=False, in_all=True),
    Kind("Pod", "pods", ("po",), pods.pods, in_all=True),
    Kind(
        "Container",
        "containers",
        (),
        pods.containers,
        "labnet.dev",
        namespaced=False,
        in_all=True,
    ),
    Kind("Service", "services", ("svc",), services.services, in_all=True),
    Kind("DaemonSet", "daemonsets", ("ds",), workloads.daemon_sets, "apps", in_all=True),
    Kind("Deployment", "deployments", ("deploy",), workloads.deployments, "apps", in_all=True),
    Kind("ReplicaSet", "replicasets", ("rs",), workloads.replica_sets, "apps", in_all=True),
    Kind("StatefulSet", "statefulsets", ("sts",), workloads.stateful_sets, "apps", in_all=True),
    Kind("EndpointSlice", "endpointslices", (), endpoints.endpoint_slices, "discovery.k8s.io"),
    Kind("Endpoints", "endpoints", ("ep",), endpoints.endpoints),
    Kind("Namespace", "namespaces", ("ns",), plain.namespaces, namespaced=False),
    Kind("ConfigMap", "configmaps", ("cm",), plain.config_maps),
    Kind("Secret", "secrets", (), plain.secrets),
)
ALL = "all"
_BY_NAME = {name: kind for kind in KINDS for name in (kind.singular, kind.plural, *kind.short)}


def parse_kinds(text: str) -> list[Kind]:
    """The kinds of `pods`, `po,nodes` or `all`; raises InputError for one that is not known."""
    found: list[Kind] = []
    for word in text.lower().split(","):
        if word == ALL:
            found += [kind for kind in KINDS if kind.in_all]
        else:
            found.append(parse_kind(word))
    return list(dict.fromkeys(found))


def parse_kind(word: str) -> Kind:
    """The kind of one of its names, with or without its group: `deploy`, `deployments.apps`."""
    name = word.lower().partition(".")[0]
    kind = _BY_NAME.get(name)
    if kind is None:
        from difflib import get_close_matches  # noqa: PLC0415  # nobody else pays for it

        near = get_close_matches(name, _BY_NAME, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        known = ", ".join([*(one.plural for one in KINDS), ALL])
        raise InputError(f"there is no kind {word!r}{meant}\n    kinds: {known}")
    return kind


def kind_words(ctx: object, param: object, incomplete: str) -> list[str]:
    """The kinds that a shell may complete to, in the plural."""
    del ctx, param
    words = [*(kind.plural for kind in KINDS), ALL]
    return [word for word in words if word.startswith(incomplete)]
