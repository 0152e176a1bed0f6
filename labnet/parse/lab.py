"""`kind: Lab`: the machines and the wires."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from labnet.model import (
    HostSpec,
    IPAddress,
    IPNetwork,
    KubeProxy,
    Lab,
    LoadBalancer,
    NodeSpec,
    Source,
)
from labnet.parse.addresses import address_list, address_range, cidr_text, subnet_list
from labnet.parse.findings import Findings
from labnet.parse.formats import Complaint, dns_label, dns_subdomain, label_value
from labnet.parse.metadata import LABELS, Metadata
from labnet.parse.networking import NETWORKING, WrittenNetworking, resolved
from labnet.parse.readers import Reader, boolean, items, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Tree
from labnet.parse.workloads import HEADER


DETECT_LOCAL_MODES: Final = ("ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix")


class LabSpec(NamedTuple):
    """`spec` of a Lab as it was written."""

    nodes: tuple[NodeSpec, ...]
    networking: WrittenNetworking = WrittenNetworking()
    kube_proxy: KubeProxy = KubeProxy()
    load_balancer: LoadBalancer = LoadBalancer()
    hosts: tuple[HostSpec, ...] = ()
    machine_access: None = None
    internet: None = None


class _Masquerading(NamedTuple):
    """`kubeProxy.iptables` and `kubeProxy.nftables`."""

    masquerade_all: bool = False
    localhost_node_ports: bool = True


_DEFAULT: Final = _Masquerading()


def _kube_proxy(
    mode: Any = "iptables",
    cluster_cidrs: tuple[IPNetwork, ...] = (),
    iptables: _Masquerading = _DEFAULT,
    nftables: _Masquerading = _DEFAULT,
    **rest: Any,
) -> KubeProxy:
    """Each mode has a section of its own, and only that of the mode counts."""
    section = nftables if mode == "nftables" else iptables
    return KubeProxy(
        mode=mode,
        cluster_cidrs=cluster_cidrs,
        masquerade_all=section.masquerade_all,
        localhost_node_ports=mode == "iptables" and section.localhost_node_ports,
        **rest,
    )


def _node_port_address(word: str) -> Complaint | None:
    return None if word == "primary" else cidr_text(word)


_MASQUERADE_ALL: Final = {"masqueradeAll": Field("masquerade_all", boolean)}
_KUBE_PROXY: Final = record(
    "KubeProxyConfiguration",
    _kube_proxy,
    {
        "mode": Field(
            "mode", one_of(("iptables", "nftables"), "iptables", "labnet has no ipvs or winkernel")
        ),
        "clusterCIDR": Field("cluster_cidrs", subnet_list),
        "detectLocalMode": Field("detect_local_mode", one_of(DETECT_LOCAL_MODES, "ClusterCIDR")),
        "nodePortAddresses": Field("node_port_addresses", items(text(_node_port_address))),
        "iptables": Field(
            "iptables",
            record(
                "KubeProxyIPTables",
                _Masquerading,
                {**_MASQUERADE_ALL, "localhostNodePorts": Field("localhost_node_ports", boolean)},
            ),
        ),
        "nftables": Field("nftables", record("KubeProxyNFTables", _Masquerading, _MASQUERADE_ALL)),
    },
)


def _load_balancer(
    provider: Any = "cloud", pool: tuple[tuple[IPAddress, IPAddress] | None, ...] = ()
) -> LoadBalancer:
    return LoadBalancer(provider, tuple(span for span in pool if span is not None))


_LOAD_BALANCER: Final = record(
    "LabLoadBalancer",
    _load_balancer,
    {
        "provider": Field("provider", one_of(("cloud", "l2", "none"), "cloud")),
        "pool": Field("pool", items(address_range)),
    },
)

_NODE: Final = record(
    "LabNode",
    NodeSpec,
    {
        "name": Field("name", text(dns_subdomain), required=True, example="name: node1"),
        "address": Field("addresses", address_list),
        "podCIDR": Field("pod_cidrs", subnet_list),
        "labels": Field("labels", LABELS),
        "zone": Field("zone", text(label_value)),
    },
    source=True,
)

_HOST: Final = record(
    "LabHost",
    HostSpec,
    {
        "name": Field("name", text(dns_label), required=True, example="name: client"),
        "address": Field("addresses", address_list),
    },
    source=True,
)


def _read_not_yet(tree: Tree, findings: Findings) -> None:
    """A field whose only value so far is false."""
    if boolean.read(tree, findings):
        findings.error(tree, f"{tree.key} is not there yet", "remove it, or set it to false")


_NOT_YET: Final = Reader(_read_not_yet, None)

LAB_BODY: Final = record(
    "Lab",
    lambda spec: spec,
    {
        "spec": Field(
            "spec",
            record(
                "LabSpec",
                LabSpec,
                {
                    "networking": Field("networking", NETWORKING),
                    "kubeProxy": Field("kube_proxy", _KUBE_PROXY),
                    "loadBalancer": Field("load_balancer", _LOAD_BALANCER),
                    "nodes": Field(
                        "nodes",
                        items(_NODE, required="node"),
                        required=True,
                        example="nodes: [{name: node1}, {name: node2}]",
                    ),
                    "hosts": Field("hosts", items(_HOST)),
                    "machineAccess": Field("machine_access", _NOT_YET),
                    "internet": Field("internet", _NOT_YET),
                },
            ),
            required=True,
            example="spec: {nodes: [{name: node1}]}",
        )
    },
    silent=HEADER,
)


def lab(metadata: Metadata, source: Source, spec: LabSpec) -> Lab:
    """A Lab with the defaults that need no more than itself."""
    networking = resolved(spec.networking)
    kube_proxy = spec.kube_proxy
    if not kube_proxy.cluster_cidrs:
        kube_proxy = replace(kube_proxy, cluster_cidrs=networking.pod_subnets)
    return Lab(
        name=metadata.name,
        source=source,
        networking=networking,
        nodes=spec.nodes,
        hosts=spec.hosts,
        kube_proxy=kube_proxy,
        load_balancer=spec.load_balancer,
    )
