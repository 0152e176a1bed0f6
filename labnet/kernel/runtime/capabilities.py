"""What a container's root may do: the capabilities that Docker gives."""

from __future__ import annotations

from pathlib import Path

from labnet.kernel import libc


BITS = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
"""Docker's default (moby/profiles, `DefaultCapabilities`) with the bits of capabilities(7)."""

MASK = sum(1 << bit for bit in BITS.values())


def last_capability() -> int:
    """The highest capability that this kernel knows (proc(5))."""
    return int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))


def drop(last: int) -> None:
    """Give up all but Docker's, for good: also from the bounding set.

    The inheritable and ambient sets are emptied, as in Docker since 20.10.14 (CVE-2022-24769).
    """
    held = 0
    for bit in range(last + 1):
        if MASK >> bit & 1:
            held |= libc.prctl(libc.PR_CAPBSET_READ, bit) << bit
        else:
            libc.prctl(libc.PR_CAPBSET_DROP, bit)
    libc.capset(effective=held, permitted=held, inheritable=0)
