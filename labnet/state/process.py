"""The processes of a container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from labnet.state.base import Command, Key, Object, Operator


@dataclass(frozen=True, slots=True)
class Process(Object):
    """One container: a command in mount, PID, UTS and IPC namespaces of its own, with an init.

    `pod` is `pod/NAMESPACE/NAME`, `container/NAME` for one on docker0, or `node/NAME` for what
    runs on a node without a pod. `order` is its place in
    the pod: init containers (`init`) run to their end in this order before any other starts.
    `builtin` names a program of labnet.images that runs without an exec, with `argv` as its
    arguments; `program` one that lies in its root as an executable of that name. `files` are
    written into its root, (path, text); `volumes` are (mount path, name) of folders that the pod's
    containers share. `ports` are the TCP ports that it says it listens on. `grace` is how many
    seconds it has to end after SIGTERM.
    """

    rank: ClassVar[int] = 9
    netns: str
    pod: str
    name: str
    argv: tuple[str, ...]
    builtin: str = ""
    program: str = ""
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = "/"
    hostname: str = ""
    files: tuple[tuple[str, str], ...] = ()
    volumes: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    init: bool = False
    order: int = 0
    restart: str = "Always"
    grace: int = 30

    @property
    def key(self) -> Key:
        """`process NETNS POD CONTAINER`."""
        return "process", self.netns, self.pod, self.name

    @property
    def sort_key(self) -> tuple[int, str]:
        """A pod's containers start in their order."""
        return self.rank, f"{self.pod} {self.order:03}"

    def add(self) -> list[Command]:
        """The nearest thing by hand: the command in new namespaces, in the background."""
        unshare = ("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child")
        env = ("env", "-i", *(f"{name}={value}" for name, value in self.env))
        program = ("python3", "-m", f"labnet.images.{self.builtin}") if self.builtin else ()
        command = (*unshare, "--mount-proc", f"--wd={self.cwd}", *env, *program, *self.argv)
        return [("ip", "netns", "exec", self.netns, *command, Operator("&"))]

    def change(self, old: Self) -> list[Command]:
        """A container cannot be changed, only replaced."""
        return [*old.delete(), *self.add()]

    def delete(self) -> list[Command]:
        """By hand, every process of the namespace is ended."""
        return [("ip", "netns", "pids", self.netns, Operator("|"), "xargs", "-r", "kill")]
