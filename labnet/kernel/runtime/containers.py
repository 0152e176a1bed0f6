"""What the runtime knows of each container, and whose turn it is in a pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from labnet.kernel.runtime.protocol import Status
from labnet.state.process import Process


_FIRST_BACKOFF, _LONGEST_BACKOFF = 10, 300
"""Seconds before an init container is tried again: kubelet's, doubled each time."""


class Phase(Enum):
    """Where a container is in its life."""

    WAITING = auto()
    CREATING = auto()
    RUNNING = auto()
    ENDED = auto()


@dataclass(slots=True, eq=False)
class Container:
    """One container; `netns` is the descriptor that it starts in, -1 once it needs it no more.

    `retrying` waits out its backoff after a failure; `blocked` waits for one that has failed for
    good; `doomed` has been told to end, and will be forgotten.
    """

    process: Process
    netns: int
    phase: Phase = Phase.WAITING
    pid: int = 0
    exit_status: int | None = None
    started_at: float | None = None
    finished_at: float | None = None
    restarts: int = 0
    cannot_run: str = ""
    retrying: bool = False
    blocked: bool = False
    doomed: bool = False

    @property
    def pod(self) -> tuple[str, str]:
        """What it shares with the other containers of its pod."""
        return self.process.netns, self.process.pod

    @property
    def has_failed(self) -> bool:
        """Whether its last run came to a bad end."""
        return self.phase is Phase.ENDED and self.exit_status != 0

    @property
    def is_settled(self) -> bool:
        """Whether it will stay as it is for a while: it runs, has ended, or has no hope."""
        return self.phase in {Phase.RUNNING, Phase.ENDED} or self.blocked

    @property
    def may_retry(self) -> bool:
        """Whether it is started again by itself: an init container that failed, as kubelet does."""
        return self.process.init and self.has_failed and self.process.restart != "Never"

    @property
    def backoff(self) -> int:
        """Seconds to wait before it is tried again."""
        return min(_FIRST_BACKOFF << min(self.restarts, 8), _LONGEST_BACKOFF)

    def wait_again(self) -> None:
        """After a failed run, wait for the next."""
        self.phase = Phase.WAITING
        self.retrying = True
        self.restarts += 1
        self.exit_status = self.started_at = self.finished_at = None
        self.cannot_run = ""

    @property
    def status(self) -> Status:
        """What clients are told."""
        return Status(
            process=self.process,
            running=self.phase is Phase.RUNNING,
            pid=self.pid,
            exit_status=self.exit_status,
            started_at=self.started_at,
            finished_at=self.finished_at,
            restarts=self.restarts,
            reason=self._reason(),
            message=self.cannot_run,
        )

    def _reason(self) -> str:
        """Kubernetes' word for it."""
        if self.phase is Phase.WAITING:
            return "CrashLoopBackOff" if self.retrying else "PodInitializing"
        if self.phase is Phase.CREATING:
            return "ContainerCreating"
        if self.phase is Phase.RUNNING:
            return ""
        if self.cannot_run:
            return "ContainerCannotRun"
        return "Error" if self.exit_status else "Completed"


def runnable(pod: Iterable[Container]) -> list[Container]:
    """Those of a pod whose turn it is.

    Init containers run one after the other, each to its end; then all others start.
    """
    containers = list(pod)
    inits = sorted((item for item in containers if item.process.init), key=_order)
    for item in inits:
        if item.phase is Phase.ENDED and not item.has_failed:
            continue
        return [item] if item.phase is Phase.WAITING and not item.retrying else []
    return [item for item in containers if item.phase is Phase.WAITING]


def stuck(pod: Iterable[Container]) -> list[Container]:
    """Those of a pod that wait for an init container that has failed for good."""
    containers = list(pod)
    failed = any(item.process.init and item.has_failed for item in containers)
    return [item for item in containers if failed and item.phase is Phase.WAITING]


def _order(container: Container) -> int:
    return container.process.order
