"""nftables tables on the real kernel: what is loaded is what is read, and changes keep the rest."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from labnet.errors import Failed, MachineError
from labnet.kernel import iptables, nft
from labnet.kernel.linux import LinuxKernel
from labnet.kernel.netns import Thread
from labnet.plan import Op, Verb
from labnet.state import (
    NftBlock,
    NftTable,
    parse_nft_tables,
    sorted_blocks,
)
from state.nft_tables import tables
from unprivileged import in_user_namespace


pytestmark = pytest.mark.kernel

NETNS, OTHER = "labnet-test-nft", "labnet-test-nft2"


@pytest.fixture(scope="module", autouse=True)
def _netns() -> Iterator[None]:
    """Two namespaces without any rule, whose `lo` is up."""
    for name in (NETNS, OTHER):
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield
    for name in (NETNS, OTHER):
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture(autouse=True)
def _no_tables() -> Iterator[None]:
    """No test leaves a table to the next."""
    yield
    for name in (NETNS, OTHER):
        nft_tool("flush", "ruleset", netns=name)


def nft_tool(*words: str, netns: str = NETNS) -> str:
    """What nft itself says."""
    command = ["ip", "netns", "exec", netns, "nft", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def load(new: NftTable, old: NftTable | None = None) -> None:
    """Have labnet add a table, or change the one that is there."""
    verb = Verb.ADD if old is None else Verb.CHANGE
    with Thread() as thread:
        nft.apply_tables([Op(verb, new, "", old)], thread)


def delete(table: NftTable) -> None:
    """Have labnet delete a table."""
    with Thread() as thread:
        nft.apply_tables([Op(Verb.DELETE, table, "")], thread)


def seen(netns: str = NETNS) -> list[NftTable]:
    """What labnet sees there."""
    with Thread() as thread:
        return nft.observe_tables([netns], thread)


def listed(netns: str = NETNS) -> list[NftTable]:
    """What nft itself lists, which is the witness."""
    return parse_nft_tables(netns, nft_tool("-nn", "list", "ruleset", netns=netns))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(NETNS), tables(NETNS))
def test_tables_go_in_and_come_out_the_same(old: NftTable, new: NftTable) -> None:
    """Loaded whole and changed by a delta; what packets have put into a set is still there."""
    load(old)
    try:
        assert seen() == [old] == listed()
        for name in dynamic(old):
            nft_tool("add", "element", *old.path.split(), name, "{ 10.9.9.9 }")
        load(new, old)
        assert seen() == [new] == listed()
        if not new.delta(old).startswith("delete table"):
            for name, _ in dynamic(new).items() & dynamic(old).items():
                assert "10.9.9.9" in nft_tool("list", "set", *new.path.split(), name)
    finally:
        delete(new)
    assert seen() == [] == listed()


def dynamic(table: NftTable) -> dict[str, tuple[str, ...]]:
    """The sets that packets fill, with their properties."""
    return {b.name: b.header for b in table.blocks if any("dynamic" in line for line in b.header)}


def service(*endpoints: int) -> NftTable:
    """10.96.0.1:80 as a ClusterIP that leads to ports of 127.0.0.1, with affinity."""
    key = "ip daddr . tcp dport"
    number = f"numgen random mod {len(endpoints) or 1}"
    members = tuple(
        f"10.96.0.1 . 80 . {index} : 127.0.0.1 . {port}" for index, port in enumerate(endpoints)
    )
    blocks = (
        NftBlock(
            "map",
            "endpoints",
            (f"typeof {key} . numgen random mod 9 : ip daddr . tcp dport",),
            members,
        ),
        NftBlock(
            "set",
            "clients",
            ("type ipv4_addr", "size 65535", "flags dynamic,timeout", "timeout 60s"),
        ),
        NftBlock(
            "chain",
            "nat-output",
            ("type nat hook output priority -100", "policy accept"),
            (
                "ip daddr 10.96.0.1 update @clients { ip saddr }",
                f"dnat ip to {key} . {number} map @endpoints",
            ),
        ),
    )
    return NftTable(NETNS, 4, "kube-proxy", sorted_blocks(blocks))


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """The body runs in a namespace."""
    with Thread() as thread:
        thread.enter(netns)
        yield


@contextmanager
def server() -> Iterator[tuple[socket.socket, int]]:
    """A listening socket in the namespace, and its port."""
    with inside(NETNS):
        sock = socket.create_server(("127.0.0.1", 0))
    with sock:
        yield sock, sock.getsockname()[1]


def connect() -> socket.socket:
    """A connection to the ClusterIP; the route is by `lo`."""
    with inside(NETNS):
        return socket.create_connection(("10.96.0.1", 80), timeout=3)


def test_connections_and_affinity_outlive_a_change() -> None:
    """An established connection stays with its endpoint, and a new one goes to a new endpoint."""
    route = ["10.96.0.0/16", "dev", "lo", "src", "127.0.0.1"]
    subprocess.run(["ip", "-n", NETNS, "route", "replace", *route], check=True)
    with server() as (first, first_port), server() as (second, second_port):
        load(service(first_port))
        with connect() as client, first.accept()[0] as peer:
            assert "127.0.0.1" in nft_tool("list", "set", "ip", "kube-proxy", "clients")
            load(service(second_port), service(first_port))
            client.sendall(b"still here")
            assert peer.recv(100) == b"still here"
            assert "127.0.0.1" in nft_tool("list", "set", "ip", "kube-proxy", "clients")
            with connect() as other, second.accept()[0] as its_peer:
                other.sendall(b"new")
                assert its_peer.recv(100) == b"new"


def test_what_nft_refuses_changes_nothing() -> None:
    """All or nothing, with nft's words and the command that it did not like."""
    good = service(8080)
    load(good)
    bad = replace(good, blocks=(*good.blocks, NftBlock("chain", "z", (), ("jump nowhere",))))
    with pytest.raises(Failed) as caught:
        load(bad, good)
    words = f"~ nft {NETNS} ip kube-proxy: Could not process rule: No such file or directory: "
    assert str(caught.value).startswith(words)
    assert seen() == [good]
    broken = replace(good, blocks=(NftBlock("chain", "z", (), ("!",)),))
    with pytest.raises(Failed, match="syntax error"):
        load(broken)


def test_a_missing_library_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is touched; who has no such tables does not miss it."""
    monkeypatch.setattr(nft, "_LIBRARY", "libnftables.so.0")
    nft.load_library.cache_clear()
    try:
        with pytest.raises(MachineError, match="apt-get install libnftables1"):
            LinuxKernel().check((Op(Verb.ADD, service(80), ""),))
        assert seen() == []
    finally:
        nft.load_library.cache_clear()


def test_two_threads_are_in_two_namespaces() -> None:
    """Each changes its own tables, at the same time."""
    errors: list[BaseException] = []

    def change(netns: str) -> None:
        """Load and change a table again and again."""
        try:
            for port in range(1, 20):
                table = replace(service(port), netns=netns)
                load(table, replace(service(port - 1), netns=netns) if port > 1 else None)
                assert seen(netns) == [table]
        except BaseException as error:  # noqa: BLE001  # a thread's error is nobody's otherwise
            errors.append(error)

    threads = [threading.Thread(target=change, args=(name,)) for name in (NETNS, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_table_that_is_gone_already_can_be_deleted() -> None:
    """Whoever was faster has done the same."""
    delete(service(80))
    assert seen() == []


LARGE = """
from labnet.kernel.nft import Nft, apply_table
from labnet.plan import Op, Verb
from labnet.state import NftBlock, NftTable, parse_nft_tables
elements = tuple(sorted(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255} : drop" for n in range(15000)))
blocks = (
    NftBlock("map", "m", ("type ipv4_addr : verdict",), elements),
    NftBlock("chain", "a", (), ("accept",) * 1000),
    NftBlock("chain", "b", ("type filter hook input priority 0", "policy accept"), ("jump a",)),
)
table = NftTable("here", 4, "kube-proxy", blocks)
with Nft() as nft:
    try:
        nft.run(table.text())
    except Exception as error:
        print(error)
    apply_table(nft, Op(Verb.ADD, table, ""), table)
    (found,) = parse_nft_tables("here", nft.run("list ruleset"))
    print(found == table)
"""


def test_a_large_table_loads_without_privilege(tmp_path: Path) -> None:
    """In pieces, where the send buffer cannot be made larger."""
    command = in_user_namespace(tmp_path / "checkout", LARGE)
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout.splitlines() == ["Could not process rule: Message too long", "True"]


def test_iptables_and_nftables_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is asked for what only the other has, and iptables-save has no complaint."""
    load(service(80))
    saved = subprocess.run(
        ["ip", "netns", "exec", NETNS, "iptables-save"], check=True, capture_output=True, text=True
    )
    assert (saved.stdout, saved.stderr) == ("", "")
    with monkeypatch.context() as here:
        here.setattr(iptables, "_start", None)
        with Thread() as thread:
            assert iptables.observe_rules([NETNS], thread) == []
    delete(service(80))
    rules = "*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n"
    subprocess.run(
        ["ip", "netns", "exec", NETNS, "iptables-restore"], input=rules, text=True, check=True
    )
    with monkeypatch.context() as here:
        here.setattr(nft, "load_library", None)
        assert seen() == []
    with Thread() as thread:
        (found,) = iptables.observe_rules([NETNS], thread)
    assert found.rules == ("-A FORWARD -j ACCEPT",)
