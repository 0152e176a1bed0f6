"""Waiting until the kernel has cleaned up behind namespaces that are gone.

A namespace that nothing uses any more is taken apart later, by one work item that does all that
have gathered before it looks again (cleanup_net in net/core/net_namespace.c). Until then the other
ends of its links are still there, and whatever is built meanwhile is built slowly.
"""

from __future__ import annotations

import errno
import os
import time

from labnet.errors import Failed
from labnet.kernel import libc, rtnl
from labnet.kernel.netlink import NetlinkSocket


_PAUSE = 0.01  # seconds between two looks: nobody tells when the count goes down
_LIMIT = 60.0  # seconds; two thousand namespaces take three


def settle() -> None:
    """Return when every namespace that was released before the call has been taken apart.

    A namespace of our own is released behind them, and we watch the other end of its veth go.
    That proves that its batch is past its links and the batch before it done altogether, so it is
    done twice: sockets let go of their namespace a little after they are closed.
    """
    origin = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _unshare()
        watcher = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        sock = NetlinkSocket(groups=rtnl.RTMGRP_LINK)
        try:
            for _ in range(2):
                _watch_one_go(sock, watcher)
        finally:
            sock.close()
            os.close(watcher)
    finally:
        libc.setns(origin, libc.CLONE_NEWNET)
        os.close(origin)


def _unshare() -> None:
    """Be in a new namespace; at the limit of them, wait until one of those released is gone."""
    end = time.monotonic() + _LIMIT
    while True:
        try:
            libc.unshare(libc.CLONE_NEWNET)
        except OSError as error:
            if error.errno != errno.ENOSPC or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _watch_one_go(sock: NetlinkSocket, watcher: int) -> None:
    """Release a namespace and wait until its link is gone; raises Failed after a minute."""
    _unshare()
    sentinel = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc.setns(watcher, libc.CLONE_NEWNET)
        here = rtnl.VethEnd("watch", "02:00:00:00:00:01", 1500)
        there = rtnl.VethEnd("sentinel", "02:00:00:00:00:02", 1500)
        code = sock.request([rtnl.veth_add(here, there, sentinel)])[0]
        if code:
            raise OSError(code, os.strerror(code))
    finally:
        os.close(sentinel)
    for kind, body in sock.receive(_LIMIT):
        if kind == rtnl.RTM_DELLINK and rtnl.parse_link(body).name == here.name:
            return
    raise Failed("the kernel has not cleaned up behind the lab within a minute")
