"""rtnetlink: links, addresses, routes and neighbours to and from bytes (rtnetlink(7)).

The numbers are those of linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h and linux/neighbour.h.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from labnet.kernel.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Message,
    attribute,
    attributes,
    nested,
    text,
    u32,
)


RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30

RTMGRP_LINK = 1

_IFINFO = struct.Struct("=BxHiII")  # family, type, index, flags, change
_IFADDR = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index
_RTMSG = struct.Struct("=BBBBBBBBI")  # family, dst, src, tos, table, protocol, scope, type, flags
_NDMSG = struct.Struct("=BxxxiHBB")  # family, index, state, flags, type

IFF_UP = 0x1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER = 1, 3, 4, 10
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_NET_NS_FD, _IFLA_EXT_MASK = 18, 20, 28, 29
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_VETH_INFO_PEER = 1
_BRPORT_MODE = 4
_VXLAN_ID, _VXLAN_LEARNING, _VXLAN_PORT = 1, 7, 15
_VXLAN_LOCAL = {4: 4, 6: 17}
_SKIP_STATS = 1 << 3

_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_IFA_F_NODAD = 0x02
_SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_HOST, _SCOPE_NOWHERE = 0, 253, 254, 255

_TABLE_MAIN, _PROTO_KERNEL, _PROTO_BOOT, _PROTO_RA, _UNICAST = 254, 2, 3, 9, 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC = 1, 4, 5, 6, 7
_ROUTE_KINDS = {_UNICAST: "", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_ROUTE_TYPES = {kind: number for number, kind in _ROUTE_KINDS.items()}
_IPV6_METRIC = 1024  # what the kernel makes of 0
_RTNH_F_ONLINK = 4

_NDA_DST, _NDA_LLADDR = 1, 2
_NUD_PERMANENT, _NTF_SELF = 0x80, 0x02

_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
_NEW = NLM_F_CREATE | NLM_F_EXCL


class Link(NamedTuple):
    """A link as the kernel tells of it."""

    number: int
    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    master: int
    alias: str
    hairpin: bool
    vxlan: tuple[int, str, int]  # VNI, local address, port


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _pton(address: str) -> tuple[int, bytes]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def _ntop(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _ifinfo(*, index: int = 0, up: bool | None = None) -> bytes:
    return _IFINFO.pack(0, 0, index, int(bool(up)), 0 if up is None else IFF_UP)


def link_add(name: str, kind: str, mac: str, *, index: int = 0, data: bytes = b"") -> Message:
    """Make a link and raise it; `data` is that of its kind, an index of 0 the kernel's choice."""
    info = nested(_IFLA_LINKINFO, text(_INFO_KIND, kind), *([data] if data else []))
    body = _ifinfo(index=index, up=True) + text(_IFLA_IFNAME, name)
    return RTM_NEWLINK, _NEW, body + attribute(_IFLA_ADDRESS, _mac(mac)) + info


class VethEnd(NamedTuple):
    """What can be said of an end of a veth when the pair is made."""

    name: str
    mac: str
    mtu: int
    master: int = 0
    number: int = 0

    def attributes(self) -> bytes:
        """The attributes of the link."""
        body = text(_IFLA_IFNAME, self.name) + attribute(_IFLA_ADDRESS, _mac(self.mac))
        body += u32(_IFLA_MTU, self.mtu)
        return body + u32(_IFLA_MASTER, self.master) if self.master else body


def veth_add(end: VethEnd, peer: VethEnd, peer_netns_fd: int) -> Message:
    """Make a pair across two namespaces: `end` here and up, `peer` there and down.

    The kernel takes the peer's flags for a change from a link that is not there yet, so a peer
    cannot be born up.
    """
    there = _ifinfo(index=peer.number) + peer.attributes() + u32(_IFLA_NET_NS_FD, peer_netns_fd)
    data = nested(_INFO_DATA, attribute(_VETH_INFO_PEER | 0x8000, there))
    info = nested(_IFLA_LINKINFO, text(_INFO_KIND, "veth"), data)
    return RTM_NEWLINK, _NEW, _ifinfo(index=end.number, up=True) + end.attributes() + info


def vxlan_data(vni: int, local: str, port: int) -> bytes:
    """The data of a VXLAN device that does not learn."""
    family, packed = _pton(local)
    local_kind = _VXLAN_LOCAL[4 if family == socket.AF_INET else 6]
    return nested(
        _INFO_DATA,
        u32(_VXLAN_ID, vni),
        attribute(local_kind, packed),
        attribute(_VXLAN_LEARNING, b"\0"),
        attribute(_VXLAN_PORT, port.to_bytes(2, "big")),
    )


def link_set(  # noqa: PLR0913  # a link has that many attributes
    name: str,
    *,
    up: bool | None = None,
    mac: str = "",
    mtu: int = 0,
    alias: str | None = None,
    master: int | None = None,
) -> Message:
    """Change a link by its name; what is not given stays. A master of 0 takes it off its bridge."""
    body = _ifinfo(up=up) + text(_IFLA_IFNAME, name)
    if mac:
        body += attribute(_IFLA_ADDRESS, _mac(mac))
    if mtu:
        body += u32(_IFLA_MTU, mtu)
    if alias is not None:
        body += attribute(_IFLA_IFALIAS, alias.encode())
    if master is not None:
        body += u32(_IFLA_MASTER, master)
    return RTM_NEWLINK, 0, body


def port_set(name: str, *, hairpin: bool) -> Message:
    """Set a bridge port's hairpin mode."""
    data = nested(_INFO_SLAVE_DATA, attribute(_BRPORT_MODE, bytes([hairpin])))
    info = nested(_IFLA_LINKINFO, text(_INFO_SLAVE_KIND, "bridge"), data)
    return RTM_NEWLINK, 0, _ifinfo() + text(_IFLA_IFNAME, name) + info


def link_delete(name: str) -> Message:
    """Remove a link, and the other end of a veth with it."""
    return RTM_DELLINK, 0, _ifinfo() + text(_IFLA_IFNAME, name)


def address(index: int, value: str, *, delete: bool = False) -> Message:
    """Add an address with prefix (`10.244.1.2/24`) to a link, or delete it from one."""
    ip, _, length = value.partition("/")
    family, packed = _pton(ip)
    flags = _IFA_F_NODAD if family == socket.AF_INET6 else 0
    body = _IFADDR.pack(family, int(length), flags, 0, index) + attribute(_IFA_LOCAL, packed)
    if delete:  # without IFA_ADDRESS, which is the other end's if there is one
        return RTM_DELADDR, 0, body
    body += attribute(_IFA_ADDRESS, packed)
    if family == socket.AF_INET and int(length) < 31:
        host = (1 << (32 - int(length))) - 1
        broadcast = int.from_bytes(packed, "big") | host
        body += attribute(_IFA_BROADCAST, broadcast.to_bytes(4, "big"))
    return RTM_NEWADDR, _NEW, body


class RouteEntry(NamedTuple):
    """A route of the main table; a metric of 0 is the default.

    `connected` ones are the kernel's own, to the prefix of an address.
    """

    dst: str
    link: int
    via: str = ""
    src: str = ""
    onlink: bool = False
    metric: int = 0
    kind: str = ""
    connected: bool = False


def route(entry: RouteEntry) -> Message:
    """Add or replace a route of the main table."""
    family = socket.AF_INET6 if ":" in entry.dst else socket.AF_INET
    near = family == socket.AF_INET and not entry.via and not entry.kind
    scope = _SCOPE_LINK if near else _SCOPE_UNIVERSE
    flags = _RTNH_F_ONLINK if entry.onlink else 0
    head = (_TABLE_MAIN, _PROTO_BOOT, scope, _ROUTE_TYPES[entry.kind], flags)
    return RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, _route_body(entry, head)


def route_delete(entry: RouteEntry) -> Message:
    """Delete a route of the main table, whoever has made it and of whatever kind it is."""
    return RTM_DELROUTE, 0, _route_body(entry, (_TABLE_MAIN, 0, _SCOPE_NOWHERE, 0, 0))


def _route_body(entry: RouteEntry, head: tuple[int, int, int, int, int]) -> bytes:
    ip, _, length = entry.dst.partition("/")
    family, packed = _pton(ip)
    body = _RTMSG.pack(family, int(length), 0, 0, *head)
    if entry.link:
        body += u32(_RTA_OIF, entry.link)
    if int(length):
        body += attribute(_RTA_DST, packed)
    if entry.via:
        body += attribute(_RTA_GATEWAY, _pton(entry.via)[1])
    if entry.src:
        body += attribute(_RTA_PREFSRC, _pton(entry.src)[1])
    if entry.metric:
        body += u32(_RTA_PRIORITY, entry.metric)
    return body


def neighbour(index: int, dst: str, mac: str, *, delete: bool = False) -> Message:
    """Add or replace a permanent neighbour, or delete it."""
    family, packed = _pton(dst)
    body = _NDMSG.pack(family, index, _NUD_PERMANENT, 0, 0) + attribute(_NDA_DST, packed)
    return _neigh(body + attribute(_NDA_LLADDR, _mac(mac)), delete=delete)


def fdb(index: int, mac: str, dst: str, *, delete: bool = False) -> Message:
    """Add or replace a permanent entry in a VXLAN device's own table, or delete it."""
    body = _NDMSG.pack(socket.AF_BRIDGE, index, _NUD_PERMANENT, _NTF_SELF, 0)
    body += attribute(_NDA_LLADDR, _mac(mac)) + attribute(_NDA_DST, _pton(dst)[1])
    return _neigh(body, delete=delete)


def _neigh(body: bytes, *, delete: bool) -> Message:
    return (RTM_DELNEIGH, 0, body) if delete else (RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body)


def links_request() -> tuple[int, bytes]:
    """The dump of all links, without their counters."""
    return RTM_GETLINK, _IFINFO.pack(0, 0, 0, 0, 0) + u32(_IFLA_EXT_MASK, _SKIP_STATS)


def parse_link(body: bytes) -> Link:
    """A message of the dump of links."""
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = attributes(body, _IFINFO.size)
    info = attributes(found[_IFLA_LINKINFO]) if _IFLA_LINKINFO in found else {}
    kind = info.get(_INFO_KIND, b"").rstrip(b"\0").decode()
    port = attributes(info.get(_INFO_SLAVE_DATA, b"")) if _INFO_SLAVE_DATA in info else {}
    master = found.get(_IFLA_MASTER)
    return Link(
        number=index,
        name=found[_IFLA_IFNAME].rstrip(b"\0").decode(errors="surrogateescape"),
        kind=kind,
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=struct.unpack("=I", found.get(_IFLA_MTU, b"\0" * 4))[0],
        up=bool(flags & IFF_UP),
        master=struct.unpack("=I", master)[0] if master else 0,
        alias=found.get(_IFLA_IFALIAS, b"").rstrip(b"\0").decode(errors="surrogateescape"),
        hairpin=port.get(_BRPORT_MODE, b"\0") != b"\0",
        vxlan=_vxlan(info.get(_INFO_DATA, b"")) if kind == "vxlan" else (0, "", 0),
    )


def _vxlan(data: bytes) -> tuple[int, str, int]:
    found = attributes(data)
    local = next((found[kind] for kind in _VXLAN_LOCAL.values() if kind in found), b"\0" * 4)
    vni = struct.unpack("=I", found[_VXLAN_ID])[0]
    return vni, _ntop(local), int.from_bytes(found[_VXLAN_PORT], "big")


def addresses_request() -> tuple[int, bytes]:
    """The dump of all addresses of both families."""
    return RTM_GETADDR, _IFADDR.pack(0, 0, 0, 0, 0)


def parse_address(body: bytes) -> tuple[int, str] | None:
    """The link's index and the address; None for one that the kernel gave by itself.

    Those are 127.0.0.1, ::1 and IPv6 link-local addresses.
    """
    _, length, _, scope, index = _IFADDR.unpack_from(body)
    found = attributes(body, _IFADDR.size)
    if scope in {_SCOPE_LINK, _SCOPE_HOST} and _is_automatic(found):
        return None
    packed = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
    return index, f"{_ntop(packed)}/{length}"


def _is_automatic(found: dict[int, bytes]) -> bool:
    """Whether an address of link or host scope is one that the kernel gives by itself."""
    packed = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
    return packed in {b"\x7f\0\0\x01", b"\0" * 15 + b"\x01"} or packed[:2] == b"\xfe\x80"


def routes_request() -> tuple[int, bytes]:
    """The dump of all routes of both families."""
    return RTM_GETROUTE, _RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)


def parse_route(body: bytes) -> RouteEntry | None:
    """A route; None for what is not of the main table, multicast, or learnt from a router."""
    family, length, _, _, table, protocol, _, kind, flags = _RTMSG.unpack_from(body)
    if table != _TABLE_MAIN or protocol == _PROTO_RA or kind not in _ROUTE_KINDS:
        return None
    found = attributes(body, _RTMSG.size)
    zero = b"\0" * (4 if family == socket.AF_INET else 16)
    via, src, oif = found.get(_RTA_GATEWAY), found.get(_RTA_PREFSRC), found.get(_RTA_OIF)
    if kind != _UNICAST:  # IPv6 says lo, IPv4 nothing
        oif = None
    return RouteEntry(
        dst=f"{_ntop(found.get(_RTA_DST, zero))}/{length}",
        link=struct.unpack("=I", oif)[0] if oif else 0,
        via=_ntop(via) if via else "",
        src=_ntop(src) if src else "",
        onlink=bool(flags & _RTNH_F_ONLINK),
        metric=_metric(family, found.get(_RTA_PRIORITY)),
        kind=_ROUTE_KINDS[kind],
        connected=protocol == _PROTO_KERNEL,
    )


def _metric(family: int, packed: bytes | None) -> int:
    """0 for the family's default."""
    value = struct.unpack("=I", packed)[0] if packed else 0
    return 0 if family == socket.AF_INET6 and value == _IPV6_METRIC else value


def neighbours_request(family: int) -> tuple[int, bytes]:
    """The dump of neighbours; AF_BRIDGE asks for forwarding entries."""
    return RTM_GETNEIGH, _NDMSG.pack(family, 0, 0, 0, 0)


def parse_neighbour(body: bytes) -> tuple[int, str, str] | None:
    """Index, destination and MAC of a permanent entry that points to somewhere; or None."""
    family, index, state, flags, _ = _NDMSG.unpack_from(body)
    found = attributes(body, _NDMSG.size)
    dst, mac = found.get(_NDA_DST), found.get(_NDA_LLADDR)
    if not state & _NUD_PERMANENT or not dst or not mac:
        return None
    if family == socket.AF_BRIDGE and not flags & _NTF_SELF:
        return None
    return index, _ntop(dst), mac.hex(":")
