"""UDP flows in conntrack, through ctnetlink (nf_conntrack_netlink.c in the kernel).

The kernel keeps the entries of all namespaces in one table and walks through all of it for a dump:
10 ms for 262,144 buckets, and 0.25 s for 100,000 entries. So nobody asks where the namespace's own
counter says that there are none.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from labnet.errors import Failed, MachineError
from labnet.kernel import netns
from labnet.kernel.netlink import Message, NetlinkSocket, attribute, attributes, nested, u32
from labnet.state import Flow, UdpFlows


_NETLINK_NETFILTER = 12
_CT_GET, _CT_DELETE = 0x0101, 0x0102  # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_…
_NFGENMSG = struct.Struct("=BBH")
_PORT = struct.Struct(">H")
_FAMILY: dict[Literal[4, 6], int] = {4: socket.AF_INET, 6: socket.AF_INET6}
_CTA_TUPLE_ORIG, _CTA_TUPLE_REPLY, _CTA_FILTER = 1, 2, 25
_CTA_TUPLE_IP, _CTA_TUPLE_PROTO = 1, 2
_CTA_IP: dict[Literal[4, 6], tuple[int, int]] = {4: (1, 2), 6: (3, 4)}  # source, destination
_CTA_PROTO_NUM, _CTA_PROTO_SRC_PORT, _CTA_PROTO_DST_PORT = 1, 2, 3
_CTA_FILTER_ORIG_FLAGS, _CTA_FILTER_F_CTA_PROTO_NUM = 1, 1 << 3
_UDP = bytes([socket.IPPROTO_UDP])
_COUNT = Path("/proc/sys/net/netfilter/nf_conntrack_count")


def observe_flows(wanted: Iterable[UdpFlows], thread: netns.Thread) -> Iterator[UdpFlows]:
    """The same, with what leads nowhere now; nothing does, where the kernel cannot tell."""
    for item in wanted:
        thread.enter(item.netns)
        try:
            stale = item.lost_among(_flows_of(item))
        except OSError:  # whoever changes rules will hear of it
            stale = ()
        yield replace(item, stale=stale)


def remove_flows(item: UdpFlows, thread: netns.Thread) -> None:
    """Remove what is stale at this moment; raises MachineError if the kernel cannot, or Failed."""
    thread.enter(item.netns)
    try:
        stale = item.stale_among(_flows_of(item))
        if stale:
            _remove(item.family, stale)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT}:
            why = "the kernel does not tell of UDP flows: modprobe nf_conntrack_netlink"
            raise MachineError(f"{item}: {why} (CONFIG_NF_CT_NETLINK)") from error
        raise Failed(f"{item}: {error.strerror}") from error


def _flows_of(item: UdpFlows) -> Iterable[Flow]:
    """What is sent to the ports of Services in the namespace that the thread is in."""
    ports = item.ports()
    if not ports or not _entries():
        return ()
    return _flows(item.family, udp_flows(item.family), ports)


def udp_flows(family: Literal[4, 6]) -> list[bytes]:
    """The entries of UDP in the namespace that the thread is in, as ctnetlink has them.

    Raises OSError if the kernel has no ctnetlink.
    """
    sock = NetlinkSocket(_NETLINK_NETFILTER)
    try:
        return [body for _, body in sock.dump(_CT_GET, _request(family))]
    finally:
        sock.close()


def load_conntrack() -> None:
    """Have conntrack, and with it its sysctls: asked for entries, the kernel loads the modules.

    That is nfnetlink_rcv_msg() in the kernel, and needs no more than CAP_NET_ADMIN. A kernel that
    has none is found out by whoever needs it.
    """
    with suppress(OSError):
        udp_flows(4)


def _entries() -> int:
    """How many entries this namespace has, of all protocols and families."""
    try:
        return int(_COUNT.read_bytes())
    except FileNotFoundError:  # nobody has asked for conntrack here
        return 0


def _request(family: Literal[4, 6]) -> bytes:
    """Ask for entries of UDP; a kernel before 5.8 knows no filter and tells of all."""
    only_udp = nested(_CTA_TUPLE_ORIG, nested(_CTA_TUPLE_PROTO, attribute(_CTA_PROTO_NUM, _UDP)))
    flags = u32(_CTA_FILTER_ORIG_FLAGS, _CTA_FILTER_F_CTA_PROTO_NUM)
    return _NFGENMSG.pack(_FAMILY[family], 0, 0) + only_udp + nested(_CTA_FILTER, flags)


def _flows(
    family: Literal[4, 6], entries: Iterable[bytes], ports: Collection[int]
) -> Iterator[Flow]:
    """The flows of UDP that are sent to any of these ports."""
    number = _FAMILY[family]
    wanted = {_PORT.pack(port) for port in ports}
    source, destination = _CTA_IP[family]
    for body in entries:
        entry = attributes(body, _NFGENMSG.size)
        there = attributes(entry[_CTA_TUPLE_ORIG])
        ends = attributes(there[_CTA_TUPLE_PROTO])
        if ends[_CTA_PROTO_NUM] != _UDP or ends[_CTA_PROTO_DST_PORT] not in wanted:
            continue
        back = attributes(entry[_CTA_TUPLE_REPLY])
        hosts, answerer = attributes(there[_CTA_TUPLE_IP]), attributes(back[_CTA_TUPLE_IP])
        port = attributes(back[_CTA_TUPLE_PROTO])[_CTA_PROTO_SRC_PORT]
        yield Flow(
            (socket.inet_ntop(number, hosts[source]), _number(ends[_CTA_PROTO_SRC_PORT])),
            (socket.inet_ntop(number, hosts[destination]), _number(ends[_CTA_PROTO_DST_PORT])),
            (socket.inet_ntop(number, answerer[source]), _number(port)),
        )


def _number(port: bytes) -> int:
    return int.from_bytes(port, "big")


def _remove(family: Literal[4, 6], flows: Iterable[Flow]) -> None:
    """Remove entries from the namespace that the thread is in; one that has ended is no matter."""
    sock = NetlinkSocket(_NETLINK_NETFILTER)
    try:
        codes = sock.request([_deletion(family, flow) for flow in flows])
    finally:
        sock.close()
    for code in codes:
        if code not in {0, errno.ENOENT}:
            raise OSError(code, os.strerror(code))


def _deletion(family: Literal[4, 6], flow: Flow) -> Message:
    """The request that removes an entry, which its original direction names."""
    number = _FAMILY[family]
    hosts = zip(_CTA_IP[family], (flow.source, flow.destination), strict=True)
    ports = (_CTA_PROTO_SRC_PORT, flow.source), (_CTA_PROTO_DST_PORT, flow.destination)
    tuple_ = nested(
        _CTA_TUPLE_ORIG,
        nested(
            _CTA_TUPLE_IP,
            *(attribute(kind, socket.inet_pton(number, place[0])) for kind, place in hosts),
        ),
        nested(
            _CTA_TUPLE_PROTO,
            attribute(_CTA_PROTO_NUM, _UDP),
            *(attribute(kind, _PORT.pack(place[1])) for kind, place in ports),
        ),
    )
    return _CT_DELETE, 0, _NFGENMSG.pack(number, 0, 0) + tuple_
