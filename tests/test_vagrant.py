"""The scripts that make a VM, where nothing of a VM is needed: usage, and what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from source import ROOT, text


SCRIPTS = ("vagrant-box", "vagrant-ci")
FIRST_USED = ("id", "readlink", "true", "uname", "unshare")  # before a script knows what is missing

Done = subprocess.CompletedProcess[str]


def run(script: str, *words: str, path: str = os.environ["PATH"]) -> Done:
    """A script, with the programs of `path` alone, which has no sbin."""
    command = ["/bin/bash", str(ROOT / "scripts" / script), *words]
    env = {"PATH": path, "HOME": "/nonexistent"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("word", ["--help", "--nonsense", "up"])
def test_wrong_usage_is_2(script: str, word: str) -> None:
    """With a line that says what is right, and before anything is made."""
    done = run(script, word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: scripts/{script} ")


def test_a_topology_that_is_not_there_is_2() -> None:
    """Rather than found out in the VM."""
    done = run("vagrant-ci", "--topology", "/nonexistent.yaml")
    assert done.returncode == 2
    assert "labnet: no file '/nonexistent.yaml'" in done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_machine_without_its_programs_is_3(script: str, tmp_path: Path) -> None:
    """One line says what is missing: privilege, or packages that nothing here can install."""
    for name in FIRST_USED:
        (tmp_path / name).symlink_to(shutil.which(name) or "/nonexistent")
    done = run(script, path=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert re.fullmatch(r"labnet: .*(?:needs root|needs .*vagrant-libvirt|x86_64).*\n", done.stderr)


@pytest.mark.ruby
def test_the_vagrantfile_is_ruby() -> None:
    """Vagrant says nothing until it is asked for a VM."""
    done = subprocess.run(
        ["ruby", "-wc", "Vagrantfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_documentation_knows_the_variables() -> None:
    """What the Vagrantfile takes from the environment, and labs that there are."""
    page = text(ROOT / "docs" / "vagrant.md")
    for name in re.findall(r'ENV.fetch\("(\w+)"', text(ROOT / "Vagrantfile")):
        assert f"`{name}`" in page
    for name in re.findall(r"`(?:topologies/)?([\w.-]+\.yaml(?:\.j2)?)`", page):
        assert (ROOT / "topologies" / name).exists()
