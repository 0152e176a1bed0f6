"""Which UDP flows kube-proxy would remove: those to a Service that no endpoint of it answers."""

from __future__ import annotations

import pytest

from labnet.state import Flow, UdpFlows, UdpService


CLIENT = ("10.244.0.9", 40000)
CLUSTER_IP, EXTERNAL_IP = ("10.96.0.10", 53), ("203.0.113.7", 53)
FIRST, SECOND = ("10.244.0.2", 5353), ("10.244.1.2", 5353)
DNS = UdpService((CLUSTER_IP, EXTERNAL_IP), (FIRST, SECOND), node_port=30053)
FLOWS = UdpFlows("lab.node1", 4, (DNS, UdpService((("10.96.0.11", 53),), (), node_port=30054)))


@pytest.mark.parametrize("destination", [CLUSTER_IP, EXTERNAL_IP, ("172.18.0.2", 30053)])
@pytest.mark.parametrize(
    ("answerer", "is_stale"),
    [
        (FIRST, False),
        (SECOND, False),
        (("10.244.0.3", 5353), True),  # a pod that is gone
        (("10.244.0.2", 5354), True),  # the same pod, on a port that is the Service's no more
        (CLUSTER_IP, True),  # not DNATed, because there was no endpoint
    ],
)
def test_flows_of_a_service(
    destination: tuple[str, int], answerer: tuple[str, int], *, is_stale: bool
) -> None:
    """Only who is answered by a serving endpoint, address and port, stays."""
    flow = Flow(CLIENT, destination, answerer)
    assert FLOWS.stale_among([flow]) == ((flow,) if is_stale else ())


@pytest.mark.parametrize(
    "destination",
    [
        ("10.96.0.10", 54),  # another port of the address
        ("10.96.0.12", 53),  # another address
        ("10.96.0.11", 53),  # a Service without endpoints
        ("172.18.0.2", 30054),  # and its NodePort
        ("172.18.0.2", 53),
    ],
)
def test_flows_to_elsewhere_stay(destination: tuple[str, int]) -> None:
    """What is sent to no Service with endpoints is nobody's affair."""
    assert FLOWS.stale_among([Flow(CLIENT, destination, ("10.244.0.3", 5353))]) == ()


@pytest.mark.parametrize(
    ("destination", "answerer", "is_lost"),
    [
        (("172.18.0.3", 30053), ("172.18.0.3", 30053), False),  # DNATed there
        (("172.18.0.2", 30053), ("172.18.0.2", 30053), True),  # from before there was a Service
        (CLUSTER_IP, CLUSTER_IP, True),
        (("172.18.0.3", 30053), ("10.244.0.3", 5353), True),
        (("172.18.0.2", 30053), FIRST, False),
    ],
)
def test_what_is_sent_to_another_machine_is_not_lost(
    destination: tuple[str, int], answerer: tuple[str, int], *, is_lost: bool
) -> None:
    """A NodePort elsewhere is no affair of this node's rules, whatever kube-proxy removes."""
    flow = Flow(CLIENT, destination, answerer)
    node = UdpFlows("lab.node1", 4, (DNS,), addresses=("172.18.0.2",))
    assert node.lost_among([flow]) == ((flow,) if is_lost else ())
    assert node.stale_among([flow]) == (() if answerer == FIRST else (flow,))


def test_ports_are_those_of_services_with_endpoints() -> None:
    """No other flow needs to be looked at."""
    assert FLOWS.ports() == {53, 30053}
    assert UdpFlows("lab.node1", 4, ()).ports() == set()


def test_a_person_would_type_conntrack() -> None:
    """A command for each destination and endpoint; one that finds nothing is no failure."""
    dead = ("10.244.0.3", 5353)
    stale = (Flow(CLIENT, CLUSTER_IP, dead), Flow(("10.244.0.9", 40001), CLUSTER_IP, dead))
    old = UdpFlows("lab.node1", 4, (DNS,), stale)
    (command,) = UdpFlows("lab.node1", 4, (DNS,)).change(old)
    assert " ".join(command) == (
        "ip netns exec lab.node1 conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.10 --dport 53"
        " --reply-src 10.244.0.3 --reply-port-src 5353 || true"
    )
