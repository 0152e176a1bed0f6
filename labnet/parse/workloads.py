"""Pods and the controllers that make them: Deployment, ReplicaSet, StatefulSet, DaemonSet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

from labnet.model import IPAddress, PodSpec, PodTemplate, Source, Volume, Workload
from labnet.parse.addresses import addresses_of
from labnet.parse.findings import Findings
from labnet.parse.metadata import IP_ANNOTATION, SELECTOR, TEMPLATE_METADATA, Metadata, Selector
from labnet.parse.pods import POD_SPEC
from labnet.parse.readers import INT32, Reader, integer, items, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, shorten
from labnet.parse.volumes import CLAIM


HEADER: Final = ("apiVersion", "kind", "metadata", "status")
"""The fields of a manifest that are not its body's affair."""

ControllerKind = Literal["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]


class ControllerSpec(NamedTuple):
    """`spec` of a controller; each kind has some of the fields."""

    template: PodTemplate
    selector: Selector
    replicas: int = 1
    service_name: str = ""
    ordinals_start: int = 0
    claims: tuple[Volume, ...] = ()


def _addresses(annotations: Mapping[str, str]) -> tuple[IPAddress, ...]:
    """The static addresses; what is wrong with them was said when the annotation was read."""
    try:
        return addresses_of(annotations[IP_ANNOTATION])
    except (KeyError, ValueError):
        return ()


def _template(spec: PodSpec, metadata: Metadata = Metadata()) -> PodTemplate:  # noqa: B008 - frozen
    annotations = metadata.annotations
    return PodTemplate(spec, metadata.labels, annotations, _addresses(annotations))


_TEMPLATE: Final = record(
    "PodTemplateSpec",
    _template,
    {
        "metadata": Field("metadata", TEMPLATE_METADATA),
        "spec": Field(
            "spec",
            POD_SPEC,
            required=True,
            example="spec: {containers: [{name: web, image: nginx}]}",
        ),
    },
)


def _check_controller(tree: Fields, made: ControllerSpec, findings: Findings) -> None:
    selector, labels = made.selector, made.template.labels
    written = tree.fields.get("selector")
    if isinstance(written, Fields) and written.is_blank:
        findings.error(written, "an empty selector is invalid")
    elif "template" in tree.fields and not selector.matches(labels):
        place = ("template", "metadata", "labels")
        what = "`selector` does not match template `labels`"
        findings.error(tree, what, _mismatch(selector, labels), below=place)
    policy = made.template.spec.restart_policy
    if policy != "Always":
        what = f"unsupported value '{policy}'"
        hint = "a controller's pods are always restarted: supported values: Always"
        findings.error(tree, what, hint, below=("template", "spec", "restartPolicy"))


def _mismatch(selector: Selector, labels: Mapping[str, str]) -> str:
    wanted = ", ".join(f"{key}: {value}" for key, value in selector.match_labels.items())
    found = ", ".join(f"{key}: {value}" for key, value in labels.items())
    if not wanted:
        return ""
    found = shorten(found, 100) or "none"
    return f"the selector asks for {shorten(wanted, 100)}, and the labels are {found}"


_TEMPLATE_FIELD: Final = Field(
    "template",
    _TEMPLATE,
    required=True,
    example="template: {metadata: {labels: {app: web}}, spec: {containers: […]}}",
)
_SELECTOR_FIELD: Final = Field(
    "selector",
    SELECTOR,
    required=True,
    example="selector: {matchLabels: {app: web}}",
)
_REPLICAS_FIELD: Final = Field("replicas", integer(0, INT32, blank=1))


def _body(kind: str, extra: Mapping[str, Field]) -> Reader[Any]:
    fields = {"selector": _SELECTOR_FIELD, "template": _TEMPLATE_FIELD, **extra}
    spec = record(f"{kind}Spec", ControllerSpec, fields, check=_check_controller)
    field = Field("spec", spec, required=True, example="spec: {selector: …, template: …}")
    return record(kind, _itself, {"spec": field}, silent=HEADER)


def _itself(spec: Any) -> Any:
    return spec


_ORDINALS: Final = record(
    "StatefulSetOrdinals", lambda start=0: start, {"start": Field("start", integer(0, INT32))}
)

POD_BODY: Final = record(
    "Pod",
    _itself,
    {"spec": Field("spec", POD_SPEC, required=True, example="spec: {containers: […]}")},
    silent=HEADER,
)
CONTROLLER_BODIES: Final[Mapping[ControllerKind, Reader[Any]]] = {
    "Deployment": _body("Deployment", {"replicas": _REPLICAS_FIELD}),
    "ReplicaSet": _body("ReplicaSet", {"replicas": _REPLICAS_FIELD}),
    "StatefulSet": _body(
        "StatefulSet",
        {
            "replicas": _REPLICAS_FIELD,
            "serviceName": Field("service_name", text()),
            "ordinals": Field("ordinals_start", _ORDINALS),
            "volumeClaimTemplates": Field("claims", items(CLAIM)),
        },
    ),
    "DaemonSet": _body("DaemonSet", {}),
}


def pod(metadata: Metadata, source: Source, spec: PodSpec) -> Workload:
    """A Pod: its own labels and annotations are the template's."""
    return Workload(
        kind="Pod",
        namespace=metadata.namespace,
        name=metadata.name,
        source=source,
        template=_template(spec, metadata),
        labels=metadata.labels,
        annotations=metadata.annotations,
    )


def controller(kind: ControllerKind) -> Callable[[Metadata, Source, ControllerSpec], Workload]:
    """What makes a workload of the metadata and the spec of a controller of `kind`."""

    def build(metadata: Metadata, source: Source, spec: ControllerSpec) -> Workload:
        return Workload(
            kind=kind,
            namespace=metadata.namespace,
            name=metadata.name,
            source=source,
            template=_with_claims(spec.template, spec.claims),
            replicas=spec.replicas,
            labels=metadata.labels,
            annotations=metadata.annotations,
            selector=spec.selector.match_labels,
            service_name=spec.service_name,
            ordinals_start=spec.ordinals_start,
        )

    return build


def _with_claims(template: PodTemplate, claims: tuple[Volume, ...]) -> PodTemplate:
    """The template with an empty volume for each claim, which wins over a volume of its name."""
    if not claims:
        return template
    names = {claim.name for claim in claims}
    kept = tuple(volume for volume in template.spec.volumes if volume.name not in names)
    return replace(template, spec=replace(template.spec, volumes=(*kept, *claims)))
