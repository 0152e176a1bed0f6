"""Ports of nodes that pods take for themselves: hostPort, and every port of a hostNetwork pod.

Sources: the scheduler's NodePorts plugin (pkg/scheduler/framework/plugins/nodeports, HostPortInfo)
and the API server's defaults (SetDefaults_PodSpec: on the host's network, hostPort is
containerPort).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from labnet.model import PodSpec


ANY = "0.0.0.0"  # noqa: S104  # it is what a hostIP that is left out stands for


class HostPort(NamedTuple):
    """A port of a node, on one of its addresses or on all."""

    port: int
    protocol: str
    ip: str

    def __str__(self) -> str:
        """`hostPort 8080/TCP`, and the address if it is on one only."""
        where = "" if self.ip == ANY else f" on {self.ip}"
        return f"hostPort {self.port}/{self.protocol}{where}"


def host_ports(spec: PodSpec) -> tuple[HostPort, ...]:
    """The ports that a pod takes of its node."""
    return tuple(
        HostPort(number, port.protocol, port.host_ip or ANY)
        for container in spec.containers
        for port in container.ports
        if (number := port.host_port or (port.container_port if spec.host_network else 0))
    )


class HostPorts:
    """Which pod has which ports of one node."""

    def __init__(self) -> None:
        """Nobody has any."""
        self._owners: dict[tuple[int, str], dict[str, str]] = {}

    def holder(self, ports: Iterable[HostPort]) -> tuple[HostPort, str] | None:
        """The first of these ports that a pod has already, and which one; None if all are free.

        All addresses overlap with any, and two others only if they are the same.
        """
        for port in ports:
            owners = self._owners.get((port.port, port.protocol), {})
            owner = owners.get(port.ip) or owners.get(ANY)
            if port.ip == ANY:
                owner = next(iter(owners.values()), None)
            if owner:
                return port, owner
        return None

    def take(self, ports: Iterable[HostPort], owner: str) -> None:
        """Note that a pod has these ports."""
        for port in ports:
            self._owners.setdefault((port.port, port.protocol), {})[port.ip] = owner
