"""Facts survive a file, and a damaged file is an error, not a crash."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.resolve import Facts, NodeFacts, PodFacts, facts_of, resolve
from resolve.builders import docker, host, lab, networking, node, pod, topology


def test_what_is_remembered() -> None:
    """Machines and pods with their addresses, and the last address that each node gave."""
    given_topology = topology(
        pod("web"),
        pod("agent", spec={"host_network": True}),
        of=lab(node("n"), net=networking((4, 6)), hosts=[host("h")]),
        containers=[docker("db"), docker("side", network="container:db")],
    )
    facts = facts_of(resolve(given_topology), Facts())
    assert facts.to_json() == {
        "nodes": {
            "n": {
                "addresses": ["172.18.0.2", "fc00:f853:ccd:e793::2"],
                "podCIDRs": ["10.244.0.0/24", "fd00:10:244::/64"],
                "lastGiven": ["10.244.0.2", "fd00:10:244::2"],
            }
        },
        "hosts": {"h": ["172.18.0.3", "fc00:f853:ccd:e793::3"]},
        "pods": {
            "container/db": {"node": "n", "addresses": ["172.17.0.2"]},
            "container/side": {"node": "n", "addresses": []},
            "pod/default/agent": {"node": "n", "addresses": []},
            "pod/default/web": {"node": "n", "addresses": ["10.244.0.2", "fd00:10:244::2"]},
        },
    }


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
all_facts = st.builds(
    Facts,
    st.dictionaries(
        st.text(),
        st.builds(NodeFacts, addresses, st.lists(networks, max_size=2).map(tuple), addresses),
    ),
    st.dictionaries(st.text(), addresses),
    st.dictionaries(st.text(), st.builds(PodFacts, st.text(), addresses)),
)


@given(all_facts)
def test_there_and_back(facts: Facts) -> None:
    """Through JSON text and back, nothing is lost."""
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


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
        for name in ("nodes", "hosts", "pods")
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
