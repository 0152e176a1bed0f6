"""`spec.networking` of a Lab: what may be written, and the subnets of each family.

The field names are kind's where kind has one; so are the defaults of the subnets.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final, NamedTuple

from labnet.model import Family, IPNetwork, Networking
from labnet.parse.addresses import subnet_list
from labnet.parse.findings import Findings
from labnet.parse.formats import Complaint, dns_subdomain
from labnet.parse.readers import Reader, integer, noun, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Scalar, Tree, quote


Subnets = tuple[IPNetwork, ...]

CNI_MODES: Final = ("host-gw", "vxlan", "kubenet")
DEFAULT_SUBNETS: Final[Mapping[str, Mapping[Family, IPNetwork]]] = {
    "podSubnet": {4: ip_network("10.244.0.0/16"), 6: ip_network("fd00:10:244::/56")},
    "serviceSubnet": {4: ip_network("10.96.0.0/16"), 6: ip_network("fd00:10:96::/112")},
    "nodeSubnet": {4: ip_network("172.18.0.0/24"), 6: ip_network("fc00:f853:ccd:e793::/64")},
}
_FAMILIES: Final[Mapping[str, tuple[Family, ...]]] = {"ipv4": (4,), "ipv6": (6,), "dual": (4, 6)}

MAX_MTU: Final = 65535  # what a veth and a bridge take
MIN_MTU: Final[Mapping[Family, int]] = {4: 576, 6: 1280}  # RFC 791, RFC 8200
VXLAN_OVERHEAD: Final[Mapping[Family, int]] = {4: 50, 6: 70}


class WrittenNetworking(NamedTuple):
    """What was written; None where nothing was, and `()` for a subnet that could not be read."""

    family: str = "ipv4"
    pod: Subnets | None = None
    service: Subnets | None = None
    node: Subnets | None = None
    node_port_range: tuple[int, int] = (30000, 32767)
    cluster_domain: str = "cluster.local"
    cni: str = "host-gw"
    mtu: int = 1500

    @property
    def given(self) -> dict[str, Subnets]:
        """The subnets that could be read, by their field."""
        named = {"podSubnet": self.pod, "serviceSubnet": self.service, "nodeSubnet": self.node}
        return {name: subnets for name, subnets in named.items() if subnets}

    @property
    def families(self) -> tuple[Family, ...]:
        """The families in the order of the first subnet that has both, IPv4 first without one."""
        families = _FAMILIES[self.family]
        for subnets in self.given.values():
            order = tuple(subnet.version for subnet in subnets)
            if len(order) == len(families) == 2:
                return order
        return families


def resolved(written: WrittenNetworking) -> Networking:
    """The networking with its defaults; a subnet that is wrong is missing in its tuple."""
    return Networking(
        families=written.families,
        pod_subnets=_subnets(written, "podSubnet", written.pod),
        service_subnets=_subnets(written, "serviceSubnet", written.service),
        node_subnets=_subnets(written, "nodeSubnet", written.node),
        node_port_range=written.node_port_range,
        cluster_domain=written.cluster_domain,
        cni=written.cni,
        mtu=written.mtu,
    )


def _subnets(written: WrittenNetworking, name: str, given: Subnets | None) -> Subnets:
    if given is None:
        return tuple(DEFAULT_SUBNETS[name][family] for family in written.families)
    by_family = {subnet.version: subnet for subnet in given}
    return tuple(by_family[family] for family in written.families if family in by_family)


def _check(tree: Fields, made: WrittenNetworking, findings: Findings) -> None:
    for name, subnets in made.given.items():
        _check_families(tree, name, subnets, made, findings)
    _check_mtu(tree, made, findings)


def _check_families(
    tree: Fields, name: str, subnets: Subnets, made: WrittenNetworking, findings: Findings
) -> None:
    order = tuple(subnet.version for subnet in subnets)
    wrong = [subnet for subnet in subnets if subnet.version not in made.families]
    if wrong:
        what = f"{wrong[0]} is IPv{wrong[0].version}, and ipFamily is {made.family}"
        other = "dual" if len(subnets) == 2 else f"ipv{wrong[0].version}"
        findings.error(tree, what, f"did you mean ipFamily: {other}?", below=(name,))
    elif len(order) < len(made.families):
        missing = next(family for family in made.families if family not in order)
        example = f"{subnets[0]},{DEFAULT_SUBNETS[name][missing]}"
        what = f"ipFamily is dual, and {subnets[0]} is IPv{order[0]} only"
        findings.error(tree, what, f"write one of each: {example}", below=(name,))
    elif order != made.families:
        first = next(iter(made.given))
        what = f"IPv{order[0]} is first here and second in {first}"
        hint = "the first one is the cluster's primary family: write both in one order"
        findings.error(tree, what, hint, below=(name,))


def _check_mtu(tree: Fields, made: WrittenNetworking, findings: Findings) -> None:
    if "mtu" not in tree.fields or not made.mtu:
        return
    family: Family = 6 if 6 in made.families else 4
    overhead = VXLAN_OVERHEAD[family] if made.cni == "vxlan" else 0
    least = MIN_MTU[family] + overhead
    if not least <= made.mtu <= MAX_MTU:
        what = f"{made.mtu}: must be between {least} and {MAX_MTU}, inclusive"
        hint = f"IPv{family} needs {MIN_MTU[family]} bytes"
        if overhead:
            hint += f", and vxlan takes {overhead} more"
        findings.error(tree, what, hint, below=("mtu",))


def _cni(mode: str) -> Complaint | None:
    if mode in CNI_MODES:
        return None
    modes = ", ".join(CNI_MODES)
    if "/" in mode or mode.endswith((".conflist", ".conf", ".json")):
        return "a CNI configuration of one's own is not there yet", f"the modes are {modes}"
    return f"unsupported value {quote(mode)}", f"supported values: {modes}"


def _read_port_range(tree: Tree, findings: Findings) -> tuple[int, int]:
    blank = WrittenNetworking().node_port_range
    if not isinstance(tree, Scalar) or tree.kind != "str":
        findings.error(tree, f"must be a range of ports, not {noun(tree)}", "30000-32767, say")
        return blank
    first, _, last = (part.strip() for part in tree.text.partition("-"))
    if not (first.isdecimal() and last.isdecimal() and len(first) < 6 and len(last) < 6):
        findings.error(tree, f"{quote(tree.text)} is not a range of ports", "30000-32767, say")
    elif not 1 <= int(first) <= int(last) <= 65535:
        what = (
            f"{quote(tree.text)}: must begin at 1 or above, end at 65535 or below, and not be empty"
        )
        findings.error(tree, what)
    else:
        return int(first), int(last)
    return blank


NETWORKING: Final = record(
    "LabNetworking",
    WrittenNetworking,
    {
        "ipFamily": Field("family", one_of(tuple(_FAMILIES), "ipv4")),
        "podSubnet": Field("pod", subnet_list),
        "serviceSubnet": Field("service", subnet_list),
        "nodeSubnet": Field("node", subnet_list),
        "serviceNodePortRange": Field("node_port_range", Reader(_read_port_range, (30000, 32767))),
        "clusterDomain": Field("cluster_domain", text(dns_subdomain)),
        "cni": Field("cni", text(_cni)),
        "mtu": Field("mtu", integer(1, MAX_MTU)),
    },
    check=_check,
)
