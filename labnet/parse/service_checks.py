"""Services together: the addresses and ports that they ask for, against the lab and each other.

Source: k8s.io/kubernetes/pkg/registry/core/service (ipallocator, portallocator, storage), v1.33.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from labnet.model import IPAddress, IPNetwork, Lab, Service
from labnet.names import DEFAULT_NAMESPACE
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, place
from labnet.parse.tree import Items, Tree, descend


API_SERVICE: Final = "kubernetes"
_API_SERVICE_KINDS: Final = ("Service", "EndpointSlice", "Endpoints")
_SUBNET: Final[Keys] = ("spec", "networking", "serviceSubnet")
_RANGE: Final[Keys] = ("spec", "networking", "serviceNodePortRange")
_HEALTH: Final = "healthCheckNodePort"


def check_services(contents: Contents, findings: Findings) -> None:
    """No Service is the cluster's own, and all that they ask for is there, and there once."""
    _check_api_service(contents, findings)
    for document, lab in contents.of(Lab):
        addresses = _Addresses(document, lab, findings)
        ports = _NodePorts(document, lab, findings)
        for other, service in contents.of(Service):
            if service.type == "ExternalName":
                continue
            _check_families(other, service, lab, findings)
            if not is_api_service(other.namespace, other.name):
                addresses.take(other, service)
            if service.type in {"NodePort", "LoadBalancer"}:
                ports.take(other, service)


def is_api_service(namespace: str, name: str) -> bool:
    """Whether it is the Service that every cluster has, for its own API server."""
    return (namespace, name) == (DEFAULT_NAMESPACE, API_SERVICE)


def _check_api_service(contents: Contents, findings: Findings) -> None:
    for document in contents.documents:
        if document.kind in _API_SERVICE_KINDS and is_api_service(
            document.namespace, document.name
        ):
            what = f"every cluster has {document.kind} {API_SERVICE} in namespace default"
            hint = "remove it: labnet makes its own, at the first address of serviceSubnet"
            findings.error(document.root, what, hint, below=("metadata", "name"))


def cluster_ip_keys(document: Document, index: int) -> Keys:
    """The field that says the address at `index` of a Service."""
    written = descend(document.root, ("spec", "clusterIPs"))
    if isinstance(written, Items) and written.items and written.key == "clusterIPs":
        return ("spec", "clusterIPs", index)
    return ("spec", "clusterIP")


def _check_families(document: Document, service: Service, lab: Lab, findings: Findings) -> None:
    """Its families are the lab's; one without endpoints that anybody computes may have others."""
    families = lab.networking.families
    if service.headless and not service.selector:
        return
    only = f"the lab is IPv{families[0]} only: see spec.networking.ipFamily of the Lab"
    if service.ip_family_policy == "RequireDualStack" and len(families) == 1:
        what = "this cluster is not configured for dual-stack services"
        findings.error(document.root, what, only, below=("spec", "ipFamilyPolicy"))
    for index, family in enumerate(service.families):
        if family not in families:
            what = f"IPv{family} is not configured on this cluster"
            findings.error(document.root, what, only, below=("spec", "ipFamilies", index))
    for index, address in enumerate(service.cluster_ips):
        if index >= len(service.families) and address.version not in families:
            what = f"{address} is IPv{address.version}, which is not configured on this cluster"
            findings.error(document.root, what, only, below=cluster_ip_keys(document, index))


def _title(document: Document, beside: Document) -> str:
    """`Service web`, with its namespace if that is another one."""
    if document.namespace == beside.namespace:
        return f"Service {document.name}"
    return f"Service {document.namespace}/{document.name}"


def _written_at(lab: Document, keys: Keys, beside: Tree) -> str:
    """Where the lab says it, or that it does not."""
    tree = descend(lab.root, keys)
    return place(tree, beside) if tree.key == keys[-1] else "its default"


class _Claim(NamedTuple):
    """What a Service asks for, the field that says so, and for a node port, which port's."""

    document: Document
    keys: Keys
    port: int = 0
    protocol: str = ""

    def described(self, beside: Document) -> str:
        """`Service web (line 9)`, as a message about `beside` names it."""
        line = place(descend(self.document.root, self.keys), beside.root)
        return f"{_title(self.document, beside)} ({line})"


class _Addresses:
    """The clusterIPs that were asked for so far."""

    def __init__(self, document: Document, lab: Lab, findings: Findings) -> None:
        self._document = document
        self._subnets = {net.version: net for net in lab.networking.service_subnets}
        self._api_server = next((net[1] for net in lab.networking.service_subnets), None)
        self._findings = findings
        self._taken: dict[IPAddress, _Claim] = {}

    def take(self, document: Document, service: Service) -> None:
        """Each address is inside of serviceSubnet, may be asked for, and is nobody else's."""
        for index, address in enumerate(service.cluster_ips):
            claim = _Claim(document, cluster_ip_keys(document, index))
            other = self._taken.setdefault(address, claim)
            if what := self._misplaced(document, address):
                self._findings.error(document.root, what, below=claim.keys)
            elif other is not claim:
                what = f"{address} is the clusterIP of {other.described(document)} already"
                self._findings.error(document.root, what, below=claim.keys)

    def _misplaced(self, document: Document, address: IPAddress) -> str:
        subnet = self._subnets.get(address.version)
        if subnet is None:
            return ""  # that there is none of its family was said already
        if address not in subnet:
            where = _written_at(self._document, _SUBNET, document.root)
            return f"{address} is not inside of serviceSubnet {subnet} ({where})"
        if role := _role(subnet, address):
            return f"{address} is {role} of serviceSubnet {subnet}"
        if address == self._api_server:
            return f"{address} is that of Service {API_SERVICE}, which every cluster has"
        return ""


def _role(subnet: IPNetwork, address: IPAddress) -> str:
    """What keeps an address from being given; IPv6 has no broadcast address."""
    if address == subnet[0]:
        return "the network address"
    if subnet.version == 4 and address == subnet[-1]:
        return "the broadcast address"
    return ""


class _NodePorts:
    """The ports of every node that were asked for so far.

    A number is one Service's, whatever the protocol; within it, ports of one number and of
    several protocols may share it (`initNodePorts`), and healthCheckNodePort is one of them too.
    """

    def __init__(self, document: Document, lab: Lab, findings: Findings) -> None:
        self._document = document
        self._range = lab.networking.node_port_range
        self._findings = findings
        self._taken: dict[int, _Claim] = {}

    def take(self, document: Document, service: Service) -> None:
        """Each number is inside of serviceNodePortRange, and nobody else's."""
        for index, port in enumerate(service.ports):
            if port.node_port:
                keys: Keys = ("spec", "ports", index, "nodePort")
                self._take(port.node_port, _Claim(document, keys, port.port, port.protocol))
        if service.health_check_node_port and service.external_traffic_policy == "Local":
            self._take(service.health_check_node_port, _Claim(document, ("spec", _HEALTH)))

    def _take(self, number: int, claim: _Claim) -> None:
        low, high = self._range
        if not low <= number <= high:
            where = _written_at(self._document, _RANGE, claim.document.root)
            what = f"{number} is not inside of serviceNodePortRange {low}-{high} ({where})"
            self._findings.error(claim.document.root, what, below=claim.keys)
            return
        other = self._taken.setdefault(number, claim)
        if other.document is not claim.document:
            name = _HEALTH if other.keys[-1] == _HEALTH else "nodePort"
            what = f"{number} is the {name} of {other.described(claim.document)} already"
            hint = "a node port is one Service's, whatever the protocol"
            self._findings.error(claim.document.root, what, hint, below=claim.keys)
        elif other.port != claim.port and other.protocol != claim.protocol:
            line = descend(other.document.root, other.keys).line
            what = f"{number} is taken by another port of this Service (line {line})"
            hint = "only ports of one number and of several protocols share a node port"
            self._findings.error(claim.document.root, what, hint, below=claim.keys)
