"""Hints: for which zones and nodes an endpoint is meant.

Sources: k8s.io/endpointslice/trafficdist and topologycache, KEPs 2433, 3015 and 4444.

Decisions
- We chose that all nodes have the same CPUs, as all run on one machine: zones share the endpoints
  of a Service with `topology-mode: Auto` by their numbers of nodes.
- We chose to share out from nothing over beginning with the hints of before, as the controller does
  to change few of them: the same file gives the same hints. Where it takes any of several zones, we
  take the first by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil

from labnet.model import Endpoint, Node, Service
from labnet.resolve.nodes import ZONE_LABEL


TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
OLD_TOPOLOGY_MODE = "service.kubernetes.io/topology-aware-hints"
OVERLOAD = 0.2  # how much more than its share an endpoint may get
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")


class Hints:
    """The zones of a lab, and what they mean for endpoints."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Every node's zone is that of its label."""
        self._zones = {node.name: node.labels.get(ZONE_LABEL, "") for node in nodes}
        self._shares = zone_shares(nodes)

    def zone(self, node: str) -> str:
        """The zone of a node, empty if it has none."""
        return self._zones.get(node, "")

    def given(self, service: Service, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
        """The endpoints of one family of a Service, in their order, with the hints that it wants.

        Only ready endpoints have hints. The annotation wins over `trafficDistribution`.
        """
        if is_topology_aware(service.annotations):
            return topology_hints(endpoints, self._shares)
        if service.traffic_distribution not in _DISTRIBUTIONS:
            return list(endpoints)
        nodes = service.traffic_distribution == "PreferSameNode"
        return [
            replace(
                one,
                hint_zones=(one.zone,) if one.zone else (),
                hint_nodes=(one.node_name,) if nodes and one.node_name else (),
            )
            if one.ready
            else one
            for one in endpoints
        ]


def is_topology_aware(annotations: Mapping[str, str]) -> bool:
    """Whether a Service asks for `topology-mode: Auto`; the annotation's old name wins."""
    mode = annotations.get(OLD_TOPOLOGY_MODE, annotations.get(TOPOLOGY_MODE, ""))
    return mode in ("Auto", "auto")


def zone_shares(nodes: Sequence[Node]) -> dict[str, float]:
    """Each zone's part of all CPUs; empty if a node has no zone, or there are not two of them.

    Nodes of the control plane do not count.
    """
    workers = [node for node in nodes if not any(label in node.labels for label in _CONTROL_PLANE)]
    zones = Counter(node.labels.get(ZONE_LABEL, "") for node in workers)
    if "" in zones or len(zones) < 2:
        return {}
    return {zone: count / len(workers) for zone, count in sorted(zones.items())}


def topology_hints(endpoints: Sequence[Endpoint], shares: Mapping[str, float]) -> list[Endpoint]:
    """The endpoints, shared among the zones; without any hint if that would overload one of them.

    It is given up if there are fewer endpoints than zones, if one is in no zone, or if rounding
    leaves an endpoint more than 120 % of what it would have without hints.
    """
    ready = [one for one in endpoints if one.ready]
    wanted = _wanted(len(ready), shares)
    if wanted is None or not all(one.zone for one in ready):
        return list(endpoints)
    moves, places = _moves(wanted, Counter(one.zone for one in ready))
    hinted = []
    for one in endpoints:
        zone = one.zone
        if one.ready and moves.get(zone) and places:
            moves[zone] -= 1
            zone = min(places)
            places[zone] -= 1
            if not places[zone]:
                del places[zone]
        hinted.append(replace(one, hint_zones=(zone,)) if one.ready else one)
    return hinted


def _wanted(count: int, shares: Mapping[str, float]) -> dict[str, float] | None:
    """How many endpoints each zone is to have; None where that cannot be."""
    if not shares or count < len(shares):
        return None
    wanted, left = {}, count
    for zone, share in shares.items():
        least = ceil(share * count * (1 / (1 + OVERLOAD)))
        wanted[zone] = max(share * count, float(least))
        left -= least
    return None if left < 0 else wanted


def _moves(
    wanted: Mapping[str, float], there: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """How many endpoints each zone gives to others, and how many each of those gets."""
    over = {zone: there[zone] - want for zone, want in wanted.items() if there[zone] > want}
    under = {zone: want - there[zone] for zone, want in wanted.items() if there[zone] < want}
    giving: Counter[str] = Counter()
    getting: Counter[str] = Counter()
    while over and under:
        giver, taker = _most(over), _most(under)
        most = max(over[giver], under[taker])
        if most < 1 or min(over[giver], under[taker]) < 0.5:
            break
        giving[giver] += 1
        over[giver] -= 1
        getting[taker] += 1
        under[taker] -= 1
    return giving, getting


def _most(zones: Mapping[str, float]) -> str:
    """The zone with the greatest number, the first by name of several."""
    return max(sorted(zones), key=zones.__getitem__)
