"""Reading and removing entries of conntrack, against `conntrack` and pyroute2 as witnesses."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from socket import AF_INET, AF_INET6
from typing import Literal

import pytest
from pyroute2 import NFCTSocket
from pyroute2.netns import popns, pushns

from labnet.errors import MachineError
from labnet.kernel import conntrack, netns
from labnet.kernel.conntrack import observe_flows, remove_flows
from labnet.state import Flow, UdpFlows, UdpService


pytestmark = pytest.mark.kernel

NETNS = "labnet-test-conntrack"
ADDRESSES: dict[Literal[4, 6], tuple[str, str, str]] = {
    4: ("10.244.0.9", "10.96.0.10", "10.244.0.2"),
    6: ("fd00:10:244::9", "fd00:10:96::a", "fd00:10:244::2"),
}
FAMILIES = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture
def here() -> Iterator[str]:
    """A namespace that remembers nothing."""
    subprocess.run(["ip", "netns", "add", NETNS], check=True)
    yield NETNS
    subprocess.run(["ip", "netns", "delete", NETNS], check=True)


def insert(flow: Flow, protocol: str = "udp") -> None:
    """Have conntrack remember a flow."""
    (source, sport), (destination, dport), (answerer, port) = flow
    state = ("--state", "ESTABLISHED") if protocol == "tcp" else ()
    there = ("-s", source, "--sport", str(sport), "-d", destination, "--dport", str(dport))
    back = ("-r", answerer, "-q", source)
    ports = ("--reply-port-src", str(port), "--reply-port-dst", str(sport))
    command = ("conntrack", "-I", "-p", protocol, "-t", "60", "-u", "SEEN_REPLY", *state)
    subprocess.run(
        ["ip", "netns", "exec", NETNS, *command, *there, *back, *ports],
        check=True,
        capture_output=True,
    )


def kept(family: Literal[4, 6]) -> list[tuple[int, int]]:
    """The source ports and the protocol of all entries, as pyroute2 reads them."""
    pushns(NETNS)
    try:
        with NFCTSocket(nfgen_family={4: AF_INET, 6: AF_INET6}[family]) as sock:
            entries = [entry.get_attr("CTA_TUPLE_ORIG") for entry in sock.dump()]
    finally:
        popns()
    ends = [entry.get_attr("CTA_TUPLE_PROTO") for entry in entries]
    words = "CTA_PROTO_SRC_PORT", "CTA_PROTO_NUM"
    return sorted((end.get_attr(words[0]), end.get_attr(words[1])) for end in ends)


def wanted(family: Literal[4, 6]) -> UdpFlows:
    """A DNS Service with one endpoint and a NodePort."""
    _, service, endpoint = ADDRESSES[family]
    return UdpFlows(NETNS, family, (UdpService(((service, 53),), ((endpoint, 5353),), 30053),))


@FAMILIES
@pytest.mark.usefixtures("here")
def test_stale_entries_are_found_and_only_they_are_removed(family: Literal[4, 6]) -> None:
    """Others of UDP stay, and so does one of TCP that looks just the same."""
    client, service, endpoint = ADDRESSES[family]
    dead = client  # any address that is no endpoint's
    stale = [
        Flow((client, 1001), (service, 53), (dead, 5353)),
        Flow((client, 1002), (service, 53), (service, 53)),
        Flow((client, 1003), (client, 30053), (dead, 5353)),
    ]
    good = [
        Flow((client, 1004), (service, 53), (endpoint, 5353)),
        Flow((client, 1005), (service, 54), (dead, 5353)),
    ]
    for flow in stale + good:
        insert(flow)
    insert(Flow((client, 1006), (service, 53), (dead, 5353)), "tcp")
    with netns.Thread() as thread:
        (seen,) = observe_flows([wanted(family)], thread)
        assert seen == UdpFlows(NETNS, family, wanted(family).services, tuple(stale))
        remove_flows(wanted(family), thread)
        assert list(observe_flows([wanted(family)], thread)) == [wanted(family)]
    assert kept(family) == [(1004, 17), (1005, 17), (1006, 6)]


@pytest.mark.usefixtures("here")
def test_an_entry_that_has_ended_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and removing it may be gone."""
    gone = Flow(("10.244.0.9", 1001), ("10.96.0.10", 53), ("10.244.0.3", 5353))
    monkeypatch.setattr(conntrack, "_flows_of", lambda _: (gone,))
    with netns.Thread() as thread:
        remove_flows(wanted(4), thread)


@pytest.mark.usefixtures("here")
def test_a_kernel_without_it_is_told_of_when_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking finds nothing then; who has changed rules hears what is missing."""
    insert(Flow(("10.244.0.9", 1001), ("10.96.0.10", 53), ("10.244.0.3", 5353)))
    monkeypatch.setattr(conntrack, "_CT_GET", 0x7F01)  # a subsystem that no kernel has
    with netns.Thread() as thread:
        assert list(observe_flows([wanted(4)], thread)) == [wanted(4)]
        with pytest.raises(MachineError, match="modprobe nf_conntrack_netlink"):
            remove_flows(wanted(4), thread)
