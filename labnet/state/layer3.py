"""Addresses, routes, neighbours, forwarding entries and sysctls of a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from labnet.state.base import Command, Key, Object


_LINK_SYSCTL = 5  # the rank of parameters of one link


@dataclass(frozen=True, slots=True)
class Address(Object):
    """An address with its prefix length, `10.244.1.2/24`; an IPv6 one skips duplicate detection.

    `connected` is whether the kernel's own route to its prefix is there, which a person can delete.
    """

    rank: ClassVar[int] = 5
    netns: str
    dev: str
    address: str
    connected: bool = True

    @property
    def key(self) -> Key:
        """`address NETNS DEV ADDRESS`."""
        return "address", self.netns, self.dev, self.address

    def add(self) -> list[Command]:
        """`ip address add`."""
        return [(*self._ip("add"), *(("nodad",) if ":" in self.address else ()))]

    def delete(self) -> list[Command]:
        """`ip address delete`."""
        return [self._ip("delete")]

    def replaces(self, old: Self) -> bool:
        """The kernel makes a connected route with its address only."""
        return not old.connected

    def _ip(self, verb: str) -> Command:
        return "ip", "-n", self.netns, "address", verb, self.address, "dev", self.dev


@dataclass(frozen=True, slots=True)
class Route(Object):
    """A path to `dst` (a prefix; `0.0.0.0/0` or `::/0` is the default) in the main table.

    `via` is a gateway or empty; `onlink` trusts that the gateway is on the link. A `metric` of 0 is
    the family's default; routes to one prefix differ in it. `kind` is empty, or `blackhole`,
    `unreachable` or `prohibit`. `copy` counts further routes of the same prefix and metric.
    """

    rank: ClassVar[int] = 6
    netns: str
    dst: str
    dev: str
    via: str = ""
    src: str = ""
    onlink: bool = False
    metric: int = 0
    kind: str = ""
    copy: int = 0

    @property
    def key(self) -> Key:
        """`route NETNS DST`, with the metric if it has one."""
        metric = (str(self.metric),) if self.metric or self.copy else ()
        copy = (f"copy {self.copy}",) if self.copy else ()
        return "route", self.netns, self.dst, *metric, *copy

    @property
    def sort_key(self) -> tuple[int, str]:
        """A gateway must be on a link, so routes without one come first."""
        return self.rank, f"{int(bool(self.via))} {self.dst}"

    def add(self) -> list[Command]:
        """`ip route add`."""
        return [self._ip("add")]

    def change(self, old: Self) -> list[Command]:
        """`ip route replace`, which never leaves a gap."""
        del old
        return [self._ip("replace")]

    def delete(self) -> list[Command]:
        """`ip route delete`."""
        return [self._ip("delete")]

    def _ip(self, verb: str) -> Command:
        via = ("via", self.via) if self.via else ()
        src = ("src", self.src) if self.src else ()
        onlink = ("onlink",) if self.onlink else ()
        metric = ("metric", str(self.metric)) if self.metric else ()
        family = ("-6",) if ":" in self.dst else ()
        kind = (self.kind,) if self.kind else ()
        dev = ("dev", self.dev) if self.dev else ()
        route = (*kind, self.dst, *via, *dev, *src, *metric, *onlink)
        return "ip", *family, "-n", self.netns, "route", verb, *route


@dataclass(frozen=True, slots=True)
class Neighbour(Object):
    """A permanent entry of the neighbour table: `dst` is at `mac`."""

    rank: ClassVar[int] = 7
    netns: str
    dev: str
    dst: str
    mac: str

    @property
    def key(self) -> Key:
        """`neighbour NETNS DEV DST`."""
        return "neighbour", self.netns, self.dev, self.dst

    def add(self) -> list[Command]:
        """`ip neighbour replace`: an entry that the kernel has learnt may be there."""
        entry = (self.dst, "lladdr", self.mac, "dev", self.dev, "nud", "permanent")
        return [("ip", "-n", self.netns, "neighbour", "replace", *entry)]

    def change(self, old: Self) -> list[Command]:
        """The same replaces."""
        del old
        return self.add()

    def delete(self) -> list[Command]:
        """`ip neighbour delete`."""
        return [("ip", "-n", self.netns, "neighbour", "delete", self.dst, "dev", self.dev)]


@dataclass(frozen=True, slots=True)
class FdbEntry(Object):
    """A permanent entry in a VXLAN device's forwarding table: `mac` is behind `dst`."""

    rank: ClassVar[int] = 7
    netns: str
    dev: str
    mac: str
    dst: str

    @property
    def key(self) -> Key:
        """`fdb NETNS DEV MAC`."""
        return "fdb", self.netns, self.dev, self.mac

    def add(self) -> list[Command]:
        """`bridge fdb replace`."""
        entry = (self.mac, "dev", self.dev, "dst", self.dst, "self", "permanent")
        return [("bridge", "-n", self.netns, "fdb", "replace", *entry)]

    def change(self, old: Self) -> list[Command]:
        """The same replaces."""
        del old
        return self.add()

    def delete(self) -> list[Command]:
        """`bridge fdb delete`."""
        return [("bridge", "-n", self.netns, "fdb", "delete", self.mac, "dev", self.dev, "self")]


@dataclass(frozen=True, slots=True)
class Sysctl(Object):
    """A kernel parameter of a namespace, in sysctl(8)'s notation."""

    rank: ClassVar[int] = 1
    netns: str
    name: str
    value: str

    @property
    def key(self) -> Key:
        """`sysctl NETNS NAME`."""
        return "sysctl", self.netns, self.name

    @property
    def sort_key(self) -> tuple[int, str]:
        """Parameters are set before there are links, which copy them; but a link's own after it."""
        group, _, rest = self.name.partition(".conf.")
        device = rest.partition(".")[0] if group.startswith("net.ip") else ""
        rank = _LINK_SYSCTL if device not in ("", "all", "default") else self.rank
        return rank, " ".join(self.key)

    def add(self) -> list[Command]:
        """`sysctl -w` in the namespace."""
        command = ("sysctl", "-q", "-w", f"{self.name}={self.value}")
        return [("ip", "netns", "exec", self.netns, *command)]

    def change(self, old: Self) -> list[Command]:
        """Setting is changing."""
        del old
        return self.add()

    def delete(self) -> list[Command]:
        """A sysctl cannot be removed; it goes with its namespace."""
        return []
