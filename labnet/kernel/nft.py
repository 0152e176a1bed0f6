"""nftables tables of namespaces, through libnftables: what `nft` does, without a process.

A process costs 3 ms and more, a change of a large table a tenth of that. What goes in and comes out
is nft's own text, so that what is compared, loaded and printed by `plan -o sh` is one thing.
"""

from __future__ import annotations

import errno
import functools
import socket
import struct
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from labnet.errors import Failed, MachineError
from labnet.kernel import netns
from labnet.kernel.netlink import NetlinkSocket, attributes
from labnet.plan import Op, Verb
from labnet.state import NftTable, parse_nft_tables


if TYPE_CHECKING:
    import ctypes


TABLE = "kube-proxy"
"""What labnet calls its tables; it looks at no others."""

_NETLINK_NETFILTER = 12
_NFT_MSG_GETTABLE = 0x0A01  # NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE
_NFTA_TABLE_NAME = 1
_NFGENMSG = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
_FAMILIES: dict[int, Literal[4, 6]] = {2: 4, 10: 6}  # of netfilter (NFPROTO_IPV4, NFPROTO_IPV6)

_LIBRARY = "libnftables.so.1"
_NUMERIC, _STATELESS = 0x780, 0x4  # NFT_CTX_OUTPUT_NUMERIC_ALL and NFT_CTX_OUTPUT_STATELESS
_TOO_LONG = "Message too long"  # EMSGSIZE: more than the socket's send buffer
_PIECE = 16_384  # characters of one transaction: even of rules a tenth of the usual send buffer
_QUOTED = 120  # characters of a command that failed


class TableName(NamedTuple):
    """A table that the kernel has."""

    family: Literal[4, 6]
    name: str


def table_names() -> set[TableName]:
    """The tables of nftables in the namespace that the thread is in, iptables' own among them.

    None where the kernel has no nftables.
    """
    sock = None
    try:
        sock = NetlinkSocket(_NETLINK_NETFILTER)
        answers = sock.dump(_NFT_MSG_GETTABLE, _NFGENMSG)
    except OSError:
        return set()
    finally:
        if sock is not None:
            sock.close()
    found = [(body[0], attributes(body, len(_NFGENMSG))) for _, body in answers]
    return {
        TableName(_FAMILIES[family], words[_NFTA_TABLE_NAME].rstrip(b"\0").decode())
        for family, words in found
        if family in _FAMILIES
    }


def observe_tables(names: Iterable[str], thread: netns.Thread) -> list[NftTable]:
    """Labnet's tables in these namespaces; the library is not touched where there is none."""
    tables: list[NftTable] = []
    for name in names:
        thread.enter(name)
        for family in sorted(table.family for table in table_names() if table.name == TABLE):
            with Nft() as nft:
                listing = nft.run(f"list table {'ip' if family == 4 else 'ip6'} {TABLE}")
            tables += parse_nft_tables(name, listing)
    return tables


def apply_tables(ops: Iterable[Op], thread: netns.Thread) -> None:
    """Carry out operations on tables, each in one transaction; raises Failed, MachineError."""
    with Nft() as nft:
        for op in ops:
            table = op.object
            assert isinstance(table, NftTable), "others are others' affair"
            thread.enter(table.netns)
            try:
                apply_table(nft, op, table)
            except Failed as error:
                raise Failed(f"{op.verb} {table}: {error}") from error


def apply_table(nft: Nft, op: Op, table: NftTable) -> None:
    """Carry out an operation where the thread is; raises Failed, MachineError.

    What is too much for the socket's send buffer goes in pieces: only who has power over the whole
    machine can have a larger one (SO_SNDBUFFORCE in socket(7)), and a lab in a sandbox has not.
    """
    gone = f"add table {table.path}\n{table.deletion()}"  # no error if somebody was faster
    if op.verb is Verb.DELETE:
        nft.run(gone)
        return
    try:
        nft.run(table.delta(op.old) if isinstance(op.old, NftTable) else table.text())
    except Failed as error:
        if _TOO_LONG not in str(error):
            raise
        for piece in (gone, *table.pieces(_PIECE)):
            nft.run(piece)


class Nft:
    """libnftables in any number of namespaces; one thread at a time.

    A context's socket is in the namespace where it was made, so each run makes one. They
    are kept until the end, because closing one waits until the kernel has let go of what was
    deleted (nft_rcv_nl_event in net/netfilter/nf_tables_api.c): 10 ms, but only for the first.
    """

    def __init__(self) -> None:
        """Nothing is loaded before it is used."""
        self._contexts: list[ctypes.c_void_p] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close all contexts."""
        for context in self._contexts:
            load_library().nft_ctx_free(context)
        self._contexts.clear()

    def run(self, text: str) -> str:
        """What nft prints for these commands, carried out where the thread is, all or none.

        Raises Failed with nft's words, MachineError if the library is missing.
        """
        library = load_library()
        with _lock:
            context = library.nft_ctx_new(0)
            if not context:
                raise OSError(errno.ENOMEM, "libnftables cannot start")
            self._contexts.append(context)
            library.nft_ctx_buffer_output(context)
            library.nft_ctx_buffer_error(context)
            library.nft_ctx_output_set_flags(context, _NUMERIC | _STATELESS)
            result = library.nft_run_cmd_from_buffer(context, text.encode())
        if result:
            said = library.nft_ctx_get_error_buffer(context).decode(errors="backslashreplace")
            raise Failed(reason(said))
        printed: bytes = library.nft_ctx_get_output_buffer(context)
        return printed.decode(errors="backslashreplace")


_lock = threading.Lock()  # nobody promises that the library may be used by two threads at once


def reason(said: str) -> str:
    """The first error of those that nft prints, with the command that it is about.

    Each has a line for itself, the command, and marks below that.
    """
    lines = said.splitlines()
    number = next((n for n, line in enumerate(lines) if "Error: " in line), None)
    if number is None:
        return " ".join(said.split()) or "nft says nothing"
    what = lines[number].partition("Error: ")[2]
    command = " ".join(lines[number + 1].split()) if number + 1 < len(lines) else ""
    shown = command if len(command) <= _QUOTED else f"{command[:_QUOTED]} ..."
    return f"{what}: {shown}" if shown else what


@functools.cache
def load_library() -> ctypes.CDLL:
    """libnftables, with the types of its functions; raises MachineError if it is missing."""
    import ctypes  # noqa: PLC0415  # labs without a table of nftables need none of it

    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise MachineError(f"{_LIBRARY} is missing: apt-get install libnftables1") from error
    pointer, number, text = ctypes.c_void_p, ctypes.c_uint, ctypes.c_char_p
    library.nft_ctx_new.restype = pointer
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    for name in ("nft_ctx_free", "nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(library, name).argtypes = [pointer]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = [pointer]
        getattr(library, name).restype = text
    library.nft_ctx_output_set_flags.argtypes = [pointer, number]
    library.nft_run_cmd_from_buffer.argtypes = [pointer, text]
    return library
