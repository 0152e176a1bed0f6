"""The reference that `labnet up` and `down` are measured against: the same network, and no more.

    python3 tests/bench/reference.py --nodes 20 --pods 1000 up|down|both

Netlink messages packed by hand, one thread, no library, nothing parsed, planned, compared or
remembered. A pod is a named namespace, a veth into its node's bridge, an address and a default
route; a node has a bridge, an uplink, forwarding and a route to each other node's pods. `down` ends
when the kernel has really let go of everything: a lab built before would take ten times as long.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import socket
import struct
import time


CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 0x100000, 2
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 17, 20, 24
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE_EXCL, NLMSG_ERROR = 1, 4, 0x600, 2
IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_PID, IFLA_NET_NS_FD = 3, 10, 18, 19, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER, RTMGRP_LINK = 1, 2, 1, 1
IFA_ADDRESS, IFA_LOCAL, RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 2, 1, 4, 5
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST, IFF_UP = 254, 4, 1, 1

FOLDER = "/run/netns"
PREFIX = "reference."
LOOPBACK, ETH0, CNI0 = 1, 2, 3
POD_NET, NODE_NET = 0x0AF4_0000, 0xAC12_0000  # 10.244.0.0 and 172.18.0.0

libc = ctypes.CDLL(None, use_errno=True)
MYSELF = struct.pack("=I", os.getpid())


def call(function: str, *arguments: object) -> None:
    """A function of the C library that returns -1 if it failed."""
    if getattr(libc, function)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), function)


def attribute(kind: int, value: bytes) -> bytes:
    """A netlink attribute, padded (netlink(7))."""
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def name(text: str) -> bytes:
    """The attribute that names a link."""
    return attribute(IFLA_IFNAME, text.encode() + b"\0")


def message(kind: int, body: bytes, flags: int = NLM_F_CREATE_EXCL) -> bytes:
    """A netlink message that is only answered if it fails."""
    return struct.pack("=IHHII", len(body) + 16, kind, flags | NLM_F_REQUEST, 1, 0) + body


def link(attributes: bytes = b"", *, index: int = 0, up: bool = True, flags: int = 0x600) -> bytes:
    """A message that makes a link, or with `flags=0` changes one."""
    return message(RTM_NEWLINK, header(index, up=up) + attributes, flags)


def header(index: int, *, up: bool) -> bytes:
    """`struct ifinfomsg` (rtnetlink(7))."""
    return struct.pack("=BxHiII", 0, 0, index, IFF_UP * up, IFF_UP * up)


def veth(
    ifname: str, index: int, peer: bytes, attributes: bytes = b"", *, up: bool = True
) -> bytes:
    """A message that makes a veth with both ends where they belong; `peer` says all of one."""
    data = attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer))
    info = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth") + data)
    return link(name(ifname) + attributes + info, index=index, up=up)


def bridge(ifname: str, index: int) -> bytes:
    """A message that makes a bridge."""
    info = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"bridge"))
    return link(name(ifname) + info, index=index)


def address(index: int, ip: int, bits: int) -> bytes:
    """A message that gives an address to a link."""
    packed = struct.pack(">I", ip)
    head = struct.pack("=BBBBi", socket.AF_INET, bits, 0, 0, index)
    local = attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed)
    return message(RTM_NEWADDR, head + local)


def route(index: int, via: int, target: int = 0, bits: int = 0) -> bytes:
    """A message that adds a route; the default one without a target."""
    words = (socket.AF_INET, bits, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST, 0)
    body = struct.pack("=8BI", *words) + attribute(RTA_OIF, struct.pack("=i", index))
    body += attribute(RTA_GATEWAY, struct.pack(">I", via))
    return message(
        RTM_NEWROUTE, body + (attribute(RTA_DST, struct.pack(">I", target)) if bits else b"")
    )


def netlink(groups: int = 0) -> socket.socket:
    """A socket in the namespace that we are in, where it stays."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    made.bind((0, groups))
    return made


def send(to: socket.socket, *messages: bytes) -> None:
    """Send all at once and wait for the answer to the last, or for an error of any."""
    last = bytearray(messages[-1])
    last[6] |= NLM_F_ACK
    to.send(b"".join(messages[:-1]) + last)
    code = struct.unpack_from("=i", to.recv(4096), 16)[0]
    if code:
        raise OSError(-code, os.strerror(-code))


def make_namespace(suffix: str) -> None:
    """Go into a new namespace and name it as `ip netns add` does."""
    path = f"{FOLDER}/{PREFIX}{suffix}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    call("unshare", CLONE_NEWNET)
    call("mount", b"/proc/self/ns/net", path.encode(), b"none", MS_BIND, None)


def up(nodes: int, pods: int) -> None:
    """Build the network."""
    make_folder()
    make_namespace("segment")
    segment = netlink()
    send(segment, bridge("br0", CNI0), link(index=LOOPBACK, flags=0))
    sockets = [make_node(number, nodes, segment) for number in range(nodes)]
    for number in range(pods):
        make_pod(number // nodes, number % nodes, sockets[number % nodes])


def make_node(number: int, nodes: int, segment: socket.socket) -> socket.socket:
    """A node with its uplink in the bridge of the segment."""
    make_namespace(f"node{number}")
    peer = header(ETH0, up=False) + name("eth0") + attribute(IFLA_NET_NS_PID, MYSELF)
    send(segment, veth(f"veth{number}", 0, peer, attribute(IFLA_MASTER, struct.pack("=I", CNI0))))
    with open("/proc/sys/net/ipv4/ip_forward", "wb", buffering=0) as file:
        file.write(b"1")
    node = netlink()
    others = [other for other in range(nodes) if other != number]
    send(
        node,
        link(index=LOOPBACK, flags=0),
        link(index=ETH0, flags=0),
        address(ETH0, NODE_NET + number + 2, 16),
        bridge("cni0", CNI0),
        address(CNI0, POD_NET + number * 256 + 1, 24),
        *(route(ETH0, NODE_NET + n + 2, POD_NET + n * 256, 24) for n in others),
    )
    return node


def make_pod(number: int, node: int, there: socket.socket) -> None:
    """A pod with its veth in the bridge of its node."""
    make_namespace(f"pod{node}-{number}")
    peer = header(ETH0, up=False) + name("eth0") + attribute(IFLA_NET_NS_PID, MYSELF)
    send(there, veth(f"veth{number}", 0, peer, attribute(IFLA_MASTER, struct.pack("=I", CNI0))))
    subnet = POD_NET + node * 256
    with netlink() as here:
        send(
            here,
            link(index=LOOPBACK, flags=0),
            link(index=ETH0, flags=0),
            address(ETH0, subnet + number + 2, 24),
            route(ETH0, subnet + 1),
        )


def make_folder() -> None:
    """A mount of its own for the names, in memory, as on most machines all of /run is."""
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.ismount(FOLDER) and not os.listdir(FOLDER):
        call("mount", b"reference", FOLDER.encode(), b"tmpfs", 0, b"mode=0755")
        call("mount", b"", FOLDER.encode(), b"none", MS_SHARED | MS_REC, None)


def down() -> None:
    """Take the names away, and the kernel takes the rest; return when it has."""
    for entry in os.listdir(FOLDER) if os.path.isdir(FOLDER) else ():
        if entry.startswith(PREFIX):
            path = f"{FOLDER}/{entry}"
            call("umount2", path.encode(), MNT_DETACH)
            os.unlink(path)
    wait_until_clean()
    with open("/proc/self/mountinfo", encoding="ascii", errors="replace") as mounts:
        if any(f" {FOLDER} " in line and " - tmpfs reference " in line for line in mounts):
            call("umount2", FOLDER.encode(), MNT_DETACH)


def wait_until_clean() -> None:
    """Return when all namespaces that were released before this call are gone.

    The kernel removes released namespaces in the order in which they were released, many at a time,
    in one work item (cleanup_net in net/core/net_namespace.c). One that is released now goes with
    or after them, and its veth is the sign. One that is released after that goes in a later run of
    the work item, so that the first run has ended wholly.
    """
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    call("unshare", CLONE_NEWNET)
    watch = os.open("/proc/self/ns/net", os.O_RDONLY)
    with netlink() as here, netlink(RTMGRP_LINK) as events:
        events.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for index in (10, 11):
            call("unshare", CLONE_NEWNET)
            peer = header(0, up=False) + name("eth0") + attribute(IFLA_NET_NS_PID, MYSELF)
            send(here, veth(f"sentinel{index}", index, peer, up=False))
            call("setns", watch, CLONE_NEWNET)
            while not is_deletion(events.recv(65536), index):
                pass
    call("setns", home, CLONE_NEWNET)


def is_deletion(event: bytes, index: int) -> bool:
    """Whether an event says that the link of this index is gone."""
    return struct.unpack_from("=4xH10x4xi", event) == (RTM_DELLINK, index)


def main() -> None:
    """Do what the command line says, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("what", choices=["up", "down", "both"])
    arguments = parser.parse_args()
    gc.disable()
    start = time.perf_counter()
    if arguments.what != "down":
        up(arguments.nodes, arguments.pods)
        print(f"up: {time.perf_counter() - start:.3f} s")
    start = time.perf_counter()
    if arguments.what != "up":
        down()
        print(f"down: {time.perf_counter() - start:.3f} s")


if __name__ == "__main__":
    main()
