"""Labs for tests: brought up by labnet, looked at with the tools of the machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labnet import agent
from labnet.model import Cluster, Host, Node, Pod
from labnet.names import netns_name
from labnet.parse import SourceText, read
from labnet.plan import Plan


TOPOLOGIES = Path(__file__).parent.parent / "topologies"
SLOW = int(os.environ.get("LABNET_SLOW", "1"))  # how many times longer things may take here
TIMEOUT = 20 * SLOW  # seconds for any one command in a lab; none should take one


@dataclass
class RunningLab:
    """A lab that is up; `sources` are what it was last brought up from."""

    name: str
    sources: tuple[SourceText, ...]
    cluster: Cluster
    plan: Plan

    def pod(self, name: str) -> Pod:
        """The pod or container of this name, in any namespace."""
        (found,) = [pod for pod in self.cluster.pods if pod.name == name]
        return found

    def ip(self, name: str, family: int = 4) -> str:
        """The address of a pod, container, node or host."""
        cluster = self.cluster
        things: list[Pod | Node | Host] = [*cluster.pods, *cluster.nodes, *cluster.hosts]
        (found,) = [thing for thing in things if thing.name == name]
        return next(str(a.ip) for a in found.addresses if a.version == family)

    def run(self, where: str, *command: str, check: bool = True) -> str:
        """What a command prints in a namespace, by `ip netns exec`."""
        netns = where if where.startswith(f"{self.name}.") else netns_name(self.name, where)
        done = subprocess.run(
            ["ip", "netns", "exec", netns, *command],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{command} in {netns}: {done.returncode}\n{done.stderr}")
        return done.stdout if check else f"{done.returncode}: {done.stdout}{done.stderr}"

    def pings(self, where: str, address: str) -> bool:
        """Whether an echo request gets an answer, within a second on a usual machine."""
        return self.run(where, "ping", "-c1", f"-W{SLOW}", "-n", address, check=False).startswith(
            "0:"
        )

    def curl(self, where: str, url: str) -> str:
        """The body of an HTTP answer, or curl's exit status."""
        got = self.run(where, "curl", "-sS", "-g", "--max-time", str(3 * SLOW), url, check=False)
        code, _, body = got.partition(": ")
        return body if code == "0" else f"curl exits with {code}"

    def drift(self) -> list[str]:
        """What `plan` says now, an operation a line."""
        return [str(op) for op in agent.preview(self.sources).plan]

    def again(self, *sources: SourceText) -> Plan:
        """`up` again, from other sources if there are any."""
        outcome = agent.up(sources or self.sources)
        self.sources = sources or self.sources
        assert outcome.cluster is not None
        self.cluster, self.plan = outcome.cluster, outcome.plan
        return outcome.plan


def lab_up(sources: Sequence[SourceText]) -> RunningLab:
    """Bring a lab up."""
    outcome = agent.up(sources)
    assert outcome.cluster is not None
    return RunningLab(outcome.lab, tuple(sources), outcome.cluster, outcome.plan)


def topology(name: str, **settings: object) -> tuple[SourceText, ...]:
    """The text of a file in topologies/."""
    return read([str(TOPOLOGIES / name)], {key: str(value) for key, value in settings.items()})


def text(yaml: str) -> tuple[SourceText, ...]:
    """A lab file that the test itself has written."""
    return (SourceText("lab.yaml", yaml),)
