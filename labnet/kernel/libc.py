"""System calls that Python 3.11's standard library lacks, by the names of their man pages.

Each raises OSError with the errno and, where there is one, the path.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable


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

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME = 1, 4, 15
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_THP_DISABLE = 23, 24, 41

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x40, 0x80, 0x100, 0x200

_CAPABILITY_VERSION_3 = 0x2008_0522
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


def pivot_root(new_root: str, put_old: str) -> None:
    """Change the root mount (pivot_root(2))."""
    _check(_libc.pivot_root(os.fsencode(new_root), os.fsencode(put_old)), new_root)


def prctl(option: int, argument: int | bytes = 0) -> int:
    """Operate on the calling process (prctl(2)); the arguments after the first are zero."""
    value = ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_ulong(argument)
    zero = ctypes.c_ulong(0)
    return _check(_libc.prctl(option, value, zero, zero, zero))


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """Set the capabilities of the calling thread, each a mask of bits (capset(2))."""
    masks = (effective, permitted, inheritable)
    words = [mask >> shift & 0xFFFF_FFFF for shift in (0, 32) for mask in masks]
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("=6I", *words)))


def signalfd(signals: Iterable[int]) -> int:
    """A descriptor, not blocking, that is readable when one of the signals waits (signalfd(2))."""
    mask = sum(1 << (number - 1) for number in signals)
    words = (ctypes.c_uint64 * 16)(mask)  # glibc's sigset_t is longer than the kernel's
    return _check(_libc.signalfd(-1, words, os.O_NONBLOCK | os.O_CLOEXEC))


def inotify_init1() -> int:
    """A descriptor, not blocking, that tells of changes of files (inotify(7))."""
    return _check(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))


def inotify_add_watch(fd: int, path: str, mask: int) -> int:
    """Watch a path (inotify_add_watch(2)); what is read is left to the reader."""
    return _check(_libc.inotify_add_watch(fd, os.fsencode(path), ctypes.c_uint32(mask)), path)


def umount2(target: str, flags: int = 0) -> None:
    """Unmount (umount2(2))."""
    _check(_libc.umount2(os.fsencode(target), flags), target)
