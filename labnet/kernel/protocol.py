"""What the rest of labnet knows of a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from labnet.plan import Op, Plan
from labnet.state import State


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, and, in words, the processes of others that still use a namespace."""

    plan: Plan
    strangers: tuple[str, ...] = ()


class Kernel(Protocol):
    """A machine that labs can be on."""

    def observe(self, lab: str, desired: State) -> State:
        """Everything that is there of a lab; raises LabnetError.

        A kernel has thousands of parameters, so it looks at those only that `desired` has.
        """

    def check(self, plan: Plan) -> None:
        """Refuse a plan that cannot be carried out, before anything is touched.

        Raises what `check_names` does, and MachineError if a tool is missing.
        """

    def check_names(self, plan: Plan) -> None:
        """Raise ForeignNetns if a namespace that the plan makes is there and not the lab's."""

    def apply(self, lab: str, plan: Plan, progress: Callable[[Op], None]) -> None:
        """Carry out a plan in its order, telling of each operation done; raises LabnetError."""

    def wait_ready(self, lab: str, desired: State, timeout: float) -> tuple[str, ...]:
        """Return when all containers run and the init containers have ended; raises Failed.

        What is returned says in words who does not listen on a port that it declares.
        """

    def tidy(self) -> None:
        """Undo what labs have in common, if there is no lab any more; after a folder is removed."""

    def remove(self, lab: str, *, wait: bool, progress: Callable[[Op], None]) -> Removal:
        """Remove all that is there of a lab, whatever state it is in; raises LabnetError.

        With `wait` it returns when the kernel has cleaned up.
        """
