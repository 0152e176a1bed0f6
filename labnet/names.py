"""Every name that labnet derives, each with its inverse.

Kernel limits: 15 bytes for an interface, 6 bytes for a MAC address, 255 for a file name (a named
network namespace is a file). All names are injective: two things never get the same one.
The names of other people's iptables chains are hashes, so those are injective as far as a hash is.

Decisions
- We chose the low 32 bits of an address for interface names and MAC addresses (as Docker does for
  its MACs) over a hash because a person can read it back, and it cannot collide within a subnet.
- We chose the names of kube-proxy's and portmap's chains as they are, hashes that nobody can read
  back (an iptables chain has at most 28 characters), because guides to their rules use them.
- We chose `_segment` for the namespace of the node segment because an underscore can be in
  no Kubernetes name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple


if TYPE_CHECKING:
    from labnet.model import IPAddress


SEGMENT = "_segment"
DEFAULT_NAMESPACE = "default"
_LOW32 = 0xFFFF_FFFF
_NFT_NAME = 240  # the longest that kube-proxy makes, less the chain's kind

POD_MAC = "0a:58"  # what kubenet and the CNI bridge plugin gave their pods
DOCKER_MAC = "02:42"  # Docker's
NODE_MAC = "02:1a"  # labnet's own, for machines on the segment
PORT_MAC = "0e:1b"  # labnet's own, for the other end of any veth
VXLAN_MAC = "0e:f1"  # labnet's own, for the VTEP of a node


_LAB = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def is_lab_name(text: str) -> bool:
    """Whether a lab can have this name: a DNS label, so no dot and nothing that means a path."""
    return _LAB.fullmatch(text) is not None


class NetnsName(NamedTuple):
    """The parts of the name of a network namespace."""

    lab: str
    namespace: str
    name: str


def netns_name(lab: str, name: str, namespace: str = DEFAULT_NAMESPACE) -> str:
    """The network namespace of a node, host, container or pod: `LAB.NAME` or `LAB.NAMESPACE.NAME`.

    A name with a dot in it always gets its namespace, so that the result can be read back.
    """
    if namespace == DEFAULT_NAMESPACE and "." not in name:
        return f"{lab}.{name}"
    return f"{lab}.{namespace}.{name}"


def parse_netns_name(netns: str) -> NetnsName:
    """The inverse of `netns_name`; raises ValueError for a name that it cannot have made."""
    lab, _, rest = netns.partition(".")
    if not lab or not rest:
        message = f"{netns!r} is not the name of a lab's network namespace"
        raise ValueError(message)
    namespace, dot, name = rest.partition(".")
    if not dot:
        return NetnsName(lab, DEFAULT_NAMESPACE, rest)
    return NetnsName(lab, namespace, name)


def segment_netns(lab: str) -> str:
    """The namespace of the wire between the nodes."""
    return f"{lab}.{SEGMENT}"


def veth_name(address: IPAddress) -> str:
    """The end of a veth that lies in a bridge, named after the address at the other end."""
    return f"veth{int(address) & _LOW32:08x}"


def parse_veth_name(name: str) -> int:
    """The low 32 bits of the address that `veth_name` was given."""
    if not name.startswith("veth") or len(name) != len("veth") + 8:
        message = f"{name!r} is not the name of a bridge port"
        raise ValueError(message)
    return int(name[4:], 16)


def mac_address(prefix: str, address: IPAddress) -> str:
    """A MAC address: two bytes that say what it is, then the low 32 bits of the address."""
    low = (int(address) & _LOW32).to_bytes(4, "big")
    return f"{prefix}:{low.hex(':')}"


def parse_mac_address(mac: str) -> tuple[str, int]:
    """The prefix and the low 32 bits that `mac_address` was given."""
    return mac[:5], int(mac[6:].replace(":", ""), 16)


def service_chain(kind: str, port_name: str, protocol: str, endpoint: str = "") -> str:
    """kube-proxy's iptables chain of a port of a Service: `KUBE-SVC-NPX46M4PTMTKRN6Y`.

    `kind` is SVC, SVL, EXT, FW or, with an endpoint (`10.0.0.1:80`), SEP; `port_name` is
    `NAMESPACE/NAME:PORT`, `protocol` in lower case (Kubernetes' pkg/proxy/iptables).
    """
    from base64 import b32encode  # noqa: PLC0415 - only a lab whose rules are made needs it
    from hashlib import sha256  # noqa: PLC0415 - OpenSSL: 6 ms that other commands need not pay

    digest = sha256(f"{port_name}{protocol}{endpoint}".encode()).digest()
    return f"KUBE-{kind}-{b32encode(digest[:10]).decode()}"


def host_port_chain(pod_id: str, host_port: int, protocol: str, host_ip: str) -> str:
    """Kubelet's iptables chain of a hostPort, `KUBE-HP-` and a hash, as it was with kubenet.

    `protocol` is in upper case (Kubernetes' pkg/kubelet/dockershim/network/hostport).
    """
    return service_chain("HP", pod_id, f"{host_port}{protocol}", host_ip)


def cni_chain(prefix: str, network: str, container_id: str) -> str:
    """A CNI plugin's iptables chain of a container, 28 characters: `CNI-DN-` and hexadecimal.

    As `FormatChainName` of containernetworking/plugins; `prefix` is `DN-` for portmap.
    """
    from hashlib import sha512  # noqa: PLC0415 - OpenSSL: 6 ms that other commands need not pay

    return f"CNI-{prefix}{sha512(f'{network}{container_id}'.encode()).hexdigest()}"[:28]


def nft_service_chain(kind: str, namespace: str, name: str, protocol: str, port: str) -> str:
    """kube-proxy's nftables chain of a port of a Service.

    `service-ULMVA6XW-ns1/svc1/tcp/p80`: `kind` is service, local, external or firewall; `port` is
    the name of the port, empty if it has none, `protocol` in lower case (Kubernetes'
    pkg/proxy/nftables).
    """
    return f"{kind}-{_with_digest(f'{namespace}/{name}/{protocol}/{port}')}"


def nft_endpoint_chain(  # noqa: PLR0913, PLR0917 - the name has that many parts
    kind: str, namespace: str, name: str, protocol: str, port: str, endpoint: tuple[str, int]
) -> str:
    """The chain (`endpoint`) or set of clients (`affinity`) of an endpoint, its address and port.

    `endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80`; an IPv6 address has dots for its colons.
    """
    ip = endpoint[0].replace(":", ".")
    return f"{kind}-{_with_digest(f'{namespace}/{name}/{protocol}/{port}__{ip}/{endpoint[1]}')}"


def _with_digest(name: str) -> str:
    """A name after a digest of it, so that it stays its own if it has to be cut."""
    from base64 import b32encode  # noqa: PLC0415 - only a lab whose rules are made needs it
    from hashlib import sha256  # noqa: PLC0415 - OpenSSL: 6 ms that other commands need not pay

    whole = f"{b32encode(sha256(name.encode()).digest()[:5]).decode()}-{name}"
    return whole if len(whole) <= _NFT_NAME else f"{whole[: _NFT_NAME - 3]}..."
