"""Services with all that they are given: families, ClusterIPs, NodePorts, health check NodePorts.

Source: pkg/registry/core/service/storage/alloc.go.

Decisions
- We chose to give in the order of the names over that of the file: documents that are moved change
  nothing, not even where two Services would have got the same number.
- We chose to ask for what was given to a port by its name, as the API server does for an update
  that leaves it out (patchAllocatedValues).
- We chose the rule of a new Service also for a changed one: ports with one number share one
  NodePort, whatever their protocols. The API server gives a port that comes later a number of its
  own, so that the same file could mean two things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from labnet.model import Family, IPAddress, Lab, Service, ServicePort
from labnet.resolve.allocation import Claim, Numbers, allotment
from labnet.resolve.facts import Facts, ServiceFacts, service_key
from labnet.resolve.families import Families, service_families
from labnet.resolve.problem import Findings
from labnet.resolve.segment import ip_address, of_family


API_NAMESPACE, API_NAME = "default", "kubernetes"
API_PORT = ServicePort(443, "https", "TCP", 6443)
_NOTHING = ServiceFacts()
_HEALTH = -1  # stands where the index of a port does


def resolve_services(
    lab: Lab, services: Sequence[Service], facts: Facts, findings: Findings
) -> tuple[Service, ...]:
    """Every Service of the lab and `default/kubernetes`, sorted; what is missing is in `findings`.

    The API server's own Service has the first address of the subnet, as in any cluster. labnet has
    no API server: nothing listens behind it.
    """
    named = [api_service(lab), *services]
    named.sort(key=lambda service: (service.namespace, service.name))
    families = [service_families(one, lab.networking.families, findings) for one in named]
    addresses = _addresses(lab, named, families, facts, findings)
    ports = _node_ports(lab, named, facts, findings)
    return tuple(
        [
            _given(service, families[place], addresses, place, ports.get(place, {}))
            for place, service in enumerate(named)
        ]
    )


def api_service(lab: Lab) -> Service:
    """`default/kubernetes`, which the API server makes itself."""
    subnet = lab.networking.service_subnets[0]
    return Service(
        API_NAMESPACE,
        API_NAME,
        lab.source,
        ports=(API_PORT,),
        cluster_ips=(ip_address(subnet.version, int(subnet.network_address) + 1),),
        labels={"component": "apiserver", "provider": "kubernetes"},
    )


def _given(
    service: Service,
    families: Families,
    addresses: Mapping[tuple[int, Family], IPAddress],
    place: int,
    ports: Mapping[int, int],
) -> Service:
    """A Service with all that it was given, and with target ports where they were left out."""
    own = [(place, family) for family in families.families]
    return replace(
        service,
        families=families.families,
        ip_family_policy=families.policy,
        cluster_ips=tuple([addresses[key] for key in own if key in addresses]),
        ports=tuple(
            [
                _port(port, port.target_port or port.port, ports.get(index, port.node_port))
                for index, port in enumerate(service.ports)
            ]
        ),
        health_check_node_port=ports.get(_HEALTH, service.health_check_node_port),
    )


def _port(port: ServicePort, target_port: int | str, node_port: int) -> ServicePort:
    """A port with what it was given; most are as they were written."""
    if (port.target_port, port.node_port) == (target_port, node_port):
        return port
    return replace(port, target_port=target_port, node_port=node_port)


def _facts(facts: Facts, service: Service) -> ServiceFacts:
    """What a Service was given."""
    return facts.services.get(service_key(service), _NOTHING)


def _addresses(
    lab: Lab,
    services: Sequence[Service],
    families: Sequence[Families],
    facts: Facts,
    findings: Findings,
) -> dict[tuple[int, Family], IPAddress]:
    """The ClusterIPs by the place of their Service and their family."""
    chosen: dict[tuple[int, Family], IPAddress] = {}
    for subnet in lab.networking.service_subnets:
        family = subnet.version
        numbers = Numbers.of_subnet(subnet)
        places, claims = [], []
        # The API server's own comes before any other that a file may ask for.
        for place, service in sorted(enumerate(services), key=_is_not_api):
            its = families[place].families
            if family in its and not service.headless and service.type != "ExternalName":
                places.append(place)
                claims.append(_address_claim(lab, service, family, its.index(family), facts))
        for index, value in allotment(numbers, claims, findings).items():
            chosen[places[index], family] = ip_address(family, value)
    return chosen


def _is_not_api(placed: tuple[int, Service]) -> bool:
    """What sorts the API server's Service before all others, which stay as they are."""
    return (placed[1].namespace, placed[1].name) != (API_NAMESPACE, API_NAME)


def _address_claim(lab: Lab, service: Service, family: Family, place: int, facts: Facts) -> Claim:
    """What a Service asks for in one family, which is the first or second of its own."""
    key = service_key(service)
    return Claim(
        f"service {key}",
        service.source,
        f"spec.clusterIPs[{place}]" if place else "spec.clusterIP",
        f"{lab.name}/{key}",
        of_family(service.cluster_ips, family),
        of_family(_facts(facts, service).cluster_ips, family),
    )


class _Place(NamedTuple):
    """What a NodePort is for: a Service by its place, and ports of it by their index."""

    service: int
    ports: tuple[int, ...]


def _node_ports(
    lab: Lab, services: Sequence[Service], facts: Facts, findings: Findings
) -> dict[int, dict[int, int]]:
    """The NodePorts by the place of their Service, then by the index of its port."""
    places: list[_Place] = []
    claims: list[Claim] = []
    for index, service in enumerate(services):
        if service.type in ("NodePort", "LoadBalancer"):
            for ports, claim in _port_claims(lab, service, _facts(facts, service)):
                places.append(_Place(index, ports))
                claims.append(claim)
    given: dict[int, dict[int, int]] = {}
    numbers = Numbers.of_ports(*lab.networking.node_port_range)
    for index, value in allotment(numbers, claims, findings).items():
        place = places[index]
        given.setdefault(place.service, {}).update(dict.fromkeys(place.ports, value))
    return given


def _port_claims(
    lab: Lab, service: Service, known: ServiceFacts
) -> Iterator[tuple[tuple[int, ...], Claim]]:
    """What a Service asks for of the NodePorts, and for which of its ports."""
    key = service_key(service)
    for number, value, indexes in _shared(service, known):
        asking = [index for index in indexes if service.ports[index].node_port]
        path = f"spec.ports[{(asking or indexes)[0]}].nodePort"
        seed, asked = f"{lab.name}/{key}/{number}", value if asking else None
        claim = Claim(f"service {key}", service.source, path, seed, asked, value or None)
        yield indexes, claim
    if service.type == "LoadBalancer" and service.external_traffic_policy == "Local":
        path, seed = "spec.healthCheckNodePort", f"{lab.name}/{key}/health"
        asked, given = service.health_check_node_port, known.health_check_node_port
        owner = f"service {key}"
        yield (_HEALTH,), Claim(owner, service.source, path, seed, asked or None, given or None)


def _shared(service: Service, known: ServiceFacts) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """(port number, its NodePort or 0, the ports by index) for each NodePort of a Service.

    Ports that differ only in their protocol share one, unless the file or the past says otherwise.
    """
    only_asked = service.type == "LoadBalancer" and not service.allocate_load_balancer_node_ports
    groups: dict[int, list[int]] = {}
    for index, port in enumerate(service.ports):
        if port.node_port or not only_asked:
            groups.setdefault(port.port, []).append(index)
    for number, indexes in groups.items():
        asked = [service.ports[index].node_port for index in indexes]
        known_ones = [known.node_ports.get(service.ports[index].name, 0) for index in indexes]
        common = next((one for one in (*asked, *known_ones) if one), 0)
        by_value: dict[int, list[int]] = {}
        for index, wish, past in zip(indexes, asked, known_ones, strict=True):
            by_value.setdefault(wish or past or common, []).append(index)
        for value, members in by_value.items():
            yield number, value, tuple(members)
