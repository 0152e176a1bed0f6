"""`kind: Lab`: the machines and the wires."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from labnet.model import (
    HostSpec,
    IPAddress,
    KubeProxy,
    Lab,
    LoadBalancer,
    NodeSpec,
    Source,
)
from labnet.parse.addresses import address_list, address_range, subnet_list
from labnet.parse.findings import Findings
from labnet.parse.formats import dns_label, dns_subdomain, label_value
from labnet.parse.kube_proxy import KUBE_PROXY
from labnet.parse.metadata import LABELS, Metadata
from labnet.parse.networking import NETWORKING, WrittenNetworking, resolved
from labnet.parse.readers import Reader, boolean, items, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Tree
from labnet.parse.workloads import HEADER


class LabSpec(NamedTuple):
    """`spec` of a Lab as it was written."""

    nodes: tuple[NodeSpec, ...]
    networking: WrittenNetworking = WrittenNetworking()
    kube_proxy: KubeProxy = KubeProxy()
    load_balancer: LoadBalancer = LoadBalancer()
    hosts: tuple[HostSpec, ...] = ()
    machine_access: None = None
    internet: None = None


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
                    "kubeProxy": Field("kube_proxy", KUBE_PROXY),
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
