"""What the first lines of each file in topologies/ say to type, typed."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from kernel.test_cli import labnet
from labs import TIMEOUT, TOPOLOGIES


pytestmark = pytest.mark.kernel

FILES = sorted(path.name for path in TOPOLOGIES.iterdir())
FAILS = {
    "labnet exec web-1 -- curl -sS -m 2 http://10.244.1.2/hostname": 28,  # curl waits too long
    "labnet exec both -c echo -- nc -l 80": 1,
    "labnet exec web-1 -- ping -c 1 -M do -s 1423 10.244.1.2": 1,
    "labnet exec shell -- curl -sS http://10.96.10.30/": 7,
    "labnet exec host/client -- curl -sS -m 2 http://172.18.0.4:30081/clientip": 28,  # too long
    "labnet exec shell -- curl -sS -m 2 http://10.96.10.30/hostname": 28,
    "labnet rules node1 --service db": 2,
}
"""What is meant to fail, and how; in kubenet it works once the routes are there."""
ELSEWHERE = ("tcpdump", "scripts/labnet")  # what does not end by itself, and what sets up first


def guide(name: str) -> Iterator[tuple[str, str]]:
    """The commands that a file's first lines have, and what they say comes of each."""
    head = (TOPOLOGIES / name).read_text(encoding="utf-8").partition("\napiVersion")[0]
    for line in head.splitlines():
        found = re.fullmatch(r"#   ((?:labnet|sudo) .*?)(?:   *(\S.*))?", line)
        if found and not any(word in found[1] for word in ELSEWHERE):
            yield found[1], found[2] or ""


def typed(command: str, lab: str) -> tuple[int, str]:
    """The exit status and all output of a line of a guide."""
    words = shlex.split(command)
    if words[0] == "labnet":
        done = labnet(shlex.join(words[1:]), lab="" if words[1] in ("up", "plan") else lab)
    else:
        done = subprocess.run(
            words[1:], capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_guide_is_true(name: str) -> None:
    """Each command works, or fails as it should, and its output has the address it speaks of."""
    lab = name.partition(".")[0]
    commands = list(guide(name))
    if name == "two-node.yaml":
        commands.insert(0, ("labnet up topologies/two-node.yaml", ""))
    mended = False
    try:
        assert len(commands) > 4
        for command, remark in commands:
            status, output = typed(command, lab)
            mended |= " route add " in command
            assert status == (0 if mended else FAILS.get(command, 0)), f"{command}\n{output}"
            for address in re.findall(r"\d+\.\d+\.\d+\.\d+(?:/\d+)?", remark):
                assert (address in output) != ("there is no" in remark), f"{command}\n{output}"
    finally:
        labnet(f"down {lab}")
