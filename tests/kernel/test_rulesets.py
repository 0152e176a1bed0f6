"""Rules survive the way into the kernel and back: what is compared is what was rendered."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from labnet.compile import compile_state
from labnet.parse import parse
from labnet.resolve import resolve
from labnet.state import Ruleset, parse_rulesets
from labs import TOPOLOGIES, topology


pytestmark = pytest.mark.kernel

NETNS = "labnet-test-rules"
SETTINGS = {"scale.yaml.j2": {"nodes": 2, "pods": 2}}


@pytest.fixture
def netns() -> Iterator[str]:
    """A namespace without any rule."""
    subprocess.run(["ip", "netns", "add", NETNS], check=True)
    yield NETNS
    subprocess.run(["ip", "netns", "delete", NETNS], check=True)


def rulesets(name: str) -> list[Ruleset]:
    """The tables of the first node of a topology that has any."""
    parsed = parse(topology(name, **SETTINGS.get(name, {})))
    state = compile_state(resolve(parsed.topology))
    tables = [item for item in state if isinstance(item, Ruleset)]
    first = min(item.netns for item in tables)
    return [item for item in tables if item.netns == first]


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", sorted(path.name for path in TOPOLOGIES.iterdir()))
def test_restored_and_saved_rules_are_the_same(netns: str, name: str, backend: str) -> None:
    """`parse(save(restore(r))) == r`, with both kinds of iptables."""
    for ruleset in rulesets(name):
        tool = f"{ruleset.tool}-{backend}"
        assert shutil.which(f"{tool}-save"), f"{tool}-save is part of Debian's iptables"
        command = ["ip", "netns", "exec", netns]
        subprocess.run([*command, f"{tool}-restore"], input=ruleset.text(), text=True, check=True)
        saved = subprocess.run(
            [*command, f"{tool}-save", "-t", ruleset.table],
            text=True,
            check=True,
            capture_output=True,
        ).stdout
        (found,) = parse_rulesets(ruleset.netns, ruleset.family, saved)
        assert found == ruleset
        subprocess.run(
            [*command, f"{tool}-restore"], input=ruleset.empty().text(), text=True, check=True
        )
        after = subprocess.run(
            [*command, f"{tool}-save"], text=True, check=True, capture_output=True
        ).stdout
        assert parse_rulesets(ruleset.netns, ruleset.family, after) == []
