"""`labnet rules`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from labnet import parse
from labnet.cli import labs
from labnet.cli.kube.output import json_text
from labnet.cli.netfilter.blocks import Blocks, iptables_blocks
from labnet.cli.netfilter.nft_blocks import nft_blocks
from labnet.cli.netfilter.origins import Origins, origins, table_parts
from labnet.cli.netfilter.render import only, rules_json, save_text, text_lines
from labnet.cli.netfilter.sentences import sentence
from labnet.cli.netfilter.walk import Wanted, concerning
from labnet.cli.options import examples, lab_option, output_option, parse_setting
from labnet.cli.privilege import require_root
from labnet.cli.program import to_type
from labnet.cli.targets import near_words
from labnet.compile.parts import TablePart, merge_tables
from labnet.errors import Failed, InputError
from labnet.model import Cluster, Node, Service
from labnet.names import DEFAULT_NAMESPACE
from labnet.resolve import resolve
from labnet.state import NftTable, Ruleset


Tables = list[Ruleset | NftTable]
_COLOURS = {"hook": "green", "chain": "cyan", "words": "bright_black", "stranger": "yellow"}
_BOLD = ("hook", "chain")


def node_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The nodes that a shell may complete to: those of the files, or of the lab that runs."""
    del param
    try:
        files = ctx.params.get("files") or ()
        cluster = _read(files, ()) if files else labs.load(ctx.params.get("lab") or "").cluster
    except Exception:  # noqa: BLE001  # a shell wants no message, whatever is wrong
        return []
    return [node.name for node in cluster.nodes if node.name.startswith(incomplete)]


@click.command(
    epilog=examples(
        "rules node1",
        "rules node1 --service web",
        "rules node1 --service kube-system/kube-dns:dns -o json",
        "rules node1 -f topologies/services.yaml",
        "rules node1 -f topologies/services.yaml -o iptables-save | grep KUBE-SVC",
    )
)
@click.argument("node", shell_complete=node_words)
@click.option(
    "--service",
    default="",
    metavar="[NS/]NAME[:PORT]",
    help="Only what a packet to this Service can meet.",
)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    help="Of a lab that need not run: its files and folders; can be repeated, and needs no root.",
)
@click.option(
    "--set",
    "settings",
    type=parse_setting,
    metavar="KEY=VALUE",
    multiple=True,
    help="A variable of the *.j2 templates among the files; can be repeated.",
)
@output_option("iptables-save", "json")
@lab_option
def rules(  # noqa: PLR0913, PLR0917  # one for each option
    node: str,
    service: str,
    files: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    output: str,
    lab: str,
) -> int:
    """Show the rules of NODE in the order in which a packet meets them, and say what each does.

    Below every rule stand its words, and in brackets what it comes from: a port of a Service, a
    published port, or the component that has written it. A chain stands below the first
    rule that leads to it. Rules that somebody has added by hand are shown as not labnet's.

    A packet that comes in meets PREROUTING, where a Service's address becomes an endpoint's, then
    FORWARD, or INPUT if it is for the node; one that the node sends meets OUTPUT. POSTROUTING comes
    last, where its source may change.
    """
    if not files:
        require_root("rules", ", or give the files of a lab (-f FILE), which need not run")
    cluster = _read(files, settings) if files else labs.load(lab).cluster
    chosen = _node(cluster, node)
    wanted = _wanted(cluster, service) if service else None
    parts = table_parts(cluster, chosen)
    tables = _merged(parts) if files else _observed(chosen)
    blocks = _blocks(tables, origins(cluster, chosen, parts))
    if wanted is not None:
        blocks = concerning(blocks, wanted)
        tables = list(only(tables, blocks))
    _print(_Shown(cluster, chosen, service, tables, blocks), output)
    return 0


def _read(files: Sequence[str], settings: Iterable[tuple[str, str]]) -> Cluster:
    return resolve(parse.parse(parse.read(files, dict(settings))).topology)


def _node(cluster: Cluster, text: str) -> Node:
    """The node of this name; raises InputError."""
    name = text.removeprefix("node/")
    for node in cluster.nodes:
        if node.name == name:
            return node
    words = [node.name for node in cluster.nodes]
    near = near_words(name, words)
    which = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(words)}"
    raise InputError(f"lab {cluster.name} has no node {name}; {which}")


def _merged(parts: Iterable[TablePart | NftTable]) -> Tables:
    """The tables that the components' shares make."""
    items = list(parts)
    shares = [item for item in items if isinstance(item, TablePart)]
    tables: Tables = [table for table, _ in merge_tables(shares)]
    return [*tables, *(item for item in items if isinstance(item, NftTable))]


def _observed(node: Node) -> Tables:
    """What the kernel has; raises Failed if there is no such namespace any more."""
    from labnet.kernel.linux import LinuxKernel  # noqa: PLC0415  # with -f nobody needs it

    if not (labs.NETNS_FOLDER / node.netns).exists():
        raise Failed(f"network namespace {node.netns} is missing; `labnet up` makes it again")
    return LinuxKernel().rules(node.netns)


def _blocks(tables: Tables, known: Origins) -> Blocks:
    iptables = [one for one in tables if isinstance(one, Ruleset)]
    nftables = [one for one in tables if isinstance(one, NftTable)]

    def words(rule: str, rest: bool) -> str:  # noqa: FBT001  # as Sentence
        return sentence(rule, rest=rest, chains=known.chains)

    found = (*iptables_blocks(iptables, known, words), *nft_blocks(nftables, known))
    return {block.key: block for block in found}


def _wanted(cluster: Cluster, text: str) -> Wanted:
    """The Service of `[NS/]NAME[:PORT]`; raises InputError if it, or the port, is not there.

    A port may also be given by its number.
    """
    path, _, port = text.removeprefix("svc/").removeprefix("service/").partition(":")
    namespace, slash, name = path.rpartition("/")
    namespace = namespace if slash else DEFAULT_NAMESPACE
    for service in cluster.services:
        if (service.namespace, service.name) == (namespace, name):
            _refuse_without_rules(service)
            return Wanted(namespace, name, _port_name(service, port))
    words = [
        f"{one.namespace}/{one.name}".removeprefix(f"{DEFAULT_NAMESPACE}/")
        for one in cluster.services
    ]
    near = near_words(path, words)
    which = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(words[:8])}"
    raise InputError(f"lab {cluster.name} has no Service {path}; {which}")


def _refuse_without_rules(service: Service) -> None:
    """Say of a Service that no node has rules for that it is so, and why."""
    name = f"Service {service.namespace}/{service.name}"
    if service.type == "ExternalName":
        raise InputError(f"{name} is a name only (ExternalName): no node has a rule for it")
    if service.headless:
        more = "clients connect to its endpoints themselves"
        raise InputError(f"{name} is headless: no node has a rule for it, {more}")


def _port_name(service: Service, text: str) -> str:
    """The name of a port that was named or numbered; empty for all, or one without a name."""
    for port in service.ports:
        if text and text in (port.name, str(port.port)):
            return port.name
    if not text:
        return ""
    words = ", ".join(f"{port.name} ({port.port})".strip() for port in service.ports)
    what = f"Service {service.namespace}/{service.name} has no port {text}"
    raise InputError(f"{what}; it has {words}")


class _Shown(NamedTuple):
    """All that is to be printed."""

    cluster: Cluster
    node: Node
    service: str
    tables: Tables
    blocks: Blocks

    @property
    def families(self) -> list[int]:
        """The families that there are rules for."""
        return sorted({key.family for key, block in self.blocks.items() if block.lines})


def _print(shown: _Shown, output: str) -> None:
    if output == "iptables-save":
        click.echo(save_text(shown.tables), nl=False)
        return
    if output == "json":
        item = {
            "lab": shown.cluster.name,
            "node": shown.node.name,
            "mode": shown.cluster.lab.kube_proxy.mode,
            "service": shown.service or None,
            "rules": rules_json(shown.blocks, shown.families),
        }
        click.echo(json_text(item), nl=False)
        return
    for line in text_lines(shown.blocks, shown.families, _styled):
        click.echo(line)
    if not shown.families:
        about = f" about {shown.service}" if shown.service else ""
        click.echo(f"{shown.node.name} has no rule{about}", err=True)
        if shown.service:
            click.echo(f"`{to_type('describe', 'service', shown.service)}` says why", err=True)


def _styled(text: str, style: str) -> str:
    """Colours, which click leaves out where nobody sees them."""
    return click.style(text, fg=_COLOURS[style], bold=style in _BOLD)
