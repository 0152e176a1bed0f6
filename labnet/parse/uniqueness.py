"""Nothing is there twice: objects, machines, and the names of network namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from labnet.model import BridgeContainer, Lab, Workload
from labnet.names import DEFAULT_NAMESPACE, netns_name
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, place
from labnet.parse.formats import LABEL_LENGTH
from labnet.parse.tree import Fields, descend, quote


MAX_FILE_NAME: Final = 255  # bytes; a named network namespace is a file
_NAME: Final[Keys] = ("metadata", "name")


class _Claim(NamedTuple):
    """What wants the network namespace of a name, and the field that says so."""

    kind: str
    namespace: str
    name: str
    root: Fields
    keys: Keys

    @property
    def title(self) -> str:
        """`node web`, `Pod web`."""
        return f"{self.kind} {self.name}"


def check_uniqueness(contents: Contents, findings: Findings) -> None:
    """Every object once, every machine once, and one network namespace for each name."""
    _check_objects(contents, findings)
    _check_ordinals(contents, findings)
    for document, lab in contents.of(Lab):
        _check_machines(document, lab, findings)
        _check_netns(lab.name, contents, [*_claims(document, lab, contents)], findings)


def _check_objects(contents: Contents, findings: Findings) -> None:
    first: dict[tuple[str, str, str], Document] = {}
    for document in contents.documents:
        key = (document.kind, document.namespace, document.name)
        if document.name and document.kind != "Lab" and key in first:
            what = f"{document.title} is there twice ({place(first[key].root, document.root)})"
            findings.error(document.root, what, below=_NAME)
        first.setdefault(key, document)


def _check_machines(document: Document, lab: Lab, findings: Findings) -> None:
    groups = {
        "nodes": [node.name for node in lab.nodes],
        "hosts": [host.name for host in lab.hosts],
    }
    for group, names in groups.items():
        first: dict[str, Keys] = {}
        for index, name in enumerate(names):
            keys: Keys = ("spec", group, index, "name")
            if name and name in first:
                line = descend(document.root, first[name]).line
                what = f"duplicate value {quote(name)} (line {line})"
                findings.error(document.root, what, below=keys)
            first.setdefault(name, keys)


def _claims(document: Document, lab: Lab, contents: Contents) -> Iterator[_Claim]:
    for index, node in enumerate(lab.nodes):
        keys: Keys = ("spec", "nodes", index, "name")
        yield _Claim("node", DEFAULT_NAMESPACE, node.name, document.root, keys)
    for index, host in enumerate(lab.hosts):
        keys = ("spec", "hosts", index, "name")
        yield _Claim("host", DEFAULT_NAMESPACE, host.name, document.root, keys)
    for other, container in contents.of(BridgeContainer):
        if container.network in {"bridge", "none"}:
            yield _Claim("Container", DEFAULT_NAMESPACE, other.name, other.root, _NAME)
    for other, workload in contents.of(Workload):
        if workload.kind == "Pod" and not workload.template.spec.host_network:
            yield _Claim("Pod", other.namespace, other.name, other.root, _NAME)


def _check_netns(lab: str, contents: Contents, claims: list[_Claim], findings: Findings) -> None:
    first: dict[tuple[str, str], _Claim] = {}
    stateful = {
        (document.namespace, document.name): (document, workload)
        for document, workload in contents.of(Workload)
        if workload.kind == "StatefulSet"
    }
    for claim in claims:
        netns = netns_name(lab, claim.name, claim.namespace)
        if len(netns) > MAX_FILE_NAME:
            what = f"the name of its network namespace, LAB.NAMESPACE.POD, has {len(netns)} bytes"
            hint = f"a file name has at most {MAX_FILE_NAME}"
            findings.error(claim.root, what, hint, below=claim.keys)
        other = first.setdefault((claim.namespace, claim.name), claim)
        if other.kind != claim.kind and claim.name:
            line = place(descend(other.root, other.keys), claim.root)
            _same_netns(claim, f"{other.title} ({line})", netns, findings)
        if found := _ordinal_of(claim, stateful):
            owner = f"a pod of {found.title} ({place(found.root, claim.root)})"
            _same_netns(claim, owner, netns, findings)


def _same_netns(claim: _Claim, other: str, netns: str, findings: Findings) -> None:
    what = f"{claim.title} would be the network namespace {netns}, and so is {other}"
    findings.error(claim.root, what, "give one of them another name", below=claim.keys)


def _ordinal_of(
    claim: _Claim, stateful: dict[tuple[str, str], tuple[Document, Workload]]
) -> Document | None:
    """The StatefulSet that has a pod of that name."""
    name, _, ordinal = claim.name.rpartition("-")
    found = stateful.get((claim.namespace, name))
    if found is None or not ordinal.isdecimal() or str(int(ordinal[:10])) != ordinal:
        return None
    document, workload = found
    return document if 0 <= int(ordinal) - workload.ordinals_start < workload.replicas else None


def _check_ordinals(contents: Contents, findings: Findings) -> None:
    """A StatefulSet's pods have their names as a label, which holds 63 characters."""
    for document, workload in contents.of(Workload):
        last = f"{workload.name}-{workload.ordinals_start + max(workload.replicas - 1, 0)}"
        if workload.kind == "StatefulSet" and len(last) > LABEL_LENGTH:
            what = f"the name of its pod {quote(last)} has {len(last)} characters"
            hint = f"the most is {LABEL_LENGTH}: the name is a label of the pod"
            findings.error(document.root, what, hint, below=_NAME)
