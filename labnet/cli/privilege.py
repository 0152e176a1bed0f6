"""Whether this process may build labs, asked before anything else is."""

from __future__ import annotations

import os

from labnet.cli.program import as_root
from labnet.errors import MachineError
from labnet.kernel.privilege import missing_capabilities


def require_root(command: str, otherwise: str = "") -> None:
    """Raise MachineError, in one line that says what to do, unless this process has what it takes.

    `otherwise` is a way to do without, if the command has one. Root of a user namespace has what it
    takes too, and so may a user with capabilities.
    """
    missing = missing_capabilities()
    if not missing:
        return
    if os.geteuid() != 0:
        raise MachineError(f"labnet {command} needs root: run `{as_root()}`{otherwise}")
    raise MachineError(
        f"labnet {command} needs {' and '.join(missing)}, which this root has not; in a container, "
        "start it with --privileged"
    )
