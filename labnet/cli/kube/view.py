"""What is known of a lab at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from labnet.model import Cluster, Pod, Topology
from labnet.names import segment_netns
from labnet.resolve import pod_key


Json = dict[str, Any]
"""An object of the Kubernetes API."""


class ContainerStatus(Protocol):
    """What the container runtime says of a container; times are seconds since 1970."""

    @property
    def running(self) -> bool:
        """Whether its process is there."""

    @property
    def exit_status(self) -> int | None:
        """How it ended, if it has, as a shell has it: 128 and the signal if one killed it."""

    @property
    def signal(self) -> int:
        """The signal that ended it, or 0."""

    @property
    def pid(self) -> int:
        """Its init, as the machine numbers it."""

    @property
    def started_at(self) -> float | None:
        """When it was started last."""

    @property
    def finished_at(self) -> float | None:
        """When it ended last."""

    @property
    def restarts(self) -> int:
        """How often it was started again."""

    @property
    def reason(self) -> str:
        """Why it waits or has ended, in a word of Kubernetes'."""

    @property
    def message(self) -> str:
        """The same in a sentence."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine below all nodes; memory is in KiB."""

    kernel: str = ""
    os_image: str = ""
    boot_id: str = ""
    cpus: int = 1
    memory: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """A lab at one instant.

    `births` says of each network namespace that is there when it was made (seconds since 1970);
    `statuses` has what the container runtime knows, by pod key and container name. A container
    that runs nothing (`pause`) has no status.
    """

    topology: Topology
    cluster: Cluster
    births: Mapping[str, float]
    statuses: Mapping[tuple[str, str], ContainerStatus] = field(default_factory=dict)
    machine: Machine = Machine()

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self.cluster.name

    def status(self, pod: Pod, container: str) -> ContainerStatus | None:
        """What the runtime says of a container, if it knows it."""
        return self.statuses.get((pod_key(pod), container))

    def born(self, netns: str = "") -> float:
        """When a namespace was made; the lab's own when it has none (a Deployment, say)."""
        whole = self.births.get(segment_netns(self.lab), 0.0)
        return self.births.get(netns, whole)


def timestamp(seconds: float) -> str:
    """A `metav1.Time`: `2026-11-23T03:31:09Z`."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """The inverse of `timestamp`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def moment(text: str) -> str:
    """A `metav1.Time` as `kubectl describe` has it: `Mon, 23 Nov 2026 03:31:09 +0000`."""
    when = datetime.fromtimestamp(seconds_of(text), tz=UTC)
    return when.strftime("%a, %d %b %Y %H:%M:%S %z")
