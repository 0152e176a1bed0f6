"""Connections and bytes from one namespace to another, as a benchmark needs them.

    python3 -m bench.traffic NETNS PORT

serves there until it is killed: a connection that begins with `s` is a sink, which answers with one
byte when the other side has sent all; any other is closed when the other side closes it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from labnet.kernel.netns import Thread


_BLOCK = 1 << 20  # bytes
_TIMEOUT = 20  # seconds
_AT_ONCE_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no TIME_WAIT, so that no port is used up


@contextlib.contextmanager
def servers(places: Sequence[tuple[str, int]]) -> Iterator[None]:
    """Serve in these namespaces, each with a port."""
    command = (sys.executable, "-m", "bench.traffic")
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen([*command, netns, str(port)], stdout=pipe, encoding="ascii")
        for netns, port in places
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{process.args!r} did not start")
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def connect_times(netns: str, address: str, port: int, count: int) -> list[float]:
    """The seconds that each of `count` connections takes to be there, one after the other."""
    times = []
    with Thread() as thread:
        thread.enter(netns)
        for _ in range(count):
            with socket.socket() as sock:
                sock.settimeout(_TIMEOUT)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE_RESET)
                start = time.perf_counter()
                sock.connect((address, port))
                times.append(time.perf_counter() - start)
    return times


def send_time(netns: str, address: str, port: int, size: int) -> float:
    """The seconds until the other side has got `size` bytes."""
    with Thread() as thread:
        thread.enter(netns)
        sock = socket.create_connection((address, port), timeout=_TIMEOUT)
    block = b"s" * _BLOCK
    with sock:
        start = time.perf_counter()
        for _ in range(size // _BLOCK):
            sock.sendall(block)
        sock.shutdown(socket.SHUT_WR)
        if sock.recv(1) != b"s":
            raise RuntimeError(f"{address} has not got all")
        return time.perf_counter() - start


def _serve(sock: socket.socket) -> None:
    """One connection."""
    with sock, contextlib.suppress(OSError):
        first = sock.recv(1)
        while first and sock.recv(_BLOCK, socket.MSG_TRUNC):  # taken, and not copied
            pass
        sock.sendall(first)


def main() -> None:
    """Serve as the command line says."""
    with Thread() as thread:
        thread.enter(sys.argv[1])
        listener = socket.create_server(("", int(sys.argv[2])), backlog=4096)
    print("ready", flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_serve, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main()
