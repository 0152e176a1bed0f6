"""Subnets and addresses: nothing overlaps, everything is inside of what it belongs to, and fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final, NamedTuple

from labnet.model import BridgeContainer, Family, IPAddress, IPNetwork, Lab, Networking
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, count
from labnet.parse.tree import Items, descend


DOCKER_SUBNET: Final = IPv4Network("172.17.0.0/16")  # dockerd's default
NODE_MASK: Final[dict[Family, int]] = {4: 24, 6: 64}  # --node-cidr-mask-size-ipv4 and -ipv6
MAX_MACHINES: Final = 1000  # the kernel's 1,024 ports of a bridge, less a few for others
MIN_SERVICE_ADDRESSES: Final = 10  # kubeadm's MinimumAddressesInServiceSubnet


class Block(NamedTuple):
    """A subnet, the field that says so, and what a message calls it."""

    network: IPNetwork
    keys: Keys
    name: str


class Owned(NamedTuple):
    """An address, and the field that asks for it."""

    address: IPAddress
    keys: Keys
    name: str


def _where(document: Document, keys: Keys) -> str:
    """`line 9`, or `its default` for a field that is not written."""
    tree = descend(document.root, keys)
    return f"line {tree.line}" if tree.keys[-1:] == keys[-1:] else "its default"


def check_addressing(contents: Contents, findings: Findings) -> None:
    """The subnets of the lab, and the addresses and podCIDRs of its machines."""
    bridges = any(each.network == "bridge" for _, each in contents.of(BridgeContainer))
    for document, lab in contents.of(Lab):
        if _is_crowded(document, lab, findings):
            continue
        _check_overlaps(document, lab.networking, findings, docker=bridges)
        _check_service_subnets(document, lab.networking, findings)
        _check_families(document, lab, findings)
        _check_pod_cidrs(document, lab, findings)
        _check_machines(document, lab, findings)
        _check_pool(document, lab, findings)
        _check_room(document, lab, findings)


def _is_crowded(document: Document, lab: Lab, findings: Findings) -> bool:
    machines = len(lab.nodes) + len(lab.hosts)
    if machines > MAX_MACHINES:
        what = f"{machines:,} nodes and hosts are too many for one segment"
        hint = f"at most {MAX_MACHINES:,}: a bridge has no more ports"
        findings.error(document.root, what, hint, below=("spec", "nodes"))
    return machines > MAX_MACHINES


def _blocks(networking: Networking) -> Iterator[Block]:
    named = {
        "podSubnet": networking.pod_subnets,
        "serviceSubnet": networking.service_subnets,
        "nodeSubnet": networking.node_subnets,
    }
    for name, subnets in named.items():
        keys: Keys = ("spec", "networking", name)
        yield from (Block(subnet, keys, name) for subnet in subnets)


def _check_overlaps(
    document: Document, networking: Networking, findings: Findings, *, docker: bool
) -> None:
    blocks = list(_blocks(networking))
    for one, other in combinations(blocks, 2):
        if one.network.overlaps(other.network) and one.name != other.name:
            _overlap(document, one, other, findings)
    for block in blocks if docker else ():
        if block.network.overlaps(DOCKER_SUBNET):
            what = f"{block.network} overlaps {DOCKER_SUBNET}, docker0's on every node"
            hint = "a lab with Containers has a docker0: take another subnet"
            findings.error(document.root, what, hint, below=block.keys)


def _overlap(document: Document, one: Block, other: Block, findings: Findings) -> None:
    """The one that is written is the one to blame; of two, the one that stands later."""
    lines = [_line_if_written(document, block) for block in (one, other)]
    blamed, against = (one, other) if lines[0] > lines[1] else (other, one)
    where = _where(document, against.keys)
    what = f"{blamed.network} overlaps {against.name} {against.network} ({where})"
    findings.error(document.root, what, below=blamed.keys)


def _line_if_written(document: Document, block: Block) -> int:
    tree = descend(document.root, block.keys)
    return tree.line if tree.keys[-1:] == block.keys[-1:] else 0


def _check_service_subnets(document: Document, networking: Networking, findings: Findings) -> None:
    for subnet in networking.service_subnets:
        if subnet.num_addresses < MIN_SERVICE_ADDRESSES:
            longest = subnet.max_prefixlen - 4
            what = f"{subnet} is too small for Services: the prefix must be /{longest} or shorter"
            findings.error(document.root, what, below=("spec", "networking", "serviceSubnet"))


def _check_families(document: Document, lab: Lab, findings: Findings) -> None:
    """Every address and podCIDR is of a family of the lab."""
    written: list[tuple[Keys, Iterable[IPAddress | IPNetwork]]] = [
        *((("spec", "nodes", i, "address"), node.addresses) for i, node in enumerate(lab.nodes)),
        *((("spec", "nodes", i, "podCIDR"), node.pod_cidrs) for i, node in enumerate(lab.nodes)),
        *((("spec", "hosts", i, "address"), host.addresses) for i, host in enumerate(lab.hosts)),
    ]
    for keys, values in written:
        for value in values:
            _check_family(document, lab, keys, value, findings)


def _check_family(
    document: Document, lab: Lab, keys: Keys, value: IPAddress | IPNetwork, findings: Findings
) -> None:
    families = lab.networking.families
    if value.version not in families:
        what = f"{value} is IPv{value.version}, and the lab is IPv{families[0]} only"
        findings.error(document.root, what, "see spec.networking.ipFamily", below=keys)


def _subnet_of(subnets: Sequence[IPNetwork], value: IPAddress | IPNetwork) -> IPNetwork | None:
    return next((subnet for subnet in subnets if subnet.version == value.version), None)


def within(inner: IPNetwork, outer: IPNetwork) -> bool:
    """Whether all of `inner` is in `outer`; both are of one family."""
    return outer.prefixlen <= inner.prefixlen and inner.network_address in outer


def _check_pod_cidrs(document: Document, lab: Lab, findings: Findings) -> None:
    """Each is inside of podSubnet, overlaps no other, and has room for a gateway and a pod."""
    cidrs = [
        Block(cidr, ("spec", "nodes", index, "podCIDR"), f"nodes[{index}].podCIDR")
        for index, node in enumerate(lab.nodes)
        for cidr in node.pod_cidrs
    ]
    for cidr in cidrs:
        subnet = _subnet_of(lab.networking.pod_subnets, cidr.network)
        if subnet is not None and not within(cidr.network, subnet):
            where = _where(document, ("spec", "networking", "podSubnet"))
            what = f"{cidr.network} is not inside of podSubnet {subnet} ({where})"
            findings.error(document.root, what, below=cidr.keys)
        if cidr.network.num_addresses < 4:
            longest = cidr.network.max_prefixlen - 2
            what = f"{cidr.network} is too small: a gateway and a pod need a /{longest}"
            findings.error(document.root, what, below=cidr.keys)
    # In the order of their first addresses, what overlaps anything overlaps a neighbour.
    ordered = sorted(cidrs, key=lambda cidr: (cidr.network.version, int(cidr.network[0])))
    widest: Block | None = None
    for cidr in ordered:
        if widest is not None and _overlaps(widest, cidr):
            _overlap(document, widest, cidr, findings)
        if (
            widest is None
            or not _overlaps(widest, cidr)
            or int(cidr.network[-1]) > int(widest.network[-1])
        ):
            widest = cidr


def _overlaps(one: Block, other: Block) -> bool:
    return one.network.version == other.network.version and one.network.overlaps(other.network)


def _machines(lab: Lab) -> Iterator[Owned]:
    for index, node in enumerate(lab.nodes):
        for address in node.addresses:
            yield Owned(address, ("spec", "nodes", index, "address"), f"nodes[{index}]")
    for index, host in enumerate(lab.hosts):
        for address in host.addresses:
            yield Owned(address, ("spec", "hosts", index, "address"), f"hosts[{index}]")


def reserved(subnet: IPNetwork, address: IPAddress) -> str:
    """What an address of `subnet` is taken for already, or nothing.

    The gateway has the first one, as everywhere in CNI; IPv6 has no broadcast address.
    """
    if address == subnet[0]:
        return "the network address"
    if address == subnet[1]:
        return "the gateway"
    if subnet.version == 4 and address == subnet[-1]:
        return "the broadcast address"
    return ""


def _check_machines(document: Document, lab: Lab, findings: Findings) -> None:
    """A node is on the node subnet, a host may be elsewhere, and each has its own address."""
    first: dict[IPAddress, Owned] = {}
    for owned in _machines(lab):
        subnet = _subnet_of(lab.networking.node_subnets, owned.address)
        if subnet is not None and (wrong := _misplaced(document, lab, owned, subnet)):
            findings.error(document.root, *wrong, below=owned.keys)
        if owned.address in first:
            other = first[owned.address]
            where = _where(document, other.keys)
            what = f"{owned.address} is the address of {other.name} already ({where})"
            findings.error(document.root, what, below=owned.keys)
        first.setdefault(owned.address, owned)


def _misplaced(
    document: Document, lab: Lab, owned: Owned, subnet: IPNetwork
) -> tuple[str, str] | None:
    address = owned.address
    if address in subnet:
        role = reserved(subnet, address)
        return (f"{address} is {role} of nodeSubnet {subnet}", "") if role else None
    if owned.keys[1] == "nodes":
        where = _where(document, ("spec", "networking", "nodeSubnet"))
        hint = "a node is on the node subnet; a host need not be"
        return f"{address} is not inside of nodeSubnet {subnet} ({where})", hint
    for block in _blocks(lab.networking):
        if block.name != "nodeSubnet" and address in block.network:
            what = f"{address} is inside of {block.name} {block.network}"
            return f"{what} ({_where(document, block.keys)})", "a host is outside of the cluster"
    if (
        address.is_multicast
        or address.is_loopback
        or address.is_unspecified
        or address.is_link_local
    ):
        return f"{address} is not the address of one machine", ""
    return None


def _check_pool(document: Document, lab: Lab, findings: Findings) -> None:
    """A load balancer's addresses are nobody's, and not in the cluster's own subnets."""
    written = descend(document.root, ("spec", "loadBalancer", "pool"))
    if not isinstance(written, Items) or len(written.items) != len(lab.load_balancer.pool):
        return  # one of them could not be read
    for index, (low, high) in enumerate(lab.load_balancer.pool):
        keys: Keys = ("spec", "loadBalancer", "pool", index)
        _check_family(document, lab, keys, low, findings)
        for owned in _machines(lab):
            same = owned.address.version == low.version
            if same and int(low) <= int(owned.address) <= int(high):
                where = _where(document, owned.keys)
                what = f"{low}-{high} has {owned.address}, the address of {owned.name} ({where})"
                findings.error(document.root, what, below=keys)
        for block in _blocks(lab.networking):
            same = block.network.version == low.version and block.name != "nodeSubnet"
            if same and int(low) <= int(block.network[-1]) and int(block.network[0]) <= int(high):
                where = _where(document, block.keys)
                what = f"{low}-{high} overlaps {block.name} {block.network} ({where})"
                findings.error(document.root, what, below=keys)


def _check_room(document: Document, lab: Lab, findings: Findings) -> None:
    for subnet in lab.networking.node_subnets:
        _check_node_room(document, lab, subnet, findings)
    for subnet in lab.networking.pod_subnets:
        _check_pod_room(document, lab, subnet, findings)


def _check_node_room(document: Document, lab: Lab, subnet: IPNetwork, findings: Findings) -> None:
    """The node subnet has an address for every machine, besides the gateway's."""
    machines = len(lab.nodes) + len(lab.hosts)
    elsewhere = {
        owned.keys
        for owned in _machines(lab)
        if owned.address.version == subnet.version and owned.address not in subnet
    }
    pool = sum(int(high) - int(low) + 1 for low, high in lab.load_balancer.pool if low in subnet)
    needed = machines - len(elsewhere) + pool
    room = subnet.num_addresses - _unusable(subnet)
    if needed > room:
        bits = (needed + _unusable(subnet) - 1).bit_length()
        what = f"{subnet} is too small: it has room for {count(max(room, 0), 'machine')}"
        more = f" and a pool of {pool}" if pool else ""
        size = subnet.max_prefixlen - bits
        hint = f"{machines - len(elsewhere)} nodes and hosts{more} need a /{size}"
        findings.error(document.root, what, hint, below=("spec", "networking", "nodeSubnet"))


def _unusable(subnet: IPNetwork) -> int:
    """The network, the gateway, and the broadcast address where there is one."""
    return 3 if subnet.version == 4 else 2


def _check_pod_room(document: Document, lab: Lab, subnet: IPNetwork, findings: Findings) -> None:
    """The pod subnet has a block for every node that has no podCIDR of its own."""
    cidrs = [
        cidr for node in lab.nodes for cidr in node.pod_cidrs if cidr.version == subnet.version
    ]
    waiting = len(lab.nodes) - len(cidrs)
    mask = NODE_MASK[subnet.version]
    blocks = 1 << (mask - subnet.prefixlen) if subnet.prefixlen <= mask else 0
    free = blocks - _blocks_taken(cidrs, mask, subnet.max_prefixlen)
    if waiting > max(free, 0):
        bits = (len(lab.nodes) - 1).bit_length()
        room = count(max(free, 0), "node")
        what = f"{subnet} is too small: with a /{mask} for each, it has room for {room}"
        hint = f"{waiting} have no podCIDR: take a /{mask - bits}, or give each node one"
        findings.error(document.root, what, hint, below=("spec", "networking", "podSubnet"))


def _blocks_taken(cidrs: Sequence[IPNetwork], mask: int, length: int) -> int:
    small = {int(cidr[0]) >> (length - mask) for cidr in cidrs if cidr.prefixlen >= mask}
    large = (1 << (mask - cidr.prefixlen) for cidr in cidrs if cidr.prefixlen < mask)
    return len(small) + sum(large)
