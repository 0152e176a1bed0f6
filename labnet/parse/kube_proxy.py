"""`spec.kubeProxy` of a Lab: the fields of KubeProxyConfiguration that concern packets.

Source: k8s.io/kubernetes/pkg/proxy/apis/config/validation, v1.33.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from labnet.model import Conntrack, IPNetwork, KubeProxy
from labnet.parse.addresses import subnet_list
from labnet.parse.findings import Findings, Keys
from labnet.parse.formats import Complaint
from labnet.parse.legacy_addresses import legacy_network
from labnet.parse.readers import Reader, boolean, integer, items, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Items, Scalar, Tree, descend, quote


PRIMARY: Final = "primary"
DETECT_LOCAL_MODES: Final = ("ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix")
MASQUERADE_BIT: Final = 14
MAX_INTERFACE_NAME: Final = 15  # IFNAMSIZ, less the NUL


class _Masquerading(NamedTuple):
    """`iptables` and `nftables`: each mode has a section of its own."""

    masquerade_all: bool = False
    masquerade_bit: int = MASQUERADE_BIT
    localhost_node_ports: bool = True


class _DetectLocal(NamedTuple):
    """`detectLocal`: what the modes that look at interfaces need."""

    bridge_interface: str = ""
    interface_name_prefix: str = ""


_NO_MASQUERADING: Final = _Masquerading()
_NO_DETECTION: Final = _DetectLocal()


def _kube_proxy(  # noqa: PLR0913 - one for each field that is not the model's as it is
    *,
    mode: Any = "iptables",
    cluster_cidrs: tuple[IPNetwork, ...] = (),
    iptables: _Masquerading = _NO_MASQUERADING,
    nftables: _Masquerading = _NO_MASQUERADING,
    detect_local: _DetectLocal = _NO_DETECTION,
    node_port_addresses: tuple[str, ...] = (),
    **rest: Any,
) -> KubeProxy:
    """Of the sections of the modes, only that of the mode counts."""
    section = nftables if mode == "nftables" else iptables
    return KubeProxy(
        mode=mode,
        cluster_cidrs=cluster_cidrs,
        bridge_interface=detect_local.bridge_interface,
        interface_name_prefix=detect_local.interface_name_prefix,
        node_port_addresses=tuple(filter(None, node_port_addresses)),
        masquerade_all=section.masquerade_all,
        masquerade_bit=section.masquerade_bit,
        localhost_node_ports=mode == "iptables" and section.localhost_node_ports,
        **rest,
    )


def _read_node_port_address(tree: Tree, findings: Findings) -> str:
    """A subnet in CIDR notation, or `primary`: the node's own addresses."""
    if isinstance(tree, Scalar) and tree.text == PRIMARY:
        return PRIMARY
    network = legacy_network.read(tree, findings)
    return "" if network is None else str(network)


def _interface(name: str) -> Complaint | None:
    """What the kernel takes as a name (dev_valid_name), and netfilter as one (no wildcard)."""
    if not name:
        return "must not be empty", ""
    if len(name) > MAX_INTERFACE_NAME:
        what = f"{quote(name)} has {len(name)} characters; the most is {MAX_INTERFACE_NAME}"
        return what, "an interface has no longer name"
    if name in {".", ".."} or re.search(r"[\s/:+*]", name):
        return f"{quote(name)}: is not the name of an interface", "for example cni0"
    return None


_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = re.compile(
    r"([0-9]{0,30})(?:\.([0-9]{0,30}))?(ns|[u\u00b5\u03bc]s|ms|s|m|h)", re.ASCII
)
_LONGEST: Final = 2**63 - 1  # ns, which Go keeps it in


def _nanoseconds(word: str) -> int | None:
    """Go's time.ParseDuration: `24h0m0s`, `1.5h`, `500ms`, `0`; None if it is none."""
    sign, digits = (-1, word[1:]) if word[:1] == "-" else (1, word.removeprefix("+"))
    if digits == "0":
        return 0
    total, at = 0, 0
    while part := _PART.match(digits, at):
        whole, fraction, unit = part[1], part[2] or "", _UNITS[part[3]]
        if not whole and not fraction:
            return None
        total += int(whole or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = part.end()
    return sign * total if at and at == len(digits) and total <= _LONGEST else None


def _duration(word: str) -> Complaint | None:
    nanoseconds = _nanoseconds(word)
    if nanoseconds is None:
        return f"{quote(word)} is not a duration", "for example 24h0m0s, 90s or 1.5h"
    if nanoseconds < 0:
        return f"{quote(word)}: must be greater than or equal to 0", ""
    return None


_DURATION_TEXT: Final = text(_duration)


def _read_seconds(tree: Tree, findings: Findings) -> int:
    """A duration in whole seconds, as kube-proxy writes it to the kernel."""
    return (_nanoseconds(_DURATION_TEXT.read(tree, findings)) or 0) // 10**9


_SECONDS: Final = Reader(_read_seconds, 0)

_MASQUERADE: Final = {
    "masqueradeAll": Field("masquerade_all", boolean),
    "masqueradeBit": Field("masquerade_bit", integer(0, 31, blank=MASQUERADE_BIT)),
}
_IPTABLES: Final = record(
    "KubeProxyIPTables",
    _Masquerading,
    {**_MASQUERADE, "localhostNodePorts": Field("localhost_node_ports", boolean)},
)
_NFTABLES: Final = record("KubeProxyNFTables", _Masquerading, _MASQUERADE)
_DETECT_LOCAL: Final = record(
    "DetectLocal",
    _DetectLocal,
    {
        "bridgeInterface": Field("bridge_interface", text(_interface)),
        "interfaceNamePrefix": Field("interface_name_prefix", text(_interface)),
    },
)
_CONNTRACK: Final = record(
    "KubeProxyConntrack",
    Conntrack,
    {
        "tcpEstablishedTimeout": Field("tcp_established", _SECONDS),
        "tcpCloseWaitTimeout": Field("tcp_close_wait", _SECONDS),
        "tcpBeLiberal": Field("tcp_be_liberal", boolean),
        "udpTimeout": Field("udp", _SECONDS),
        "udpStreamTimeout": Field("udp_stream", _SECONDS),
    },
)

# The field that a mode needs, and what labnet itself calls its interfaces.
_NEEDED: Final = {
    "BridgeInterface": ("bridgeInterface", "cni0"),
    "InterfaceNamePrefix": ("interfaceNamePrefix", "veth"),
}


def _check(tree: Fields, made: KubeProxy, findings: Findings) -> None:
    _check_detection(tree, made, findings)
    written = tree.fields.get("nodePortAddresses")
    words = written.items if isinstance(written, Items) else []
    for word in words if len(words) > 1 else ():
        if isinstance(word, Scalar) and word.text == PRIMARY:
            findings.error(word, "can't use both 'primary' and CIDRs", "it must be alone")


def _check_detection(tree: Fields, made: KubeProxy, findings: Findings) -> None:
    given = {
        "bridgeInterface": made.bridge_interface,
        "interfaceNamePrefix": made.interface_name_prefix,
    }
    needed, example = _NEEDED.get(made.detect_local_mode, ("", ""))
    for name, value in given.items():
        below: Keys = ("detectLocal", name)
        written = descend(tree, below)
        if name == needed and not value and written.key != name:
            what = f"is missing, and detectLocalMode is {made.detect_local_mode}"
            findings.error(tree, what, f"for example `{name}: {example}`", below=below)
        elif value and name != needed:
            what = f"has no effect when detectLocalMode is {made.detect_local_mode}"
            findings.warning(tree, what, below=below)


KUBE_PROXY: Final = record(
    "KubeProxyConfiguration",
    _kube_proxy,
    {
        "mode": Field(
            "mode", one_of(("iptables", "nftables"), "iptables", "labnet has no ipvs or winkernel")
        ),
        "clusterCIDR": Field("cluster_cidrs", subnet_list),
        "detectLocalMode": Field("detect_local_mode", one_of(DETECT_LOCAL_MODES, "ClusterCIDR")),
        "detectLocal": Field("detect_local", _DETECT_LOCAL),
        "nodePortAddresses": Field(
            "node_port_addresses", items(Reader(_read_node_port_address, ""))
        ),
        "iptables": Field("iptables", _IPTABLES),
        "nftables": Field("nftables", _NFTABLES),
        "conntrack": Field("conntrack", _CONNTRACK),
    },
    check=_check,
)
"""The KubeProxy of what was written; without clusterCIDR it is the pods' subnet that counts."""
