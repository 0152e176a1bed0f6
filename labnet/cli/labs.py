"""Which lab is meant, and what there is to see of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from labnet import agent
from labnet.cli.kube.view import Machine, View
from labnet.errors import InputError


NETNS_FOLDER = Path("/run/netns")


def pick_lab(wanted: str) -> str:
    """The lab that was named, or the only one that is running; raises InputError."""
    names = agent.lab_names()
    if wanted:
        if wanted not in names:
            running = f"; running: {', '.join(names)}" if names else "; none is"
            raise InputError(f"no lab {wanted} is running{running}")
        return wanted
    if not names:
        raise InputError("no lab is running; `labnet up FILE` makes one")
    if len(names) > 1:
        several = ", ".join(names)
        raise InputError(f"several labs are running ({several}): say which with -l or LABNET_LAB")
    return names[0]


def load(wanted: str) -> agent.Loaded:
    """The lab that is meant, as it was asked for."""
    return agent.load(pick_lab(wanted))


def look(loaded: agent.Loaded) -> View:
    """A lab as it is now."""
    lab = loaded.cluster.name
    return View(
        topology=loaded.topology,
        cluster=loaded.cluster,
        births=dict(_births(lab)),
        statuses=agent.container_statuses(lab),
        machine=_machine(),
    )


def _births(lab: str) -> Iterator[tuple[str, float]]:
    """Each network namespace of a lab, and when it was made: the time of its file."""
    try:
        with os.scandir(NETNS_FOLDER) as entries:
            for entry in entries:
                if entry.name.startswith(f"{lab}."):
                    yield entry.name, entry.stat().st_mtime
    except FileNotFoundError:
        return


def _machine() -> Machine:
    system = os.uname()
    return Machine(
        kernel=system.release,
        os_image=_os_image(),
        boot_id=_text("/proc/sys/kernel/random/boot_id"),
        cpus=os.cpu_count() or 1,
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024,
    )


def _os_image() -> str:
    """PRETTY_NAME of os-release(5), as the kubelet reports it."""
    for line in _text("/etc/os-release").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip("\"'")
    return "Linux"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
