"""Objects as text: tables, JSON, YAML, names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from labnet.cli.kube.columns import COLUMNS
from labnet.cli.kube.kinds import Kind
from labnet.cli.kube.view import Json


_PADDING, _NARROWEST = 3, 6  # kubectl's tabwriter (k8s.io/cli-runtime/pkg/printers)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell and three; the last one ends with its text."""
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    padded = [max(width + _PADDING, _NARROWEST) for width in widths[:-1]]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(line, [*padded, 0], strict=True)) + "\n"
        for line in lines
    )


class Layout(NamedTuple):
    """What a table shows: `namespaces` their column (`-A`), `prefix` the kind before each name."""

    wide: bool = False
    namespaces: bool = False
    prefix: bool = False


def kind_table(kind: Kind, items: Sequence[Json], now: float, layout: Layout) -> str:
    """The table that kubectl prints of one kind."""
    columns = [one for one in COLUMNS[kind.name] if layout.wide or not one.wide]
    headings = [column.heading for column in columns]
    cells = [(one.more if layout.wide else None) or one.cell for one in columns]
    rows = [[cell(item, now) for cell in cells] for item in items]
    if layout.prefix:
        rows = [[f"{kind.resource}/{row[0]}", *row[1:]] for row in rows]
    if layout.namespaces and kind.namespaced:
        headings.insert(0, "NAMESPACE")
        for item, row in zip(items, rows, strict=True):
            row.insert(0, item["metadata"]["namespace"])
    return table(headings, rows)


def names(kind: Kind, items: Iterable[Json]) -> str:
    """`-o name`: `deployment.apps/web`, a line each."""
    return "".join(f"{kind.resource}/{item['metadata']['name']}\n" for item in items)


def listed(items: Sequence[Json]) -> Json:
    """A `v1` List, as kubectl prints several objects."""
    return {
        "apiVersion": "v1",
        "items": list(items),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def json_text(item: Json) -> str:
    """JSON as kubectl prints it: keys sorted, four spaces."""
    return json.dumps(item, indent=4, sort_keys=True, ensure_ascii=False) + "\n"


def yaml_text(item: Json) -> str:
    """YAML as kubectl prints it: keys sorted, lists not indented."""
    import yaml  # noqa: PLC0415  # 28 ms that only `-o yaml` pays

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    tree = json.loads(json.dumps(item))  # what is there twice is written twice, not as an alias
    return str(
        yaml.dump(tree, Dumper=dumper, default_flow_style=False, allow_unicode=True, width=4096)
    )
