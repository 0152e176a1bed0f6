"""Down: it needs to know nothing of what the lab was meant to be, and so imports no such room."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labnet.agent.folder import LabFolder
from labnet.agent.outcome import NOBODY, Listener, Outcome, linux


if TYPE_CHECKING:
    from labnet.kernel.protocol import Kernel


def down(
    lab: str,
    *,
    wait: bool = True,
    listener: Listener = NOBODY,
    kernel: Kernel | None = None,
) -> Outcome:
    """Remove a lab, whatever state it is in; removing one that is not there is fine."""
    began = time.monotonic()
    machine = kernel or linux()
    folder = LabFolder(lab)
    # Even a lab without a folder is locked by one: an `up` may begin at this moment.
    with folder.locked(waiting=listener.waiting):
        removal = machine.remove(lab, wait=wait, progress=listener.progress)
        folder.remove()
    machine.tidy()
    return Outcome(lab, removal.plan, seconds=time.monotonic() - began, notes=removal.strangers)
