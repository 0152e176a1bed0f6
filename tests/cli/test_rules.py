"""`labnet rules` of a lab that does not run: every rule where it is met, in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli.rules_lab import MODES, blocks_of, known_of, lab_text, tables_of, the_cluster
from labnet.cli.failures import run
from labnet.cli.netfilter.blocks import Blocks, base_chains, jump_of
from labnet.cli.netfilter.origins import STRANGER, Origin, Origins
from labnet.cli.netfilter.render import save_text, text_lines
from labnet.cli.netfilter.walk import Wanted, concerning, steps
from labnet.parse import SourceText, parse
from labnet.resolve import resolve
from labnet.state import NftTable, Ruleset, parse_rulesets, sorted_chains


Golden = Callable[[str, str], None]


def compiled(mode: str = "iptables", node: int = 0) -> tuple[Blocks, Origins]:
    """The blocks of a node, and where they come from."""
    cluster = the_cluster(mode)
    known = known_of(cluster, node)
    return blocks_of(tables_of(cluster, node), known), known


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("node", [0, 1])
def test_all_rules_of_a_node(golden: Golden, mode: str, node: int) -> None:
    """Everything, as it is printed."""
    blocks, _ = compiled(mode, node)
    text = "\n".join(text_lines(blocks, [4]))
    golden(f"rules-{mode}-node{node + 1}.txt", f"{text}\n")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("service", ["web:http", "sticky", "balanced", "nobody"])
def test_the_rules_of_a_service(golden: Golden, mode: str, service: str) -> None:
    """What a packet to it can meet, and nothing of other Services."""
    blocks, _ = compiled(mode)
    name, _, port = service.partition(":")
    found = concerning(blocks, Wanted("default", name, port))
    text = "\n".join(text_lines(found, [4]))
    assert all(f"default/{name}" in line for line in text.splitlines() if "[Service" in line)
    assert "[Service default/web:more]" not in text
    golden(f"rules-{mode}-{name}.txt", f"{text}\n")


@pytest.mark.parametrize("mode", MODES)
def test_every_rule_is_shown_once(mode: str) -> None:
    """None is lost, and none is there twice; canaries have no rules and are not shown."""
    blocks, _ = compiled(mode)
    shown = [(step.block.key, step.line.text) for step in steps(blocks, 4)]
    assert len(set(shown)) == len(shown)
    there = {(key, line.text) for key, block in blocks.items() for line in block.lines}
    missing = {key.name for key, _ in there - set(shown)}
    assert missing <= {"@nodeport-ips"}, "a set that only sets ask is shown where it is asked"


@pytest.mark.parametrize("mode", MODES)
def test_every_rule_has_an_origin(mode: str) -> None:
    """Nothing that labnet makes is a stranger to it."""
    blocks, _ = compiled(mode)
    found = {line.origin.component for block in blocks.values() for line in block.lines}
    assert STRANGER not in found
    assert {"kube-proxy", "flannel", "docker", "kubelet", "portmap"} <= found


def test_published_ports_are_their_containers() -> None:
    """Of Docker and of portmap both."""
    blocks, _ = compiled()
    found = {str(line.origin) for block in blocks.values() for line in block.lines}
    assert {"Container cache", "Pod default/web-1"} <= found


def test_hooks_are_in_the_order_in_which_they_are_met() -> None:
    """Within a hook by priority: raw, mangle, nat's DNAT, filter, nat's SNAT."""
    blocks, _ = compiled()
    text = (
        "*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n-A PREROUTING -j NOTRACK\nCOMMIT\n"
        "*mangle\n:PREROUTING ACCEPT\n-A PREROUTING -j ACCEPT\nCOMMIT\n"
    )
    more = blocks_of(parse_rulesets("show.node1", 4, text), Origins())
    order = [(one.hook, one.key.table) for one in base_chains({**blocks, **more}, 4)]
    assert order == [
        ("prerouting", "raw"),
        ("prerouting", "mangle"),
        ("prerouting", "nat"),
        ("input", "filter"),
        ("forward", "filter"),
        ("output", "nat"),
        ("output", "filter"),
        ("postrouting", "nat"),
    ]


def test_what_others_have_added_is_not_labnets() -> None:
    """It is shown where it stands, with what it does."""
    cluster = the_cluster()
    known = known_of(cluster)
    rule = "-A FORWARD -s 10.244.1.0/24 -j DROP"
    tables = [
        replace(one, rules=(rule, *one.rules))
        if isinstance(one, Ruleset) and one.table == "filter"
        else one
        for one in tables_of(cluster)
    ]
    found = [step for step in steps(blocks_of(tables, known), 4) if step.line.text == rule]
    (step,) = found
    assert (step.base.hook, step.depth) == ("forward", 0)
    assert step.line.origin == Origin(STRANGER)
    assert step.line.words == "from 10.244.1.0/24: drop it"
    text = "\n".join(text_lines(blocks_of(tables, known), [4]))
    assert "    # from 10.244.1.0/24: drop it  [not labnet's]\n" in text


def test_an_added_element_is_not_labnets_either() -> None:
    """Though its comment says whose it wants to be."""
    cluster = the_cluster("nftables")
    known = known_of(cluster)
    element = '10.96.0.99 . 6 . 80 comment "default/web:http" : drop'
    tables = [
        replace(
            one,
            blocks=tuple(
                replace(block, members=(*block.members, element))
                if block.name == "service-ips"
                else block
                for block in one.blocks
            ),
        )
        for one in tables_of(cluster)
        if isinstance(one, NftTable)
    ]
    (step,) = [one for one in steps(blocks_of(tables, known), 4) if one.line.text == element]
    assert step.line.origin.component == STRANGER


@pytest.mark.parametrize(
    "rule", ["-A C -j X", "-A C -g X", '-A C -m comment --comment "-j Y" -j X']
)
def test_the_chain_of_a_jump(rule: str) -> None:
    """Comments are not looked into."""
    assert jump_of(rule) == "X"


def test_a_rule_without_a_target_leads_nowhere() -> None:
    """It only counts."""
    assert jump_of('-A C -m comment --comment "a -j B"') == ""


@pytest.fixture
def lab_file(tmp_path: Path) -> str:
    """The lab as a file."""
    path = tmp_path / "lab.yaml"
    path.write_text(lab_text(), encoding="utf-8")
    return str(path)


def test_a_file_needs_no_root(lab_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Text without colours where it is not a terminal."""
    assert run(["rules", "node1", "-f", lab_file]) == 0
    text = capsys.readouterr().out
    assert text.startswith("PREROUTING: packets that come in")
    assert "\x1b" not in text


def test_rules_can_be_restored(lab_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o iptables-save` is what iptables-restore reads, and says the same as the tables."""
    assert run(["rules", "node/node1", "-f", lab_file, "-o", "iptables-save"]) == 0
    text = capsys.readouterr().out
    cluster = the_cluster()
    assert text == save_text(tables_of(cluster))
    parsed = parse_rulesets(cluster.nodes[0].netns, 4, text)
    assert [one.table for one in parsed] == ["mangle", "filter", "nat"], "as iptables-save has them"
    assert "#" not in text, "there is one family only"


def test_saved_rules_of_two_families_say_whose_they_are() -> None:
    """Tables of IPv4 and of IPv6 have the same names: a comment, which both tools skip, tells."""
    tables = [
        Ruleset("show.node1", family, table, sorted_chains(table, ()), ())
        for table in ("filter", "mangle")
        for family in (6, 4)
    ]
    found = [line for line in save_text(tables).splitlines() if line[0] in "#*"]
    four, six = (
        ["# iptables-save", "*mangle", "*filter"],
        ["# ip6tables-save", "*mangle", "*filter"],
    )
    assert found == [*four, *six]


@pytest.mark.parametrize("mode", MODES)
def test_the_rules_of_a_service_can_be_saved(mode: str, tmp_path: Path) -> None:
    """Only the chains that are left have a name there."""
    path = tmp_path / "lab.yaml"
    path.write_text(lab_text(mode), encoding="utf-8")
    asked = ["rules", "node1", "-f", str(path), "--service", "nobody", "-o", "iptables-save"]
    assert run(asked) == 0


def test_json_is_a_list_in_order(lab_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what the text says, field by field."""
    asked = ["rules", "node1", "-f", lab_file, "-o", "json", "--service", "svc/web:http"]
    assert run(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lab"], found["node"], found["mode"]) == ("show", "node1", "iptables")
    assert found["service"] == "svc/web:http"
    endpoint = next(one for one in found["rules"] if "endpoint" in one["origin"])
    assert endpoint["origin"] == {
        "component": "kube-proxy",
        "kind": "Service",
        "name": "default/web:http",
        "protocol": "tcp",
        "endpoint": "10.244.0.2:80",
        "pod": "web-1",
    }
    assert endpoint["words"] == "1 in 2: endpoint 10.244.0.2:80, pod web-1"
    assert (endpoint["hook"], endpoint["base"], endpoint["depth"]) == (
        "prerouting",
        "PREROUTING",
        2,
    )
    assert set(endpoint) == {
        "base",
        "chain",
        "depth",
        "family",
        "hook",
        "leadsTo",
        "origin",
        "rule",
        "table",
        "tool",
        "words",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nod1"], "lab show has no node nod1; did you mean node1"),
        (["node1", "--service", "wep"], "has no Service wep; did you mean web?"),
        (["node1", "--service", "shop/web"], "has no Service shop/web; did you mean web"),
        (["node1", "--service", "web:8"], "default/web has no port 8; it has http (80), more (81)"),
        (["node1", "--service", "headless"], "default/headless is headless: no node has a rule"),
        (["node1", "--service", "elsewhere"], "is a name only (ExternalName): no node has a rule"),
    ],
)
def test_what_is_not_there_is_said(
    lab_file: str, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """With what is near it, or why nothing can be shown; exit status 2."""
    assert run(["rules", *words, "-f", lab_file]) == 2
    assert said in capsys.readouterr().err


def test_a_port_can_be_asked_for_by_its_number(
    lab_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a URL."""
    assert run(["rules", "node1", "-f", lab_file, "--service", "default/web:81"]) == 0
    text = capsys.readouterr().out
    assert "[Service default/web:more]" in text
    assert "[Service default/web:http]" not in text


def test_both_families_are_shown_one_after_the_other() -> None:
    """A packet is of one of them."""
    text = lab_text().replace("  nodes:", "  networking: {ipFamily: dual}\n  nodes:")
    cluster = resolve(parse([SourceText("show.yaml", text)]).topology)
    known = known_of(cluster)
    lines = list(text_lines(blocks_of(tables_of(cluster), known), [4, 6]))
    assert lines[0] == "IPv4"
    six = lines.index("IPv6")
    assert lines[six - 1] == ""
    assert any("-A KUBE-SERVICES -d 10.96." in line for line in lines[:six])
    assert not any("-d 10.96." in line for line in lines[six:])
