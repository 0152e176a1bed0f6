"""The whole of resolve: a topology and what has been given before, to a cluster."""

from __future__ import annotations

from labnet.model import Cluster, Topology
from labnet.resolve.docker import resolve_containers
from labnet.resolve.endpoint_slices import resolve_endpoint_slices
from labnet.resolve.etc import DNS_INDEX
from labnet.resolve.facts import NO_FACTS, Facts
from labnet.resolve.nodes import resolve_machines
from labnet.resolve.pods import Around, resolve_pods
from labnet.resolve.problem import Findings
from labnet.resolve.references import References
from labnet.resolve.service_links import ServiceLinks
from labnet.resolve.services import resolve_services


def resolve(topology: Topology, facts: Facts = NO_FACTS) -> Cluster:
    """The cluster of a topology: every name, address, place and command is decided.

    What `facts` says was given stays given, as long as what has it exists and the topology allows
    it. Raises `Problems` for what cannot be known before: addresses and ports that run out or are
    another's, more ports than a bridge has, pods that fit on no node.
    """
    findings = Findings()
    lab = topology.lab
    machines = resolve_machines(lab, facts, findings)
    subnet = lab.networking.service_subnets[0]
    if subnet.num_addresses <= DNS_INDEX:
        what = f"{subnet} is too small: its tenth address is the DNS server's"
        findings.add(lab.source, "spec.networking.serviceSubnet", what)
    findings.stop()
    services = resolve_services(lab, topology.services, facts, findings)
    references = References(topology.config_maps, findings)
    around = Around(references, ServiceLinks(services, facts), facts.unready | facts.ended)
    pods = [
        *resolve_pods(topology, machines, facts, around, findings),
        *resolve_containers(topology, machines.nodes, facts, references, findings),
    ]
    findings.stop()
    pods.sort(key=lambda pod: (pod.namespace, pod.name, pod.kind))
    return Cluster(
        lab=lab,
        nodes=machines.nodes,
        hosts=tuple(sorted(machines.hosts, key=lambda host: host.name)),
        pods=tuple(pods),
        namespaces=tuple(sorted(topology.namespaces, key=lambda namespace: namespace.name)),
        workloads=tuple(
            sorted(topology.workloads, key=lambda one: (one.namespace, one.name, one.kind))
        ),
        services=services,
        endpoint_slices=resolve_endpoint_slices(topology, services, pods, machines.nodes, facts),
    )
