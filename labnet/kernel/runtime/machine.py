"""What of the machine a container sees, found out once, in a mount namespace of one's own.

A container's root is an overlay over the machine's `/`, and an overlay does not cross mounts. So
each further file system that programs or their data lie on (a separate `/usr` or `/var`) gets an
overlay of its own. Everything else that is mounted is let go first: what is copied into a thousand
mount namespaces costs time, and pins what a person wants to unmount.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from labnet.kernel import libc
from labnet.kernel.runtime import capabilities


STAGE = "/run"
"""Where the namespace keeps a file system of its own, over what the machine has there."""
BOX = f"{STAGE}/box"
"""The mount point of a container that is being made."""
VOLUMES = f"{STAGE}/volumes"
"""The folders that the containers of a pod share."""

FRESH = ("dev", "proc", "run", "sys", "tmp")
"""Folders of the root that every container gets new."""

_CODE = f"{STAGE}/code"
_LAYERS = ("bin", "etc", "gnu", "home", "lib", "nix", "opt", "root", "sbin", "srv", "usr", "var")
_DEEPEST = 2  # folders down from the root: /usr/local and /nix/store, but nothing of Docker's
_OVERLAY = "lowerdir={lower},upperdir={upper},workdir={work}{data}"


class MountPoint(NamedTuple):
    """A line of /proc/PID/mountinfo (proc(5))."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A folder of the machine that containers see, at `path`; `source` is where it lies.

    It is `writable` if it can lie under an overlay.
    """

    path: str
    source: str
    mode: int
    uid: int
    gid: int
    writable: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """All that a container needs to know of the machine.

    `links` are the symbolic links of `/`, where `/` itself cannot be a layer. `code` are (path,
    where it is now) of folders of labnet's own program that the layers do not show. `data` are
    options for every overlay.
    """

    layers: tuple[Layer, ...]
    links: tuple[tuple[str, str], ...]
    code: tuple[tuple[str, str], ...]
    data: str
    last_capability: int


def claim_machine() -> Machine:
    """Move to a mount namespace of one's own, trim it, and take stock.

    Raises OSError where this machine cannot (no privilege, no mount namespaces).
    """
    libc.unshare(libc.CLONE_NEWNS)
    libc.mount("", "/", "", libc.MS_PRIVATE | libc.MS_REC)
    mounts = parse_mountinfo(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    kept = layered_mounts(mounts)
    paths = [os.path.realpath(path) for path in sys.path if Path(path).is_dir()]
    hidden = [path for path in dict.fromkeys(paths) if is_hidden(path, mounts, kept)]
    trees = [libc.open_tree(path) for path in hidden]
    for path in unwanted_mounts(mounts, kept):
        with suppress(OSError):  # in a user namespace, what was there before is locked
            libc.umount2(path, libc.MNT_DETACH)
    libc.mount("tmpfs", STAGE, "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, "mode=0755")
    for folder in (BOX, VOLUMES, _CODE):
        Path(folder).mkdir()
    code = tuple((path, f"{_CODE}/{number}") for number, path in enumerate(hidden))
    for tree, (_, place) in zip(trees, code, strict=True):
        Path(place).mkdir()
        libc.move_mount(tree, place)
        os.close(tree)
    return _survey(kept, code)


def parse_mountinfo(text: str) -> list[MountPoint]:
    r"""The mounts in the order in which they were made; odd characters are written like `\040`."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        path = before.split(" ")[4].encode().decode("unicode_escape").encode("latin-1").decode()
        mounts.append(MountPoint(path, after.split(" ")[0]))
    return mounts


def layered_mounts(mounts: Iterable[MountPoint]) -> tuple[str, ...]:
    """The file systems beside `/` that containers see: where programs and their data may lie."""
    paths: list[str] = []
    for path, kind in mounts:
        words = path.split("/")[1:]
        near = words[0] in _LAYERS and len(words) <= _DEEPEST
        if near and kind != "autofs" and path not in paths and Path(path).is_dir():
            paths.append(path)
    return tuple(paths)


def unwanted_mounts(mounts: Sequence[MountPoint], kept: Iterable[str]) -> list[str]:
    """The mounts to let go, one as often as it is there; one below another goes with it."""
    wanted = {"/", "/dev", "/proc", "/sys", *kept}
    gone: list[str] = []
    for path, _ in mounts:
        below = any(path != other and _is_below(path, other) for other in gone)
        if path not in wanted and not below:
            gone.append(path)
    return gone


def is_hidden(path: str, mounts: Iterable[MountPoint], kept: Iterable[str]) -> bool:
    """Whether a folder of the machine cannot be seen in a container."""
    mount = max((point for point, _ in mounts if _is_below(path, point)), key=len, default="/")
    fresh = any(_is_below(path, f"/{folder}") for folder in FRESH)
    return fresh or mount not in {"/", *kept}


def _is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def mount_layer(layer: Layer, target: str, box: str, data: str) -> None:
    """Show a layer at `target`; what is written to it goes to new folders in `box`."""
    if not layer.writable:
        libc.mount(layer.source, target, "", libc.MS_BIND | libc.MS_REC)
        attributes = libc.MOUNT_ATTR_RDONLY | libc.MOUNT_ATTR_NODEV
        libc.mount_setattr(target, attributes, recursive=True)
        return
    name = layer.path.replace("/", "_")
    upper, work = f"{box}/upper{name}", f"{box}/work{name}"
    os.mkdir(work)
    os.mkdir(upper, layer.mode)
    if layer.mode != _PLAIN or layer.uid or layer.gid:
        os.chown(upper, layer.uid, layer.gid)
        os.chmod(upper, layer.mode)
    options = _OVERLAY.format(lower=layer.source, upper=upper, work=work, data=data)
    libc.mount("overlay", target, "overlay", libc.MS_NODEV, options)


_PLAIN = 0o755


def _survey(kept: Sequence[str], code: tuple[tuple[str, str], ...]) -> Machine:
    """Find out which folders overlays can be laid over."""
    data = ",userxattr" if _in_user_namespace() else ""
    last = capabilities.last_capability()
    root = _layer("/", data)
    layers = [] if root is None or not root.writable else [root]
    links: list[tuple[str, str]] = []
    if not layers:
        folders, links = _top_level()
        kept = [*folders, *(path for path in kept if path not in folders)]
    layers += [layer for path in kept if (layer := _layer(path, data))]
    layers = [_copied(layer) if layer.path == "/etc" else layer for layer in layers]
    return Machine(tuple(layers), tuple(links), code, data, last)


def _in_user_namespace() -> bool:
    """Whether this is not the first user namespace, where `trusted` attributes are forbidden."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split() != _ALL_IDS


_ALL_IDS = ["0", "0", "4294967295"]


def _top_level() -> tuple[list[str], list[tuple[str, str]]]:
    """The folders and the symbolic links of `/`, without those that containers get new."""
    folders, links = [], []
    for entry in os.scandir("/"):
        if entry.is_symlink():
            links.append((entry.path, os.readlink(entry.path)))
        elif entry.is_dir() and entry.name not in FRESH:
            folders.append(entry.path)
    return sorted(folders), sorted(links)


def _layer(path: str, data: str) -> Layer | None:
    """The folder as a layer, found out by trying; None if it cannot even be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    about = (path, path, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    libc.mount("tmpfs", BOX, "tmpfs", 0, "mode=0700")
    try:
        target = f"{BOX}/target"
        os.mkdir(target)
        mount_layer(layer := Layer(*about, writable=True), target, BOX, data)
    except OSError:
        return Layer(*about, writable=False)
    else:
        return layer
    finally:
        libc.umount2(BOX, libc.MNT_DETACH)


def _copied(layer: Layer) -> Layer:
    """The machine's /etc, copied if an overlay cannot lie over it: containers must write to it.

    So it is in a user namespace on a machine that is a container: its files are mounts.
    """
    if layer.writable:
        return layer
    import shutil  # noqa: PLC0415  # it is large, and hardly a machine needs it

    place = f"{STAGE}{layer.path}"
    with suppress(shutil.Error):  # what may not be read is not copied
        shutil.copytree(layer.source, place, symlinks=True)
    return replace(layer, source=place, writable=True)
