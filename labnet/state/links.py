"""Network namespaces and the interfaces in them (ip-netns(8), ip-link(8), bridge(8))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from labnet.state.base import Command, Key, Object


@dataclass(frozen=True, slots=True)
class Netns(Object):
    """A named network namespace with its `lo`.

    `owner` says what it is for (`node/node1`, `pod/default/web-1`, `host/client`, `container/db`,
    `segment`; empty for one whose making was cut short); it is kept as the alias of `lo`, which
    marks the namespace as labnet's.
    """

    rank: ClassVar[int] = 0
    name: str
    owner: str
    up: bool = True

    @property
    def key(self) -> Key:
        """`netns NAME`."""
        return "netns", self.name

    @property
    def alias(self) -> str:
        """The alias of `lo`: `labnet OWNER`."""
        return f"labnet {self.owner}"

    def add(self) -> list[Command]:
        """`ip netns add`, then mark and raise `lo`."""
        link = ("ip", "-n", self.name, "link", "set", "lo")
        return [("ip", "netns", "add", self.name), (*link, "alias", self.alias), (*link, "up")]

    def change(self, old: Self) -> list[Command]:
        """Only `lo` can change."""
        link = ("ip", "-n", self.name, "link", "set", "lo")
        alias = [] if old.owner == self.owner else [(*link, "alias", self.alias)]
        return [*alias, *([] if old.up == self.up else [(*link, _updown(up=self.up))])]

    def replaces(self, old: Self) -> bool:
        """A namespace without an owner is one whose making was cut short."""
        return not old.owner

    def delete(self) -> list[Command]:
        """Everything in the namespace goes with it."""
        return [("ip", "netns", "delete", self.name)]


@dataclass(frozen=True, slots=True)
class Bridge(Object):
    """A bridge without spanning tree.

    A machine's uplink is older than its bridges: where nothing else decides, the kernel takes the
    address of its first link.
    """

    rank: ClassVar[int] = 3
    netns: str
    name: str
    mac: str
    mtu: int
    up: bool = True

    @property
    def key(self) -> Key:
        """`link NETNS NAME`."""
        return "link", self.netns, self.name

    def add(self) -> list[Command]:
        """`ip link add … type bridge`."""
        add = ("add", self.name, "address", self.mac, "mtu", str(self.mtu), "up")
        return [("ip", "-n", self.netns, "link", *add, "type", "bridge")]

    def change(self, old: Self) -> list[Command]:
        """`ip link set` with what differs."""
        return _set(self, old, mac="address", mtu="mtu", up="")

    def delete(self) -> list[Command]:
        """`ip link delete`."""
        return [("ip", "-n", self.netns, "link", "delete", self.name)]


@dataclass(frozen=True, slots=True)
class Veth(Object):
    """One end of a veth pair; the other is `peer_name` in `peer_netns`, an object of its own.

    The kernel makes both ends at once and removes both at once. `leaf` is the namespace of the pair
    that is further from the segment, where the pair belongs. `master` is the bridge that it is a
    port of.
    """

    rank: ClassVar[int] = 2
    netns: str
    name: str
    peer_netns: str
    peer_name: str
    leaf: str
    mac: str
    mtu: int
    master: str = ""
    hairpin: bool = False
    up: bool = True

    @property
    def key(self) -> Key:
        """`link NETNS NAME`."""
        return "link", self.netns, self.name

    @property
    def home(self) -> str:
        """Both ends belong to the leaf: it must be there first, and takes both along."""
        return self.leaf

    @property
    def sort_key(self) -> tuple[int, str]:
        """The bridge's end makes the pair, so it comes first."""
        return self.rank, f"{int(self.netns == self.leaf)} {self.netns} {self.name}"

    @property
    def peer(self) -> Key:
        """The key of the other end."""
        return "link", self.peer_netns, self.peer_name

    @property
    def alias(self) -> str:
        """The ifalias of the leaf's end: an ifindex means another link to every reader."""
        return f"{self.peer_netns} {self.peer_name}" if self.netns == self.leaf else ""

    def add(self) -> list[Command]:
        """The bridge's end makes the pair; either end sets its own attributes."""
        make: list[Command] = []
        if self.netns != self.leaf:
            peer = ("peer", "name", self.peer_name, "netns", self.peer_netns)
            make = [("ip", "-n", self.netns, "link", "add", self.name, "type", "veth", *peer)]
        link = ("ip", "-n", self.netns, "link", "set", self.name)
        master = ("master", self.master) if self.master else ()
        alias = ("alias", self.alias) if self.alias else ()
        attributes = ("address", self.mac, "mtu", str(self.mtu), *alias, *master, "up")
        return [*make, (*link, *attributes), *(self._hairpin() if self.hairpin else [])]

    def change(self, old: Self) -> list[Command]:
        """`ip link set` with what differs; another peer means another pair."""
        if self.replaces(old):
            return [*old.delete(), *self.add()]
        commands = _set(self, old, mac="address", mtu="mtu", up="")
        if old.master != self.master:
            master = ("master", self.master) if self.master else ("nomaster",)
            commands.append(("ip", "-n", self.netns, "link", "set", self.name, *master))
        if self.master and (old.hairpin, old.master) != (self.hairpin, self.master):
            commands += self._hairpin()
        return commands

    def delete(self) -> list[Command]:
        """Either end takes the other with it."""
        return [("ip", "-n", self.netns, "link", "delete", self.name)]

    def replaces(self, old: Self) -> bool:
        """A pair cannot be parted."""
        return (old.peer, old.leaf) != (self.peer, self.leaf)

    def _hairpin(self) -> list[Command]:
        value = "on" if self.hairpin else "off"
        return [("bridge", "-n", self.netns, "link", "set", "dev", self.name, "hairpin", value)]


@dataclass(frozen=True, slots=True)
class Vxlan(Object):
    """A VXLAN device without learning, as flannel makes it; `local` is the node's address."""

    rank: ClassVar[int] = 4
    netns: str
    name: str
    mac: str
    mtu: int
    vni: int
    local: str
    port: int
    up: bool = True

    @property
    def key(self) -> Key:
        """`link NETNS NAME`."""
        return "link", self.netns, self.name

    def add(self) -> list[Command]:
        """`ip link add … type vxlan`."""
        link = ("add", self.name, "address", self.mac, "mtu", str(self.mtu), "up")
        vxlan = ("id", str(self.vni), "local", self.local, "dstport", str(self.port), "nolearning")
        return [("ip", "-n", self.netns, "link", *link, "type", "vxlan", *vxlan)]

    def change(self, old: Self) -> list[Command]:
        """Identifier, port and local address cannot be changed in place."""
        if self.replaces(old):
            return [*old.delete(), *self.add()]
        return _set(self, old, mac="address", mtu="mtu", up="")

    def delete(self) -> list[Command]:
        """`ip link delete`."""
        return [("ip", "-n", self.netns, "link", "delete", self.name)]

    def replaces(self, old: Self) -> bool:
        """The kernel does not change these in a VXLAN device that exists."""
        return (old.vni, old.local, old.port) != (self.vni, self.local, self.port)


def _updown(*, up: bool) -> str:
    return "up" if up else "down"


def _set(new: Bridge | Veth | Vxlan, old: Object, **words: str) -> list[Command]:
    """`ip link set` for each attribute that differs; `words` maps attributes to ip's words."""
    link = ("ip", "-n", new.netns, "link", "set", new.name)
    commands: list[Command] = []
    for attribute, word in words.items():
        value = getattr(new, attribute)
        if value != getattr(old, attribute):
            commands.append((*link, word, str(value)) if word else (*link, _updown(up=value)))
    return commands
