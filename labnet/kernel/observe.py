"""What the kernel holds of a lab, as a State.

Whatever the kernel makes by itself is left out here and in `rtnl`'s parsers, and nowhere else:
link-local addresses, learnt neighbours. Not looked at are links of other kinds, policy rules and
tables but the main one, tc, attributes of bridges and ports that labnet leaves alone, sysctls that
it does not set, tables of nftables that are not labnet's, and the rules of pods, which are their
containers' own affair.
"""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labnet.kernel import netns, rtnl
from labnet.kernel.netlink import NetlinkSocket
from labnet.state import (
    Address,
    Bridge,
    FdbEntry,
    Key,
    Neighbour,
    Netns,
    Object,
    Route,
    State,
    Sysctl,
    Veth,
    Vxlan,
    sysctl_path,
)


_ALIAS = "labnet "


@dataclass(slots=True)
class Seen:
    """What has been found so far; `inodes` are those of the lab's namespaces, with their names."""

    objects: dict[Key, Object] = field(default_factory=dict)
    inodes: dict[int, str] = field(default_factory=dict)

    def add(self, items: Iterable[Object]) -> None:
        """Take note of objects."""
        for item in items:
            self.objects[item.key] = item


def observe_networks(lab: str, desired: State, thread: netns.Thread) -> Seen:
    """All of a lab but its rules and processes; one visit to each namespace.

    Of parameters, those that `desired` has.
    """
    seen = Seen()
    sysctls: dict[str, list[str]] = {}
    for item in desired:
        if isinstance(item, Sysctl):
            sysctls.setdefault(item.netns, []).append(item.name)
    veths: list[_VethEnd] = []
    for name in netns.names(lab):
        try:
            thread.enter(name)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.ENOENT}:
                raise
            if netns.is_claimed(name):
                seen.add([Netns(name, owner="", up=False)])
            continue  # or it is somebody else's file, or gone by now
        with_socket = NetlinkSocket()
        try:
            if _visit(name, with_socket, seen, veths):
                seen.add(_sysctls(name, sysctls.get(name, ())))
        finally:
            with_socket.close()
    seen.add(_paired(veths))
    return seen


def _visit(name: str, sock: NetlinkSocket, seen: Seen, veths: list[_VethEnd]) -> bool:
    """Look at the namespace that the thread is in; whether it is the lab's."""
    links = [rtnl.parse_link(body) for _, body in sock.dump(*rtnl.links_request())]
    lo = next((link for link in links if link.number == 1), None)
    if lo is None or not lo.alias.startswith(_ALIAS):
        return False
    seen.inodes[Path("/proc/thread-self/ns/net").stat().st_ino] = name
    seen.add([Netns(name, owner=lo.alias.removeprefix(_ALIAS), up=lo.up)])
    devices = {link.number: link for link in links}
    for link in links:
        if link.kind == "veth":
            master = devices[link.master].name if link.master in devices else ""
            veths.append(_VethEnd(name, link, master))
        elif link.kind in {"bridge", "vxlan"}:
            seen.add([_device(name, link)])
    seen.add(_layer3(name, sock, devices))
    return True


def _device(name: str, link: rtnl.Link) -> Object:
    """A bridge or a VXLAN device."""
    if link.kind == "bridge":
        return Bridge(name, link.name, link.mac, link.mtu, up=link.up)
    vni, local, port = link.vxlan
    return Vxlan(name, link.name, link.mac, link.mtu, vni, local, port, up=link.up)


@dataclass(frozen=True, slots=True)
class _VethEnd:
    netns: str
    link: rtnl.Link
    master: str


def _paired(ends: list[_VethEnd]) -> Iterator[Veth]:
    """Both ends of each pair; the leaf's alias names the other end.

    An end that nobody names has no peer here: it is left over, and the plan removes it.
    """
    peers: dict[tuple[str, str], tuple[str, str, str]] = {}
    for end in ends:
        words = end.link.alias.split(" ")
        if len(words) == 2:
            peer_netns, peer_name = words
            peers[end.netns, end.link.name] = (peer_netns, peer_name, end.netns)
            peers[peer_netns, peer_name] = (end.netns, end.link.name, end.netns)
    for end in ends:
        link = end.link
        peer_netns, peer_name, leaf = peers.get((end.netns, link.name), ("", "", end.netns))
        yield Veth(
            netns=end.netns,
            name=link.name,
            peer_netns=peer_netns,
            peer_name=peer_name,
            leaf=leaf,
            mac=link.mac,
            mtu=link.mtu,
            master=end.master,
            hairpin=link.hairpin,
            up=link.up,
        )


def _layer3(name: str, sock: NetlinkSocket, devices: dict[int, rtnl.Link]) -> Iterator[Object]:
    """Addresses, routes, neighbours and forwarding entries."""
    entries = [rtnl.parse_route(body) for _, body in sock.dump(*rtnl.routes_request())]
    connected = {(item.dst, item.link) for item in entries if item and item.connected}
    for _, body in sock.dump(*rtnl.addresses_request()):
        address = rtnl.parse_address(body)
        if address is not None and address[0] in devices:
            link = devices[address[0]]
            is_connected = not link.up or _prefixes(address[1], link.number) <= connected
            yield Address(name, link.name, address[1], is_connected)
    copies: Counter[tuple[str, int]] = Counter()
    for entry in entries:
        if entry is not None and not entry.connected:
            dev = devices[entry.link].name if entry.link in devices else ""
            copy = copies[entry.dst, entry.metric]
            copies[entry.dst, entry.metric] += 1
            yield Route(name, entry.dst, dev, *entry[2:7], copy=copy)
    for _, body in sock.dump(*rtnl.neighbours_request(socket.AF_UNSPEC)):
        found = rtnl.parse_neighbour(body)
        if found is not None:
            yield Neighbour(name, devices[found[0]].name, dst=found[1], mac=found[2])
    if any(link.kind == "vxlan" for link in devices.values()):
        for _, body in sock.dump(*rtnl.neighbours_request(socket.AF_BRIDGE)):
            found = rtnl.parse_neighbour(body)
            if found is not None and devices[found[0]].kind == "vxlan":
                yield FdbEntry(name, devices[found[0]].name, mac=found[2], dst=found[1])


def _prefixes(address: str, link: int) -> set[tuple[str, int]]:
    """The connected route that an address has: none if it is alone in its prefix."""
    text, _, length = address.partition("/")
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    packed = socket.inet_pton(family, text)
    host_bits = len(packed) * 8 - int(length)
    if not host_bits:
        return set()
    network = int.from_bytes(packed, "big") >> host_bits << host_bits
    prefix = socket.inet_ntop(family, network.to_bytes(len(packed), "big"))
    return {(f"{prefix}/{length}", link)}


def _sysctls(name: str, keys: Iterable[str]) -> Iterator[Sysctl]:
    """Parameters of the namespace that the thread is in."""
    for key in keys:
        try:
            value = Path(sysctl_path(key)).read_text(encoding="ascii").strip()
        except OSError:  # the kernel has no such parameter
            continue
        yield Sysctl(name, key, value)
