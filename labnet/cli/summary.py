"""The lines that sum up a lab and what was done to it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from labnet.agent import Outcome
from labnet.cli.program import to_type
from labnet.errors import Problem
from labnet.model import Cluster, Pod
from labnet.names import DEFAULT_NAMESPACE, segment_netns
from labnet.plan import Verb


def counted(number: int, noun: str) -> str:
    """`1 pod`, `3 pods`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def contents(cluster: Cluster) -> str:
    """`2 nodes, 3 pods, 1 container`, without what there is none of."""
    kinds = [pod.kind for pod in cluster.pods]
    counts = {
        "node": len(cluster.nodes),
        "host": len(cluster.hosts),
        "pod": kinds.count("Pod"),
        "container": kinds.count("Container"),
    }
    return ", ".join(counted(number, noun) for noun, number in counts.items() if number)


def up_line(outcome: Outcome) -> str:
    """What `up` says when it is done."""
    seconds = f"{outcome.seconds:.2f} s"
    if not outcome.plan:
        return f"{outcome.lab} is already as the files say ({seconds})"
    operations = counted(len(outcome.plan), "operation")
    what = contents(outcome.cluster) if outcome.cluster else ""
    return f"{outcome.lab} is up: {what} ({operations}, {seconds})"


def is_new(outcome: Outcome) -> bool:
    """Whether `up` has made the lab, and not only changed it."""
    segment = ("netns", segment_netns(outcome.lab))
    return any(op.verb is Verb.ADD and op.object.key == segment for op in outcome.plan)


def first_steps(outcome: Outcome) -> str:
    """What to type next in a lab that is new."""
    cluster = outcome.cluster
    assert cluster is not None, "`up` has a cluster"
    steps: list[tuple[str, ...]] = [("get", "all", "-o", "wide")]
    networks: dict[str, list[Pod]] = {
        "cni": [],
        "bridge": [],
    }  # which do not reach each other across nodes
    for pod in cluster.pods:
        networks.get(pod.network, []).append(pod)
    pods = networks["cni"] or networks["bridge"]
    if pods:
        here = _target(pods[0])
        steps.append(("exec", *here, "--", "ip", "addr"))
        other = next((pod for pod in pods if pod.node != pods[0].node), pods[-1])
        if other is not pods[0]:
            steps.append(("exec", *here, "--", "ping", "-c", "1", str(other.ips[0])))
    steps.append(("down", cluster.name))
    return "\n".join(["Try:", *(f"  {to_type(*step)}" for step in steps)])


def _target(pod: Pod) -> tuple[str, ...]:
    if pod.kind == "Container":
        return (f"container/{pod.name}",)
    return (pod.name,) if pod.namespace == DEFAULT_NAMESPACE else (f"{pod.namespace}/{pod.name}",)


def print_warnings(warnings: Iterable[Problem]) -> None:
    """What the files say and labnet does not act on, on standard error."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
