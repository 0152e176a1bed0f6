"""What this process may do."""

from __future__ import annotations

from pathlib import Path


_NEEDED = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}  # capability.h


def missing_capabilities() -> list[str]:
    """The capabilities that labs need and this process has not (capabilities(7))."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    effective = int(line.split()[1], 16)
    return [name for name, bit in _NEEDED.items() if not effective >> bit & 1]
