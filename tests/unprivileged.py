"""Programs as somebody who is root in a user namespace, and nobody on the machine."""

from __future__ import annotations

import sys
from pathlib import Path

from source import ROOT


SCRIPT = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && {mounts} && exec "$@"'


def in_user_namespace(folder: Path, program: str, *words: str, mounts: str = "true") -> list[str]:
    """The command that runs a Python program in user, mount and network namespaces of its own.

    They have this checkout in `folder`, which is made, and root's: it may itself be in a home that
    is closed to others, as this root then is. `mounts` are made before, by the machine's root.
    """
    folder.mkdir(exist_ok=True)
    python = Path(sys.executable)
    if python.is_relative_to(ROOT):
        python = folder / python.relative_to(ROOT)
    inner = ("unshare", "-Urnm", str(python), "-c", program, *words)
    script = SCRIPT.format(mounts=mounts)
    return ["unshare", "-m", "sh", "-c", script, "sh", str(ROOT), str(folder), *inner]
