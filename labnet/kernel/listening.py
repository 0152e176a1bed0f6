"""Who listens already: the last thing that is missing between a container that runs and a lab."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from labnet.kernel.runtime.protocol import Status


_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (proc_pid_net(5))
_FIRST, _LONGEST = 0.001, 0.05  # seconds between two looks: the kernel tells nobody of listeners


def wait_listening(statuses: Iterable[Status], deadline: float) -> tuple[str, ...]:
    """Return when all containers listen on the TCP ports they declare, or at the deadline.

    What is returned says in words who does not listen on what. The clock is the monotonic one.
    """
    waiting = {
        (status.key, port): (status, port)
        for status in statuses
        if status.running and not status.process.init
        for port in status.process.ports
    }
    pause = _FIRST
    while True:
        waiting = {
            key: (status, port)
            for key, (status, port) in waiting.items()
            if port not in _listening(status.pid)
        }
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
    return tuple(
        f"container {status.process.name} of {status.process.pod} does not listen on {port} yet"
        for status, port in waiting.values()
    )


def _listening(pid: int) -> set[int]:
    """The TCP ports on which anybody listens in the network namespace of a process."""
    ports = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # it has ended, or there is no IPv6
            continue
        for line in lines:
            _, local, _, state, *_ = line.split()
            if state == _LISTEN:
                ports.add(int(local.rpartition(":")[2], 16))
    return ports
