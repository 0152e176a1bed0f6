"""What the API server refuses in one Service, whatever else there is.

Source: `ValidateService` of k8s.io/kubernetes/pkg/apis/core/validation and `initIPFamilyFields` of
pkg/registry/core/service/storage, v1.33, after the defaults of pkg/apis/core/v1.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from labnet.model import LoadBalancerIngress
from labnet.parse.field_tables import field_types
from labnet.parse.findings import Findings, Keys
from labnet.parse.formats import Complaint
from labnet.parse.legacy_addresses import legacy_network_of
from labnet.parse.service_fields import FAMILIES, NONE, ServiceSpec
from labnet.parse.tree import Fields, descend, quote


SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
TOPOLOGY_MODE: Final = "service.kubernetes.io/topology-mode"
_TOPOLOGY_HINTS: Final = "service.kubernetes.io/topology-aware-hints"  # its older name
_EXTERNAL_NAME: Final = "ExternalName"
_BALANCER_ONLY: Final = "may only be used when `type` is 'LoadBalancer'"


class ServiceBody(NamedTuple):
    """A Service but for its metadata."""

    spec: ServiceSpec = ServiceSpec()
    ingress: tuple[LoadBalancerIngress, ...] = ()


class _Subject(NamedTuple):
    """A Service that is looked at, and where to say what is wrong with it."""

    root: Fields
    spec: ServiceSpec
    findings: Findings

    def error(self, what: str, *below: str | int, hint: str = "") -> None:
        """`what` is wrong with the field at `below` in the spec."""
        self.findings.error(self.root, what, hint, below=("spec", *below))

    def line(self, *below: str | int) -> int:
        """The line of the field at `below` in the spec."""
        return descend(self.root, ("spec", *below)).line

    def has(self, name: str) -> bool:
        """Whether the spec has the field."""
        spec = self.root.fields.get("spec")
        return isinstance(spec, Fields) and name in spec.fields and not spec.fields[name].is_null

    @property
    def addresses_field(self) -> Keys:
        """The field that says what the first address is."""
        return ("clusterIPs", 0) if self.spec.cluster_ips else ("clusterIP",)


def check_service(root: Fields, body: ServiceBody, findings: Findings) -> None:
    """All rules about a Service by itself; `root` is its manifest."""
    written = root.fields.get("spec")
    if written is not None and not written.is_null and not isinstance(written, Fields):
        return  # it was said that this is wrong
    subject = _Subject(root, body.spec, findings)
    _check_port_list(subject)
    _check_ports(subject)
    if body.spec.type:  # what hangs on a type that does not exist is no second problem
        _check_type(subject)
        _check_balancer(subject, body)
        _check_external_policy(subject)
    _check_affinity(subject)
    if body.spec.type != _EXTERNAL_NAME and _check_cluster_ips(subject):
        _check_families(subject)
    _check_annotations(subject)


def _check_port_list(subject: _Subject) -> None:
    spec = subject.spec
    written = descend(subject.root, ("spec", "ports"))
    if spec.ports or spec.is_headless or spec.type in {"", _EXTERNAL_NAME}:
        return
    parent = subject.root.fields.get("spec")
    if isinstance(parent, Fields) and parent.fields.keys() - field_types()["ServiceSpec"].keys():
        return  # one of those is likely a typo of it
    if written.key != "ports" or written.is_blank:
        subject.error("is missing", "ports", hint="for example `ports: [{port: 80}]`")


def _check_ports(subject: _Subject) -> None:
    ports = subject.spec.ports
    names: dict[Hashable, int] = {}
    numbers: dict[Hashable, int] = {}
    node_ports: dict[Hashable, int] = {}
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.name:
            _check_port_name(subject, index)
        if port.name:
            _check_first(subject, names, port.name, (index, "name"), quote(port.name))
        if not port.protocol:
            continue
        if port.port:
            shown = f"{port.port}/{port.protocol}"
            key = (port.port, port.protocol)
            _check_first(subject, numbers, key, (index, "port"), shown)
        if port.node_port:
            shown = f"{port.node_port}/{port.protocol}"
            key = (port.node_port, port.protocol)
            _check_first(subject, node_ports, key, (index, "nodePort"), shown)


def _check_port_name(subject: _Subject, index: int) -> None:
    written = descend(subject.root, ("spec", "ports", index, "name"))
    if written.key != "name" or written.is_blank:
        hint = "of several ports, each has a name"
        subject.error("is missing", "ports", index, "name", hint=hint)


def _check_first(
    subject: _Subject, seen: dict[Hashable, int], key: Hashable, at: tuple[int, str], shown: str
) -> None:
    """The value is new among those of its field."""
    index, name = at
    if key in seen:
        line = subject.line("ports", seen[key], name)
        subject.error(f"duplicate value {shown} (line {line})", "ports", index, name)
    seen.setdefault(key, index)


def _check_type(subject: _Subject) -> None:
    spec = subject.spec
    if spec.type in {"LoadBalancer", "NodePort"} and spec.is_headless:
        what = f"may not be set to 'None' for {spec.type} services"
        subject.error(what, *subject.addresses_field)
    if spec.type == "ClusterIP":
        for index, port in enumerate(spec.ports):
            if port.node_port:
                what = "may not be used when `type` is 'ClusterIP'"
                hint = "did you mean type: NodePort?"
                subject.error(what, "ports", index, "nodePort", hint=hint)
    if spec.type == _EXTERNAL_NAME:
        _check_external_name(subject)
    elif spec.external_name:
        what = f"has no effect when `type` is '{spec.type}'"
        hint = "did you mean type: ExternalName?"
        below = ("spec", "externalName")
        subject.findings.warning(subject.root, what, hint, below=below)


def _check_external_name(subject: _Subject) -> None:
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        written = descend(subject.root, ("spec", name))
        if subject.has(name) and not written.is_blank:
            what = "may not be set for ExternalName services"
            subject.error(what, name, hint="such a Service is a name in the DNS and nothing else")
    if not subject.spec.external_name.removesuffix("."):
        written = descend(subject.root, ("spec", "externalName"))
        if written.key != "externalName" or written.is_blank or subject.spec.external_name:
            hint = "for example `externalName: db.example.com`"
            subject.error("is missing", "externalName", hint=hint)


def _check_balancer(subject: _Subject, body: ServiceBody) -> None:
    if subject.spec.type == "LoadBalancer":
        return
    hint = "did you mean type: LoadBalancer?"
    for name in ("loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"):
        written = descend(subject.root, ("spec", name))
        if subject.has(name) and (name != "loadBalancerSourceRanges" or not written.is_blank):
            subject.error(_BALANCER_ONLY, name, hint=hint)
    if body.ingress:
        what = "may only be used when `spec.type` is 'LoadBalancer'"
        below = ("status", "loadBalancer", "ingress")
        subject.findings.error(subject.root, what, hint, below=below)


def _check_external_policy(subject: _Subject) -> None:
    spec = subject.spec
    accessible = spec.type in {"NodePort", "LoadBalancer"} or (
        spec.type == "ClusterIP" and subject.has("externalIPs") and bool(spec.external_ips)
    )
    if spec.external_traffic_policy and not accessible:
        what = "may only be set for externally-accessible services"
        hint = "type NodePort or LoadBalancer, or one with externalIPs"
        subject.error(what, "externalTrafficPolicy", hint=hint)
    checked = spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"
    if spec.health_check_node_port and not checked:
        what = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        subject.error(what, "healthCheckNodePort")


def _check_affinity(subject: _Subject) -> None:
    """The API server's defaults drop the configuration of no affinity without a word."""
    if subject.spec.session_affinity == NONE and subject.has("sessionAffinityConfig"):
        what = "has no effect when `sessionAffinity` is 'None'"
        hint = "did you mean sessionAffinity: ClientIP?"
        below = ("spec", "sessionAffinityConfig")
        subject.findings.warning(subject.root, what, hint, below=below)


def _check_cluster_ips(subject: _Subject) -> bool:
    """`clusterIP` and `clusterIPs` by themselves; whether both are fit for more questions."""
    spec = subject.spec
    first, several = spec.cluster_ip, spec.cluster_ips
    if several and first == "":
        what = "must be empty when `clusterIP` is not specified"
        subject.error(what, "clusterIPs", hint="write clusterIP too: it is the first of them")
    elif several and None not in {first, several[0]} and several[0] != first:
        hint = f"clusterIP is {first} (line {subject.line('clusterIP')})"
        subject.error("first value must match `clusterIP`", "clusterIPs", 0, hint=hint)
    for index, address in enumerate(several):
        if address == "":
            subject.error("'': must be a valid IP address", "clusterIPs", index)
    if NONE in several and len(several) > 1:
        subject.error("'None' must be the first and only value", "clusterIPs")
        return False
    if len(several) > 2:
        subject.error("may only hold up to 2 values", "clusterIPs")
        return False
    if None in spec.addresses or "" in spec.addresses:
        return False
    versions = [version_of(address) for address in several]
    if len(set(versions)) < len(versions):
        subject.error("may specify no more than one IP for each IP family", "clusterIPs")
        return False
    return True


def version_of(address: object) -> int:
    """4 or 6, and 0 for what is no address."""
    version: int = getattr(address, "version", 0)
    return version


def _check_families(subject: _Subject) -> None:
    """`ipFamilies` and `ipFamilyPolicy`, and whether the addresses are of those families."""
    spec = subject.spec
    families = spec.ip_families
    for index, family in enumerate(families):
        if family and family in families[:index]:
            subject.error(f"duplicate value {quote(family)}", "ipFamilies", index)
            return
    for index, (address, family) in enumerate(zip(spec.addresses, families, strict=False)):
        version = version_of(address)
        if version and family and version != FAMILIES[family]:
            what = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            field: Keys = ("clusterIPs", index) if spec.cluster_ips else ("clusterIP",)
            subject.error(what, *field)
    _check_policy(subject)


def _check_policy(subject: _Subject) -> None:
    """No policy is SingleStack, but for a headless Service without selector."""
    spec = subject.spec
    single = spec.ip_family_policy == "SingleStack" or not (
        subject.has("ipFamilyPolicy") or (spec.is_headless and not spec.selector)
    )
    for name, values, noun in (
        ("clusterIPs", spec.addresses, "cluster IPs"),
        ("ipFamilies", spec.ip_families, "IP families"),
    ):
        if single and len(values) > 1:
            what = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
            hint = f"there are {len(values)} of them (line {subject.line(name)})"
            if subject.has("ipFamilyPolicy"):
                subject.error(f"{what} {noun} are specified", "ipFamilyPolicy", hint=hint)
            else:
                subject.error(f"`ipFamilyPolicy` {what} {noun} are specified", name)


def _check_annotations(subject: _Subject) -> None:
    metadata = subject.root.fields.get("metadata")
    annotations = metadata.fields.get("annotations") if isinstance(metadata, Fields) else None
    if not isinstance(annotations, Fields):
        return
    mode, hints = annotations.text(TOPOLOGY_MODE), annotations.text(_TOPOLOGY_HINTS)
    if mode != hints and {TOPOLOGY_MODE, _TOPOLOGY_HINTS} <= annotations.fields.keys():
        what = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
        subject.findings.error(annotations, what, below=(TOPOLOGY_MODE,))
    if SOURCE_RANGES in annotations.fields and not subject.has("loadBalancerSourceRanges"):
        _check_ranges_annotation(subject, annotations)


def _check_ranges_annotation(subject: _Subject, annotations: Fields) -> None:
    """What the field was before it was one; kube-proxy never looked at it."""
    below = (SOURCE_RANGES,)
    if subject.spec.type not in {"", "LoadBalancer"}:
        subject.findings.error(annotations, _BALANCER_ONLY, below=below)
    for word in filter(None, annotations.text(SOURCE_RANGES).strip().split(",")):
        if complaint := _cidr(word.strip()):
            subject.findings.error(annotations, *complaint, below=below)
    what = "kube-proxy does not look at this annotation"
    hint = "write spec.loadBalancerSourceRanges"
    subject.findings.warning(annotations, what, hint, below=below)


def _cidr(word: str) -> Complaint | None:
    try:
        legacy_network_of(word)
    except ValueError:
        what = f"{quote(word)}: must be a valid CIDR"
        return what, "for example 10.9.8.0/24 or 2001:db8::/64"
    return None
