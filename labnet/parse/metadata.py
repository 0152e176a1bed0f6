"""`metadata` of a manifest and of a pod template, and label selectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from labnet.parse.addresses import addresses_of
from labnet.parse.findings import Findings, did_you_mean
from labnet.parse.formats import (
    Check,
    annotation_key,
    dns_label,
    dns_subdomain,
    label_key,
    label_value,
)
from labnet.parse.readers import Reader, items, mapping, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields


_NOTHING: Final[Mapping[str, str]] = {}

IP_ANNOTATION: Final = "labnet.dev/ip"
NETNS_ANNOTATION: Final = "labnet.dev/netns"
MAX_ANNOTATIONS: Final = 256 * 1024  # bytes of all together, as the API server has it

# What the API server writes, and `kubectl get -o yaml` prints.
_SERVER_SET: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)


class Metadata(NamedTuple):
    """What labnet takes from `metadata`; no namespace is `default` where there must be one."""

    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = _NOTHING
    annotations: Mapping[str, str] = _NOTHING


class Requirement(NamedTuple):
    """One of a selector's `matchExpressions`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        if not self.operator or (self.operator.endswith("In") and not self.values):
            return True  # it was said that this is wrong
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


class Selector(NamedTuple):
    """`spec.selector` of a controller."""

    match_labels: Mapping[str, str] = _NOTHING
    match_expressions: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return self.match_labels.items() <= labels.items() and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )


LABELS: Final = mapping(text(label_value), label_key)
_ANNOTATIONS: Final = mapping(text(), annotation_key)


def _check_annotations(
    tree: Fields, made: Metadata, findings: Findings, *, address: str = ""
) -> None:
    """Sizes, and labnet's own annotations; `address` says where the one for addresses belongs."""
    size = sum(len(key) + len(value) for key, value in made.annotations.items())
    if size > MAX_ANNOTATIONS:
        what = f"must have at most {MAX_ANNOTATIONS} bytes, and has {size}"
        findings.error(tree, what, below=("annotations",))
    for key, value in made.annotations.items():
        below = ("annotations", key)
        if key == IP_ANNOTATION and address:
            findings.error(tree, "has no effect here", address, below=below)
        elif key == IP_ANNOTATION:
            _check_addresses(tree, value, findings)
        elif key.startswith("labnet.dev/") and key != NETNS_ANNOTATION:
            hint = did_you_mean(key, (IP_ANNOTATION,), 0.4) or f"labnet has {IP_ANNOTATION}"
            findings.error(tree, "labnet has no such annotation", hint, below=below)


def _check_addresses(tree: Fields, value: str, findings: Findings) -> None:
    try:
        addresses_of(value)
    except ValueError as error:
        findings.error(tree, *error.args, below=("annotations", IP_ANNOTATION))


def _check_object(tree: Fields, made: Metadata, findings: Findings) -> None:
    _check_annotations(tree, made, findings, address="an address is a Pod's")


def _check_controller(tree: Fields, made: Metadata, findings: Findings) -> None:
    hint = "an address is a pod's: put it under spec.template.metadata.annotations"
    _check_annotations(tree, made, findings, address=hint)


_CHECKS: Final = {
    "Pod": _check_annotations,
    "Object": _check_object,
    "Controller": _check_controller,
}


def metadata(name: Check, role: str = "Object") -> Reader[Metadata]:
    """`metadata` of a manifest whose name has the form `name`.

    `role` is `Pod`, which may have a static address, or `Controller`, whose template may.
    """
    return record(
        "ObjectMeta",
        Metadata,
        {
            "name": Field("name", text(name), required=True, example="name: web"),
            "namespace": Field("namespace", text(dns_label)),
            "labels": Field("labels", LABELS),
            "annotations": Field("annotations", _ANNOTATIONS),
        },
        silent=_SERVER_SET,
        check=_CHECKS[role],
    )


TEMPLATE_METADATA: Final = record(
    "ObjectMeta",
    Metadata,
    {
        "name": Field("name", text(dns_subdomain)),
        "namespace": Field("namespace", text(dns_label)),
        "labels": Field("labels", LABELS),
        "annotations": Field("annotations", _ANNOTATIONS),
    },
    silent=_SERVER_SET,
    check=_check_annotations,
)
"""`metadata` of a pod template; its name and namespace mean nothing, to Kubernetes either."""


def _check_requirement(tree: Fields, made: Requirement, findings: Findings) -> None:
    if made.operator in {"In", "NotIn"} and not made.values:
        what = "must be specified when `operator` is 'In' or 'NotIn'"
        findings.error(tree, what, below=("values",))
    elif made.operator in {"Exists", "DoesNotExist"} and made.values:
        what = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        findings.error(tree, what, below=("values",))


_REQUIREMENT: Final = record(
    "SelectorRequirement",
    Requirement,
    {
        "key": Field("key", text(label_key), required=True, example="key: app"),
        "operator": Field(
            "operator",
            one_of(("In", "NotIn", "Exists", "DoesNotExist")),
            required=True,
            example="operator: Exists",
        ),
        "values": Field("values", items(text(label_value))),
    },
    check=_check_requirement,
)

SELECTOR: Final = record(
    "LabelSelector",
    Selector,
    {
        "matchLabels": Field("match_labels", LABELS),
        "matchExpressions": Field("match_expressions", items(_REQUIREMENT)),
    },
)
