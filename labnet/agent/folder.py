"""A lab's folder, /run/labnet/LAB: what the kernel cannot hold, and nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labnet.errors import InputError
from labnet.names import is_lab_name


ROOT = Path("/run/labnet")


class LabFolder:
    """The folder of one lab; it may not exist."""

    def __init__(self, lab: str, root: Path = ROOT) -> None:
        """The folder of `lab` below `root`; raises InputError if that is no name of a lab."""
        if not is_lab_name(lab):
            raise InputError(f"{lab!r} is no name of a lab: lower-case letters, digits and dashes")
        self.lab = lab
        self.path = root / lab
        self._root = root

    def exists(self) -> bool:
        """Whether the lab is there, wholly or in part."""
        return self.path.is_dir()

    @contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Make the folder if need be, and keep everybody else from changing the lab.

        `waiting` is called once if somebody else is at it. The folder can vanish while we
        wait for its lock (`down`), so what was locked must still be what is there.
        """
        while True:
            try:
                for folder in (self._root, self.path):
                    folder.mkdir(mode=0o700, exist_ok=True)
                    folder.chmod(0o700)  # whatever the umask is
                fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:  # the last lab has just gone, and the root with it
                continue
            try:
                _lock(fd, waiting)
                if self._is(fd):
                    yield
                    return
            finally:
                os.close(fd)

    def _is(self, fd: int) -> bool:
        """Whether the folder that is open is the one that has the name now."""
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except FileNotFoundError:
            return False

    def remove(self) -> None:
        """Remove the folder, and the one above it if it was the last."""
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            self._root.rmdir()
        except OSError:  # another lab is there, or another process has been faster
            return


def _lock(fd: int, waiting: Callable[[], None]) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(fd, fcntl.LOCK_EX)


def lab_names(root: Path = ROOT) -> list[str]:
    """The labs that are there, wholly or in part."""
    try:
        return sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []
    except PermissionError:
        return []
