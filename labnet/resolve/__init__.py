"""Topology and Facts to Cluster: what Kubernetes' controllers, IPAM, scheduler and kubelet decide.

Pure: it knows the files and what was given before, and asks the machine nothing.

    workloads ──► drafts (names) ──► placement ──► addresses ──► pods with their containers
    lab ────────► nodes, hosts, pod CIDRs ──┘          │
    Facts ──────────────┴───────────────────┴──────────┘

Laws
- `resolve(t, facts_of(resolve(t, f), f)) == resolve(t, f)`.
- What was given stays given while the thing exists, whatever is added, removed or moved in the
  file. A static address that someone else was given is a problem, never a silent move.
- No two things have the same address on a segment, the same name or the same network namespace.

Decisions
- We chose that a static address does not move host-local's `last_reserved_ip`, over what the
  plugin does: pods of a file come up together, and the one after a pod at .50 is expected at .2.
- We chose that a pod with a static address goes to the node whose podCIDR holds it over an error
  that asks for a nodeName: there is only one place where it can be reached.
- We chose a problem for a pod that no node can take over a Pending one: nothing that the
  lab does later would place it.
- We chose `kubernetes.io/arch: amd64` for every node that does not say otherwise over the
  machine's: it is what manifests select, and the same file gives the same lab everywhere.
"""

from labnet.resolve.cluster import resolve
from labnet.resolve.docker import DOCKER_SUBNET
from labnet.resolve.facts import Facts, NodeFacts, PodFacts, ServiceFacts, pod_key, service_key
from labnet.resolve.naming import object_uid
from labnet.resolve.remembered import facts_of


__all__ = [
    "DOCKER_SUBNET",
    "Facts",
    "NodeFacts",
    "PodFacts",
    "ServiceFacts",
    "facts_of",
    "object_uid",
    "pod_key",
    "resolve",
    "service_key",
]
