"""Topology and Facts to Cluster: what Kubernetes' controllers, IPAM, scheduler and kubelet decide.

Pure: it knows the files and what was given before, and asks the machine nothing.

    Services ───► families, ClusterIPs, NodePorts ──────────► links (variables) ──┐
    workloads ──► drafts (names) ──► placement ──► addresses ──► pods with their containers
    lab ────────► nodes, hosts, pod CIDRs ──┘          │              │
    Facts ──────────────┴───────────────────┴──────────┘              └──► EndpointSlices, hints

Laws
- `resolve(t, facts_of(resolve(t, f), f)) == resolve(t, f)`.
- What was given stays given while the thing exists, whatever is added, removed or moved in the
  file. A static address or port that someone else was given is a problem, never a silent move.
- No two things have the same address on a segment, the same name or the same network namespace;
  no two Services the same ClusterIP or NodePort.

Decisions
- We chose that a static address does not move host-local's `last_reserved_ip`, over what the
  plugin does: pods of a file come up together, and the one after a pod at .50 is expected at .2.
- We chose that a pod with a static address goes to the node whose podCIDR holds it over an error
  that asks for a nodeName: there is only one place where it can be reached.
- We chose a problem for a pod that no node can take over a Pending one: nothing that the
  lab does later would place it.
- We chose `kubernetes.io/arch: amd64` for every node that does not say otherwise over the
  machine's: it is what manifests select, and the same file gives the same lab everywhere.
- We chose to give `default/kubernetes` an endpoint that nothing listens on over no endpoint: its
  rules and variables are those of any cluster, and labnet has no API server.
- We chose to begin at a hash where the API server begins at random, in the same bands; see
  `allocation`, and `services`, `endpoint_slices`, `hints`, `service_links` for what else is chosen
  where Kubernetes' controllers have a choice.
- We chose to compute EndpointSlices anew from the pods and from who is ready, over remembering
  them: of a Service's endpoints, only the world's word about pods is a Fact.
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
