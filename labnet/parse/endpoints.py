"""`kind: Endpoints`, the predecessor of EndpointSlice, as it was written.

Source: `ValidateEndpoints` of k8s.io/kubernetes/pkg/apis/core/validation, v1.33.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from labnet.model import Endpoint, EndpointPort, Endpoints, EndpointSubset, Source
from labnet.parse.endpoint_slices import NO_TARGET, PORT, TARGET, Target, with_targets
from labnet.parse.findings import Findings, Keys
from labnet.parse.formats import dns_label, dns_subdomain
from labnet.parse.legacy_addresses import endpoint_address
from labnet.parse.metadata import Metadata
from labnet.parse.readers import items, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, descend
from labnet.parse.workloads import HEADER


class _Subset(NamedTuple):
    """One of the `subsets` of Endpoints."""

    ready: tuple[tuple[Endpoint, Target], ...] = ()
    not_ready: tuple[tuple[Endpoint, Target], ...] = ()
    ports: tuple[EndpointPort, ...] = ()


def _legacy_endpoint(ip: Any, target: Target = NO_TARGET, **rest: Any) -> tuple[Endpoint, Target]:
    return Endpoint(() if ip is None else (str(ip),), **rest), target


_ADDRESS: Final = record(
    "EndpointAddress",
    _legacy_endpoint,
    {
        "ip": Field("ip", endpoint_address, required=True, example="ip: 10.244.0.9"),
        "hostname": Field("hostname", text(dns_label)),
        "nodeName": Field("node_name", text(dns_subdomain)),
        "targetRef": Field("target", TARGET),
    },
)


def _check_subset(tree: Fields, made: _Subset, findings: Findings) -> None:
    names = ("addresses", "notReadyAddresses")
    if all(name not in tree.fields or tree.fields[name].is_blank for name in names):
        what = "must specify `addresses` or `notReadyAddresses`"
        findings.error(tree, what, "for example `addresses: [{ip: 10.244.0.9}]`")
    for index, port in enumerate(made.ports):
        below: Keys = ("ports", index, "name")
        written = descend(tree, below)
        unnamed = written.key != "name" or written.is_blank
        if len(made.ports) > 1 and not port.name and unnamed:
            findings.error(tree, "is missing", "of several ports, each has a name", below=below)


_SUBSET: Final = record(
    "EndpointSubset",
    _Subset,
    {
        "addresses": Field("ready", items(_ADDRESS)),
        "notReadyAddresses": Field("not_ready", items(_ADDRESS)),
        "ports": Field("ports", items(PORT)),
    },
    check=_check_subset,
)


def _itself(subsets: tuple[_Subset, ...] = ()) -> tuple[_Subset, ...]:
    return subsets


ENDPOINTS_BODY: Final = record(
    "Endpoints", _itself, {"subsets": Field("subsets", items(_SUBSET))}, silent=HEADER
)


def endpoints(metadata: Metadata, source: Source, body: tuple[_Subset, ...]) -> Endpoints:
    """Endpoints as they were written; those that are not ready say so themselves too."""
    subsets = tuple(
        EndpointSubset(
            ready=with_targets(subset.ready, metadata.namespace),
            not_ready=tuple(
                replace(each, ready=False)
                for each in with_targets(subset.not_ready, metadata.namespace)
            ),
            ports=subset.ports,
        )
        for subset in body
    )
    return Endpoints(
        metadata.namespace,
        metadata.name,
        source,
        subsets,
        metadata.labels,
        metadata.annotations,
    )
