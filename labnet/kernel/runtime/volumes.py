"""The folders that the containers of a pod share; they lie in the runtime's own file system.

The machine never sees them, and they are gone with the runtime.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from labnet.kernel.runtime.machine import VOLUMES
from labnet.state.process import Process


def open_volumes(process: Process) -> dict[str, int]:
    """A descriptor for each folder that a container mounts, by its name; made when needed.

    All may write to it, as to a Kubernetes emptyDir.
    """
    folders: dict[str, int] = {}
    try:
        for _, name in process.volumes:
            if name not in folders:
                folders[name] = _open(process.pod, name)
    except OSError:
        close_volumes(folders)
        raise
    return folders


def close_volumes(folders: Mapping[str, int]) -> None:
    """Close what `open_volumes` returned."""
    for folder in folders.values():
        os.close(folder)


def remove_volumes(pod: str) -> None:
    """Remove a pod's folders and all in them."""
    with suppress(FileNotFoundError):
        _remove(f"{VOLUMES}/{_word(pod)}")


def _word(name: str) -> str:
    return name.replace("/", "_")


def _open(pod: str, name: str) -> int:
    path = Path(VOLUMES, _word(pod), _word(name))
    with suppress(FileExistsError):
        path.mkdir(parents=True)
        path.chmod(0o777)
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _remove(folder: str) -> None:
    """Remove a folder with what is in it (shutil would bring half of the library along)."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(folder)
