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
    """`labnet`, or the path of the checkout's `scripts/labnet` if that is what runs."""
    path = sys.argv[0]
    if not path.endswith(f"/{_LAUNCHER}"):
        return _NAME
    checkout = path.removesuffix(_LAUNCHER)
    try:
        inside = os.getcwd() + "/" == checkout  # noqa: PTH109  # likewise
    except FileNotFoundError:  # somebody has removed the folder that we are in
        inside = False
    return _CHECKOUT if inside else checkout + _CHECKOUT


def to_type(*words: str) -> str:
    """A command of labnet's as this user would type it: `sudo scripts/labnet get pods`."""
    sudo = ("sudo",) if os.environ.get("SUDO_USER") else ()
    return shlex.join((*sudo, program_name(), *words))


def as_root(arguments: Sequence[str] | None = None) -> str:
    """The same command line with sudo before it."""
    words = sys.argv[1:] if arguments is None else arguments
    return shlex.join(("sudo", program_name(), *words))
