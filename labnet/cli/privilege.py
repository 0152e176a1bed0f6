"""Whether this process may build labs, asked before anything else is."""

from __future__ import annotations

import os
from pathlib import Path

from labnet.cli.program import as_root
from labnet.errors import MachineError


_NEEDED = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}  # capability.h


def require_root(command: str) -> None:
    """Raise MachineError, in one line that says what to do, unless this process has what it takes.

    Root of a user namespace has it too, and so may a user with capabilities.
    """
    missing = missing_capabilities()
    if not missing:
        return
    if os.geteuid() != 0:
        raise MachineError(f"labnet {command} needs root: run `{as_root()}`")
    raise MachineError(
        f"labnet {command} needs {' and '.join(missing)}, which this root has not; in a container, "
        "start it with --privileged"
    )


def missing_capabilities() -> list[str]:
    """The capabilities that are needed and not there (capabilities(7))."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    effective = int(line.split()[1], 16)
    return [name for name, bit in _NEEDED.items() if not effective >> bit & 1]
