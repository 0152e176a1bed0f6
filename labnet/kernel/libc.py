"""System calls that Python 3.11's standard library lacks, by the names of their man pages.

Each raises OSError with the errno and, where there is one, the path.
"""

from __future__ import annotations

import ctypes
import os


CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC = 0x1000, 0x2000, 0x4000
MS_PRIVATE, MS_SLAVE, MS_SHARED = 0x4_0000, 0x8_0000, 0x10_0000
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, path: str = "") -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path) if path else OSError(code, os.strerror(code))
    return result


def unshare(flags: int) -> None:
    """Leave shared namespaces for new ones (unshare(2))."""
    _check(_libc.unshare(flags))


def setns(fd: int, kind: int) -> None:
    """Join the namespace behind a file descriptor (setns(2))."""
    _check(_libc.setns(fd, kind))


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount (mount(2))."""
    words = [os.fsencode(word) for word in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) or None), target)


def umount2(target: str, flags: int = 0) -> None:
    """Unmount (umount2(2))."""
    _check(_libc.umount2(os.fsencode(target), flags), target)
