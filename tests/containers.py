"""A runtime of its own and a network namespace for a test that needs containers.

with Containers(folder) as lab:
    status = lab.run(lab.process("web", "true"))
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import labnet
from labnet.kernel.runtime.client import Client
from labnet.kernel.runtime.journal import LogOptions, read_logs
from labnet.kernel.runtime.lifetime import shutdown, spawn
from labnet.kernel.runtime.protocol import Status
from labnet.state.process import Process


PATIENCE = 20.0  # seconds for what takes milliseconds
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
POD = "pod/default/web"
ROOT = Path(labnet.__file__).resolve().parents[1]
IMPORTABLE = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
"""The first line of a program that imports labnet, wherever it is run."""


def until(what: Callable[[], object]) -> None:
    """Wait until something is true; fails when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.005)


def lines(data: bytes) -> list[str]:
    """The lines of a text."""
    return data.decode().splitlines()


def left_over(folder: Path) -> list[str]:
    """The processes of a lab's runtime and what it has forked, which its environment tells."""
    mark = f"LABNET_RUNTIME={folder}".encode()
    found = []
    for proc in Path("/proc").iterdir():
        with suppress(OSError):
            if proc.name.isdecimal() and mark in (proc / "environ").read_bytes().split(b"\0"):
                found.append((proc / "stat").read_text())
    return found


class Containers:
    """A lab that has containers and nothing else; `client` talks to its runtime."""

    def __init__(self, folder: Path, paths: tuple[str, ...] = ()) -> None:
        """The lab's folder; `paths` are where programs are imported from."""
        self.folder = folder
        self.name = f"rt{uuid4().hex[:8]}"
        self.netns = f"{self.name}.web"
        self._paths = paths

    def __enter__(self) -> Self:
        """Make the namespace, with `lo` up, and start the runtime."""
        subprocess.run(["ip", "netns", "add", self.netns], check=True)
        subprocess.run(["ip", "-n", self.netns, "link", "set", "lo", "up"], check=True)
        self.file = os.open(self.netns_path, os.O_RDONLY | os.O_CLOEXEC)
        self.client: Client = spawn(self.folder, self.name, self._paths).connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """End all."""
        self.client.close()
        os.close(self.file)
        try:
            shutdown(self.folder)
        finally:
            subprocess.run(["ip", "netns", "delete", self.netns], check=True)
        log = self.folder / "runtime.log"
        assert log.read_text() == "", "the runtime had something to say"

    @property
    def netns_path(self) -> Path:
        """The file of the namespace."""
        return Path("/run/netns", self.netns)

    @property
    def inode(self) -> int:
        """What /proc calls the namespace."""
        return self.netns_path.stat().st_ino

    def process(self, name: str, *argv: str, **words: object) -> Process:
        """A container of the pod `web` with a usual environment."""
        process = Process(self.netns, POD, name, argv, env=(("PATH", PATH),), hostname="web")
        return replace(process, **words)  # type: ignore[arg-type]  # a test's own words

    def shell(self, name: str, script: str, **words: object) -> Process:
        """A container that runs a shell script."""
        return self.process(name, "/bin/sh", "-c", script, **words)

    def start(self, *processes: Process, timeout: float = PATIENCE) -> list[Status]:
        """Start containers together, and wait until they are settled."""
        for process in processes:
            self.client.start(process, self.file)
        return list(self.client.started(timeout))

    def run(self, process: Process) -> Status:
        """Start a container and wait for its end."""
        self.start(process)
        (status,) = self.client.wait([process.key], PATIENCE)
        assert status.exit_status is not None, f"{process} does not end"
        return status

    def output(self, process: Process) -> list[str]:
        """What a container writes until its end."""
        status = self.run(process)
        assert not status.message, status.message
        return self.logs(process)

    def logs(self, process: Process, options: LogOptions | None = None) -> list[str]:
        """What a container has written."""
        return lines(b"".join(read_logs(self.folder, process.pod, process.name, options)))


def can_remember() -> bool:
    """Whether an overlay in memory can note, in a user namespace, that a folder is not there.

    It takes an extended attribute of the user's, which tmpfs has had since Linux 6.6.
    """
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        try:
            os.setxattr(file.name, "user.labnet", b"")
        except OSError:
            return False
    return True
