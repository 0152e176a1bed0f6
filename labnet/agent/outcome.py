"""Who is told of what is done to a lab, and what is said of it in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from labnet.errors import Problem
    from labnet.kernel.protocol import Kernel
    from labnet.model import Cluster
    from labnet.plan import Op, Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to a lab.

    `notes` say in words what is not as one would like: a container that does not listen yet, or,
    after `down`, a process of somebody else's that still uses a namespace.
    """

    lab: str
    plan: Plan
    warnings: tuple[Problem, ...] = ()
    cluster: Cluster | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def _nothing(*_: object) -> None:
    """What is done when nobody wants to be told."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to be told of what, while it happens."""

    planned: Callable[[Plan], None] = _nothing
    progress: Callable[[Op], None] = _nothing
    waiting: Callable[[], None] = _nothing


NOBODY = Listener()


def linux() -> Kernel:
    """The machine that we are on."""
    from labnet.kernel.linux import LinuxKernel  # noqa: PLC0415  # `plan` of a new lab needs none

    return LinuxKernel()
