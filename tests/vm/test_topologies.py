"""What `vm.topologies` says of labs that do not come up, or of which there is nothing to say."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labnet import agent
from labs import SLOW, TOPOLOGIES
from vm import attempts, topologies


pytestmark = pytest.mark.kernel

PATH = os.environ["PATH"]
LIMIT = 8 + 4 * SLOW  # seconds that are waited for in vain
SILENT = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-silent}
spec: {nodes: [{name: n1}]}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`program(TEXT)` has `labnet` be a shell program, in which `real` is labnet itself."""

    def write(text: str) -> None:
        path = tmp_path / "bin" / "labnet"
        path.parent.mkdir()
        real = shlex.join([sys.executable, "-m", "labnet"])
        path.write_text(f'#!/bin/sh\nreal() {{ {real} "$@"; }}\n{text}\n', encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{PATH}")
        monkeypatch.setenv("PYTHONPATH", str(TOPOLOGIES.parent))

    return write


def test_each_file_has_its_line(
    program: Callable[[str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Those that are well, one that is not there, and two of one name in their folders."""
    program('real "$@"')
    (tmp_path / "vxlan.yaml").write_text(SILENT, encoding="utf-8")
    files = [TOPOLOGIES / "vxlan.yaml", tmp_path / "vxlan.yaml", tmp_path / "gone.yaml"]
    assert topologies.main([str(file) for file in files]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("topologies/vxlan.yaml ok ")
    assert "2 ping, 2 curl, 2 udp" in lines[0]
    assert lines[1].startswith(f"{tmp_path.name}/vxlan.yaml FAILED")
    assert lines[2] == "    it promises nothing that can be tried"
    assert lines[3].startswith("gone.yaml             FAILED")
    assert lines[4].startswith(f"    labnet up {files[2]} exits with 2: ")
    assert lines[-1] == "3 topologies, 2 failed"


def test_a_port_that_is_declared_for_nothing(
    program: Callable[[str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nobody listens there, so that the lab is not what its file says."""
    program('real "$@"')
    text = (TOPOLOGIES / "two-node.yaml").read_text(encoding="utf-8")
    assert "image: nginx\n" in text
    file = tmp_path / "idle.yaml"
    file.write_text(text.replace("image: nginx\n", "image: busybox\n"), encoding="utf-8")
    assert topologies.main([str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    refused = "tcp from echo-1 to 10.244.1.2:80 (pod): no answer (Connection refused)"
    assert f"    {refused}" in lines


def test_a_container_that_has_ended_meanwhile(
    program: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said with the reason for which `labnet up` would start it again."""
    program("""
    if [ "$1" = plan ]; then
        pids=$(ip netns pids vxlan.web-1)
        for pid in $pids; do kill -9 "$pid"; done
        for pid in $pids; do while kill -0 "$pid" 2>/dev/null; do sleep .01; done; done
    fi
    real "$@"
    """)
    assert topologies.main([str(TOPOLOGIES / "vxlan.yaml")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("    labnet plan ")
    assert any("ended with exit status 137" in line for line in lines), lines


def test_a_command_that_does_not_end_is_not_waited_for(
    program: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lab that it has made is removed all the same, and the next file tried."""
    monkeypatch.setattr(attempts, "LIMIT", LIMIT)
    program('real "$@" || exit; ! mkdir "$0.slept" 2>/dev/null || exec sleep 1000')
    file = str(TOPOLOGIES / "vxlan.yaml")
    assert topologies.main([file, file]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"    labnet up {file}: does not end in {LIMIT} s"
    assert lines[2].startswith("topologies/vxlan.yaml ok ")
    assert lines[3] == "2 topologies, 1 failed"
    assert agent.lab_names() == []
