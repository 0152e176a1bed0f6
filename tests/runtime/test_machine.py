"""What of the machine's mounts containers see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labnet.kernel.runtime.init import find_program, shell_status
from labnet.kernel.runtime.launch import explain
from labnet.kernel.runtime.machine import (
    MountPoint,
    is_hidden,
    layered_mounts,
    parse_mountinfo,
    unwanted_mounts,
)


MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 23 0:30 / /proc/sys/fs/binfmt_misc rw shared:9 master:2 - autofs systemd-1 rw
25 22 8:1 / /usr rw,relatime - ext4 /dev/sda1 rw
26 22 0:40 / /mnt/my\\040disk\\134 rw - fuse.sshfs a:b rw
"""
MOUNTS = [
    MountPoint(path, kind)
    for path, kind in (
        ("/", "ext4"),
        ("/proc", "proc"),
        ("/proc/sys/fs/binfmt_misc", "autofs"),
        ("/dev", "devtmpfs"),
        ("/dev/pts", "devpts"),
        ("/run", "tmpfs"),
        ("/run/netns", "tmpfs"),
        ("/run/netns/a", "nsfs"),
        ("/usr", "ext4"),
        ("/usr/local", "ext4"),
        ("/var/lib/docker", "ext4"),
        ("/home", "autofs"),
        ("/mnt", "ext4"),
        ("/mnt", "ext4"),
        ("/etc/hosts", "ext4"),
    )
]


def test_mountinfo() -> None:
    """Optional fields are skipped, and white space and backslashes are in octal."""
    assert parse_mountinfo(MOUNTINFO) == [
        MountPoint("/", "ext4"),
        MountPoint("/proc", "proc"),
        MountPoint("/proc/sys/fs/binfmt_misc", "autofs"),
        MountPoint("/usr", "ext4"),
        MountPoint("/mnt/my disk\\", "fuse.sshfs"),
    ]
    Path("/proc/self/mountinfo").read_text()


def test_where_programs_lie_is_seen() -> None:
    """File systems near the root; not Docker's, not one that mounts itself, no single file."""
    assert layered_mounts(MOUNTS) == ("/usr", "/usr/local")


def test_what_is_let_go() -> None:
    """Everything else, each mount as often as it is there, but nothing below another."""
    gone = unwanted_mounts(MOUNTS, ("/usr", "/usr/local"))
    assert gone == [
        "/proc/sys/fs/binfmt_misc",
        "/dev/pts",
        "/run",
        "/var/lib/docker",
        "/home",
        "/mnt",
        "/mnt",
        "/etc/hosts",
    ]


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("/usr/lib/python3", False),
        ("/usr/local/lib", False),
        ("/root/labnet", False),
        ("/tmp/labnet", True),
        ("/run/labnet", True),
        ("/tmpfoo", False),
        ("/mnt/labnet", True),
        ("/home/me/labnet", True),
        ("/var/lib/docker/x", True),
    ],
)
def test_what_containers_cannot_see(path: str, *, hidden: bool) -> None:
    """A checkout under /tmp or on a disk of its own has to be shown to them."""
    assert is_hidden(path, MOUNTS, ("/usr", "/usr/local")) is hidden


def test_finding_a_program(tmp_path: Path) -> None:
    """As execvp(3) does: the first that can be executed, and why there is none."""
    for name, mode in (("a", 0o755), ("b", 0o755), ("c", 0o644)):
        folder = tmp_path / name
        folder.mkdir()
        for program in ("both", name):
            (folder / program).touch(mode)
    path = f"{tmp_path}/none:{tmp_path}/c:{tmp_path}/b:{tmp_path}/a"
    assert find_program("both", path) == f"{tmp_path}/b/both"
    assert find_program(f"{tmp_path}/a/a", "") == f"{tmp_path}/a/a"
    with pytest.raises(FileNotFoundError) as missing:
        find_program("none", path)
    with pytest.raises(FileNotFoundError) as elsewhere:
        find_program("/none", path)
    with pytest.raises(PermissionError) as forbidden:
        find_program("c", path)
    assert explain(missing.value, "none") == (
        127,
        'exec: "none": executable file not found in $PATH',
    )
    assert explain(elsewhere.value, "/none") == (127, 'exec: "/none": no such file or directory')
    assert explain(forbidden.value, "c") == (126, 'exec: "c": permission denied')


def test_the_status_of_a_process() -> None:
    """Its exit status, or 128 and the signal."""
    assert shell_status(3 << 8) == 3
    assert shell_status(9) == 137
    assert os.waitstatus_to_exitcode(9) == -9
