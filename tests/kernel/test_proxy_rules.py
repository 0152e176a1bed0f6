"""kube-proxy's rules survive the way into the kernel and back, each feature of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import groupby

import pytest

from clusters import rulesets
from labnet.state import Ruleset, parse_rulesets
from service_clusters import ALL


pytestmark = pytest.mark.kernel

NETNS = "labnet-test-proxy"


@pytest.fixture
def netns() -> Iterator[str]:
    """A namespace without any rule."""
    subprocess.run(["ip", "netns", "add", NETNS], check=True)
    yield NETNS
    subprocess.run(["ip", "netns", "delete", NETNS], check=True)


def run(netns: str, tool: str, text: str = "") -> str:
    """A tool in the namespace; what it prints."""
    command = ["ip", "netns", "exec", netns, tool]
    return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", ALL)
def test_restored_and_saved_rules_are_the_same(netns: str, name: str, backend: str) -> None:
    """`parse(save(restore(r))) == r` for all tables of a node at once, with both iptables."""
    for tool, some in groupby(rulesets(ALL[name]()), key=lambda one: one.tool):
        wanted: list[Ruleset] = list(some)
        text = "".join(one.text() for one in wanted)
        run(netns, f"{tool}-{backend}-restore", text)
        saved = run(netns, f"{tool}-{backend}-save")
        found = parse_rulesets(wanted[0].netns, wanted[0].family, saved)
        assert sorted(found, key=lambda one: one.key) == wanted
