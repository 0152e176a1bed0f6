"""The promises that labs in a VM are held to."""

from __future__ import annotations

from dataclasses import replace

from clusters import cluster, draining, endpoint, pod, port, service, slice_of
from labnet.model import Cluster, Container, ContainerPort
from promises import promises


ONE = pod("one", "10.244.1.2", ContainerPort(80))
FAR = pod("far", "10.244.2.2", on="node2")


def said(lab: Cluster) -> list[str]:
    """Each promise, with a `not` before what must not be answered."""
    return [f"{'' if one.answers else 'not '}{one}" for one in promises(lab)]


def test_every_pod_is_pinged_and_asked_by_every_other() -> None:
    """By ping at its address, and by HTTP at the port that it declares."""
    assert said(cluster(pods=(ONE, FAR))) == [
        "ping from one to 10.244.2.2 (pod)",
        "ping from far to 10.244.1.2 (pod)",
        "curl from far to 10.244.1.2:80 (pod)",
    ]


def test_kubenet_ends_at_the_node() -> None:
    """Nobody has made the routes between the nodes."""
    lab = cluster(pods=(ONE, FAR, pod("near", "10.244.1.3")), cni="kubenet")
    found = said(lab)
    assert "not ping from far to 10.244.1.2 (pod)" in found
    assert "ping from near to 10.244.1.2 (pod)" in found


def test_servers_without_a_declared_port_are_known() -> None:
    """Nginx has one, and netexec the one that it is told."""
    nginx = Container("c", "docker.io/library/nginx:1.27", argv=("nginx", "-g", "daemon off;"))
    echo = Container("c", "agnhost", argv=("netexec", "--http-port=8080"), builtin="agnhost")
    pods = (replace(FAR, containers=(nginx,)), replace(ONE, containers=(echo,)))
    found = said(cluster(pods=pods))
    assert "curl from one to 10.244.2.2:80 (pod)" in found
    assert "curl from far to 10.244.1.2:8080 (pod)" in found


def test_families_do_not_mix() -> None:
    """A pod with one address is asked only by those who have an address of its family."""
    six = pod("six", "fd00:10:244:1::2")
    both = pod("both", "10.244.1.3 fd00:10:244:1::3")
    found = said(cluster(pods=(ONE, six, both), families=(4, 6)))
    assert not [line for line in found if "from one to fd" in line or "from six to 10" in line]
    assert "curl from both to 10.244.1.2:80 (pod)" in found
    assert "ping from six to fd00:10:244:1::3 (pod)" in found


def test_a_service_answers_if_it_has_an_endpoint() -> None:
    """Ready ones, or draining ones if there is no other; the API server's has none here."""
    lab = cluster(
        service("web", "10.96.0.10", ports=(port(), port(53, "u", protocol="UDP"))),
        service("gone", "10.96.0.11"),
        service("kubernetes", "10.96.0.1"),
        slices=(
            slice_of("web", draining("10.244.1.2")),
            slice_of("gone", endpoint("10.244.1.2", ready=False, serving=False)),
        ),
        pods=(ONE,),
    )
    assert said(lab) == [
        "curl from one to 10.96.0.10:80 (service)",
        "not udp from one to 10.96.0.10:53 (service)",
        "not curl from one to 10.96.0.11:80 (service)",
    ]


def test_local_policies_are_kept_by_nodes_with_an_endpoint() -> None:
    """Inside as outside; a NodePort is tried from the other node if the lab has no host."""
    lab = cluster(
        service(
            "web",
            ports=(port(node_port=30080),),
            families=(4,),
            internal_traffic_policy="Local",
            external_traffic_policy="Local",
        ),
        slices=(slice_of("web", endpoint("10.244.1.2", "node1")),),
        pods=(ONE, FAR),
    )
    assert said(lab)[3:] == [
        "curl from one to 10.96.0.10:80 (service)",
        "not curl from far to 10.96.0.10:80 (service)",
        "curl from node2 to 172.18.0.1:30080 (node port)",
        "not curl from node1 to 172.18.0.2:30080 (node port)",
    ]
