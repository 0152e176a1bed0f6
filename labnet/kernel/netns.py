"""Named network namespaces as `ip netns` keeps them, and one thread's way through them.

A named namespace is a file in /run/netns with the namespace mounted on it (ip-netns(8)). One of
labnet's is recognised by what it carries: the alias of its `lo`, and before that is set and the
mount made, the mode of the file. So no list of names has to be kept or believed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from labnet.errors import ForeignNetns
from labnet.kernel import libc
from labnet.kernel.netlink import NetlinkSocket


FOLDER = Path("/run/netns")
_MARK = 0o1000  # the sticky bit, which means nothing on a file, and is there from its first moment
_MOUNTED = Path("/run/labnet/.netns-mounted")
_SOCKETS = 512  # open at once; each also pins its namespace until it is closed


class Thread:
    """The calling thread, which visits namespaces and comes back in the end.

    It keeps a netlink socket for each namespace that it has worked in, because a socket stays where
    it was made: only making one, sysctls and children need the thread itself to be there.
    """

    def __init__(self) -> None:
        """Remember where the thread is now."""
        self._origin = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._current: str | None = None
        self._sockets: dict[str, NetlinkSocket] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Go back to where the thread was and close all sockets."""
        for name in list(self._sockets):
            self.forget(name)
        self.leave()
        os.close(self._origin)

    def enter(self, name: str) -> None:
        """Go into a named namespace; raises OSError (EINVAL: the file is no namespace)."""
        if self._current == name:
            return
        fd = open_netns(name)
        try:
            libc.setns(fd, libc.CLONE_NEWNET)
        finally:
            os.close(fd)
        self._current = name

    def leave(self) -> None:
        """Go back to where the thread was."""
        libc.setns(self._origin, libc.CLONE_NEWNET)
        self._current = None

    def socket(self, name: str) -> NetlinkSocket:
        """The netlink socket in a namespace."""
        found = self._sockets.get(name)
        if found is None:
            self.enter(name)
            found = self._keep(name)
        return found

    def _keep(self, name: str) -> NetlinkSocket:
        if len(self._sockets) >= _SOCKETS:
            self.forget(next(iter(self._sockets)))
        made = self._sockets[name] = NetlinkSocket()
        return made

    def forget(self, name: str) -> None:
        """Close the socket in a namespace, which would keep it alive."""
        if self._current == name:
            self.leave()
        kept = self._sockets.pop(name, None)
        if kept is not None:
            kept.close()

    @contextmanager
    def newborn(self, name: str) -> Iterator[NetlinkSocket]:
        """Make a namespace, and name it when the body has marked it through the socket.

        Before it has its name nobody else can see it, and it goes with this process.
        Raises ForeignNetns if the name is taken.
        """
        claim(name)
        libc.unshare(libc.CLONE_NEWNET)
        self._current = name
        yield self._keep(name)
        libc.mount("/proc/thread-self/ns/net", str(FOLDER / name), "none", libc.MS_BIND)


def open_netns(name: str) -> int:
    """A file descriptor of a named namespace; raises OSError."""
    return os.open(FOLDER / name, os.O_RDONLY | os.O_CLOEXEC)


def names(lab: str) -> list[str]:
    """All names in /run/netns that begin like a lab's, whoever made them."""
    try:
        entries = [entry.name for entry in FOLDER.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(entry for entry in entries if entry.startswith(f"{lab}."))


def claim(name: str) -> None:
    """Make the file that a namespace will be mounted on, marked as labnet's from the first."""
    try:
        os.close(os.open(FOLDER / name, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MARK))
    except FileExistsError as error:
        raise ForeignNetns(foreign_message(name)) from error


def foreign_message(name: str) -> str:
    """What to tell of a name that is taken."""
    return (
        f"the network namespace {name} exists and was not made by labnet: "
        f"remove it (ip netns delete {name}) or rename the lab"
    )


def is_claimed(name: str) -> bool:
    """Whether a file in /run/netns is one that labnet has claimed and nothing is mounted on."""
    try:
        mode = (FOLDER / name).lstat().st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISREG(mode) and stat.S_IMODE(mode) == _MARK


def delete(name: str) -> None:
    """Take a namespace's name away; the kernel removes it when nothing uses it any more."""
    path = str(FOLDER / name)
    try:
        while True:  # whoever has mounted it twice has only hidden it
            libc.umount2(path, libc.MNT_DETACH)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOENT}:
            raise
    Path(path).unlink(missing_ok=True)


def prepare_folder() -> None:
    """Make /run/netns what `ip netns add` makes of it: a mount of its own, shared with all.

    If it were not one yet, the next `ip netns add` would mount the folder over itself, with copies
    of all namespaces below, and none of them could be removed any more.
    """
    with _locked():
        if _is_mount():
            return
        _MOUNTED.touch(mode=0o600)
        if not FOLDER.exists():
            _MOUNTED.write_text("the folder, too", encoding="ascii")
            FOLDER.mkdir(mode=0o755)
        if any(FOLDER.iterdir()):
            libc.mount(str(FOLDER), str(FOLDER), "none", libc.MS_BIND | libc.MS_REC)
        else:  # where /run is on a disk, making files there is half of the cost of a namespace
            flags = libc.MS_NOSUID | libc.MS_NODEV | libc.MS_NOEXEC
            libc.mount("labnet", str(FOLDER), "tmpfs", flags, "mode=0755")
        libc.mount("", str(FOLDER), "none", libc.MS_SHARED | libc.MS_REC)


def restore_folder() -> None:
    """Undo `prepare_folder`, if it did anything and no lab is left that could need it.

    A lab has its own folder before it prepares this one, and until it has nothing here any more.
    """
    with _locked():
        labs = (entry for entry in _MOUNTED.parent.glob("*") if entry.is_dir())
        if not _MOUNTED.exists() or any(labs):
            return
        if FOLDER.exists() and not any(FOLDER.iterdir()):
            if _is_mount():
                libc.umount2(str(FOLDER), libc.MNT_DETACH)
            if _MOUNTED.read_bytes():
                FOLDER.rmdir()
        _MOUNTED.unlink()
        with suppress(OSError):  # a lab has come meanwhile
            _MOUNTED.parent.rmdir()


def _is_mount() -> bool:
    """Whether the folder is the root of a mount that is not covered by another."""
    return FOLDER.exists() and _mount_id(FOLDER) != _mount_id(FOLDER.parent)


def _mount_id(folder: Path) -> str:
    """The number of the mount that a path leads to (proc_pid_fdinfo(5))."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lines = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii").splitlines()
    finally:
        os.close(fd)
    return next(line for line in lines if line.startswith("mnt_id:"))


@contextmanager
def _locked() -> Iterator[None]:
    """Keep out other labs; the folder itself comes and goes, so the one above it is locked."""
    fd = os.open(FOLDER.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
