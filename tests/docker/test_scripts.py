"""scripts/dockerd and scripts/docker-base: what they leave, and what they say where they cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from source import ROOT


SCRIPTS = ROOT / "scripts"
NOBODY = 65534

_COMPARED = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from census import census, difference
before = census()
for command in (["docker", "network", "create", "two"], ["sh", "-c", "kill -9 $PPID"], ["false"]):
    print(subprocess.run([sys.argv[2], *command], stdout=subprocess.DEVNULL).returncode)
print(*difference(before, census()), sep="\\n")
"""


@pytest.mark.docker
@pytest.mark.kernel
def test_nothing_stays_of_a_daemon(tmp_path: Path) -> None:
    """Not after a network was forgotten, nor after it was killed, once the next one has run."""
    environment = {key: text for key, text in os.environ.items() if key != "DOCKER_HOST"}
    environment["LABNET_DOCKER_DATA"] = str(tmp_path / "data")
    program = [sys.executable, "-I", "-c", _COMPARED, str(ROOT / "tests"), str(SCRIPTS / "dockerd")]
    done = subprocess.run(
        [SCRIPTS / "sandbox", *program],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0", "-9", "1"])
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("script", [("dockerd", "true"), ("docker-base",)])
def test_who_cannot_is_told_in_one_line(script: tuple[str, ...]) -> None:
    """Without root and a daemon that answers, the status is 3 and nothing is touched."""
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    program = SCRIPTS / script[0]
    if subprocess.run(["test", "-x", program], user=user, check=False).returncode:
        pytest.skip("this checkout is for its owner only")
    done = subprocess.run(
        [program, *script[1:]],
        user=user,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert "only root can" in done.stderr
