"""The codec against pyroute2, which reads what ours has written and writes what ours reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from pyroute2 import IPRoute, NetNS

from labnet.kernel import netns, rtnl
from labnet.kernel.netlink import Message
from labnet.kernel.settle import settle


pytestmark = pytest.mark.kernel

A, B = "labnet-test-a", "labnet-test-b"


@pytest.fixture
def machine() -> Iterator[IPRoute]:
    """The machine's own namespace; asked for before `thread`, which leaves it."""
    with IPRoute() as machine:
        yield machine


@pytest.fixture
def thread() -> Iterator[netns.Thread]:
    """A thread with two namespaces of the test's own."""
    root = netns.FOLDER.parent / "labnet"
    root.mkdir(exist_ok=True)
    netns.prepare_folder()
    try:
        with netns.Thread() as thread:
            for name in (A, B):
                with thread.newborn(name):
                    pass
            yield thread
    finally:
        for name in (A, B):
            netns.delete(name)
        settle()
        netns.restore_folder()
        with suppress(OSError):  # it is gone, or another lab is up
            root.rmdir()


def request(thread: netns.Thread, name: str, *messages: Message) -> list[int]:
    """Have messages carried out in a namespace."""
    return thread.socket(name).request(list(messages))


def make_pair(thread: netns.Thread, *, master: int = 0) -> None:
    """A veth with one end in each namespace, both up."""
    here = rtnl.VethEnd("here", "02:00:00:00:00:01", 1400, master, 5)
    there = rtnl.VethEnd("there", "02:00:00:00:00:02", 1400, 0, 7)
    fd = netns.open_netns(B)
    assert request(thread, A, rtnl.veth_add(here, there, fd)) == [0]
    assert request(thread, B, rtnl.link_set("there", up=True, alias="x y")) == [0]


def test_a_pair_is_born_in_both_namespaces(thread: netns.Thread) -> None:
    """Both ends have their name, index, MTU and MAC; pyroute2 sees it and our decoder agrees."""
    make_pair(thread)
    with NetNS(B) as other:
        (link,) = other.get_links(ifname="there")
        assert link["index"] == 7
        assert link.get_attr("IFLA_ADDRESS") == "02:00:00:00:00:02"
        assert link.get_attr("IFLA_MTU") == 1400
        assert link.get_attr("IFLA_IFALIAS") == "x y"
        assert link["flags"] & 1
    seen = {
        link.name: link
        for _, body in thread.socket(B).dump(*rtnl.links_request())
        for link in [rtnl.parse_link(body)]
    }
    there = seen["there"]
    assert (there.kind, there.mac, there.mtu) == ("veth", "02:00:00:00:00:02", 1400)
    assert (there.alias, there.up, there.number) == ("x y", True, 7)


def test_a_bridge_port_has_hairpin_mode(thread: netns.Thread) -> None:
    """The port's mode is written and read back, through a master given at birth."""
    bridge = rtnl.link_add("br0", "bridge", "02:00:00:00:00:0a", index=4)
    assert request(thread, A, bridge) == [0]
    make_pair(thread, master=4)
    assert request(thread, A, rtnl.port_set("here", hairpin=True)) == [0]
    with NetNS(A) as ours:
        (link,) = ours.get_links(ifname="here")
        slave = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_DATA")
        assert slave.get_attr("IFLA_BRPORT_MODE") == 1
    ports = [rtnl.parse_link(body) for _, body in thread.socket(A).dump(*rtnl.links_request())]
    (here,) = [link for link in ports if link.name == "here"]
    assert (here.hairpin, here.master) == (True, 4)


@pytest.mark.parametrize(
    ("address", "dst", "via"),
    [("10.9.0.1/24", "10.10.0.0/16", "10.9.0.2"), ("fd00:9::1/64", "fd00:10::/48", "fd00:9::2")],
)
def test_addresses_and_routes_of_both_families(
    thread: netns.Thread, address: str, dst: str, via: str
) -> None:
    """What we write pyroute2 reads; what the kernel adds by itself our parsers leave out."""
    make_pair(thread)
    messages = (rtnl.address(5, address), rtnl.route(rtnl.RouteEntry(dst, 5, via)))
    assert request(thread, A, *messages) == [0, 0]
    with NetNS(A) as ours:
        prefix, _, length = address.partition("/")
        (found,) = [a for a in ours.get_addr(index=5) if a.get_attr("IFA_ADDRESS") == prefix]
        assert found["prefixlen"] == int(length)
        (route,) = [r for r in ours.get_routes() if r.get_attr("RTA_GATEWAY") == via]
        assert f"{route.get_attr('RTA_DST')}/{route['dst_len']}" == dst
    sock = thread.socket(A)
    addresses = [rtnl.parse_address(body) for _, body in sock.dump(*rtnl.addresses_request())]
    assert [item for item in addresses if item] == [(5, address)]
    routes = [rtnl.parse_route(body) for _, body in sock.dump(*rtnl.routes_request())]
    assert [item for item in routes if item and not item.connected] == [
        rtnl.RouteEntry(dst, 5, via)
    ]
    gone = (
        rtnl.route_delete(rtnl.RouteEntry(dst, 5, via)),
        rtnl.address(5, address, delete=True),
    )
    assert request(thread, A, *gone) == [0, 0]


def test_errors_belong_to_their_message(thread: netns.Thread) -> None:
    """In a batch every message gets its own errno, whatever comes after it."""
    results = request(
        thread,
        A,
        rtnl.link_set("lo", up=True),
        rtnl.link_set("nothing", up=True),
        rtnl.address(1, "10.0.0.1/8"),
        rtnl.link_delete("nothing"),
        rtnl.address(1, "10.0.0.2/8"),
    )
    assert [bool(code) for code in results] == [False, True, False, True, False]


def test_the_machine_sees_nothing_of_it(machine: IPRoute, thread: netns.Thread) -> None:
    """Links made in namespaces do not appear in the machine's own."""
    before = {link.get_attr("IFLA_IFNAME") for link in machine.get_links()}
    make_pair(thread)
    assert {link.get_attr("IFLA_IFNAME") for link in machine.get_links()} == before
