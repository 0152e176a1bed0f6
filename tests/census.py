"""A census of this machine: everything that a lab could leave behind, as text that can be compared.

`census()` takes a tenth of a second and changes nothing. Each thing has a kind and a name, and a
text for what it is like. The text comes from `ip`, `iptables-save` and `nft`, not from a library
that labnet uses: they are a second witness.

Left out is what changes by itself: counters, timers, what a bridge learned, and processes that no
lab can have started. A kernel module that was loaded on demand stays, with the sysctls that it
brings: that is the kernel's doing, told apart in `modules`. The folder /run/netns stays too, and
the mount that `ip netns add` makes of it: every tool that names namespaces shares them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


Things = Mapping[str, str]
"""What a kind of thing has: its text by its name."""

MARK = "PYTEST_CURRENT_TEST"
"""In the environment of whatever a test starts, unless somebody takes care to clean it."""

_LABS = "/run/labnet"
_LAB_KINDS = {"mount", "named network namespace", "network namespace", "process"}
_ENDING = {"network namespace", "process"}
_TREES = ("/etc", _LABS, "/var/lib/nginx", "/var/log/nginx")
_SCRATCH = ("/dev/shm", "/run", "/tmp", "/var/tmp")
_CREDENTIALS = "/run/credentials/"  # systemd's, for a service while it runs
_SYSCTLS = ("net", "user", "fs/inotify", "kernel/keys")
_UNSTEADY = re.compile(
    r"nf_conntrack_count$|/route/flush$|/tcp_fastopen_key$|/nf_conntrack_expect_count$"
)
_PASSING = re.compile(r"\b(?:\w+_lft|expires|age|\w+_timer) +\S+|\[\d+:\d+\]")
_LEARNED = re.compile(r"^(?:\w\w:){5}\w\w (?!.*\b(?:permanent|static)\b)")
_COMMANDS = {
    "link": ("ip", "-oneline", "-details", "link", "show"),
    "address": ("ip", "-oneline", "address", "show"),
    "IPv4 route": ("ip", "-oneline", "-4", "route", "show", "table", "all"),
    "IPv6 route": ("ip", "-oneline", "-6", "route", "show", "table", "all"),
    "IPv4 rule": ("ip", "-oneline", "-4", "rule", "show"),
    "IPv6 rule": ("ip", "-oneline", "-6", "rule", "show"),
    "neighbour": ("ip", "-oneline", "neighbour", "show", "nud", "permanent"),
    "forwarding entry": ("bridge", "fdb", "show"),
    "traffic control": ("tc", "qdisc", "show"),
    "iptables": ("iptables-save",),
    "ip6tables": ("ip6tables-save",),
    "nftables": ("nft", "--stateless", "list", "ruleset"),
}


_RENEWED = ("/etc/resolv.conf",)
"""A DHCP client writes it with each renewal of a lease, in a VM every half hour."""


@dataclass(frozen=True, slots=True)
class Census:
    """Everything by kind and name, and the names of the kernel's loaded modules."""

    things: Mapping[str, Things]
    modules: frozenset[str]

    def of_the_machine(self) -> Census:
        """The part that no running lab may change either: all but what labs are made of."""
        things = {kind: found for kind, found in self.things.items() if kind not in _LAB_KINDS}
        for kind in ("file", "scratch file"):
            found = things.get(kind, {})
            things[kind] = {name: text for name, text in found.items() if _is_outside(name)}
        return Census(things, self.modules)


def _is_outside(path: str) -> bool:
    """Whether a file is none of the running labs'."""
    return not f"{path}/".startswith(f"{_LABS}/")


def census(scratch: Iterable[str] = _SCRATCH) -> Census:
    """What there is now; of the folders `scratch`, only what labnet's name is on."""
    things: dict[str, Things] = dict(_command_output())
    things["named network namespace"] = _named_namespaces()
    things["sysctl"] = _sysctls()
    things["mount"] = _mounts()
    things["process"], things["network namespace"] = _processes()
    things["file"] = {name: text for tree in _TREES for name, text in _files(tree).items()}
    things["scratch file"] = {
        name: text
        for folder in scratch
        for name, text in _files(folder, deep=False).items()
        if "labnet" in name
    }
    return Census(things, _modules())


def difference(before: Census, after: Census) -> list[str]:
    """What appeared, vanished or changed, a line each, sorted.

    A sysctl that appeared together with a kernel module is left out, or a logger of packets that it
    brought; and so is a process that ended, with its namespace: they do that on any machine.
    """
    new_modules = bool(after.modules - before.modules)
    lines: list[str] = []
    for kind in sorted(before.things.keys() | after.things.keys()):
        old, new = before.things.get(kind, {}), after.things.get(kind, {})
        if kind == "sysctl" and new_modules:
            new = {name: text for name, text in new.items() if name in old}
            new |= {name: text for name, text in old.items() if _is_no_logger(name, text)}
        lines += _kind_difference(kind, old, new)
    return lines


def _is_no_logger(name: str, text: str) -> bool:
    """Whether a sysctl says that nobody logs a family's packets: a module then becomes the one."""
    return name.startswith("net/netfilter/nf_log/") and text == "NONE"


def _kind_difference(kind: str, old: Things, new: Things) -> Iterator[str]:
    """The share of one kind in `difference`."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{kind} appeared: {name} {new[name]}".rstrip()
        elif name not in new and kind not in _ENDING:
            yield f"{kind} vanished: {name} {old[name]}".rstrip()
        elif name in new and old[name] != new[name]:
            yield f"{kind} changed: {name}: {old[name]} -> {new[name]}"


def _command_output() -> Iterator[tuple[str, Things]]:
    """The lines that each of the commands prints, all started at once."""
    running = {
        kind: subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
        for kind, command in _COMMANDS.items()
    }
    for kind, process in running.items():
        output, _ = process.communicate()
        counts = Counter(_steady(output))
        yield kind, {line: f"({n} times)" if n > 1 else "" for line, n in counts.items()}


def _steady(output: str) -> Iterator[str]:
    """The lines of a command without what changes by itself; a rule's with its table."""
    table = ""
    for line in output.splitlines():
        if line.startswith("#") or _LEARNED.search(line):
            continue
        if line.startswith(("*", "table ")):
            table = line.rstrip(" {")
        text = _PASSING.sub("", line).strip(" \\\t")
        yield f"{table}: {text}" if table else text


def _sysctls() -> dict[str, str]:
    """Every readable value below `_SYSCTLS`, by its path below /proc/sys."""
    values = {}
    for top in _SYSCTLS:
        for folder, _, names in os.walk(f"/proc/sys/{top}"):
            for name in names:
                path = f"{folder}/{name}"
                if not _UNSTEADY.search(path) and (value := _read(path)) is not None:
                    values[path.removeprefix("/proc/sys/")] = value
    return values


def _read(path: str) -> str | None:
    """The text of a small file in /proc, or None if it cannot be read.

    The kernel clears a buffer of the size that is asked for, for each sysctl anew: 64 KiB hold any.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(descriptor, 1 << 16).decode(errors="replace").strip()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _mounts() -> dict[str, str]:
    """The mount points of this namespace with what is there, without the kernel's running ids."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in (_read_all("/proc/self/mountinfo")).splitlines():
        words = line.split(" ")
        dash = words.index("-")
        if words[4] == "/run/netns" and words[dash + 2] != "labnet":
            continue
        if words[4].startswith(_CREDENTIALS):
            continue
        counts[words[4], " ".join([words[3], words[5], *words[dash + 1 :]])] += 1
    mounts: dict[str, str] = {}
    for (point, text), n in sorted(counts.items()):
        mounts[point] = f"{mounts.get(point, '')} {text} ({n} times)".strip()
    return mounts


def _read_all(path: str) -> str:
    """The text of a file in /proc that can be long."""
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _processes() -> tuple[dict[str, str], dict[str, str]]:
    """The processes that a lab may have started, and the network namespaces that have a process.

    Such a process is in a PID or network namespace other than ours, or carries the mark of a test
    and is no descendant of ours, or says `labnet` in its command line and has lost its parent.
    """
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    status = {pid: _status(pid) for pid in pids}
    ours = [_link(f"/proc/self/ns/{kind}") for kind in ("net", "pid")]
    processes, namespaces = {}, {}
    for pid, (parent, comm, started) in ((pid, found) for pid, found in status.items() if found):
        theirs = [_link(f"/proc/{pid}/ns/{kind}") for kind in ("net", "pid")]
        if not all(theirs):  # it is ending, or not ours to ask
            continue
        namespaces[theirs[0]] = ""
        is_foreign = theirs != ours
        if is_foreign or (_is_marked(pid, parent) and not _descends(pid, status)):
            processes[f"{pid} {comm}"] = f"started at tick {started}"
    return processes, namespaces


def _is_marked(pid: int, parent: int) -> bool:
    """Whether a process says of itself that it is of a test or of labnet."""
    if f"{MARK}=" in (_read(f"/proc/{pid}/environ") or ""):
        return True
    return parent == 1 and "labnet" in (_read(f"/proc/{pid}/cmdline") or "")


def _named_namespaces() -> dict[str, str]:
    """What `ip netns` lists, each with its inode: the same name can get another namespace."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir("/run/netns"):
            with contextlib.suppress(FileNotFoundError):  # it has gone since
                found[entry.name] = str(entry.stat().st_ino)
    return found


Status = tuple[int, str, str]
"""The parent's pid, the name of the command and the start time of a process."""


def _status(pid: int) -> Status | None:
    """Fields 4, 2 and 22 of /proc/PID/stat (proc(5)); None if it ended, or waits to be reaped."""
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    comm, _, rest = text.partition("(")[2].rpartition(")")
    words = rest.split()
    return None if words[0] in "ZX" else (int(words[1]), comm, words[19])


def _descends(pid: int, status: Mapping[int, Status | None]) -> bool:
    """Whether a process is this one, or a child of it, or a child's child."""
    while pid and (found := status.get(pid)):
        if pid == os.getpid():
            return True
        pid = found[0]
    return False


def _link(path: str) -> str:
    """Where a link in /proc points to; nothing if the process ended or is not ours to ask."""
    try:
        return os.readlink(path)  # noqa: PTH115 - thousands of Path objects would take their time
    except OSError:
        return ""


def _files(folder: str, *, deep: bool = True) -> dict[str, str]:
    """What is below a folder, with mode and owner, and of what is no folder the size and time."""
    found: dict[str, str] = {}
    folders = [folder]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
                is_folder = entry.is_dir(follow_symlinks=False)
                content = "" if is_folder else f" {_content(entry.path, status)}"
            except FileNotFoundError:  # it has gone since
                continue
            found[entry.path] = f"{status.st_mode:o} {status.st_uid}:{status.st_gid}{content}"
            if is_folder and deep:
                folders.append(entry.path)
    return found


def _content(path: str, status: os.stat_result) -> str:
    """What tells whether a file has changed; of one that is often written anew, its text."""
    if path in _RENEWED and stat.S_ISREG(status.st_mode):
        return repr(_read_all(path))
    return f"{status.st_size} bytes, {status.st_mtime_ns}"


def _modules() -> frozenset[str]:
    """The names of the kernel's loaded modules; none if it cannot load any."""
    text = _read_all("/proc/modules") if Path("/proc/modules").exists() else ""
    return frozenset(line.split(" ", 1)[0] for line in text.splitlines())
