"""Containers are told of Services as the kubelet tells them, when their pod is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labnet.model import EnvVar, ServicePort, Topology
from labnet.resolve import Facts, facts_of, resolve
from resolve.builders import container, docker, lab, networking, pod, service, topology, workload


USUAL = {"PATH", "HOSTNAME", "HOME"}


def links(given: Topology, facts: Facts | None = None) -> dict[str, dict[str, str]]:
    """The variables of each pod's first container, but for the usual and KUBERNETES_…."""
    return {
        one.name: {
            name: value
            for name, value in one.containers[0].env.items()
            if name not in USUAL and not name.startswith("KUBERNETES_")
        }
        for one in resolve(given, facts or Facts()).pods
    }


def env(one: Any, *services: Any, **fields: Any) -> Mapping[str, str]:
    """The whole environment of the first container of a pod."""
    (found,) = resolve(topology(one, services=services, **fields)).pods
    return found.containers[0].env


def facts_after(given: Topology, before: Facts | None = None) -> Facts:
    """The facts of a lab that has come up, as they are read from its file."""
    before = before or Facts()
    facts = facts_of(resolve(given, before), before)
    return Facts.from_json(json.loads(json.dumps(facts.to_json())))


def test_all_variables_of_a_service() -> None:
    """Kubernetes' own and those of Docker's links, for every port."""
    dns = service(
        "my-dns",
        ips=["10.96.0.10"],
        ports=[ServicePort(53, "dns-udp", "UDP"), ServicePort(9153, "metrics")],
    )
    assert links(topology(pod("web"), services=[dns]))["web"] == {
        "MY_DNS_SERVICE_HOST": "10.96.0.10",
        "MY_DNS_SERVICE_PORT": "53",
        "MY_DNS_SERVICE_PORT_DNS_UDP": "53",
        "MY_DNS_SERVICE_PORT_METRICS": "9153",
        "MY_DNS_PORT": "udp://10.96.0.10:53",
        "MY_DNS_PORT_53_UDP": "udp://10.96.0.10:53",
        "MY_DNS_PORT_53_UDP_PROTO": "udp",
        "MY_DNS_PORT_53_UDP_PORT": "53",
        "MY_DNS_PORT_53_UDP_ADDR": "10.96.0.10",
        "MY_DNS_PORT_9153_TCP": "tcp://10.96.0.10:9153",
        "MY_DNS_PORT_9153_TCP_PROTO": "tcp",
        "MY_DNS_PORT_9153_TCP_PORT": "9153",
        "MY_DNS_PORT_9153_TCP_ADDR": "10.96.0.10",
    }


def test_the_api_server() -> None:
    """Every pod is told of it, in any namespace, on the host's network, and without links."""
    for fields in (
        {},
        {"namespace": "prod"},
        {"spec": {"host_network": True}},
        {"spec": {"enable_service_links": False}},
    ):
        found = env(pod("web", **fields))
        assert {name: value for name, value in found.items() if name not in USUAL} == {
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_SERVICE_PORT": "443",
            "KUBERNETES_SERVICE_PORT_HTTPS": "443",
            "KUBERNETES_PORT": "tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
            "KUBERNETES_PORT_443_TCP_PORT": "443",
            "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1",
        }


def test_ipv6() -> None:
    """An address is in brackets where a port follows."""
    found = env(pod("web"), of=lab(net=networking((6,))))
    assert found["KUBERNETES_SERVICE_HOST"] == "fd00:10:96::1"
    assert found["KUBERNETES_PORT"] == "tcp://[fd00:10:96::1]:443"


def test_which_services() -> None:
    """Those of the pod's namespace that have a ClusterIP; without links none."""
    services = [
        service("web"),
        service("bare", headless=True),
        service("alias", type="ExternalName", external_name="example.com"),
        service("far", namespace="prod"),
    ]
    pods = [pod("a"), pod("b", namespace="prod"), pod("c", spec={"enable_service_links": False})]
    found = links(topology(*pods, services=services))
    hosts = {
        name: sorted(key for key in each if key.endswith("_HOST")) for name, each in found.items()
    }
    assert hosts == {"a": ["WEB_SERVICE_HOST"], "b": ["FAR_SERVICE_HOST"], "c": []}


def test_a_service_of_that_name_in_another_namespace() -> None:
    """The pod's own namespace wins."""
    own = service("kubernetes", namespace="prod", ips=["10.96.0.99"])
    assert env(pod("a", namespace="prod"), own)["KUBERNETES_SERVICE_HOST"] == "10.96.0.99"
    assert env(pod("a"), own)["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"


def test_in_references() -> None:
    """`$(VAR)` finds them in values, command and args; what is declared is the first choice."""
    spec = container(
        env=(
            EnvVar("URL", "http://$(WEB_SERVICE_HOST):$(WEB_SERVICE_PORT)"),
            EnvVar("WEB_SERVICE_PORT", "8080"),
            EnvVar("LATER", "$(WEB_SERVICE_PORT)"),
        ),
        command=("run", "$(WEB_SERVICE_HOST)"),
        args=("$(WEB_SERVICE_PORT)", "$(NO_SUCH)"),
    )
    given = topology(pod("a", spec), services=[service("web", ips=["10.96.0.80"])])
    (one,) = resolve(given).pods[0].containers
    assert (one.env["URL"], one.env["LATER"]) == ("http://10.96.0.80:80", "8080")
    assert one.argv == ("run", "10.96.0.80", "8080", "$(NO_SUCH)")


def test_labnets_containers_are_told_nothing() -> None:
    """Docker knows no Services."""
    found = links(topology(services=[service("web")], containers=[docker("db")]))
    assert found == {"db": {}}


def test_a_pod_keeps_what_it_was_made_with() -> None:
    """A Service that comes, goes or changes restarts nobody; a new pod is told what is now."""
    old = [service("web"), service("gone")]
    facts = facts_after(topology(pod("a"), services=old))
    new = topology(pod("a"), pod("b"), services=[service("web", 80, 81), service("more")])
    before, now = links(topology(pod("a"), services=old))["a"], links(new, facts)
    assert now["a"] == before
    assert {"MORE_SERVICE_HOST", "WEB_SERVICE_PORT_P81"} < now["b"].keys()
    later = facts_after(new, facts)
    assert links(new, later) == now
    assert len(later.links) == 2


def test_a_pod_that_is_made_anew_is_told_what_is_now() -> None:
    """So is one whose template changes in the file, as that restarts it anyway."""
    facts = facts_after(topology(pod("a"), workload("StatefulSet", "b")))
    services = [service("web")]
    changed = topology(
        pod("a", container("nginx")), workload("StatefulSet", "b"), services=services
    )
    found = links(changed, facts)
    assert "WEB_SERVICE_HOST" in found["a"]
    assert found["b-0"] == {}


def test_many_pods_share_what_they_were_told() -> None:
    """A thousand pods of a lab that does not change write it once."""
    some = [workload("Deployment", f"d{index}", replicas=100) for index in range(3)]
    given = topology(*some, services=[service(f"s{index}") for index in range(50)])
    facts = facts_after(given)
    assert (len(facts.links), len(facts.links[0])) == (1, 51)
    assert {one.links for one in facts.pods.values()} == {0}
    again = facts_after(given, facts)
    assert again == facts
