"""States for the laws: small labs of any shape, and parts of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from labnet.names import segment_netns
from labnet.state import (
    Address,
    Bridge,
    Netns,
    NftBlock,
    NftTable,
    Object,
    Process,
    Route,
    Ruleset,
    State,
    Sysctl,
    UdpFlows,
    UdpService,
    Veth,
    sorted_blocks,
    sorted_chains,
)


LAB = "lab"
SEGMENT = segment_netns(LAB)


def machine(number: int) -> list[Object]:
    """A node: its namespace, uplink, bridge, addresses and a sysctl."""
    name = f"{LAB}.node{number}"
    port = f"veth{number:08x}"
    return [
        Netns(name, f"node/node{number}"),
        Sysctl(name, "net.ipv4.ip_forward", "1"),
        Veth(SEGMENT, port, name, "eth0", name, f"0e:1b:00:00:00:{number:02x}", 1500, "br0"),
        Veth(name, "eth0", SEGMENT, port, name, f"02:1a:00:00:00:{number:02x}", 1500),
        Address(name, "eth0", f"172.18.0.{number}/24"),
        Bridge(name, "cni0", f"0a:58:00:00:01:{number:02x}", 1500),
        Address(name, "cni0", f"10.244.{number}.1/24"),
    ]


def services(number: int, *endpoints: str) -> NftTable:
    """A node's table of nftables, in which every endpoint has a chain."""
    chains = [NftBlock("chain", f"to-{ip}", (), (f"dnat to {ip}:80",)) for ip in endpoints]
    elements = tuple(f"10.96.0.{count} : goto to-{ip}" for count, ip in enumerate(endpoints))
    verdicts = NftBlock("map", "services", ("type ipv4_addr : verdict",), elements)
    name = f"{LAB}.node{number}"
    return NftTable(name, 4, "kube-proxy", sorted_blocks([verdicts, *chains]))


TABLES = [
    [services(number), services(number, "10.244.0.2"), services(number, "10.244.0.3", "10.244.0.4")]
    for number in range(3)
]


DNS = ("10.96.0.10", 53)


def proxy(number: int, *endpoints: int) -> list[Object]:
    """A node's rules for a UDP Service with these endpoints, and the flows that they leave."""
    name = f"{LAB}.node{number}"
    places = tuple((f"10.244.0.{endpoint}", 5353) for endpoint in endpoints)
    rules = tuple(f"-A DNS -p udp -j DNAT --to-destination {ip}:{port}" for ip, port in places)
    return [
        Ruleset(name, 4, "nat", sorted_chains("nat", [("DNS", "-")]), rules),
        UdpFlows(name, 4, (UdpService((DNS,), places),)),
    ]


def pod(number: int, node: int, *, mtu: int = 1500) -> list[Object]:
    """A pod on a node, with a process."""
    name, host = f"{LAB}.pod{number}", f"{LAB}.node{node}"
    port = f"vethaa{number:06x}"
    return [
        Netns(name, f"pod/default/pod{number}"),
        Veth(
            host,
            port,
            name,
            "eth0",
            name,
            f"0e:1b:00:01:00:{number:02x}",
            mtu,
            "cni0",
            hairpin=True,
        ),
        Veth(name, "eth0", host, port, name, f"0a:58:00:01:00:{number:02x}", mtu),
        Address(name, "eth0", f"10.244.{node}.{number + 2}/24"),
        Route(name, "0.0.0.0/0", "eth0", f"10.244.{node}.1"),
        Process(name, f"pod/default/pod{number}", "main", ("sleep", "1000")),
    ]


@st.composite
def states(draw: Any) -> State:
    """A lab of up to three nodes and five pods, each on any node and with any of two MTUs.

    Some have a UDP Service, with any endpoints, and nodes may have a table of nftables.
    """
    nodes = draw(st.integers(1, 3))
    endpoints = draw(st.none() | st.sets(st.integers(2, 4)))
    objects: list[Object] = [
        Netns(SEGMENT, "segment"),
        Bridge(SEGMENT, "br0", "02:1a:00:00:00:00", 1500),
    ]
    for number in range(nodes):
        objects += machine(number)
        if endpoints is not None:
            objects += proxy(number, *sorted(endpoints))
        if draw(st.booleans()):
            objects.append(draw(st.sampled_from(TABLES[number])))
    for number in draw(st.sets(st.integers(0, 4))):
        node = draw(st.integers(0, nodes - 1))
        objects += pod(number, node, mtu=draw(st.sampled_from([1400, 1500])))
    return State.of(*objects)
