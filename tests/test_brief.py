"""A run of few tests that stand for all."""

from __future__ import annotations

import subprocess
import sys

from labs import TOPOLOGIES


def test_a_brief_run_has_every_guide_and_every_mode() -> None:
    """No topology's guide stands for another's, nor nftables for iptables; many instants do."""
    names = ("guides", "topologies", "conntrack", "safety")
    files = [f"tests/kernel/test_{name}.py" for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "--brief", "--collect-only", *files]
    done = subprocess.run(
        command, cwd=TOPOLOGIES.parent, capture_output=True, text=True, check=True
    )
    chosen = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert {name for name in chosen if name.startswith("test_a_guide_is_true")} == {
        f"test_a_guide_is_true[{path.name}]" for path in TOPOLOGIES.iterdir()
    }
    assert {name for name in chosen if name.startswith("test_tcp_stays")} == {
        "test_tcp_stays_where_udp_moves[iptables]",
        "test_tcp_stays_where_udp_moves[nftables]",
    }
    tests = [name.partition("[")[0] for name in chosen]
    assert tests.count("test_up_killed_at_an_instant_and_then_down") == 1
    assert tests.count("test_it_comes_up_and_is_idempotent") == 1
    assert "test_two_at_once_wait_for_each_other" in tests
