"""What lives longer than a command: a lab's folder, and the way through all rooms.

`up` is `apply(plan(compile(resolve(parse(text))), observe()))`; everything else is a part of it. It
goes that way twice where pods that start are behind Services: see `lifecycle`.

Decisions
- We chose to keep the text of the lab files, not what was made of it, in the lab's folder: it is
  what the user asked for, and any later labnet can read it.
- We chose a lock on the lab's folder itself over a lock file, so that there is nothing to leave
  behind.
- We chose to import what is asked for when it is asked for (PEP 562): `down` takes half as long
  without the rooms that only `up` needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from labnet.agent.folder import LabFolder, lab_names
    from labnet.agent.lifecycle import (
        Loaded,
        Preview,
        container_statuses,
        load,
        preview,
        preview_again,
        up,
    )
    from labnet.agent.outcome import Listener, Outcome
    from labnet.agent.removal import down
    from labnet.agent.saved import Saved

__all__ = [
    "LabFolder",
    "Listener",
    "Loaded",
    "Outcome",
    "Preview",
    "Saved",
    "container_statuses",
    "down",
    "lab_names",
    "load",
    "preview",
    "preview_again",
    "up",
]

_HOMES = {
    "LabFolder": "folder",
    "Listener": "outcome",
    "Loaded": "lifecycle",
    "Outcome": "outcome",
    "Preview": "lifecycle",
    "Saved": "saved",
    "container_statuses": "lifecycle",
    "down": "removal",
    "lab_names": "folder",
    "load": "lifecycle",
    "preview": "lifecycle",
    "preview_again": "lifecycle",
    "up": "lifecycle",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
