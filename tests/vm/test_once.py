"""What is run where time is short."""

from __future__ import annotations

import subprocess
import sys

from labs import TOPOLOGIES


def test_once_leaves_every_guide_and_one_of_other_tests() -> None:
    """No topology's guide stands for another's."""
    files = ("tests/kernel/test_guides.py", "tests/kernel/test_topologies.py")
    command = [sys.executable, "-m", "pytest", "-q", "--once", "--collect-only", *files]
    done = subprocess.run(
        command, cwd=TOPOLOGIES.parent, capture_output=True, text=True, check=True
    )
    tests = [line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line]
    counts = {test.rpartition("::")[2]: tests.count(test) for test in tests}
    assert counts == {
        "test_a_guide_is_true": len(list(TOPOLOGIES.iterdir())),
        "test_it_comes_up_and_is_idempotent": 1,
        "test_the_script_builds_the_same_network": 1,
    }
