"""Netlink requests on their way: batched by namespace, each for an operation of the plan."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable

from labnet.errors import Failed, LabnetError, MachineError
from labnet.kernel import netns
from labnet.kernel.netlink import Message
from labnet.plan import Op, Verb
from labnet.state import Address


_SIOCGIFINDEX = 0x8933
_IFREQ = struct.Struct("16si16x")
_GONE = {errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENOENT}
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT}

Progress = Callable[[Op], None]


class Wire:
    """Requests for one namespace are held back until one for another comes.

    `progress` is told of an operation when the last of its requests is done.
    """

    def __init__(self, thread: netns.Thread, progress: Progress) -> None:
        """Begin with nothing on the way."""
        self._thread = thread
        self._progress = progress
        self._where = ""
        self._pending: list[tuple[Message, Op]] = []
        self._open: list[int] = []
        self._indexes: dict[tuple[str, str], int] = {}

    def queue(self, where: str, op: Op, *messages: Message, fd: int | None = None) -> None:
        """Have the namespace `where` do these for `op`; `fd` is closed when they have been sent."""
        if where != self._where:
            self.flush()
            self._where = where
        self._pending += [(message, op) for message in messages]
        if fd is not None:
            self._open.append(fd)

    def flush(self) -> None:
        """Send what is held back; raises LabnetError for the first request that fails."""
        pending, self._pending = self._pending, []
        try:
            if pending:
                sock = self._thread.socket(self._where)
                results = sock.request([message for message, _ in pending])
                for number, (code, (_, op)) in enumerate(zip(results, pending, strict=True)):
                    if code and not (op.verb is Verb.DELETE and code in _GONE):
                        raise _failure(op, code)
                    if number + 1 == len(pending) or pending[number + 1][1] is not op:
                        self._progress(op)
        finally:
            for fd in self._open:
                os.close(fd)
            self._open.clear()

    def expect(self, where: str, dev: str, index: int) -> None:
        """A link that is on its way will have this index."""
        self._indexes[where, dev] = index

    def index(self, where: str, dev: str) -> int:
        """The index of a link, 0 if there is none of that name."""
        known = self._indexes.get((where, dev))
        if known:
            return known
        self.flush()
        request = _IFREQ.pack(os.fsencode(dev), 0)
        try:
            answer = fcntl.ioctl(self._thread.socket(where).fileno(), _SIOCGIFINDEX, request)
        except OSError:
            return 0
        found = self._indexes[where, dev] = int(_IFREQ.unpack(answer)[1])
        return found

    def forget(self, where: str) -> None:
        """The indexes of a namespace that goes mean nothing any more."""
        self._indexes = {key: value for key, value in self._indexes.items() if key[0] != where}


def _failure(op: Op, code: int) -> LabnetError:
    """The exception for an errno."""
    what = f"{op.verb} {op.object}: {os.strerror(code)}"
    if code == errno.EACCES and isinstance(op.object, Address):
        return Failed(f"{what}: IPv6 is switched off there (net.ipv6.conf.*.disable_ipv6)")
    if code in {errno.EPERM, errno.EACCES}:
        return MachineError(f"{what}: labnet needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN)")
    if code in _UNSUPPORTED:
        return MachineError(f"{what}: the kernel lacks this feature; `labnet doctor` says which")
    return Failed(what)
