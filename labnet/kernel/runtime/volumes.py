"""The folders that the containers of a pod share; they lie in the runtime's own file system.

The machine never sees them, and they are gone with the runtime.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from labnet.kernel.runtime.machine import VOLUMES
from labnet.state.process import Process


def make_volumes(process: Process) -> dict[str, str]:
    """The folder for each volume that a container mounts, by its name; made when it is needed.

    All may write to it, as to a Kubernetes emptyDir.
    """
    return {name: _made(process.pod, name) for _, name in process.volumes}


def remove_volumes(pod: str) -> None:
    """Remove a pod's folders and all in them."""
    with suppress(FileNotFoundError):
        _remove(f"{VOLUMES}/{_word(pod)}")


def _word(name: str) -> str:
    return name.replace("/", "_")


def _made(pod: str, name: str) -> str:
    path = Path(VOLUMES, _word(pod), _word(name))
    with suppress(FileExistsError):
        path.mkdir(parents=True)
        path.chmod(0o777)
    return str(path)


def _remove(folder: str) -> None:
    """Remove a folder with what is in it (shutil would bring half of the library along)."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(folder)
