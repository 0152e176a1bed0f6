"""What lives longer than a command: a lab's folder, and the way through all rooms.

`up` is `apply(plan(compile(resolve(parse(text))), observe()))`; everything else is a part of it.

Decisions
- We chose to keep the text of the lab files, not what was made of it, in the lab's folder: it is
  what the user asked for, and any later labnet can read it.
- We chose a lock on the lab's folder itself over a lock file, so that there is nothing to
  leave behind.
"""

from labnet.agent.folder import LabFolder, Saved, lab_names
from labnet.agent.lifecycle import (
    Listener,
    Loaded,
    Outcome,
    Preview,
    container_statuses,
    down,
    load,
    preview,
    up,
)


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
    "up",
]
