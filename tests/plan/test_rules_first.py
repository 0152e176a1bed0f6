"""Rules that change come before all else, and what they leave in conntrack right after them."""

from __future__ import annotations

import pytest
from hypothesis import given

from labnet.kernel.memory import MemoryKernel
from labnet.plan import Op, Verb, plan
from labnet.state import Bridge, Flow, Netns, NftBlock, NftTable, Object, Ruleset, State, UdpFlows
from plan.states import DNS, LAB, SEGMENT, machine, pod, proxy, states


NODE = f"{LAB}.node0"
CLIENT = ("10.244.0.9", 40000)


def node(*endpoints: int) -> list[Object]:
    """A node with a UDP Service, and a pod for each of its endpoints; and the segment."""
    pods = [item for endpoint in endpoints for item in pod(endpoint, 0)]
    segment = [Netns(SEGMENT, "segment"), Bridge(SEGMENT, "br0", "02:1a:00:00:00:00", 1500)]
    return [*segment, *machine(0), *proxy(0, *endpoints), *pods]


def table(*rules: str) -> NftTable:
    """A table of nftables."""
    return NftTable(NODE, 4, "kube-proxy", (NftBlock("chain", "services", (), rules),))


def silent(_: object) -> None:
    """Progress that nobody follows."""


@given(states(), states())
def test_rules_of_what_is_there_come_first(desired: State, observed: State) -> None:
    """No rule is changed or removed, and no flow looked for, after anything else was done."""
    kernel = MemoryKernel()
    kernel.apply(LAB, plan(observed, State()), silent)
    changes = plan(desired, kernel.observe(LAB, desired))
    rules = Ruleset | NftTable
    others = [not isinstance(op.object, rules | UdpFlows) for op in changes]
    first = others.index(True) if True in others else len(changes)
    late = [op for op in changes[first:] if isinstance(op.object, rules | UdpFlows)]
    assert all(op.verb is Verb.ADD and isinstance(op.object, rules) for op in late)


def test_an_endpoint_is_removed_in_order() -> None:
    """First nobody is sent there any more, then flows move, then the pod goes."""
    changes = plan(State.of(*node(3)), State.of(*node(2, 3)))
    assert [str(op).partition("  ")[0] for op in changes[:3]] == [
        f"~ iptables {NODE} nat",
        f"~ udp-flows {NODE} ipv4",
        f"- process {LAB}.pod2 pod/default/pod2 main",
    ]


def test_a_table_of_nftables_is_changed_first_as_well() -> None:
    """And one that is not wanted any more is removed before pods are."""
    keeps, goes = node(3), [*node(3), *pod(2, 0)]
    changed = plan(State.of(*keeps, table()), State.of(*goes, table("drop")))
    assert [type(op.object) for op in changed[:2]] == [NftTable, UdpFlows]
    removed = plan(State.of(*keeps), State.of(*goes, table("drop")))
    assert [(op.verb, type(op.object)) for op in removed[:2]] == [
        (Verb.DELETE, NftTable),
        (Verb.CHANGE, UdpFlows),
    ]


def test_rules_of_new_nodes_stay_where_they_were() -> None:
    """They are loaded beside the building of pods, after their namespace is made."""
    changes = plan(State.of(*node(2)), State())
    kinds = [type(op.object) for op in changes]
    assert kinds.index(Ruleset) > kinds.index(Netns)
    assert UdpFlows not in kinds


def flows(op: Op) -> UdpFlows:
    """The flows that an operation is for, as they were found."""
    assert isinstance(op.old, UdpFlows)
    return op.old


def test_stale_flows_are_found_and_removed() -> None:
    """What conntrack remembers of a dead endpoint is drift, and a plan heals it."""
    desired = State.of(*node(3))
    kernel = MemoryKernel()
    kernel.apply(LAB, plan(desired, State()), silent)
    dead = Flow(CLIENT, DNS, ("10.244.0.2", 5353))
    alive = Flow(CLIENT, DNS, ("10.244.0.3", 5353))
    kernel.flows[NODE, 4] = {dead, alive}
    (op,) = plan(desired, kernel.observe(LAB, desired))
    assert flows(op).stale == (dead,)
    assert op.why == "1 flow goes to no endpoint"
    kernel.apply(LAB, (op,), silent)
    assert kernel.flows[NODE, 4] == {alive}
    assert plan(desired, kernel.observe(LAB, desired)) == ()


def test_flows_that_begin_while_we_plan_are_removed() -> None:
    """Whatever follows the old rules when they are changed moves, though nobody has seen it."""
    desired = State.of(*node(3))
    kernel = MemoryKernel()
    kernel.apply(LAB, plan(State.of(*node(2, 3)), State()), silent)
    changes = plan(desired, kernel.observe(LAB, desired))
    kernel.flows[NODE, 4] = {Flow(CLIENT, DNS, ("10.244.0.2", 5353))}
    kernel.apply(LAB, changes, silent)
    assert not kernel.flows[NODE, 4]


@pytest.mark.parametrize("endpoints", [(), (2, 3)])
def test_where_rules_stay_and_nothing_is_stale_there_is_no_plan(endpoints: tuple[int, ...]) -> None:
    """Flows are no reason for an operation by themselves; without endpoints none is stale."""
    desired = State.of(*node(*endpoints))
    kernel = MemoryKernel()
    kernel.apply(LAB, plan(desired, State()), silent)
    kernel.flows[NODE, 4] = {Flow(CLIENT, DNS, (f"10.244.0.{ip}", 5353)) for ip in endpoints or [7]}
    assert plan(desired, kernel.observe(LAB, desired)) == ()
