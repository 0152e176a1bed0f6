"""All of it: from the texts of a lab to its Topology, or to everything that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labnet.errors import Problem, Problems
from labnet.model import (
    BridgeContainer,
    ConfigMap,
    Endpoints,
    EndpointSlice,
    Lab,
    Namespace,
    Service,
    Topology,
    Workload,
)
from labnet.parse.addressing import check_addressing
from labnet.parse.bridges import check_bridges
from labnet.parse.capacity import check_capacity
from labnet.parse.compose import compose
from labnet.parse.documents import Contents, read_documents
from labnet.parse.files import SourceText
from labnet.parse.findings import Findings, is_rendered, place, with_rendered_lines
from labnet.parse.references import check_references
from labnet.parse.service_checks import check_services
from labnet.parse.service_warnings import warn_of_services
from labnet.parse.tree import Tree
from labnet.parse.uniqueness import check_uniqueness


@dataclass(frozen=True, slots=True)
class Parsed:
    """The topology, and what is in the files but labnet does not act on."""

    topology: Topology
    warnings: tuple[Problem, ...]


def parse(sources: Sequence[SourceText]) -> Parsed:
    """The Topology that the texts describe; raises `Problems` with all that is wrong with them."""
    findings = Findings()
    trees: list[Tree] = []
    for source in sources:
        trees += compose(source.name, source.text, findings)
    contents = read_documents(trees, findings)
    _check_labs(sources, contents, findings)
    check_uniqueness(contents, findings)
    check_addressing(contents, findings)
    check_services(contents, findings)
    if findings.complete:
        check_references(contents, findings)
        check_bridges(contents, findings)
        check_capacity(contents, findings)
    lines = {each.name: each.text.split("\n") for each in sources if is_rendered(each.name)}
    if findings.problems:
        raise Problems(with_rendered_lines(findings.problems, lines))
    warn_of_services(contents, findings)
    warnings = with_rendered_lines(findings.warnings(), lines)
    return Parsed(_topology(contents), tuple(warnings))


def _check_labs(sources: Sequence[SourceText], contents: Contents, findings: Findings) -> None:
    labs = [document for document in contents.documents if document.kind == "Lab"]
    for other in labs[1:]:
        where = place(labs[0].root, other.root)
        what = f"there is a Lab already, {labs[0].name} ({where})"
        findings.error(
            other.root, what, "a lab has one: its machines and its wires", below=("kind",)
        )
    if not labs and findings.complete:
        name = sources[0].name if sources else "-"
        what = "there is no document `kind: Lab`"
        hint = "it says which nodes there are: apiVersion: labnet.dev/v1, metadata.name, spec.nodes"
        findings.problems.append(Problem(name, 1, "", what, hint))


def _topology(contents: Contents) -> Topology:
    labs = [lab for _, lab in contents.of(Lab)]
    return Topology(
        lab=labs[0],
        namespaces=tuple(each for _, each in contents.of(Namespace)),
        workloads=tuple(each for _, each in contents.of(Workload)),
        config_maps=tuple(each for _, each in contents.of(ConfigMap)),
        containers=tuple(each for _, each in contents.of(BridgeContainer)),
        services=tuple(each for _, each in contents.of(Service)),
        endpoint_slices=tuple(each for _, each in contents.of(EndpointSlice)),
        endpoints=tuple(each for _, each in contents.of(Endpoints)),
    )
