"""The promises that labs in a VM are held to, and what is said if they are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from clusters import (
    cluster,
    draining,
    endpoint,
    kube_proxy,
    node,
    pod,
    port,
    service,
    slice_of,
)
from labnet.model import Cluster, Container, ContainerPort, EndpointPort, Host, Pod, PublishedPort
from promises.lab import promises
from promises.promise import Answerer, Heard, Promise, objection, silence


def serving(name: str, ip: str, on: str = "node1", *ports: ContainerPort) -> Pod:
    """A pod that is agnhost on port 80 of TCP, and on no port of UDP."""
    argv = ("netexec", "--http-port=80", "--udp-port=-1")
    container = Container("c", "agnhost", builtin="agnhost", argv=argv, ports=ports)
    return replace(pod(name, ip, on=on), containers=(container,))


ONE = serving("one", "10.244.1.2")
FAR = serving("far", "10.244.2.2", "node2")
ENDS = slice_of("web", endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2"))
NODE_1 = "10.244.1.0/10.244.1.1/172.18.0.1"
NODE_2 = "10.244.2.0/10.244.2.1/172.18.0.2"
CLIENT = Host("client", "t.client", ONE.source, (ip_interface("172.18.0.9/24"),))


def said(lab: Cluster, *reasons: str) -> list[str]:
    """Each promise, with those who may answer and, after a slash, as what they may see the client.

    Those of some reasons alone, if any are given.
    """
    return [
        f"{one}: {' '.join(map(_shown, one.answers)) or 'nobody'}"
        for one in promises(lab)
        if not reasons or one.reason in reasons
    ]


def _shown(one: Answerer) -> str:
    return "/".join([one.name or "somebody", *sorted(map(str, one.seen))])


def test_every_pod_is_pinged_and_asked_by_every_other() -> None:
    """By ping at its address, and by HTTP and UDP at its ports; it sees who has asked."""
    container = Container("c", "agnhost", builtin="agnhost", argv=("netexec", "--http-port", "80"))
    both = replace(ONE, containers=(container,))
    assert said(cluster(pods=(both, pod("far", "10.244.2.2", on="node2")))) == [
        "ping from one to 10.244.2.2 (pod): somebody",
        "ping from far to 10.244.1.2 (pod): somebody",
        "curl from far to 10.244.1.2:80 (pod): one/10.244.2.2",
        "udp from far to 10.244.1.2:8081 (pod): one/10.244.2.2",
    ]


def test_of_a_declared_port_only_a_connection_is_known() -> None:
    """Nginx has its own, wherever else it is said to listen; what two declare is asked once."""
    argv = ("nginx", "-g", "daemon off;")
    ports = (ContainerPort(80), ContainerPort(443), ContainerPort(53, protocol="UDP"))
    nginx = Container("c", "docker.io/library/nginx:1.27", argv=argv, ports=ports)
    idle = pod("idle", "10.244.1.3", ContainerPort(80))
    lab = cluster(pods=(idle, replace(FAR, containers=(nginx, replace(nginx, name="twin")))))
    assert said(lab, "pod")[1:] == [
        "curl from idle to 10.244.2.2:80 (pod): nginx",
        "tcp from idle to 10.244.2.2:443 (pod): somebody",
        "ping from far to 10.244.1.3 (pod): somebody",
        "tcp from far to 10.244.1.3:80 (pod): somebody",
    ]


def test_somebody_answers_where_one_endpoint_is_not_known() -> None:
    """A Service before it and another promises a connection, and not to whom."""
    stranger = pod("stranger", "10.244.2.2", ContainerPort(80), on="node2")
    lab = cluster(service("web"), slices=(ENDS,), pods=(ONE, stranger))
    assert said(lab, "service") == [
        f"tcp from {who} to 10.96.0.10:80 (service): somebody"
        for who in ("one", "stranger", "node1", "node2")
    ]


def test_a_service_promises_that_somebody_is_at_its_endpoints() -> None:
    """Also at a port that nothing declares; of UDP where it is known what the pod is."""
    ports = (port(), port(53, "u", protocol="UDP"))
    listening = (EndpointPort(8081, "p"), EndpointPort(5353, "u", "UDP"))
    stranger = pod("stranger", "10.244.1.3")
    for behind, udp in ((ONE, ["udp from two to 10.96.0.10:53 (service): one"]), (stranger, [])):
        ends = replace(slice_of("web", endpoint(str(behind.ips[0]), "node1")), ports=listening)
        lab = cluster(
            service("web", ports=ports), slices=(ends,), pods=(behind, pod("two", "10.244.1.9"))
        )
        found = [line for line in said(lab, "service") if "from two" in line]
        assert [line.partition("/")[0] for line in found] == [
            "tcp from two to 10.96.0.10:80 (service): somebody",
            *udp,
        ]


def test_kubenet_ends_at_the_node() -> None:
    """Nobody has made the routes between the nodes, so what would need them is not promised."""
    near = pod("near", "10.244.1.3")
    web = service("web", ports=(port(node_port=30080),))
    lab = cluster(web, slices=(ENDS,), pods=(ONE, FAR, near), cni="kubenet")
    assert "ping from near to 10.244.1.2 (pod): somebody" in said(lab)
    assert "curl from far to 10.244.1.2:80 (pod): nobody" in said(lab)
    assert said(lab, "service", "node port") == []


def test_families_do_not_mix() -> None:
    """A pod with one address is asked only by those who have an address of its family."""
    six = serving("six", "fd00:10:244:1::2")
    both = serving("both", "10.244.1.3 fd00:10:244:1::3")
    found = said(cluster(pods=(ONE, six, both), families=(4, 6)))
    assert not [line for line in found if "from one to fd" in line or "from six to 10" in line]
    assert "curl from both to 10.244.1.2:80 (pod): one/10.244.1.3" in found
    six_sees = "curl from both to [fd00:10:244:1::2]:80 (pod): six/fd00:10:244:1::3"
    assert six_sees in found


def test_containers_of_one_namespace_meet_on_its_loopback() -> None:
    """Those of a pod, and one that has joined another's network; each is entered by labnet."""
    two = (*ONE.containers, Container("shell", "busybox"))
    joined = replace(pod("joined", "172.17.0.2", network="container"), kind="Container")
    home = replace(ONE, name="home", netns=joined.netns, network="bridge", kind="Container")
    lab = cluster(pods=(replace(ONE, containers=two), home, joined))
    found = [one for one in promises(lab) if one.reason == "loopback"]
    assert [(one.source, one.inside[2:], one.netns) for one in found] == [
        ("home", ("container/home",), "t.joined"),
        ("joined", ("container/joined",), "t.joined"),
        ("one's c", ("default/one", "--container", "c"), "t.one"),
        ("one's shell", ("default/one", "--container", "shell"), "t.one"),
    ]
    assert said(lab, "loopback")[3].endswith("to 127.0.0.1:80 (loopback): one/127.0.0.1")


def test_a_cluster_ip_is_answered_by_the_endpoints() -> None:
    """Who sees pods as they are, but those who ask themselves as their node, and nodes too."""
    lab = cluster(service("web"), slices=(ENDS,), pods=(ONE, FAR))
    assert said(lab, "service") == [
        f"curl from one to 10.96.0.10:80 (service): one/{NODE_1} far/10.244.1.2",
        f"curl from far to 10.96.0.10:80 (service): one/10.244.2.2 far/{NODE_2}",
        f"curl from node1 to 10.96.0.10:80 (service): one/{NODE_1} far/{NODE_1}",
        f"curl from node2 to 10.96.0.10:80 (service): one/{NODE_2} far/{NODE_2}",
    ]


def test_only_endpoints_that_may_be_chosen_answer() -> None:
    """Ready ones, or draining ones if there is no other; nothing is said of a stranger."""
    lab = cluster(
        service("web", "10.96.0.10", ports=(port(), port(53, "u", protocol="UDP"))),
        service("gone", "10.96.0.11"),
        service("kubernetes", "10.96.0.1"),
        slices=(
            slice_of("web", draining("10.244.1.2")),
            slice_of("gone", endpoint("10.244.1.2", ready=False, serving=False)),
            slice_of("kubernetes", endpoint("172.18.0.1"), number=6443),
        ),
        pods=(ONE, FAR),
    )
    assert [line for line in said(lab, "service") if " from far " in line] == [
        "curl from far to 10.96.0.10:80 (service): one/10.244.2.2",
        "udp from far to 10.96.0.10:53 (service): nobody",
        "curl from far to 10.96.0.11:80 (service): nobody",
    ]


def test_near_endpoints_are_preferred() -> None:
    """Of the zone if there is one; in slices that somebody has written, by their hints."""
    nodes = (node(1, zone="a"), node(2, zone="b"), node(3, zone="c"))
    close = service("web", selector={"a": "b"}, traffic_distribution="PreferSameZone")
    hinted = slice_of(
        "web",
        endpoint("10.244.1.2", "node1", hint_zones=("b",)),
        endpoint("10.244.2.2", "node2", hint_zones=("a",)),
    )

    def who(lab: Cluster) -> list[list[str]]:
        """Who answers each node."""
        found = [one for one in promises(lab) if one.source.startswith("node")]
        return [sorted(one.names) for one in found]

    one_zone = [["one"], ["far"], ["far", "one"]]
    assert who(cluster(close, slices=(ENDS,), nodes=nodes, pods=(ONE, FAR))) == one_zone
    other_zone = [["far"], ["one"], ["far", "one"]]
    assert (
        who(cluster(service("web"), slices=(hinted,), nodes=nodes, pods=(ONE, FAR))) == other_zone
    )


def test_local_policies_are_kept_by_nodes_with_an_endpoint() -> None:
    """Inside as outside; pods and the node itself count as inside at an address for the outside."""
    lab = cluster(
        service(
            "web",
            ports=(port(node_port=30080),),
            families=(4,),
            internal_traffic_policy="Local",
            external_traffic_policy="Local",
            health_check_node_port=30999,
            vips="203.0.113.1",
        ),
        slices=(slice_of("web", endpoint("10.244.1.2", "node1")),),
        pods=(ONE, FAR),
    )
    lab = replace(lab, hosts=(CLIENT,))
    assert said(lab, "service", "node port", "load balancer", "health check") == [
        f"curl from one to 10.96.0.10:80 (service): one/{NODE_1}",
        "curl from far to 10.96.0.10:80 (service): nobody",
        f"curl from node1 to 10.96.0.10:80 (service): one/{NODE_1}",
        "curl from node2 to 10.96.0.10:80 (service): nobody",
        "curl from client to 172.18.0.1:30080 (node port): one/172.18.0.9",
        f"curl from one to 172.18.0.1:30080 (node port): one/{NODE_1}",
        "curl from far to 172.18.0.1:30080 (node port): one",
        f"curl from node1 to 127.0.0.1:30080 (node port): one/{NODE_1}",
        "curl from client to 172.18.0.2:30080 (node port): nobody",
        "curl from one to 172.18.0.2:30080 (node port): nobody",
        "curl from far to 172.18.0.2:30080 (node port): one/10.244.2.2",
        f"curl from node2 to 127.0.0.1:30080 (node port): one/{NODE_2}",
        f"curl from one to 203.0.113.1:80 (load balancer): one/{NODE_1}",
        "curl from far to 203.0.113.1:80 (load balancer): one/10.244.2.2",
        "curl from client to 203.0.113.1:80 (load balancer): one/172.18.0.9",
        "health from client to 172.18.0.1:30999 (health check): 200",
        "health from client to 172.18.0.2:30999 (health check): 503",
    ]
    assert {one.via for one in promises(lab) if one.source == "client"} == {
        None,
        ip_address("172.18.0.1"),
    }


def test_node_ports_are_where_kube_proxy_takes_them() -> None:
    """Each mode, and each list of addresses, has its own idea of loopback and the rest."""
    web = service("web", ports=(port(node_port=30080),))

    def taken(**settings: object) -> list[str]:
        """The addresses of node 1 at which somebody answers."""
        lab = cluster(web, slices=(ENDS,), pods=(ONE, FAR), proxy=kube_proxy(**settings))
        found = [one for one in promises(lab) if one.reason == "node port" and one.answers]
        return sorted({str(one.address) for one in found})

    own, loopback = ["172.18.0.1", "172.18.0.2"], "127.0.0.1"
    assert taken() == [loopback, *own]
    assert taken(localhost_node_ports=False) == own
    assert taken(mode="nftables") == own
    assert taken(node_port_addresses=("primary",)) == own
    assert taken(node_port_addresses=("172.18.0.2/32",)) == own[1:]
    assert taken(node_port_addresses=("fd00::/8",)) == [loopback, *own]


def test_source_ranges_are_for_the_load_balancer_alone() -> None:
    """Who is in none gets no answer there, and at the external IP one by its node."""
    web = service("web", vips="203.0.113.1", external="198.51.100.1", ranges="172.18.0.9/32")
    lab = replace(cluster(web, slices=(ENDS,), pods=(ONE, FAR)), hosts=(CLIENT,))
    assert said(lab, "load balancer", "external IP") == [
        f"curl from one to 198.51.100.1:80 (external IP): one/{NODE_1} far/{NODE_1}",
        f"curl from far to 198.51.100.1:80 (external IP): one/{NODE_2} far/{NODE_2}",
        f"curl from client to 198.51.100.1:80 (external IP): one/{NODE_1} far/{NODE_1}",
        "curl from one to 203.0.113.1:80 (load balancer): nobody",
        "curl from far to 203.0.113.1:80 (load balancer): nobody",
        f"curl from client to 203.0.113.1:80 (load balancer): one/{NODE_1} far/{NODE_1}",
    ]


def test_ports_of_nodes_lead_to_pods() -> None:
    """HostPort from everywhere, published ports from outside, each on its address alone."""
    ports = (
        ContainerPort(80, host_port=8080),
        ContainerPort(80, host_port=81, host_ip="127.0.0.1"),
    )
    web = serving("web", "10.244.1.2", "node1", *ports)
    published = (PublishedPort(9000, 80),)
    box = replace(serving("box", "172.17.0.2"), network="bridge", publish=published)
    lab = replace(cluster(pods=(web, FAR, box)), hosts=(CLIENT,))
    assert said(lab, "host port", "published port") == [
        "curl from client to 172.18.0.1:8080 (host port): web/172.18.0.9",
        "curl from web to 172.18.0.1:8080 (host port): web",
        "curl from far to 172.18.0.1:8080 (host port): web",
        "curl from client to 172.18.0.1:81 (host port): nobody",
        "curl from client to 172.18.0.1:9000 (published port): box/172.18.0.9",
    ]


PROMISE = Promise(
    "client",
    "t.client",
    "curl",
    ip_address("10.96.0.10"),
    80,
    "service",
    (Answerer("a", frozenset({ip_address("10.244.1.2")})), Answerer("b")),
)
A, B, NONE = Heard("a", "10.244.1.2"), Heard("b", "10.244.9.9"), Heard(error="time-out")
FAILED = Heard(error="no such client", failed=True)


@pytest.mark.parametrize(
    ("promise", "heard", "objections"),
    [
        (PROMISE, [A, B, A], ""),
        (PROMISE, [A, NONE], "no answer (time-out)"),
        (PROMISE, [A, Heard("c")], "c has answered, and not a or b"),
        (PROMISE, [Heard("a", "10.244.1.1")], "a has seen 10.244.1.1, not 10.244.1.2"),
        (PROMISE, [Heard("a")], "a has seen nobody, not 10.244.1.2"),
        (PROMISE, [A, A], "b never, in 2 times"),
        (PROMISE, [], "a or b never, in 0 times"),
        (replace(PROMISE, stays=True), [B, B], ""),
        (replace(PROMISE, stays=True), [A, B], "a or b have answered, where one client stays with"),
        (replace(PROMISE, answers=()), [NONE], ""),
        (replace(PROMISE, answers=()), [A], "an answer that nobody promised, from a"),
        (replace(PROMISE, answers=()), [Heard("")], "an answer that nobody promised"),
        (replace(PROMISE, answers=()), [FAILED], "no such client"),
        (PROMISE, [FAILED], "no such client"),
    ],
)
def test_what_was_heard_is_judged(
    promise: Promise, heard: Sequence[Heard], objections: str
) -> None:
    """By who answers, whom that one has seen, and whether all have that should."""
    found = objection(promise, heard) or silence(promise, heard)
    assert found.startswith(f"{promise}: {objections}") if objections else not found
