"""Whether this machine can run labs: privilege, kernel, tools and limits, one by one.

Nothing is changed, and what has to be tried is tried out of sight (`probes`).
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from labnet.kernel import netns
from labnet.kernel.privilege import missing_capabilities
from labnet.kernel.probes import MISSING, OK, WARN, Finding, probe_kernel


_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"

_TOOLS = {
    "nginx": ("nginx-light", "the image nginx"),
    "ip": ("iproute2", "`plan -o sh`, and looking around"),
    "bridge": ("iproute2", "`plan -o sh`, and looking around"),
    "sysctl": ("procps", "`plan -o sh`"),
    "conntrack": ("conntrack", "`plan -o sh`, and looking around"),
    "ping": ("iputils-ping", "looking around"),
    "curl": ("curl", "looking around"),
    "tcpdump": ("tcpdump", "looking around"),
    "nsenter": ("util-linux", "looking around"),
}
"""Programs that no lab needs to come up: the package of each, and what it is for."""

_LIMITS = {
    "user.max_net_namespaces": (2048, "network namespaces of a large lab"),
    "kernel.pid_max": (32768, "processes of a large lab"),
    "fs.mount-max": (10000, "one mount for each namespace"),
    "fs.inotify.max_user_instances": (128, "`logs -f`"),
    "net.ipv4.neigh.default.gc_thresh3": (1024, "nodes with 500 and more neighbours"),
}
"""Sysctls, the least that they should be, and what of."""
_OPEN_FILES = 4096


def examine() -> Iterator[Finding]:
    """Every check, in the order in which a person would mend things."""
    privilege = _privilege()
    yield privilege
    yield from _python()
    yield from probe_kernel(alone=privilege.is_fatal)
    yield _user_namespaces()
    yield _netns_folder()
    yield from _tools()
    yield from _limits()


def _privilege() -> Finding:
    missing = missing_capabilities()
    if not missing:
        return Finding("privilege", OK, "CAP_NET_ADMIN, CAP_SYS_ADMIN")
    if os.geteuid() != 0:
        return Finding(
            "privilege", MISSING, "not root", "sudo labnet …, or scripts/sandbox labnet …"
        )
    remedy = "in a container: run it with --privileged"
    return Finding("privilege", MISSING, f"root without {' and '.join(missing)}", remedy)


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", OK, version)
    for module, package in (("yaml", "PyYAML"), ("jinja2", "Jinja2")):
        if find_spec(module) is None:
            yield Finding(package, MISSING, "not installed", f"pip install {package}")


def _user_namespaces() -> Finding:
    """Whether users can have labs without root, as scripts/sandbox does it."""
    name = "user namespaces"
    tried = {finding.name: finding for finding in probe_kernel(alone=True)}
    first = tried.get("network namespaces")
    if first is not None and not first.is_fatal:
        return Finding(name, OK)
    detail = "; ".join(finding.detail for finding in tried.values() if finding.verdict != OK)
    remedy = "sysctl kernel.apparmor_restrict_unprivileged_userns=0, for labs without root"
    return Finding(name, WARN, detail, remedy)


def _netns_folder() -> Finding:
    """Whether namespaces can get names where iproute2 looks for them."""
    name, folder = str(netns.FOLDER), netns.FOLDER
    while not folder.exists():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return Finding(name, OK)
    return Finding(name, MISSING, "cannot be written to", "root, and a /run that is not read-only")


def _tools() -> Iterator[Finding]:
    path = f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"
    for tool, (package, purpose) in _TOOLS.items():
        found = shutil.which(tool, path=path)
        if found:
            yield Finding(tool, OK, found)
        else:
            yield Finding(tool, WARN, "not installed", f"apt-get install {package}, for {purpose}")


def _limits() -> Iterator[Finding]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = hard == resource.RLIM_INFINITY or hard >= _OPEN_FILES
    remedy = "" if enough else f"ulimit -Hn {_OPEN_FILES}, for large labs"
    yield Finding("open files", OK if enough else WARN, str(hard), remedy)
    for key, (least, purpose) in _LIMITS.items():
        try:
            value = int(Path("/proc/sys", *key.split(".")).read_text(encoding="ascii"))
        except (OSError, ValueError):  # another kernel, or one without it
            continue
        if value >= least:
            yield Finding(key, OK, str(value))
        else:
            yield Finding(key, WARN, str(value), f"sysctl -w {key}={least}, for {purpose}")
