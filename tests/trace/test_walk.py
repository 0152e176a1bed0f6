"""A packet through whole networks: links, routes, tunnels, and what a machine refuses to route."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from labnet.compile import compile_state
from labnet.names import netns_name, segment_netns
from labnet.parse import parse
from labnet.resolve import resolve
from labnet.state import (
    Address,
    Bridge,
    FdbEntry,
    Neighbour,
    Netns,
    Object,
    Route,
    State,
    Sysctl,
    Veth,
)
from labnet.trace.outcome import Trace
from labnet.trace.packet import Packet
from labnet.trace.walk import Tracer, trace
from labs import TOPOLOGIES, topology
from trace_network import NODE, OUT, A, network, rulesets


SETTINGS = {"scale.yaml.j2": {"nodes": 2, "pods": 4}}


def only(traced: Trace) -> str:
    """The only outcome in words: `delivered lab.web-1 10.244.0.2:80 10.244.0.3`."""
    ((outcome, chance),) = traced.outcomes.items()
    assert chance == 1
    return f"{outcome.verdict} {outcome.netns} {outcome.dst} {outcome.src}"


def pair(here: str, dev: str, there: str, peer: str = "eth0") -> list[Object]:
    """A wire between two machines."""
    return [
        Veth(here, dev, there, peer, there, "02:00:00:00:00:01", 1500),
        Veth(there, peer, here, dev, there, "02:00:00:00:00:02", 1500),
    ]


def forwarding(name: str) -> list[Object]:
    """A machine that forwards."""
    return [Netns(name, "test"), Sysctl(name, "net.ipv4.ip_forward", "1")]


@pytest.mark.parametrize("name", sorted(path.name for path in TOPOLOGIES.iterdir()))
def test_every_pod_reaches_every_pod(name: str) -> None:
    """In every topology, with the sender's own address; kubenet's nodes know no way to others."""
    cluster = resolve(parse(topology(name, **SETTINGS.get(name, {}))).topology)
    tracer = Tracer(compile_state(cluster))
    pods = [pod for pod in cluster.pods if pod.network == "cni" and pod.addresses]
    for sender in pods:
        for receiver in pods:
            for here, there in zip(sender.addresses, receiver.addresses, strict=True):
                got = tracer.trace(sender.netns, Packet("", str(there.ip)))
                end = f"[{there.ip}]:80" if there.version == 6 else f"{there.ip}:80"
                expected = f"delivered {receiver.netns} {end} {here.ip}"
                if name == "kubenet.yaml" and sender.node != receiver.node:
                    expected = f"dropped {segment_netns(cluster.name)} {end} {here.ip}"
                assert only(got) == expected, got


def test_docker_publishes_a_port() -> None:
    """From outside by DNAT; the node's own loopback is docker-proxy's affair, not the rules'."""
    cluster = resolve(parse(topology("docker0.yaml")).topology)
    tracer = Tracer(compile_state(cluster))
    (node,) = [node for node in cluster.nodes if node.name == "node1"]
    published = next(pod for pod in cluster.pods if pod.publish)
    port, inside = published.publish[0].host_port, published.publish[0].container_port
    client, address = cluster.hosts[0], str(node.addresses[0].ip)
    source = str(client.addresses[0].ip)
    got = only(tracer.trace(client.netns, Packet("", address, dport=port)))
    end = f"{published.addresses[0].ip}:{inside}"
    assert f"delivered {published.netns} {end} {source}" == got
    assert only(tracer.trace(node.netns, Packet("", "127.0.0.1", dport=port))).startswith(
        f"delivered {node.netns} 127.0.0.1:{port}"
    )


def test_vxlan_carries_a_packet_and_its_mark() -> None:
    """The outer packet passes OUTPUT with the inner one's mark, and the inner one comes out."""
    cluster = resolve(parse(topology("vxlan.yaml")).topology)
    state = compile_state(cluster)
    sender, receiver = netns_name(cluster.name, "web-1"), netns_name(cluster.name, "web-2")
    (address,) = (str(pod.addresses[0].ip) for pod in cluster.pods if pod.netns == receiver)
    node = next(node.netns for node in cluster.nodes if node.name == "node1")
    traced = trace(state, sender, Packet("", address))
    (path,) = traced.paths.values()
    outer = [hop for hop in path.hops if hop.packet.dport == 8472]
    assert {"output", "postrouting", "prerouting", "input"} <= {hop.place for hop in outer}
    marking = rulesets(
        "mangle PREROUTING -s 10.244.0.0/16 -j MARK --set-xmark 0x7/0x7\n"
        "mangle OUTPUT -p udp -m mark --mark 0x7 -j DROP",
        node,
    )
    marked = State({**state.objects, **{item.key: item for item in marking}})
    ((outcome, _),) = trace(marked, sender, Packet("", address)).outcomes.items()
    assert ("dropped", node, f"{address}:80") == outcome[:3]


@pytest.mark.parametrize("missing", [Neighbour, FdbEntry])
def test_vxlan_needs_to_know_where_the_others_are(missing: type[Object]) -> None:
    """Nothing is learnt: without its entries a node does not reach another one's pods."""
    cluster = resolve(parse(topology("vxlan.yaml")).topology)
    whole = compile_state(cluster)
    state = State.of(*(item for item in whole if not isinstance(item, missing)))
    (address,) = (str(pod.addresses[0].ip) for pod in cluster.pods if pod.name == "web-2")
    got = trace(state, netns_name(cluster.name, "web-1"), Packet("", address))
    assert only(got).startswith(f"unreachable {netns_name(cluster.name, 'node1')} ")


def test_a_packet_that_goes_round_does_not_go_on_for_ever() -> None:
    """Two routers that send a prefix to each other: its time to live ends."""
    state = State.of(
        *forwarding("x"),
        *forwarding("y"),
        *pair("x", "wire", "y"),
        Address("x", "wire", "10.0.0.1/24"),
        Address("y", "eth0", "10.0.0.2/24"),
        Route("x", "10.5.0.0/16", "wire", "10.0.0.2"),
        Route("y", "10.5.0.0/16", "eth0", "10.0.0.1"),
    )
    traced = trace(state, "x", Packet("10.9.9.9", "10.5.0.1"))
    ((outcome, path),) = traced.paths.items()
    assert outcome.verdict == "unreachable"
    assert "time to live" in path.hops[-1].note
    assert len(path.hops) < 100


@pytest.mark.parametrize(
    ("route", "verdict"),
    [
        (Route(NODE, "10.5.0.0/16", "", kind="unreachable"), "unreachable"),
        (Route(NODE, "10.5.0.0/16", "", kind="prohibit"), "unreachable"),
        (Route(NODE, "10.5.0.0/16", "", kind="blackhole"), "dropped"),
        (Route(NODE, "10.5.0.0/16", "eth0", "10.2.0.99"), "unreachable"),
        (Route(NODE, "10.5.0.0/16", "eth9"), "dropped"),
    ],
)
def test_routes_lead_somewhere_or_not(route: Route, verdict: str) -> None:
    """Kinds of routes, a gateway that nobody is, an interface that is not there (then: default)."""
    assert only(trace(network(route), OUT, Packet("", "10.5.0.1"))).startswith(verdict)


def test_the_longest_prefix_and_the_lowest_metric_win() -> None:
    """Of routes to one destination."""
    routes = (
        Route(OUT, "10.5.0.0/16", "eth0", kind="blackhole"),
        Route(OUT, "10.5.1.0/24", "eth0", "10.2.0.1", metric=5),
        Route(OUT, "10.5.1.0/24", "", kind="unreachable", metric=9),
    )
    state = network(*routes, Address(NODE, "br0", "10.5.1.1/32"))
    assert only(trace(state, OUT, Packet("", "10.5.1.1"))).startswith(f"delivered {NODE}")
    assert only(trace(state, OUT, Packet("", "10.5.2.1"))).startswith(f"unreachable {OUT}")


def test_a_source_is_chosen_as_the_kernel_does() -> None:
    """What the route says, else the address in the next hop's subnet, else the first one."""
    state = network(
        Address(OUT, "eth0", "10.7.0.5/24"),
        Route(OUT, "10.1.0.2/32", "eth0", "10.2.0.1", src="10.7.0.5"),
        Route(OUT, "10.7.9.0/24", "eth0", "10.7.0.1", onlink=True),
        Address(NODE, "eth0", "10.7.0.1/24"),
        Address(NODE, "br0", "10.7.9.1/24"),
    )
    assert only(trace(state, OUT, Packet("", "10.1.0.2"))).endswith(" 10.7.0.5")
    assert only(trace(state, OUT, Packet("", "10.1.0.3"))).endswith(" 10.2.0.2")
    assert only(trace(state, OUT, Packet("", "10.7.9.1"))).endswith(" 10.7.0.5")


def test_what_is_down_is_not_there() -> None:
    """An interface that is down has no routes, and its addresses are nobody's."""
    down = [replace(i, up=False) if isinstance(i, Veth) and i.netns == A else i for i in network()]
    assert only(trace(State.of(*down), A, Packet("", "10.1.0.3"))).startswith("unreachable")
    assert only(trace(State.of(*down), NODE, Packet("", "10.1.0.2"))).startswith("unreachable")
    bridge = [replace(i, up=False) if isinstance(i, Bridge) else i for i in network()]
    assert only(trace(State.of(*bridge), A, Packet("", "10.1.0.3"))).startswith("unreachable")


@pytest.mark.parametrize(
    ("mode", "verdict"), [("0", "delivered"), ("1", "dropped"), ("2", "delivered")]
)
def test_the_reverse_path_filter(mode: str, verdict: str) -> None:
    """Strict: the way back must be by the same interface. Loose: there must be one."""
    state = network(sysctls={"net.ipv4.conf.eth0.rp_filter": mode})
    got = only(trace(state, OUT, Packet("10.1.0.9", "10.1.0.3")))
    assert got.startswith(verdict)


def test_a_machine_forwards_only_if_it_may() -> None:
    """With ip_forward 0 what is for others is dropped."""
    state = network(sysctls={"net.ipv4.ip_forward": "0"})
    assert only(trace(state, OUT, Packet("", "10.1.0.3"))).startswith(f"dropped {NODE}")


@pytest.mark.parametrize(
    ("src", "note"),
    [
        ("10.1.0.1", "own address"),
        ("224.0.0.1", "martian source"),
        ("10.1.0.255", "martian source"),
    ],
)
def test_sources_that_no_packet_may_have(src: str, note: str) -> None:
    """Martians: the receiver's own address, and such as nobody has."""
    forged = trace(network(), OUT, Packet(src, "10.1.0.3"))
    assert only(forged).startswith(f"dropped {NODE}")
    assert note in next(iter(forged.paths.values())).hops[-1].note


def test_loopback_is_no_source_for_a_wire() -> None:
    """A process that is bound to 127.0.0.1 has no way to another machine."""
    assert only(trace(network(), OUT, Packet("127.0.0.1", "10.1.0.3"))).startswith("unreachable")


def test_marks_do_not_leave_a_machine() -> None:
    """Another namespace does not see them."""
    rules = rulesets("mangle OUTPUT -j MARK --set-xmark 0x1/0xffffffff", OUT)
    seen = rulesets("filter FORWARD -m mark --mark 0x1 -j DROP")
    assert only(trace(network(*rules, *seen), OUT, Packet("", "10.1.0.3"))).startswith("delivered")


def test_what_packets_have_left_is_given_back() -> None:
    """The memory of one trace makes the next one certain."""
    rules = rulesets(
        "nat PREROUTING -m recent --rcheck --name A --rsource -j A\n"
        "nat PREROUTING -m statistic --mode random --probability 0.50000000000 -j A\n"
        "nat A -p tcp -m recent --set --name A --rsource -j DNAT --to-destination 10.1.0.2\n"
        "nat PREROUTING -p tcp -j DNAT --to-destination 10.1.0.3"
    )
    tracer = Tracer(network(*rules))
    first = tracer.trace(OUT, Packet("", "10.9.0.1"))
    assert {"10.1.0.2:80": Fraction(1, 2), "10.1.0.3:80": Fraction(1, 2)} == {
        outcome.dst: chance for outcome, chance in first.outcomes.items()
    }
    memory = {outcome.dst: path.memory for outcome, path in first.paths.items()}
    assert memory["10.1.0.2:80"] == ((NODE, "A", "10.2.0.2"),)
    again = tracer.trace(OUT, Packet("", "10.9.0.1"), memory["10.1.0.2:80"])
    assert {"10.1.0.2:80"} == again.destinations


def test_a_namespace_that_is_not_there_is_an_error() -> None:
    """The caller's mistake."""
    with pytest.raises(KeyError):
        trace(network(), "nowhere", Packet("", "10.0.0.1"))


def test_a_trace_is_text_to_be_read() -> None:
    """The more probable outcome first; hop by hop, with the rules that matched."""
    rules = rulesets(
        "nat PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3\n"
        "nat POSTROUTING -o br0 -j MASQUERADE\n"
        "filter FORWARD -m statistic --mode random --probability 0.25000000000 -j DROP"
    )
    expected = """\
tcp :40000 > 10.9.0.1:80 from trace.out

75 % (3/4): delivered to 10.1.0.3:80 in trace.b, from 10.1.0.1 (masqueraded)
  trace.out eth0 wire: tcp 10.2.0.2:40000 > 10.9.0.1:80  to trace.node
  trace.node eth0 prerouting: tcp 10.2.0.2:40000 > 10.1.0.3:80
      nat PREROUTING: -A PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3
  trace.node br0 postrouting: tcp 10.1.0.1:40000 > 10.1.0.3:80
      nat POSTROUTING: -A POSTROUTING -o br0 -j MASQUERADE
  trace.node br0 wire: tcp 10.1.0.1:40000 > 10.1.0.3:80  to trace.b
  trace.b eth0 end: tcp 10.1.0.1:40000 > 10.1.0.3:80  delivered

25 % (1/4): dropped on the way to 10.1.0.3:80 in trace.node, from 10.2.0.2
  trace.out eth0 wire: tcp 10.2.0.2:40000 > 10.9.0.1:80  to trace.node
  trace.node eth0 prerouting: tcp 10.2.0.2:40000 > 10.1.0.3:80
      nat PREROUTING: -A PREROUTING -d 10.9.0.1/32 -j DNAT --to-destination 10.1.0.3
  trace.node eth0 forward: tcp 10.2.0.2:40000 > 10.1.0.3:80
      filter FORWARD: -A FORWARD -m statistic --mode random --probability 0.25000000000 -j DROP
  trace.node eth0 end: tcp 10.2.0.2:40000 > 10.1.0.3:80  dropped"""
    assert expected == str(trace(network(*rules), OUT, Packet("", "10.9.0.1")))
