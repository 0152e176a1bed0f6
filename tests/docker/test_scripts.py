"""scripts/dockerd and scripts/docker-base: what they leave, and what they say where they cannot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs import SLOW
from source import ROOT


SCRIPTS = ROOT / "scripts"
NOBODY = 65534
AS = {
    "nobody": ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    "root of a container": ("setpriv", "--bounding-set=-sys_admin"),
}
"""How root becomes somebody who can less."""
REFUSALS = {
    "nobody": "only root can|needs root: |for x86_64",
    "root of a container": "a root who can make namespaces|for x86_64",
}
UNPRIVILEGED = [
    *("scripts/dockerd true", "scripts/docker-base"),
    *("scripts/vagrant-box", "scripts/vagrant-ci", ".ci/run"),
]


@pytest.mark.docker
@pytest.mark.kernel
@pytest.mark.parametrize("case", ["leavings", "foreign", "settings", "signals", "terminal", "drop"])
def test_dockerd_in_a_sandbox(case: str, tmp_path: Path) -> None:
    """What sandboxed.py says there is so."""
    environment = {key: text for key, text in os.environ.items() if key != "DOCKER_HOST"}
    environment["LABNET_DOCKER_DATA"] = str(tmp_path)
    environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"
    program = [sys.executable, str(Path(__file__).with_name("sandboxed.py")), case]
    done = subprocess.run(
        [SCRIPTS / "sandbox", *program, str(SCRIPTS / "dockerd"), str(tmp_path)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300 * SLOW,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def public() -> Iterator[Path]:
    """The scripts in a folder that everybody can read, as a checkout in a home often is not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        for name in ("scripts", ".ci"):
            shutil.copytree(ROOT / name, Path(folder, name))
        yield Path(folder)


@pytest.mark.parametrize("who", AS)
@pytest.mark.parametrize("script", UNPRIVILEGED)
def test_who_cannot_is_told_in_one_line(public: Path, script: str, who: str) -> None:
    """Without privilege and a daemon that answers, the status is 3 and nothing is made."""
    is_root = os.geteuid() == 0
    done = subprocess.run(
        [*(AS[who] if is_root else ()), *f"{public}/{script}".split()],
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60 * SLOW,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert re.search(REFUSALS[who if is_root else "nobody"], done.stderr)
    assert {path.name for path in public.iterdir()} == {".ci", "scripts"}


@pytest.mark.parametrize("words", [("dockerd",), ("dockerd", "--kep"), ("docker-base", "--kep")])
def test_wrong_usage_is_2(words: tuple[str, ...]) -> None:
    """With a line that says what is right."""
    done = subprocess.run(
        [SCRIPTS / words[0], *words[1:]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"usage: scripts/{words[0]} ")


SOURCES = """
Ubuntu mirror+file:/etc/apt/mirrors.txt noble main
Ubuntu https://mirror.example/ubuntu noble-updates main
Debian http://mirror.example/debian bookworm main
Somebody http://mirror.example/else stable main
"""


def step(folder: Path, *words: str, mirror: str = "") -> subprocess.CompletedProcess[str]:
    """A step of docker-base where apt-get has SOURCES."""
    (folder / "apt-get").write_text(f"#!/bin/sh\ncat <<END{SOURCES}END\n", encoding="utf-8")
    (folder / "apt-get").chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "LABNET_MIRROR": mirror}
    command = [str(SCRIPTS / "docker-base"), "--do", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_an_image_has_the_sources_that_debootstrap_takes(tmp_path: Path) -> None:
    """Those of the distribution alone, or all that a mirror has."""
    assert step(tmp_path, "sources").stdout.splitlines() == [
        "http://mirror.example/debian bookworm main",
        "https://mirror.example/ubuntu noble-updates main",
    ]
    assert step(tmp_path, "sources", mirror="file:/mirror").stdout.splitlines() == [
        "file:/mirror bookworm main",
        "file:/mirror noble main",
    ]


def test_a_step_ends_with_the_first_error(tmp_path: Path) -> None:
    """An image that lacks something is not made."""
    done = step(tmp_path, "configure", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
