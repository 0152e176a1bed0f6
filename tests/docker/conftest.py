"""Docker Compose through pytest-docker: containers that live as long as the tests.

They are built on `debian:bookworm-slim` or, where that cannot be pulled, on what
scripts/docker-base makes; `LABNET_DOCKER_BASE` in the environment names another image.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docked import Container, compose_command, containers, succeeds, tentative
from labs import SLOW
from source import ROOT


if TYPE_CHECKING:
    from pytest_docker.plugin import Services


OFFICIAL = "debian:bookworm-slim"
OWN = "labnet-base"
PATIENCE = 300 * SLOW  # seconds for what downloads


def _base() -> str:
    """The image to build on, which is here then."""
    if given := os.environ.get("LABNET_DOCKER_BASE"):
        return given
    for name in (OFFICIAL, OWN):
        if succeeds("docker", "image", "inspect", name):
            return name
    if succeeds("docker", "pull", OFFICIAL, timeout=PATIENCE):
        return OFFICIAL
    subprocess.run([ROOT / "scripts/docker-base", OWN], check=True, timeout=PATIENCE)
    return OWN


@pytest.fixture(scope="session")
def docker_compose_command() -> str:
    """The plugin, or Debian's docker-compose."""
    return compose_command()


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    """The one beside this file."""
    return str(Path(__file__).with_name("docker-compose.yml"))


@pytest.fixture(scope="session")
def docker_setup() -> Iterator[list[str]]:
    """Build, and start; the base's name is for the file to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASE", _base())
        patch.setenv("COMPOSE_DOCKER_CLI_BUILD", "0")
        yield ["build", "up --detach"]


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    """End them; the images stay, and are layers for the next time."""
    return ["down --volumes --timeout 3"]


@pytest.fixture(scope="session")
def docked(docker_services: Services, docker_compose_project_name: str) -> Mapping[str, Container]:
    """The containers by their names in the file, when the machine has come to rest."""
    docker_services.wait_until_responsive(
        lambda: succeeds("curl", "-sS", f"http://127.0.0.1:{docker_services.port_for('web', 80)}"),
        timeout=PATIENCE,
        pause=0.1,
    )
    docker_services.wait_until_responsive(lambda: not tentative(), timeout=PATIENCE, pause=0.1)
    return dict(containers(docker_compose_project_name))
