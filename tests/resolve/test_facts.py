"""Facts survive a file, and a damaged file is an error, not a crash."""

from __future__ import annotations

import json
from binascii import crc32
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.model import ServicePort
from labnet.resolve import Facts, NodeFacts, PodFacts, ServiceFacts, facts_of, resolve
from labnet.resolve.facts import ServiceLink
from labnet.resolve.naming import canonical_text
from resolve.builders import docker, host, lab, networking, node, pod, service, topology


WEB_AND_ALL = topology(
    pod("web"),
    pod("agent", spec={"host_network": True}),
    of=lab(node("n"), net=networking((4, 6)), hosts=[host("h")]),
    containers=[docker("db"), docker("side", network="container:db")],
    services=[
        service(
            "web",
            ports=[ServicePort(80, "http", node_port=30080)],
            type="LoadBalancer",
            ips=["10.96.0.80"],
            external_traffic_policy="Local",
            health_check_node_port=30081,
        )
    ],
)


def remembered(before: Facts | None = None) -> dict[str, Any]:
    """What is written of the lab above."""
    before = before or Facts()
    return facts_of(resolve(WEB_AND_ALL, before), before).to_json()


def version_of(name: str) -> str:
    """What tells the template of a pod of the lab above from another."""
    (one,) = (each for each in WEB_AND_ALL.workloads if each.name == name)
    return f"{crc32(canonical_text(one.template).encode()):08x}"


def test_what_is_remembered_of_machines_and_pods() -> None:
    """Their addresses, the last that each node gave, and what pods were made with."""
    written = remembered()
    assert written["nodes"] == {
        "n": {
            "addresses": ["172.18.0.2", "fc00:f853:ccd:e793::2"],
            "podCIDRs": ["10.244.0.0/24", "fd00:10:244::/64"],
            "lastGiven": ["10.244.0.2", "fd00:10:244::2"],
        }
    }
    assert written["hosts"] == {"h": ["172.18.0.3", "fc00:f853:ccd:e793::3"]}
    assert written["pods"] == {
        "container/db": {"node": "n", "addresses": ["172.17.0.2"]},
        "container/side": {"node": "n", "addresses": []},
        "pod/default/agent": {
            "node": "n",
            "addresses": [],
            "links": 0,
            "template": version_of("agent"),
        },
        "pod/default/web": {
            "node": "n",
            "addresses": ["10.244.0.2", "fd00:10:244::2"],
            "links": 0,
            "template": version_of("web"),
        },
    }


def test_what_is_remembered_of_services() -> None:
    """What each was given, and once what pods were told of them."""
    written = remembered()
    assert written["services"] == {
        "default/kubernetes": {"clusterIPs": ["10.96.0.1"]},
        "default/web": {
            "clusterIPs": ["10.96.0.80"],
            "nodePorts": {"http": 30080},
            "healthCheckNodePort": 30081,
        },
    }
    assert written["links"] == [
        [
            ["kubernetes", "10.96.0.1", [[443, "TCP", "https"]]],
            ["web", "10.96.0.80", [[80, "TCP", "http"]]],
        ]
    ]


def test_who_is_not_ready_is_remembered_as_long_as_it_exists() -> None:
    """What the world said of a pod goes with it."""
    unready, ended = ["pod/default/gone", "pod/default/web"], ["pod/default/agent"]
    written = remembered(Facts(unready=frozenset(unready), ended=frozenset(ended)))
    assert (written["unready"], written["ended"]) == (["pod/default/web"], ended)


def test_what_is_gone_is_forgotten() -> None:
    """Only the address that a node gave last outlives its pod, and only with the node."""
    facts = facts_of(resolve(topology(pod("web"), of=lab(hosts=[host("h")]))), Facts())
    later = facts_of(resolve(topology(of=lab(node("node1"))), facts), facts)
    assert (later.pods, later.hosts) == ({}, {})
    assert later.nodes == {
        "node1": NodeFacts(
            (ip_address("172.18.0.2"),),
            (ip_network("10.244.0.0/24"),),
            (ip_address("10.244.0.2"),),
        )
    }


def test_the_last_address_of_another_subnet_is_forgotten() -> None:
    """It says nothing about the one that the node has now."""
    facts = facts_of(resolve(topology(pod("web"), of=lab(node("n")))), Facts())
    moved = lab(node("n"), net=networking(pods=["10.9.0.0/16"]))
    assert facts_of(resolve(topology(of=moved), facts), facts).nodes["n"].last_given == ()


addresses = st.lists(st.ip_addresses(), max_size=2).map(tuple)
networks = st.sampled_from([ip_network("10.0.0.0/24"), ip_network("fd00::/64")])
ports = st.integers(0, 65535)
links = st.builds(
    ServiceLink,
    st.text(),
    st.text(),
    st.lists(st.tuples(ports, st.text(), st.text()), max_size=2).map(tuple),
)
all_facts = st.builds(
    Facts,
    st.dictionaries(
        st.text(),
        st.builds(NodeFacts, addresses, st.lists(networks, max_size=2).map(tuple), addresses),
    ),
    st.dictionaries(st.text(), addresses),
    st.dictionaries(
        st.text(), st.builds(PodFacts, st.text(), addresses, st.sampled_from([None, 0]))
    ),
    st.dictionaries(
        st.text(),
        st.builds(ServiceFacts, addresses, st.dictionaries(st.text(), ports), ports),
    ),
    st.lists(st.lists(links, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple),
    st.frozensets(st.text(), max_size=2),
    st.frozensets(st.text(), max_size=2),
)


@given(all_facts)
def test_there_and_back(facts: Facts) -> None:
    """Through JSON text and back, nothing is lost."""
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_facts_of_an_older_labnet() -> None:
    """They know nothing of Services: pods that exist have no links, and keep none."""
    old = {"pods": {"pod/default/web": {"node": "node1", "addresses": ["10.244.0.2"]}}}
    facts = Facts.from_json(old)
    cluster = resolve(topology(pod("web"), pod("new")), facts)
    with_links = {
        one.name: "KUBERNETES_SERVICE_HOST" in one.containers[0].env for one in cluster.pods
    }
    assert with_links == {"web": False, "new": True}
    later = facts_of(cluster, facts)
    assert resolve(topology(pod("web"), pod("new")), later) == cluster


def test_nothing_is_known_at_first() -> None:
    """An empty object is a lab that has given nothing."""
    assert Facts.from_json({}) == Facts()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {1: 2},
        {"nodes": []},
        {"nodes": {"a": 1}},
        {"nodes": {"a": {"addresses": "10.0.0.1"}}},
        {"nodes": {"a": {"addresses": [1]}}},
        {"nodes": {"a": {"addresses": ["10.0.0.256"]}}},
        {"nodes": {"a": {"podCIDRs": ["10.0.0.1/24"]}}},
        {"nodes": {"a": {"lastGiven": None}}},
        {"hosts": {"a": {}}},
        {"hosts": {"a": ["x"]}},
        {"pods": {"a": []}},
        {"pods": {"a": {"addresses": []}}},
        {"pods": {"a": {"node": 1}}},
        {"pods": {"a": {"node": "n", "links": 0}}},
        {"pods": {"a": {"node": "n", "links": "0"}}, "links": [[]]},
        {"pods": {"a": {"node": "n", "template": 1}}},
        {"services": {"a": {"clusterIPs": ["x"]}}},
        {"services": {"a": {"nodePorts": {"": "80"}}}},
        {"services": {"a": {"healthCheckNodePort": True}}},
        {"links": {}},
        {"links": [[["web", "10.96.0.1"]]]},
        {"links": [[["web", "10.96.0.1", [["80", "TCP", ""]]]]]},
        {"unready": [1]},
        {"ended": "pod/default/web"},
    ],
)
def test_damaged_facts(data: object) -> None:
    """Whatever else it is, the answer is ValueError."""
    with pytest.raises(ValueError, match=r"."):
        Facts.from_json(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
json_facts = st.fixed_dictionaries(
    {},
    optional={
        name: st.dictionaries(st.text(), json_values) | json_values
        for name in ("nodes", "hosts", "pods", "services", "links", "unready", "ended")
    },
)


@given(json_values | json_facts)
def test_any_json(data: object) -> None:
    """No JSON at all makes it raise anything else."""
    try:
        facts = Facts.from_json(data)
    except ValueError:
        return
    assert Facts.from_json(facts.to_json()) == facts
