"""How this program was called, for messages that say what to type."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence


_NAME = "labnet"
_LAUNCHER = ".venv/bin/labnet"
_CHECKOUT = "scripts/labnet"


def program_name() -> str:
    """`labnet` if that is found in PATH, else the path of the checkout's `scripts/labnet`."""
    path = sys.argv[0]
    if not path.endswith(f"/{_LAUNCHER}"):
        return _NAME
    checkout = path.removesuffix(_LAUNCHER)
    if _is_in_path(checkout + _CHECKOUT):
        return _NAME
    try:
        inside = os.getcwd() + "/" == checkout  # noqa: PTH109  # likewise
    except FileNotFoundError:  # somebody has removed the folder that we are in
        inside = False
    return _CHECKOUT if inside else checkout + _CHECKOUT


def _is_in_path(program: str) -> bool:
    """Whether a shell that is told `labnet` runs the program, as it does in the VM, or us."""
    for folder in os.get_exec_path():
        found = f"{folder}/{_NAME}"
        if os.access(found, os.X_OK):
            return os.path.realpath(found) in (program, sys.argv[0])  # likewise
    return False


def to_type(*words: str) -> str:
    """A command of labnet's as this user would type it: `sudo scripts/labnet get pods`."""
    sudo = ("sudo",) if os.environ.get("SUDO_USER") else ()
    return shlex.join((*sudo, program_name(), *words))


def as_root(arguments: Sequence[str] | None = None) -> str:
    """The same command line with sudo before it."""
    words = sys.argv[1:] if arguments is None else arguments
    return shlex.join(("sudo", program_name(), *words))
