"""Mininet's share of the benchmark: as many hosts as there are pods, on as many bridges as nodes.

    /usr/bin/python3 tests/bench/mininet_hosts.py --nodes 5 --pods 100

Prints the seconds of building and of stopping, Python's own start left out. Mininet puts its
bridges into the namespace that it runs in: `bench.py` gives it one of its own.
"""

from __future__ import annotations

import time


START = time.perf_counter()  # what is imported is part of what a user waits for

import argparse  # noqa: E402 - see above
import resource  # noqa: E402 - see above

from mininet.net import Mininet  # noqa: E402 - see above
from mininet.nodelib import LinuxBridge  # noqa: E402 - see above
from mininet.topo import Topo  # noqa: E402 - see above


class Cluster(Topo):  # type: ignore[misc]  # Mininet has no types
    """Bridges in a star around one more, and hosts spread evenly over them."""

    def build(self, nodes: int, pods: int) -> None:
        """Describe it; `Mininet` builds it."""
        segment = self.addSwitch("br0")
        for node in range(1, nodes + 1):
            self.addLink(self.addSwitch(f"br{node}"), segment)
        for pod in range(pods):
            self.addLink(self.addHost(f"h{pod}"), f"br{pod % nodes + 1}")


def main() -> None:
    """Build it, stop it, and say how long each took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--pods", type=int, default=100)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
    Mininet.inited = True  # otherwise it sets sysctls of the machine, for good
    net = Mininet(Cluster(arguments.nodes, arguments.pods), switch=LinuxBridge, controller=None)
    net.start()
    built = time.perf_counter()
    net.stop()
    print(built - START, time.perf_counter() - built)


if __name__ == "__main__":
    main()
