"""Lines with tabs made columns, as Go's text/tabwriter does it for `kubectl describe`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


_PADDING = 2


def aligned(lines: Iterable[str]) -> str:
    """The text of lines whose cells end with a tab; neighbouring lines share their columns."""
    rows = [line.split("\t") for line in lines]
    widths = [[0] * (len(row) - 1) for row in rows]
    for column in range(max(map(len, rows), default=1) - 1):
        for block in _blocks(rows, column):
            width = max(len(rows[at][column]) for at in block) + _PADDING
            for at in block:
                widths[at][column] = width
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, [*size, 0], strict=True)) + "\n"
        for row, size in zip(rows, widths, strict=True)
    )


def _blocks(rows: list[list[str]], column: int) -> Iterator[list[int]]:
    """Runs of lines that have a cell in a column and another after it."""
    block: list[int] = []
    for at, row in enumerate([*rows, [""]]):
        if len(row) - 1 > column:
            block.append(at)
        elif block:
            yield block
            block = []


def pairs(
    label: str, values: Mapping[str, str] | None, sign: str = "=", indent: str = ""
) -> Iterator[str]:
    """`Labels:  a=1` with the others below it; `<none>` if there are none."""
    items = [f"{key}{sign}{value}" for key, value in sorted((values or {}).items())]
    return stacked(label, items, indent)


def stacked(label: str, items: Iterable[str], indent: str = "") -> Iterator[str]:
    """A label with its values below each other."""
    head = f"{indent}{label}:"
    for item in list(items) or ["<none>"]:
        yield f"{head}\t{item}"
        head = indent
