"""`spec` of a pod: what labnet acts on, and its checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from labnet.model import ContainerSpec, HostAlias, PodSpec
from labnet.parse.addresses import ip_text
from labnet.parse.containers import CONTAINER, INIT_CONTAINER
from labnet.parse.findings import Findings, Keys
from labnet.parse.formats import dns_label, dns_subdomain
from labnet.parse.metadata import LABELS
from labnet.parse.readers import INT64, boolean, integer, items, one_of, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, descend, quote
from labnet.parse.volumes import VOLUME


class _DNSConfig(NamedTuple):
    """`dnsConfig`."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


# The limits of the API server's validatePodDNSConfig.
_MAX_NAMESERVERS: Final = 3
_MAX_SEARCHES: Final = 32
_MAX_SEARCH_LENGTH: Final = 2048


def _check_dns_config(tree: Fields, made: _DNSConfig, findings: Findings) -> None:
    if len(made.nameservers) > _MAX_NAMESERVERS:
        what = f"must not have more than {_MAX_NAMESERVERS} nameservers"
        findings.error(tree, what, below=("nameservers",))
    if len(made.searches) > _MAX_SEARCHES:
        what = f"must not have more than {_MAX_SEARCHES} search paths"
        findings.error(tree, what, below=("searches",))
    if len(" ".join(made.searches)) > _MAX_SEARCH_LENGTH:
        what = f"must not have more than {_MAX_SEARCH_LENGTH} characters in all"
        findings.error(tree, what, below=("searches",))


_DNS_CONFIG: Final = record(
    "DNSConfig",
    _DNSConfig,
    {
        "nameservers": Field("nameservers", items(text(ip_text))),
        "searches": Field("searches", items(text(lambda name: dns_subdomain(name.rstrip("."))))),
        "options": Field(
            "options",
            items(
                record(
                    "NameValue",
                    lambda name, value="": (name, value),
                    {
                        "name": Field("name", text(), required=True, example="name: ndots"),
                        "value": Field("value", text()),
                    },
                )
            ),
        ),
    },
    check=_check_dns_config,
)

_HOST_ALIAS: Final = record(
    "HostAlias",
    HostAlias,
    {
        "ip": Field("ip", text(ip_text), required=True, example="ip: 10.0.0.9"),
        "hostnames": Field(
            "hostnames",
            items(text(dns_subdomain)),
            required=True,
            example="hostnames: [db.example.com]",
        ),
    },
)


def _pod_spec(dns_config: _DNSConfig | None = None, **fields: Any) -> PodSpec:
    if dns_config is None:
        return PodSpec(**fields)
    return PodSpec(
        dns_nameservers=dns_config.nameservers,
        dns_searches=dns_config.searches,
        dns_options=dns_config.options,
        **fields,
    )


def all_containers(spec: PodSpec) -> Iterator[tuple[Keys, ContainerSpec]]:
    """Each container of a pod with its place in the spec, init containers first."""
    for index, container in enumerate(spec.init_containers):
        yield ("initContainers", index), container
    for index, container in enumerate(spec.containers):
        yield ("containers", index), container


def _check_pod_spec(tree: Fields, made: PodSpec, findings: Findings) -> None:
    _check_names(tree, made, findings)
    _check_host_ports(tree, made, findings)
    if made.dns_policy == "None" and not made.dns_nameservers:
        what = "must have at least one DNS nameserver when `dnsPolicy` is None"
        findings.error(tree, what, below=("dnsConfig", "nameservers"))


def _check_names(tree: Fields, made: PodSpec, findings: Findings) -> None:
    """Containers (init containers among them) and volumes have a name each."""
    volumes: list[tuple[Keys, str]] = [
        (("volumes", index), volume.name) for index, volume in enumerate(made.volumes)
    ]
    containers = [(place, container.name) for place, container in all_containers(made)]
    for named in (volumes, containers):
        first: dict[str, Keys] = {}
        for place, name in named:
            if name and name in first:
                line = descend(tree, (*first[name], "name")).line
                what = f"duplicate value {quote(name)} (line {line})"
                findings.error(tree, what, below=(*place, "name"))
            first.setdefault(name, place)


def _check_host_ports(tree: Fields, made: PodSpec, findings: Findings) -> None:
    """A port of the node is one container's; those of hostNetwork are the containers' own."""
    first: dict[tuple[int, str, str], Keys] = {}
    for place, container in all_containers(made):
        for index, port in enumerate(container.ports):
            below: Keys = (*place, "ports", index, "hostPort")
            number = port.host_port
            if made.host_network and number not in {0, port.container_port}:
                what = "must match `containerPort` when `hostNetwork` is true"
                findings.error(tree, what, below=below)
            if made.host_network and not number:
                number, below = port.container_port, (*below[:-1], "containerPort")
            key = (number, port.protocol, port.host_ip)
            # Init containers are over when the others begin.
            if number and place[0] == "containers" and key in first:
                line = descend(tree, first[key]).line
                what = f"duplicate value {number}/{port.protocol} (line {line})"
                findings.error(tree, what, "a port of the node is one container's", below=below)
            elif place[0] == "containers":
                first.setdefault(key, below)


POD_SPEC: Final = record(
    "PodSpec",
    _pod_spec,
    {
        "containers": Field(
            "containers",
            items(CONTAINER, required="container"),
            required=True,
            example="containers: [{name: web, image: nginx}]",
        ),
        "initContainers": Field("init_containers", items(INIT_CONTAINER)),
        "nodeName": Field("node_name", text(dns_subdomain)),
        "nodeSelector": Field("node_selector", LABELS),
        "hostname": Field("hostname", text(dns_label)),
        "subdomain": Field("subdomain", text(dns_label)),
        "hostNetwork": Field("host_network", boolean),
        "restartPolicy": Field(
            "restart_policy", one_of(("Always", "OnFailure", "Never"), "Always")
        ),
        "terminationGracePeriodSeconds": Field(
            "termination_grace_period_seconds", integer(0, INT64, blank=30)
        ),
        "hostAliases": Field("host_aliases", items(_HOST_ALIAS)),
        "dnsPolicy": Field(
            "dns_policy",
            one_of(("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"), "ClusterFirst"),
        ),
        "dnsConfig": Field("dns_config", _DNS_CONFIG),
        "volumes": Field("volumes", items(VOLUME)),
        "enableServiceLinks": Field("enable_service_links", boolean),
    },
    check=_check_pod_spec,
)
