"""One network namespace of a State, as a packet meets it: addresses, routes, sysctls, hooks.

Routing is what ip-route(8) and the kernel's documentation say of the local and the main table, the
only ones there are in a State.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Literal

from labnet.state import Address, Bridge, Netns, Object, Route, Sysctl, Veth, Vxlan
from labnet.trace.addresses import Prefix


Device = Bridge | Veth | Vxlan
Family = Literal[4, 6]

LOOPBACK = "lo"
_LOOPBACK: dict[Family, Prefix] = {4: Prefix.parse("127.0.0.0/8"), 6: Prefix.parse("::1")}
_LINK_LOCAL = Prefix.parse("fe80::/10")
_METRIC: dict[Family, int] = {4: 0, 6: 1024}  # of a route that a person adds
_CONNECTED_METRIC: dict[Family, int] = {4: 0, 6: 256}
_DEFAULTS = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}
"""Where a State says nothing of a sysctl it is 0, but of these: br_netfilter begins with 1."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a packet goes: to a process here (`local`), or to `next_hop` by `dev`.

    `src` is the source that the route prefers, empty if it leaves that to the interface. Of the
    kinds without a way, the sender gets an error for `unreachable`, and none for `blackhole`.
    """

    kind: Literal["local", "unicast", "unreachable", "blackhole"]
    dev: str = ""
    next_hop: str = ""
    src: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of the main table."""

    prefix: Prefix
    metric: int
    decision: Decision

    @property
    def order(self) -> tuple[int, int]:
        """The longest prefix is the first to be asked, then the lowest metric."""
        return -self.prefix.mask, self.metric


@dataclass(slots=True)
class Namespace:
    """A namespace, made of its objects."""

    name: str
    objects: Iterable[Object]
    devices: dict[str, Device] = field(init=False)
    addresses: dict[str, list[IPv4Interface | IPv6Interface]] = field(init=False)
    sysctls: dict[str, str] = field(init=False)
    _local: dict[str, set[str]] = field(init=False)
    _broadcast: set[str] = field(init=False)
    _routes: dict[Family, list[_Entry]] = field(init=False)
    _up: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Sort what there is into what will be asked."""
        objects = sorted(self.objects, key=lambda item: item.sort_key[0])
        devices = [item for item in objects if isinstance(item, Device)]
        self.devices = {device.name: device for device in devices}
        self._up = {device.name for device in devices if device.up}
        self._up |= {LOOPBACK for item in objects if isinstance(item, Netns) and item.up}
        self.sysctls = {item.name: item.value for item in objects if isinstance(item, Sysctl)}
        self.addresses = {name: [] for name in self.devices}
        own = [item for item in objects if isinstance(item, Address)]
        for item in own:
            self.addresses.setdefault(item.dev, []).append(ip_interface(item.address))
        self._local, self._broadcast = {}, set()
        for dev, interfaces in self.addresses.items():
            for interface in interfaces if dev in self._up else []:
                self._local.setdefault(str(interface.ip), set()).add(dev)
                if interface.version == 4 and interface.network.prefixlen < 31:
                    self._broadcast.add(str(interface.network[-1]))
        routes = [item for item in objects if isinstance(item, Route)]
        self._routes = {family: self._table(family, own, routes) for family in _METRIC}

    def _table(
        self, family: Family, own: Iterable[Address], routes: Iterable[Route]
    ) -> list[_Entry]:
        entries = []
        for item in own:
            interface = ip_interface(item.address)
            if interface.version == family and item.connected and item.dev in self._up:
                prefix = Prefix.parse(str(interface.network))
                src = str(interface.ip) if family == 4 else ""
                decision = Decision("unicast", item.dev, src=src)
                entries.append(_Entry(prefix, _CONNECTED_METRIC[family], decision))
        for route in routes:
            if (":" in route.dst) == (family == 6) and (route.kind or route.dev in self._up):
                metric = route.metric or _METRIC[family]
                entries.append(_Entry(Prefix.parse(route.dst), metric, _decision(route)))
        return sorted(entries, key=lambda entry: entry.order)

    def is_up(self, dev: str) -> bool:
        """Whether an interface is there and up."""
        return dev in self._up

    def switch(self, *names: str) -> int:
        """The largest value of these sysctls, which is how `all` and an interface's own combine."""
        return max(int(self.sysctls.get(name, _DEFAULTS.get(name, "0"))) for name in names)

    def interface_switch(self, key: str, dev: str) -> int:
        """`net.ipv4.conf.{all,DEV}.KEY`; an interface has what `default` was when it was made."""
        own = f"net.ipv4.conf.{dev.replace('.', '/')}.{key}"
        if own not in self.sysctls:
            own = f"net.ipv4.conf.default.{key}"
        return self.switch(f"net.ipv4.conf.all.{key}", own)

    def is_local(self, address: str, interface: str = "") -> bool:
        """Whether an address is one of the namespace's own, or of one interface."""
        if interface and interface != LOOPBACK:
            return interface in self._local.get(address, ())
        return address in self._local or (LOOPBACK in self._up and is_loopback(address))

    def is_broadcast(self, address: str) -> bool:
        """Whether an address is the broadcast address of one of the namespace's subnets."""
        return address in self._broadcast

    def primary_address(self, interface: str, family: Family) -> str:
        """The first address of an interface; empty if it has none."""
        return next((str(a.ip) for a in self._of(interface, family)), "")

    def source(self, dev: str, next_hop: str, family: Family) -> str:
        """The address that the kernel takes to send with by `dev`: the next hop's subnet first.

        An interface without an address lends one of another (inet_select_addr).
        """
        own = self._of(dev, family)
        for interface in own:
            if Prefix.parse(str(interface.network)).contains(next_hop):
                return str(interface.ip)
        others = [a for name in self.addresses for a in self._of(name, family)]
        return next((str(a.ip) for a in (*own, *others)), "")

    def _of(self, dev: str, family: Family) -> list[IPv4Interface | IPv6Interface]:
        """The addresses of an interface that are valid beyond it."""
        found = [a for a in self.addresses.get(dev, ()) if a.version == family]
        return [a for a in found if not _LINK_LOCAL.contains(str(a.ip)) or family == 4]

    def route(self, dst: str) -> Decision:
        """The local table's answer, or else the main table's."""
        if self.is_local(dst):
            return Decision("local", LOOPBACK, dst, "127.0.0.1" if is_v4_loopback(dst) else dst)
        for entry in self._routes[6 if ":" in dst else 4]:
            if entry.prefix.contains(dst):
                found = entry.decision
                return found if found.next_hop else Decision(found.kind, found.dev, dst, found.src)
        return Decision("unreachable")


def _decision(route: Route) -> Decision:
    if route.kind:
        return Decision("blackhole" if route.kind == "blackhole" else "unreachable")
    return Decision("unicast", route.dev, route.via, route.src)


def is_loopback(address: str) -> bool:
    """Whether an address is in 127/8, or ::1."""
    return _LOOPBACK[6 if ":" in address else 4].contains(address)


def is_v4_loopback(address: str) -> bool:
    """Whether an address is in 127/8."""
    return ":" not in address and is_loopback(address)
