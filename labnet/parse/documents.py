"""Documents to objects: which kinds there are, and who reads each.

Decisions
- We chose to read kinds that labnet does not act on yet by their shape over refusing them, so
  that a real application's manifests apply: those without a body in `KINDS`, which only ever
  become fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from labnet.model import Source
from labnet.names import DEFAULT_NAMESPACE
from labnet.parse import config, workloads
from labnet.parse.bridge import CONTAINER_BODY, bridge_container
from labnet.parse.endpoint_slices import SLICE_BODY, endpoint_slice
from labnet.parse.endpoints import ENDPOINTS_BODY, endpoints
from labnet.parse.findings import Findings, did_you_mean
from labnet.parse.formats import Check, dns_1035_label, dns_label, dns_subdomain
from labnet.parse.lab import LAB_BODY, lab
from labnet.parse.metadata import Metadata, metadata
from labnet.parse.readers import Reader, noun, text
from labnet.parse.services import SERVICE_BODY, service
from labnet.parse.shapes import check_shape, report_unknown
from labnet.parse.tree import Fields, Items, Scalar, Tree, quote


T = TypeVar("T")

LABNET: Final = "labnet.dev/v1"


class Kind(NamedTuple):
    """A kind of object: `body` reads all but the metadata, and `build` makes the model of both."""

    api_version: str
    name: Check
    body: Reader[Any] | None = None
    build: Callable[[Metadata, Source, Any], Any] | None = None
    namespaced: bool = True
    role: str = "Object"


def _controller(kind: workloads.ControllerKind) -> Kind:
    body = workloads.CONTROLLER_BODIES[kind]
    build = workloads.controller(kind)
    return Kind("apps/v1", dns_subdomain, body, build, role="Controller")


KINDS: Final[dict[str, Kind]] = {
    "Lab": Kind(LABNET, dns_label, LAB_BODY, lab, namespaced=False),
    "Container": Kind(LABNET, dns_label, CONTAINER_BODY, bridge_container, namespaced=False),
    "Namespace": Kind("v1", dns_label, config.NAMESPACE_BODY, config.namespace, namespaced=False),
    "Pod": Kind("v1", dns_subdomain, workloads.POD_BODY, workloads.pod, role="Pod"),
    "Deployment": _controller("Deployment"),
    "ReplicaSet": _controller("ReplicaSet"),
    "StatefulSet": _controller("StatefulSet"),
    "DaemonSet": _controller("DaemonSet"),
    "ConfigMap": Kind(
        "v1", dns_subdomain, config.CONFIG_MAP_BODY, partial(config.config_map, "ConfigMap")
    ),
    "Secret": Kind("v1", dns_subdomain, config.SECRET_BODY, partial(config.config_map, "Secret")),
    "Service": Kind("v1", dns_1035_label, SERVICE_BODY, service),
    "EndpointSlice": Kind("discovery.k8s.io/v1", dns_subdomain, SLICE_BODY, endpoint_slice),
    "Endpoints": Kind("v1", dns_subdomain, ENDPOINTS_BODY, endpoints),
    "Ingress": Kind("networking.k8s.io/v1", dns_subdomain),
    "IngressClass": Kind("networking.k8s.io/v1", dns_subdomain, namespaced=False),
    "NetworkPolicy": Kind("networking.k8s.io/v1", dns_subdomain),
}

_METADATA: Final = {name: metadata(kind.name, kind.role) for name, kind in KINDS.items()}
_LIST_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata", "items"})


class Document(NamedTuple):
    """An object of the files: who it is, where it stands, and what was made of it."""

    kind: str
    namespace: str
    name: str
    root: Fields
    value: object

    @property
    def title(self) -> str:
        """`Pod web`, as messages name it."""
        return f"{self.kind} {self.name}"

    @property
    def line(self) -> int:
        """The line that it begins at."""
        return self.root.line


class Contents:
    """All objects of the files, in their order."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """These documents."""
        self.documents = tuple(documents)

    def of(self, kind: type[T]) -> Iterator[tuple[Document, T]]:
        """The documents whose value is a `kind`, with that value."""
        for document in self.documents:
            if isinstance(document.value, kind):
                yield document, document.value


def read_documents(trees: list[Tree], findings: Findings) -> Contents:
    """The objects of the documents; empty documents do not count."""
    manifests = (manifest for tree in trees for manifest in _manifests(tree, findings))
    documents = (_read(manifest, findings) for manifest in manifests)
    return Contents([document for document in documents if document is not None])


def _manifests(tree: Tree, findings: Findings) -> Iterator[Fields]:
    """The manifest of a document, or those of a List in it, as kubectl takes them."""
    if tree.is_null:
        return
    if not isinstance(tree, Fields):
        what = f"a document must be a mapping with apiVersion and kind, not {noun(tree)}"
        findings.unreadable(tree.file, tree.line, what)
        return
    kind = tree.text("kind")
    if not (kind.endswith("List") and kind not in KINDS and "items" in tree.fields):
        yield tree
        return
    for key in tree.fields:
        if key not in _LIST_FIELDS:
            report_unknown(tree, key, "List", findings)
    items = tree.fields["items"]
    if not isinstance(items, Items):
        findings.error(items, f"must be a list, not {noun(items)}")
        return
    for item in items.items:
        yield from _manifests(item, findings)


def _read(root: Fields, findings: Findings) -> Document | None:
    name = _kind_name(root, findings)
    kind = KINDS.get(name)
    if kind is None:
        return None
    _check_api_version(root, name, kind, findings)
    meta = _read_metadata(root, name, kind, findings)
    value: object = None
    if kind.body is None or kind.build is None:
        check_shape(root, name, findings)
        findings.ignored(root.fields["kind"], f"labnet does not act on {name} yet")
    else:
        body = kind.body.read(root, findings)
        value = kind.build(meta, Source(root.file, root.line), body)
    return Document(name, meta.namespace, meta.name, root, value)


def _kind_name(root: Fields, findings: Findings) -> str:
    tree = root.fields.get("kind")
    if tree is None or tree.is_null:
        hint = f"the kinds are {', '.join(KINDS)}"
        findings.error(root, "is missing", hint, below=("kind",))
        findings.complete = False
        return ""
    name = text().read(tree, findings)
    if name not in KINDS and isinstance(tree, Scalar) and tree.kind == "str":
        near = did_you_mean(name, KINDS)
        findings.complete &= not near
        kinds = f"the kinds are {', '.join(KINDS)}"
        hint = f"{near} {kinds[0].upper()}{kinds[1:]}" if near else kinds
        findings.error(tree, f"labnet has no kind {quote(name)}", hint)
    return name


def _check_api_version(root: Fields, name: str, kind: Kind, findings: Findings) -> None:
    tree = root.fields.get("apiVersion")
    if tree is None or tree.is_null:
        hint = f"for a {name} it is {kind.api_version}"
        findings.error(root, "is missing", hint, below=("apiVersion",))
        return
    written = text().read(tree, findings)
    if written != kind.api_version and isinstance(tree, Scalar) and tree.kind == "str":
        what = f"kind {name} is not in {quote(written)}"
        findings.error(tree, what, f"its apiVersion is {kind.api_version}")


def _read_metadata(root: Fields, name: str, kind: Kind, findings: Findings) -> Metadata:
    tree = root.fields.get("metadata")
    if tree is None or tree.is_null:
        findings.error(
            root, "is missing", "for example `metadata: {name: web}`", below=("metadata",)
        )
        return Metadata()
    meta = _METADATA[name].read(tree, findings)
    if not kind.namespaced:
        if meta.namespace:
            what = f"a {name} is in no namespace"
            findings.error(tree, what, "remove the field", below=("namespace",))
        return Metadata(meta.name, "", meta.labels, meta.annotations)
    namespace = meta.namespace or DEFAULT_NAMESPACE
    return Metadata(meta.name, namespace, meta.labels, meta.annotations)
