"""The rules of a node as text, as JSON, and as the tools that load them print them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from labnet.cli.netfilter.blocks import Block, Blocks
from labnet.cli.netfilter.nft_blocks import block_name
from labnet.cli.netfilter.nft_names import named
from labnet.cli.netfilter.origins import STRANGER
from labnet.cli.netfilter.walk import Step, steps
from labnet.state import NftTable, Ruleset


Style = Callable[[str, str], str]
"""A text in a style: `hook`, `chain`, `words`, `stranger`."""

_INDENT = "  "
_HOOKS = {
    "prerouting": "packets that come in, before it is known where they go",
    "input": "packets for the node itself",
    "forward": "packets for somebody else",
    "output": "packets that the node itself sends",
    "postrouting": "packets that leave",
}
_SAVED = ("mangle", "security", "raw", "filter", "nat")


def no_style(text: str, style: str) -> str:
    """What a file gets."""
    del style
    return text


def text_lines(blocks: Blocks, families: Sequence[int], style: Style = no_style) -> Iterator[str]:
    """Every rule, and below it in words what it does and what it comes from.

    A chain stands below the first rule that leads to it, indented.
    """
    for family in families:
        if len(families) > 1:
            yield from ([""] if family != families[0] else [])
            yield style(f"IPv{family}", "hook")
            yield ""
        yield from _family(steps(blocks, family), style)


def _family(found: Iterable[Step], style: Style) -> Iterator[str]:
    hook, base = "", None
    for step in found:
        if step.base.hook != hook:
            if hook:
                yield ""
            hook = step.base.hook
            yield style(f"{hook.upper()}: {_HOOKS[hook]}", "hook")
        if step.base.key != base:
            base = step.base.key
            yield style(f"{_INDENT}{_title(step.base)}", "chain")
        yield from _step(step, style)


def _title(block: Block) -> str:
    """`nat PREROUTING`, `nft kube-proxy nat-prerouting`; a policy if it is not accept."""
    tool = "" if block.key.tool == "iptables" else "nft "
    policy = "" if block.policy in ("accept", "") else f" (policy {block.policy})"
    return f"{tool}{block.key.table} {block.key.name}{policy}"


def _step(step: Step, style: Style) -> Iterator[str]:
    indent = _INDENT * (step.depth + 2)
    again = "; see above" if any(key.name in step.line.words for key in step.again) else ""
    origin = step.line.origin
    mark = "stranger" if origin.component == STRANGER else "words"
    yield f"{indent}{_rule(step)}"
    yield style(f"{indent}# {step.line.words}{again}  [{origin}]", mark)


def _rule(step: Step) -> str:
    """The rule as the tool lists it for people."""
    key = step.block.key
    return step.line.text if key.tool == "iptables" else named(step.line.text, key.name)


def rules_json(blocks: Blocks, families: Iterable[int]) -> list[dict[str, Any]]:
    """The same as data: a list of rules in the order in which packets meet them.

    Each has `family` (4 or 6), `hook`, `tool` (`iptables` or `nft`), `table`, `chain` (or map),
    `base` (the chain that the hook calls), `depth` (0 in a base chain), `rule`, `words`,
    `leadsTo` (chains and maps), and `origin`: `component`, and where there is one `kind` and
    `name` of the object, `endpoint` and `pod`.
    """
    return [_step_json(step) for family in families for step in steps(blocks, family)]


def _step_json(step: Step) -> dict[str, Any]:
    key, origin = step.block.key, step.line.origin
    said = {
        "component": origin.component,
        "kind": origin.kind,
        "name": origin.name,
        "protocol": origin.protocol,
        "endpoint": origin.endpoint,
        "pod": origin.pod,
    }
    return {
        "family": key.family,
        "hook": step.base.hook,
        "tool": key.tool,
        "table": key.table,
        "base": step.base.key.name,
        "chain": key.name,
        "depth": step.depth,
        "rule": _rule(step),
        "words": step.line.words,
        "leadsTo": [there.name for there in step.line.leads_to],
        "origin": {field: value for field, value in said.items() if value},
    }


def save_text(tables: Iterable[Ruleset | NftTable]) -> str:
    """The tables as iptables-save and ip6tables-save print them, then those of nftables.

    Where there are both of the first, a comment says whose a table is: nothing in its text does.
    """
    found = list(tables)
    saved: dict[int, list[str]] = {4: [], 6: []}
    for one in sorted((one for one in found if isinstance(one, Ruleset)), key=_saved_at):
        saved[one.family].append(one.text())
    if all(saved.values()):
        saved[4].insert(0, "# iptables-save\n")
        saved[6].insert(0, "# ip6tables-save\n")
    listed = sorted((one for one in found if isinstance(one, NftTable)), key=lambda one: one.family)
    return "".join((*saved[4], *saved[6], *(one.text() for one in listed)))


def _saved_at(table: Ruleset) -> int:
    """Where iptables-save (of nf_tables) has a table."""
    return _SAVED.index(table.table)


def only(tables: Iterable[Ruleset | NftTable], blocks: Blocks) -> Iterator[Ruleset | NftTable]:
    """The tables with those chains and lines only that are in the blocks."""
    for table in tables:
        mine = [
            one
            for key, one in blocks.items()
            if (key.family, key.table) == (table.family, _name(table)) and one.lines
        ]
        if mine and isinstance(table, NftTable):
            yield _only_nft(table, mine)
        elif mine and isinstance(table, Ruleset):
            yield _only_iptables(table, mine)


def _name(table: Ruleset | NftTable) -> str:
    return table.name if isinstance(table, NftTable) else table.table


def _only_iptables(table: Ruleset, blocks: Iterable[Block]) -> Ruleset:
    kept = {line.text for one in blocks for line in one.lines}
    names = {one.key.name for one in blocks}
    chains = tuple(chain for chain in table.chains if chain[1] != "-" or chain[0] in names)
    rules = tuple(rule for rule in table.rules if rule in kept)
    return replace(table, chains=chains, rules=rules)


def _only_nft(table: NftTable, blocks: Iterable[Block]) -> NftTable:
    kept = {one.key.name: {line.text for line in one.lines} for one in blocks}
    found = [
        replace(one, members=tuple(text for text in one.members if text in kept[block_name(one)]))
        for one in table.blocks
        if block_name(one) in kept
    ]
    return replace(table, blocks=tuple(found))
