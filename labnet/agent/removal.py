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
    with folder.locked(create=False, waiting=listener.waiting) as exists:
        removal = machine.remove(lab, wait=wait, progress=listener.progress)
        if exists:
            folder.remove()
    return Outcome(lab, removal.plan, seconds=time.monotonic() - began, notes=removal.strangers)
