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
@pytest.mark.parametrize("word", ["--nonsense", "up"])
def test_wrong_usage_is_2(script: str, word: str) -> None:
    """With a line that says what is right, and before anything is made."""
    done = run(script, word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: scripts/{script} ")


@pytest.mark.parametrize("script", [*SCRIPTS, "dockerd", "docker-base"])
def test_help_is_what_the_script_says_of_itself(script: str) -> None:
    """All of it but the decisions, and nothing is made."""
    done = run(script, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"`scripts/{script}" in done.stdout
    assert "Decisions" not in done.stdout
    assert all(line and not line.startswith("#") for line in done.stdout.split("\n\n"))


def test_a_topology_that_is_not_there_is_2() -> None:
    """Rather than found out in the VM."""
    done = run("vagrant-ci", "--topology", "/nonexistent.yaml")
    assert done.returncode == 2
    assert "labnet: '/nonexistent.yaml' is no file" in done.stderr


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


@pytest.mark.ruby
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("LABNET_CPUS=abc", "labnet: LABNET_CPUS=abc: a number is wanted here, 1 or more\n"),
        ("LABNET_CPUS=0", "labnet: LABNET_CPUS=0: a number is wanted here, 1 or more\n"),
        ("LABNET_MEMORY=2G", "labnet: LABNET_MEMORY=2G: a number is wanted here, 512 or more\n"),
        ("LABNET_MEMORY=08", "labnet: LABNET_MEMORY=08: a number is wanted here, 512 or more\n"),
        ("LABNET_MEMORY=0512", ""),
        ("LABNET_CPUS=", ""),
    ],
)
def test_a_wrong_number_is_told_by_its_name(setting: str, said: str) -> None:
    """Before anything is done: a VM that was stopped for it would stay down."""
    name, _, text = setting.partition("=")
    script = 'module Vagrant; def self.configure(_); end; end; load "Vagrantfile"'
    done = subprocess.run(
        ["ruby", "-e", script],
        cwd=ROOT,
        env={**os.environ, name: text},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1 if said else 0, said)


def test_the_documentation_knows_the_variables() -> None:
    """What the Vagrantfile takes from the environment, and labs that there are."""
    page = text(ROOT / "docs" / "vagrant.md")
    for name in re.findall(r'(?:ENV.fetch|= number)\("(\w+)"', text(ROOT / "Vagrantfile")):
        assert f"`{name}`" in page
    for name in re.findall(r"`(?:topologies/)?([\w.-]+\.yaml(?:\.j2)?)`", page):
        assert (ROOT / "topologies" / name).exists()
