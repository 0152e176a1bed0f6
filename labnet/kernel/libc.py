"""System calls that Python 3.11's standard library lacks, by the names of their man pages.

Each raises OSError with the errno and, where there is one, the path.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Iterable


CLONE_PARENT = 0x0000_8000
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
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME = 1, 4, 15
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_THP_DISABLE = 23, 24, 41

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x40, 0x80, 0x100, 0x200

# The numbers are the same on every architecture; not every libc has the functions.
_OPEN_TREE, _MOVE_MOUNT, _CLONE3, _MOUNT_SETATTR = 428, 429, 435, 442
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_CAPABILITY_VERSION_3 = 0x2008_0522

_libc = ctypes.CDLL(None, use_errno=True)
_holding = ctypes.PyDLL(None, use_errno=True)  # does not let go of the interpreter lock


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


def clone(flags: int) -> int:
    """Fork into new namespaces: 0 in the child, its process id in the parent (clone3(2)).

    os.fork() after unshare(CLONE_NEWPID) does the same, but cannot go back to a PID namespace of
    another user namespace. The process must have one thread only: libc is not told of the fork.
    With CLONE_PARENT the child is the caller's sibling.
    """
    end = 0 if flags & CLONE_PARENT else signal.SIGCHLD  # a sibling has that of the caller
    arguments = struct.pack("=8Q", flags, 0, 0, 0, end, 0, 0, 0)
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    result: int = _holding.syscall(_CLONE3, arguments, ctypes.c_size_t(len(arguments)))
    if result == 0:
        api.PyOS_AfterFork_Child()
    else:
        code = ctypes.get_errno()
        api.PyOS_AfterFork_Parent()
        ctypes.set_errno(code)
    return _check(result)


def open_tree(path: str) -> int:
    """A descriptor of a copy of the mount at a path, attached to nothing (open_tree(2))."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC
    return _check(_libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags), path)


def move_mount(tree: int, target: str) -> None:
    """Attach what `open_tree` returned (move_mount(2))."""
    path = os.fsencode(target)
    _check(_libc.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, path, _MOVE_MOUNT_F_EMPTY_PATH), target)


def mount_setattr(target: str, attributes: int, *, recursive: bool = False) -> None:
    """Add attributes to a mount, and leave its others (mount_setattr(2))."""
    change = struct.pack("=4Q", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    words = (_AT_FDCWD, os.fsencode(target), flags, change, ctypes.c_size_t(len(change)))
    _check(_libc.syscall(_MOUNT_SETATTR, *words), target)


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
