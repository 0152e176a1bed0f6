"""Pods: their nodes, their addresses, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from labnet.model import IPInterface, Lab, Node, Pod, Topology
from labnet.names import netns_name
from labnet.resolve.containers import resolve_container
from labnet.resolve.environment import Identity
from labnet.resolve.etc import (
    HOSTNAME,
    HOSTS,
    RESOLV_CONF,
    host_network_hosts,
    machine_hosts,
    pod_hosts,
    pod_resolv_conf,
)
from labnet.resolve.facts import Facts, NodeFacts
from labnet.resolve.mounts import Surroundings
from labnet.resolve.nodes import Machines
from labnet.resolve.placement import resolve_homes, static_path
from labnet.resolve.problem import Findings
from labnet.resolve.references import References
from labnet.resolve.segment import MAX_PORTS, Claim, Segment, allotment, ip_interface, of_family
from labnet.resolve.service_links import ServiceLinks
from labnet.resolve.workloads import Draft, resolve_drafts


class Around(NamedTuple):
    """What a pod may be told of, and the keys of those that are not ready."""

    references: References
    links: ServiceLinks
    unready: AbstractSet[str]


def resolve_pods(
    topology: Topology,
    machines: Machines,
    facts: Facts,
    around: Around,
    findings: Findings,
) -> list[Pod]:
    """Every pod of every workload, in the order of the file."""
    drafts = resolve_drafts(topology, machines.nodes, findings)
    homes = resolve_homes(drafts, machines, facts, findings)
    addresses = _addresses(drafts, homes, facts, findings)
    findings.stop()
    lab = topology.lab
    return [
        _pod(lab, draft, home, addresses.get(draft.key, ()), around)
        for draft, home in zip(drafts, homes, strict=True)
        if home is not None
    ]


def _addresses(
    drafts: Sequence[Draft], homes: Sequence[Node | None], facts: Facts, findings: Findings
) -> dict[str, tuple[IPInterface, ...]]:
    """The addresses of all pods that have their own, by key."""
    members: dict[str, tuple[Node, list[Draft]]] = {}
    for draft, home in zip(drafts, homes, strict=True):
        if home is not None and not draft.workload.template.spec.host_network:
            members.setdefault(home.name, (home, []))[1].append(draft)
    chosen: dict[str, tuple[IPInterface, ...]] = {}
    for node, pods in members.values():
        if len(pods) > MAX_PORTS:
            source = pods[MAX_PORTS].workload.source
            what = f"{len(pods)} pods are too many for node {node.name}"
            hint = f"at most {MAX_PORTS}: its bridge has no more ports"
            findings.add(source, "", what, hint)
            continue
        _node_addresses(node, pods, facts, findings, chosen)
    return chosen


def _node_addresses(
    node: Node,
    pods: Sequence[Draft],
    facts: Facts,
    findings: Findings,
    chosen: dict[str, tuple[IPInterface, ...]],
) -> None:
    """Add the addresses of the pods of one node to `chosen`."""
    known = facts.nodes.get(node.name, NodeFacts())
    for cidr in node.pod_cidrs:
        segment = Segment(cidr)
        segment.begin_after(of_family(known.last_given, segment.family))
        claims = [_claim(draft, facts, segment) for draft in pods]
        for key, value in allotment(segment, claims, findings).items():
            interface = ip_interface(segment.family, value, cidr.prefixlen)
            chosen[key] = (*chosen.get(key, ()), interface)


def _claim(draft: Draft, facts: Facts, segment: Segment) -> Claim:
    """What one pod asks for in one family."""
    workload = draft.workload
    if workload.template.addresses:
        static = of_family(workload.template.addresses, segment.family)
        if static is not None:
            return Claim(draft.key, workload.source, static_path(workload), static)
    fact = facts.pods.get(draft.key)
    given = of_family(fact.addresses, segment.family) if fact else None
    return Claim(draft.key, workload.source, "", None, given)


def _pod(
    lab: Lab,
    draft: Draft,
    node: Node,
    addresses: tuple[IPInterface, ...],
    around: Around,
) -> Pod:
    """A pod in its place."""
    workload, spec = draft.workload, draft.workload.template.spec
    netns = netns_name(lab.name, draft.name, workload.namespace)
    if spec.host_network:
        netns, addresses = node.netns, node.addresses
    links = around.links.variables(around.links.given(draft.key, workload))
    identity = _identity(lab, draft, node, addresses)._replace(links=links)
    volumes = {volume.name: volume for volume in spec.volumes}
    etc = _etc(lab, draft, identity)
    surroundings = Surroundings(identity, volumes, etc, around.references)
    return Pod(
        kind="Pod",
        namespace=workload.namespace,
        name=draft.name,
        netns=netns,
        node=node.name,
        source=workload.source,
        network="host" if spec.host_network else "cni",
        addresses=addresses,
        containers=(
            *[resolve_container(one, surroundings, init=True) for one in spec.init_containers],
            *[resolve_container(one, surroundings) for one in spec.containers],
        ),
        hostname=identity.hostname,
        restart_policy=spec.restart_policy,
        termination_grace_period_seconds=spec.termination_grace_period_seconds,
        labels=draft.labels,
        annotations=workload.template.annotations,
        owner=workload,
        replica_set=draft.replica_set,
        ready=draft.key not in around.unready,
    )


def _identity(lab: Lab, draft: Draft, node: Node, addresses: tuple[IPInterface, ...]) -> Identity:
    """Who a pod is; on the host's network it has the node's hostname."""
    template = draft.workload.template
    return Identity(
        lab=lab.name,
        kind="Pod",
        namespace=draft.workload.namespace,
        name=draft.name,
        hostname=node.name if template.spec.host_network else draft.hostname,
        labels=draft.labels,
        annotations=template.annotations,
        node=node,
        ips=tuple([str(interface.ip) for interface in addresses]),
    )


def _etc(lab: Lab, draft: Draft, pod: Identity) -> dict[str, str]:
    """The files of /etc that all containers of a pod share."""
    spec = draft.workload.template.spec
    if spec.host_network:
        own = machine_hosts(pod.ips, pod.node.name)
        hosts = host_network_hosts(own, spec.host_aliases)
    else:
        domain = ""
        if draft.subdomain:
            cluster = lab.networking.cluster_domain
            domain = f"{draft.subdomain}.{pod.namespace}.svc.{cluster}"
        hosts = pod_hosts(pod.ips, pod.hostname, domain, spec.host_aliases)
    return {
        HOSTS: hosts,
        HOSTNAME: f"{pod.hostname}\n",
        RESOLV_CONF: pod_resolv_conf(spec, pod.namespace, lab.networking),
    }
