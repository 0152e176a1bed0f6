"""Docker's containers, and the machine that they are on, as tests see them."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from census import Census
from labs import SLOW


COMPOSE = ("docker compose", "docker-compose")  # the plugin, and the program that it replaced
TIMEOUT = 30 * SLOW  # seconds for what takes one

_CENSUS = """
import json, sys
sys.path.insert(0, "tests")
from census import census
found = census()
print(json.dumps([{kind: dict(things) for kind, things in found.things.items()}, *found.modules]))
"""
_RULES = (
    ("iptables-save", "-t", "filter"),
    ("iptables-save", "-t", "nat"),
    ("ip6tables-save", "-t", "filter"),
    ("ip6tables-save", "-t", "nat"),
    ("nft", "--stateless", "list", "ruleset"),
)
_COUNTERS = re.compile(r"^#.*\n|\[\d+:\d+\]", re.MULTILINE)


def succeeds(*command: str, timeout: float = TIMEOUT) -> bool:
    """Whether a command is there and ends well in time."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def said(*command: str, timeout: float = TIMEOUT) -> str:
    """What a command prints; fails if that fails."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert not done.returncode, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout


def compose_command() -> str:
    """How Docker Compose is called here; empty if it is not here."""
    return next((text for text in COMPOSE if succeeds(*text.split(), "version")), "")


@functools.cache
def docker_refusal() -> str:
    """Why no container can be started here; empty if they can."""
    if shutil.which("docker") is None:
        return "there is no docker"
    if not succeeds("docker", "version"):
        return "no Docker daemon answers"
    return "" if compose_command() else "there is no docker-compose"


def tentative() -> str:
    """The machine's addresses that IPv6 is still trying out: a census would see them change."""
    command = ["ip", "-6", "-oneline", "address", "show", "tentative"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rules() -> str:
    """The rules of this machine's own network namespace, without counters and the time of day."""
    texts = (
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout
        for command in _RULES
    )
    return _COUNTERS.sub("", "\n".join(texts))


@dataclass(frozen=True)
class Container:
    """A container of Docker's that runs, by its id."""

    id: str

    def command(self, *command: str) -> tuple[str, ...]:
        """What runs a command in it."""
        return "docker", "exec", self.id, *command

    def run(self, *command: str, timeout: float = TIMEOUT) -> str:
        """What a command prints in it; fails if that fails."""
        return said(*self.command(*command), timeout=timeout)

    def census(self) -> Census:
        """The census of what it sees."""
        things, *modules = json.loads(self.run("python3", "-c", _CENSUS))
        return Census(things, frozenset(modules))

    @property
    def address(self) -> str:
        """Its IPv4 address on docker0."""
        return self._inspected("{{.NetworkSettings.Networks.bridge.IPAddress}}")

    @property
    def gateway(self) -> str:
        """The machine's own address on docker0."""
        return self._inspected("{{.NetworkSettings.Networks.bridge.Gateway}}")

    @property
    def port(self) -> str:
        """The machine's port that is published for port 80."""
        return self._inspected('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}')

    def _inspected(self, form: str) -> str:
        """A part of what Docker knows of it, by a Go template."""
        command = ["docker", "inspect", "--format", form, self.id]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT)
        return done.stdout.strip()


def containers(project: str) -> Iterator[tuple[str, Container]]:
    """The containers of a project of Docker Compose's that run, each with its service's name."""
    form = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    project = f"label=com.docker.compose.project={project}"
    command = ["docker", "ps", "--no-trunc", "--filter", project, "--format", form]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT)
    for line in done.stdout.splitlines():
        service, _, container = line.partition(" ")
        yield service, Container(container)
