"""`labnet get`."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from labnet.cli import labs
from labnet.cli.kube.kinds import ALL, Kind, kind_words, parse_kind, parse_kinds
from labnet.cli.kube.output import Layout, json_text, kind_table, listed, names, yaml_text
from labnet.cli.kube.selector import parse_selector
from labnet.cli.kube.view import Json, View
from labnet.cli.options import examples, lab_option, namespace_option, output_option
from labnet.cli.privilege import require_root
from labnet.cli.targets import near_words
from labnet.errors import InputError
from labnet.names import DEFAULT_NAMESPACE


Found = list[tuple[Kind, list[Json]]]


@click.command(
    epilog=examples(
        "get pods -o wide", "get pod web-1 -o json", "get svc,endpointslices", "get all -A"
    )
)
@click.argument("kinds", metavar="KIND[/NAME]", shell_complete=kind_words)
@click.argument("wanted", metavar="[NAME]...", nargs=-1)
@namespace_option
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of all namespaces.")
@click.option("--selector", default="", metavar="LABELS", help="Only what has them: app=web,!x.")
@output_option("wide", "json", "yaml", "name", text="table")
@lab_option
def get(  # noqa: PLR0913, PLR0917  # one for each option
    kinds: str,
    wanted: tuple[str, ...],
    namespace: str,
    selector: str,
    output: str,
    lab: str,
    *,
    everywhere: bool,
) -> int:
    """List objects of a KIND, as kubectl does.

    KIND is nodes, hosts, pods, containers, services, endpointslices, endpoints, deployments,
    replicasets, statefulsets, daemonsets, namespaces, configmaps, secrets (or their short names),
    several with commas, or all.
    """
    require_root("get")
    asked = parse_request(kinds, wanted)
    space = "" if everywhere else namespace or DEFAULT_NAMESPACE
    matches = parse_selector(selector)
    view = labs.look(labs.load(lab))
    found = []
    for kind, name in asked:
        items = select(kind, objects(kind, view), space, name)
        found.append((kind, [one for one in items if matches(one["metadata"].get("labels", {}))]))
    single = len(asked) == 1 and bool(asked[0][1])
    several = len({kind for kind, _ in asked}) > 1 or kinds.lower() == ALL
    text = rendered(found, output, space, single=single, several=several)
    click.echo(text, nl=False, err=not any(items for _, items in found) and output in _TABLES)
    return 0


_TABLES = ("table", "wide")


def parse_request(kinds: str, wanted: Sequence[str]) -> list[tuple[Kind, str]]:
    """The kinds and names that are asked for, no name for all; raises InputError.

    `pods a b`, `pod/a node/b`, `pods,nodes` and `all` are what kubectl takes.
    """
    if "/" in kinds:
        pairs = [word.partition("/") for word in (kinds, *wanted)]
        if any(not name for _, _, name in pairs):
            raise InputError("either KIND/NAME throughout, or KIND NAME…")
        return [(parse_kind(kind), name) for kind, _, name in pairs]
    found = parse_kinds(kinds)
    if wanted and len(found) > 1:
        raise InputError("names go with one kind; with several, write KIND/NAME each")
    return [(kind, name) for kind in found for name in wanted or ("",)]


def objects(kind: Kind, view: View) -> list[Json]:
    """All objects of a kind, by namespace and name, as the API server lists them."""
    found = kind.objects(view)
    return sorted(found, key=lambda one: (_namespace(one), one["metadata"]["name"]))


def _namespace(item: Json) -> str:
    return str(item["metadata"].get("namespace", ""))


def select(kind: Kind, items: Sequence[Json], namespace: str, name: str) -> list[Json]:
    """Those of a namespace (all, if it is empty) and of that name; raises InputError for none."""
    here = [one for one in items if not kind.namespaced or namespace in ("", _namespace(one))]
    if not name:
        return here
    found = [one for one in here if one["metadata"]["name"] == name]
    if not found:
        raise InputError(_not_found(kind, items, namespace, name))
    return found


def _not_found(kind: Kind, items: Sequence[Json], namespace: str, name: str) -> str:
    elsewhere = [_namespace(one) for one in items if one["metadata"]["name"] == name]
    if elsewhere:
        return f'{kind.plural} "{name}" not found in {namespace}; there is one in {elsewhere[0]}'
    near = near_words(name, [one["metadata"]["name"] for one in items])
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f'{kind.plural} "{name}" not found{meant}'


def rendered(found: Found, output: str, namespace: str, *, single: bool, several: bool) -> str:
    """What was found, in the format that was asked for."""
    items = [item for _, some in found for item in some]
    if output == "json":
        return json_text(items[0] if single else listed(items))
    if output == "yaml":
        return yaml_text(items[0] if single else listed(items))
    if output == "name":
        return "".join(names(kind, some) for kind, some in found)
    if not items:
        return _nothing(found, namespace)
    now = time.time()
    tables = [
        kind_table(
            kind,
            some,
            now,
            Layout(wide=output == "wide", namespaces=not namespace, prefix=several),
        )
        for kind, some in _merged(found)
        if some
    ]
    return "\n".join(tables)


def _merged(found: Found) -> Found:
    """One table for a kind, though its objects were asked for one by one."""
    merged: dict[Kind, list[Json]] = {}
    for kind, items in found:
        merged.setdefault(kind, []).extend(items)
    return list(merged.items())


def _nothing(found: Found, namespace: str) -> str:
    """Kubectl's words for an empty list."""
    if namespace and any(kind.namespaced for kind, _ in found):
        return f"No resources found in {namespace} namespace.\n"
    return "No resources found\n"
