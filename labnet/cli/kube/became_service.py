"""What a Service became on each node: its chains, or its elements of maps, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from labnet.cli.kube.view import Json, View
from labnet.cli.netfilter.blocks import jump_of
from labnet.cli.netfilter.nft_blocks import nft_blocks
from labnet.cli.netfilter.nft_sentences import chain_meaning
from labnet.cli.netfilter.origins import Origins, service_origins
from labnet.cli.netfilter.sentences import meaning, sentence
from labnet.cli.netfilter.walk import Wanted
from labnet.model import Cluster
from labnet.names import DEFAULT_NAMESPACE
from labnet.plan import Op, Verb
from labnet.state import NftTable, Object, Ruleset, State


def service_kernel_lines(view: View, item: Json, desired: State) -> Iterator[str]:
    """`Kernel:` with the Service's chains and rules; nodes with the same ones stand together."""
    own = _Own(view.cluster, item)
    tables: dict[str, list[Object]] = {}
    for one in desired:
        if isinstance(one, Ruleset | NftTable):
            tables.setdefault(one.netns, []).append(one)
    nodes: dict[tuple[str, ...], list[str]] = {}
    for node in view.cluster.nodes:
        found = sorted(tables.get(node.netns, ()), key=_met)
        lines = tuple(line for one in found for line in own.lines(one))
        nodes.setdefault(lines, []).append(node.name)
    yield "Kernel:" if any(nodes) else "Kernel:\t<none>"
    for lines, names in nodes.items():
        if lines:
            yield f"  Node{'s' if len(names) > 1 else ''} {', '.join(names)}:"
            yield from (f"    {line}" for line in lines)
            yield f"    `labnet rules {names[0]} --service {own.typed}` shows every rule"


def service_differing_lines(view: View, item: Json, plan: Iterable[Op]) -> Iterator[str]:
    """The rules of the Service that `up` would put there or take away now."""
    own = _Own(view.cluster, item)
    found = []
    for op in plan:
        if isinstance(op.object, Ruleset | NftTable):
            is_, should = own.ops(op)
            place = f"{op.object.netns} {_table(op.object)}"
            found += [f"- {place}: {rule}" for rule in (is_ - should).elements()]
            found += [f"+ {place}: {rule}" for rule in (should - is_).elements()]
    yield "Differs:" if found else "Differs:\t<none>"
    yield from (f"  {line}" for line in found)


def _met(table: Object) -> tuple[bool, tuple[str, ...]]:
    """Nat comes before filter, as packets have it, and IPv4 before IPv6."""
    return table.key[-1] == "filter", table.key


def _table(table: Ruleset | NftTable) -> str:
    if isinstance(table, NftTable):
        return f"nft {table.nft_family} {table.name}"
    return f"{table.tool} {table.table}"


class _Own:
    """Which chains, rules and elements are one Service's."""

    def __init__(self, cluster: Cluster, item: Json) -> None:
        about = item["metadata"]
        self._wanted = Wanted(about["namespace"], about["name"])
        self._name = f"{about['namespace']}/{about['name']}"
        self._known: Origins = service_origins(cluster)
        self._chains = {
            name: origin for name, origin in self._known.chains.items() if self._wanted.has(origin)
        }

    @property
    def typed(self) -> str:
        """The Service as one would type it."""
        return self._name.removeprefix(f"{DEFAULT_NAMESPACE}/")

    def lines(self, table: Object) -> Iterator[str]:
        """A chain of its own in one line, any other with the rules that it has there."""
        if isinstance(table, Ruleset):
            yield from self._iptables_lines(table)
        elif isinstance(table, NftTable):
            yield from self._nft_lines(table)

    def ops(self, op: Op) -> tuple[Counter[str], Counter[str]]:
        """Its rules as they are and as they should be; of a table to be deleted there are none."""
        there, wanted = (op.object, None) if op.verb is Verb.DELETE else (op.old, op.object)
        return Counter(self._texts(there)), Counter(self._texts(wanted))

    def _texts(self, table: Object | None) -> Iterator[str]:
        if isinstance(table, Ruleset):
            yield from self._rules(table)
        elif isinstance(table, NftTable):
            for block in nft_blocks([self._narrowed(table)], self._known):
                for line in block.lines:
                    if self._wanted.has(line.origin):
                        yield f"{block.key.name}: {line.text}"

    def _rules(self, table: Ruleset) -> Iterator[str]:
        """Its own chains' rules, and those whose comment names it (all of kube-proxy's do)."""
        for rule in table.rules:
            chain = rule.split(" ", 2)[1]
            if chain in self._chains:
                yield rule
            elif self._name in rule:
                origin = self._known.of_rule(table.family, table.table, rule, "")
                if self._wanted.has(origin):
                    yield rule

    def _iptables_lines(self, table: Ruleset) -> Iterator[str]:
        """In the order in which packets come to the chains."""
        where = "" if table.family == 4 else f"{table.tool} "
        chains: dict[str, list[str]] = {}
        for rule in self._rules(table):
            chains.setdefault(rule.split(" ", 2)[1], []).append(rule)
        for chain in sorted(chains, key=_order):
            rules = chains[chain]
            if chain in self._chains:
                words = [self._about(chain, meaning(chain), map(jump_of, rules))]
            else:
                words = [sentence(rule, chains=self._known.chains) for rule in rules]
            yield from (f"{where}{table.table} {chain}\t{one}" for one in words)

    def _about(self, chain: str, what: str, leads_to: Iterable[str]) -> str:
        """`default/web:http, any of its endpoints: 10.244.0.2:80, 10.244.1.2:80`."""
        origin = self._chains[chain]
        there = (self._chains[name].endpoint for name in leads_to if name in self._chains)
        endpoints = ", ".join(dict.fromkeys(filter(None, there)))
        more = f": {endpoints}" if endpoints and not origin.endpoint else ""
        return f"{origin.name}, {origin.backend or what}{more}"

    def _narrowed(self, table: NftTable) -> NftTable:
        """The table without the elements of other Services, which are the most of it."""
        blocks = []
        for block in table.blocks:
            keeps = block.name in self._chains or block.name == "hairpin-connections"
            members = tuple(one for one in block.members if keeps or self._name in one)
            blocks.append(replace(block, members=members))
        return replace(table, blocks=tuple(blocks))

    def _nft_lines(self, table: NftTable) -> Iterator[str]:
        """Elements of maps, then its own chains; sets only say again what maps say."""
        where = "nft" if table.family == 4 else "nft ip6"
        for block in nft_blocks([self._narrowed(table)], self._known):
            name = block.key.name
            if name in self._chains:
                leads_to = (key.name for line in block.lines for key in line.leads_to)
                about = self._about(name, chain_meaning(name, self._chains[name]), leads_to)
                yield f"{where} {name}\t{about}"
            elif block.kind == "map":
                mine = (line for line in block.lines if self._wanted.has(line.origin))
                yield from (f"{where} {name}\t{line.words}" for line in mine)


_FIRST = ("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-FW-", "KUBE-EXT-", "KUBE-SVC-", "KUBE-SVL-")


def _order(chain: str) -> tuple[int, str]:
    place = (at for at, prefix in enumerate(_FIRST) if chain.startswith(prefix))
    return next(place, len(_FIRST)), chain
