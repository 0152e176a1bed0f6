"""A container's own root: what Docker's default container has of mounts, made by its first process.

    /                an overlay over the machine's; what is written lies in memory and goes with it
    /proc /sys       of the container's own namespaces; masked and read-only where Docker's are
    /dev             null zero full random urandom tty, a devpts, shm and mqueue of its own
    /run /tmp        empty: nothing of the machine's sockets is to be seen

Root in a container is root on the machine, without a devices cgroup: so every mount but that of
/dev's six nodes is `nodev`. None is `nosuid`, as none of Docker's is: ping and sudo work.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

from labnet.kernel import libc
from labnet.kernel.runtime.machine import BOX, Machine, mount_layer
from labnet.state.process import Process


DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
LINKS = (
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
)
MASKED_FILES = ("proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list")
MASKED_FOLDERS = ("proc/acpi", "proc/asound", "proc/scsi", "sys/firmware")
READ_ONLY = ("proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger")
"""Docker's defaults (moby/daemon/pkg/oci, `DefaultLinuxSpec`), as far as this kernel has them."""

_PYTHON = os.path.realpath(sys.executable)
"""The interpreter itself: a virtual environment may lie where containers see nothing."""
_ROOT = f"{BOX}/root"
_HOSTNAME = 63  # where kubelet cuts it (getHostname in pkg/kubelet/kubelet_pods.go)
_SIZE = "mode=0755,size=1g"
_KERNEL_FLAGS = libc.MS_NOSUID | libc.MS_NODEV | libc.MS_NOEXEC


def enter_sandbox(machine: Machine, process: Process, volumes: Mapping[str, str]) -> None:
    """Give the calling process a container's namespaces and root, as its first process.

    It must be PID 1 already, in the network namespace that it is to have. `volumes` are the
    folders that the process's volumes name. Raises OSError, which names a path.
    """
    libc.unshare(libc.CLONE_NEWNS | libc.CLONE_NEWUTS | libc.CLONE_NEWIPC)
    if process.hostname:
        socket.sethostname(process.hostname[:_HOSTNAME])
    _mount_root(machine)
    _mount_kernel()
    _mount_devices()
    if process.builtin or process.program:
        _mount_code(machine)
    trees = [(path, libc.open_tree(volumes[name])) for path, name in process.volumes]
    _change_root()
    _mount_volumes(trees)
    _write_files(process)
    if process.program:
        _write_program(process.program)


def _change_root() -> None:
    """Lay the new root over the old one, which nobody can get at any more.

    pivot_root(2) would look at every process of the machine, which is a tenth of the time that the
    thousandth container takes. As switch_root(8): `..` of the root leads back to what lies over it,
    setns(2) goes to the top, and taking it away needs CAP_SYS_ADMIN.
    """
    os.chdir(_ROOT)
    libc.mount(".", "/", "", libc.MS_MOVE)
    os.chroot(".")
    os.chdir("/")


def _mount_root(machine: Machine) -> None:
    """The layers of the machine under an overlay, and folders that are new."""
    libc.mount("tmpfs", BOX, "tmpfs", libc.MS_NODEV, _SIZE)
    os.mkdir(_ROOT)
    if machine.layers[0].path != "/":
        libc.mount(_ROOT, _ROOT, "", libc.MS_BIND)  # a root must be a mount
    for path, target in machine.links:
        os.symlink(target, _ROOT + path)
    for layer in machine.layers:
        if layer.path != "/":
            _new_folder(_ROOT + layer.path)
        mount_layer(layer, _ROOT + layer.path.rstrip("/"), BOX, machine.data)
    for name, mode in (("dev", 0o755), ("run", 0o755), ("tmp", 0o1777)):
        _new_folder(f"{BOX}/{name}", mode)
        _new_folder(f"{_ROOT}/{name}")
        libc.mount(f"{BOX}/{name}", f"{_ROOT}/{name}", "", libc.MS_BIND)
    _new_folder(f"{_ROOT}/run/lock", 0o1777)


def _mount_kernel() -> None:
    """/proc and /sys, with what Docker hides and protects hidden and protected."""
    proc, sys, empty = f"{_ROOT}/proc", f"{_ROOT}/sys", f"{BOX}/empty"
    for folder in (proc, sys, empty):
        _new_folder(folder)
    libc.mount("proc", proc, "proc", _KERNEL_FLAGS)
    with suppress(PermissionError):  # a user namespace whose own /sys is covered gets none
        libc.mount("sysfs", sys, "sysfs", _KERNEL_FLAGS | libc.MS_RDONLY)
    masks = [(path, "/dev/null") for path in MASKED_FILES]
    masks += [(path, empty) for path in MASKED_FOLDERS]
    for path, mask in masks:
        with suppress(FileNotFoundError):  # not every kernel has it
            libc.mount(mask, f"{_ROOT}/{path}", "", libc.MS_BIND)
    for path in READ_ONLY:
        with suppress(FileNotFoundError):
            libc.mount(f"{_ROOT}/{path}", f"{_ROOT}/{path}", "", libc.MS_BIND)
            libc.mount_setattr(f"{_ROOT}/{path}", libc.MOUNT_ATTR_RDONLY)


def _mount_devices() -> None:
    """/dev as the OCI runtime specification has it; its nodes are the machine's own."""
    dev = f"{_ROOT}/dev"
    for name in DEVICES:
        os.close(os.open(f"{dev}/{name}", os.O_CREAT | os.O_WRONLY))
        libc.mount(f"/dev/{name}", f"{dev}/{name}", "", libc.MS_BIND)
    for name, target in LINKS:
        os.symlink(target, f"{dev}/{name}")
    _new_folder(f"{dev}/shm", 0o1777)
    _new_folder(f"{dev}/mqueue", 0o1777)
    libc.mount("mqueue", f"{dev}/mqueue", "mqueue", _KERNEL_FLAGS)
    _new_folder(f"{dev}/pts")
    flags = libc.MS_NOSUID | libc.MS_NOEXEC
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        libc.mount("devpts", f"{dev}/pts", "devpts", flags, f"{options},gid=5")
    except OSError as error:
        if error.errno != errno.EINVAL:  # a user namespace has no group tty
            raise
        libc.mount("devpts", f"{dev}/pts", "devpts", flags, options)


def _mount_code(machine: Machine) -> None:
    """The program of labnet where the machine has it, for what a built-in imports late."""
    for path, place in machine.code:
        Path(_ROOT + path).mkdir(parents=True, exist_ok=True)
        libc.mount(place, _ROOT + path, "", libc.MS_BIND)
        libc.mount_setattr(_ROOT + path, libc.MOUNT_ATTR_RDONLY)


def _mount_volumes(trees: Iterable[tuple[str, int]]) -> None:
    """The pod's folders, once the root is the container's, so that links in a path stay inside."""
    for path, tree in trees:
        Path(path).mkdir(parents=True, exist_ok=True)
        libc.move_mount(tree, path)
        os.close(tree)


def _write_files(process: Process) -> None:
    """The files of its own; a link gives way, which /etc/resolv.conf is on many machines."""
    for name, text in process.files:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")


def _write_program(name: str) -> None:
    """A program of labnet's as an executable of the root, for `labnet exec` and scripts."""
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; from labnet.images.{name} import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    path = Path("/", name)
    path.write_text(
        f'#!/bin/sh\nexec {quote(_PYTHON)} -IS -c {quote(code)} "$@"\n', encoding="utf-8"
    )
    path.chmod(0o755)


def _new_folder(path: str, mode: int = 0o755) -> None:
    """Make a folder, if it is not there, with this mode whatever the umask is."""
    with suppress(FileExistsError):
        os.mkdir(path, mode)
        if mode & 0o022:
            os.chmod(path, mode)
