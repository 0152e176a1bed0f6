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
FIRST_USED = ("grep", "id", "readlink", "sort", "tail", "true", "unshare")
"""What a script runs before it knows what is missing."""
BOX = ".vagrant.d/boxes/labnet-VAGRANTSLASH-bookworm64/0/libvirt"
"""In a home, where Vagrant keeps the box."""

Done = subprocess.CompletedProcess[str]


def run(
    script: str,
    *words: str,
    path: str = os.environ["PATH"],
    home: str = "/nonexistent",
    box: str = "",
) -> Done:
    """A script, with the programs of `path` alone, which has no sbin."""
    command = ["/bin/bash", str(ROOT / "scripts" / script), *words]
    env = {"PATH": path, "HOME": home, "LABNET_BOX": box}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH of a machine that could make a VM, but has no program for that."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uname").write_text("#!/bin/bash\necho x86_64\n", encoding="utf-8")
    (folder / "uname").chmod(0o755)
    for name in FIRST_USED:
        (folder / name).symlink_to(shutil.which(name) or "/nonexistent")
    return str(folder)


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
@pytest.mark.parametrize("box", ["../../else", "one/two/three", "two words", "-f"])
def test_what_is_no_name_of_a_box_is_2(script: str, box: str, bare: str) -> None:
    """It becomes a path, where root writes."""
    done = run(script, box=box, path=bare)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"labnet: LABNET_BOX={box}: the name of a box is wanted here\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_machine_without_its_programs_is_3(script: str, bare: str, tmp_path: Path) -> None:
    """One line says what is missing: privilege, or packages that nothing here can install."""
    (tmp_path / BOX).mkdir(parents=True)
    (tmp_path / BOX / "recipe").touch()
    done = run(script, path=bare, home=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert re.fullmatch(r"labnet: .*(?:needs root|needs .*vagrant-libvirt).*\n", done.stderr)


@pytest.mark.kernel
@pytest.mark.root
def test_without_a_box_nothing_is_installed(bare: str) -> None:
    """One line says where to get one."""
    done = run("vagrant-ci", path=bare)
    assert (done.returncode, done.stdout) == (3, "")
    line = "labnet: no box labnet/bookworm64 for libvirt; scripts/vagrant-box makes it\n"
    assert done.stderr == line


@pytest.mark.kernel
@pytest.mark.root
def test_a_box_of_somebody_else_stays(bare: str, tmp_path: Path) -> None:
    """LABNET_BOX may name one that was downloaded."""
    (tmp_path / BOX).mkdir(parents=True)
    done = run("vagrant-box", "--force", path=bare, home=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert "labnet/bookworm64 that is not of scripts/vagrant-box" in done.stderr


@pytest.mark.ruby
def test_the_vagrantfile_is_ruby() -> None:
    """Vagrant says nothing until it is asked for a VM."""
    done = subprocess.run(
        ["ruby", "-wc", "Vagrantfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def vagrantfile(setting: str, after: str = "", *, before: str = "") -> Done:
    """The Vagrantfile, read by Ruby with a variable, NAME=TEXT, and Ruby's words around it."""
    name, _, given = setting.partition("=")
    stub = "module Vagrant; def self.configure(_); end; end"
    script = f'{stub}; {before}; load "Vagrantfile"; {after}'
    return subprocess.run(
        ["ruby", "-e", script],
        cwd=ROOT,
        env={**os.environ, name: given},
        capture_output=True,
        text=True,
        check=False,
    )


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
    done = vagrantfile(setting)
    assert (done.returncode, done.stderr) == (1 if said else 0, said)


@pytest.mark.ruby
@pytest.mark.parametrize(
    ("given", "taken"), [("", "debian/bookworm64"), ("somebody/else", "somebody/else")]
)
def test_an_empty_variable_is_none(given: str, taken: str) -> None:
    """A script that sets LABNET_BOX always may leave it empty."""
    done = vagrantfile(f"LABNET_BOX={given}", "print BOX")
    assert (done.returncode, done.stdout, done.stderr) == (0, taken, "")


@pytest.mark.ruby
@pytest.mark.parametrize(("windows", "modes"), [("true", "--chmod=ugo=rwX,F+x"), ("false", "")])
def test_scripts_from_windows_can_be_run(windows: str, modes: str) -> None:
    """There files have no x bit; elsewhere each keeps its own."""
    done = vagrantfile("", "print *MODES", before=f"def Gem.win_platform? = {windows}")
    assert (done.returncode, done.stdout, done.stderr) == (0, modes, "")


def test_the_documentation_knows_the_variables() -> None:
    """What the Vagrantfile takes from the environment, and labs that there are."""
    page = text(ROOT / "docs" / "vagrant.md")
    for name in re.findall(r'(?:ENV.fetch|= number)\("(\w+)"', text(ROOT / "Vagrantfile")):
        assert f"`{name}`" in page
    for name in re.findall(r"`(?:topologies/)?([\w.-]+\.yaml(?:\.j2)?)`", page):
        assert (ROOT / "topologies" / name).exists()
