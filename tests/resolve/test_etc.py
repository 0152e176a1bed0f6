"""The files of /etc are those that the kubelet, containerd and Docker write."""

from __future__ import annotations

import pytest

from labnet.model import HostAlias, PodSpec
from labnet.resolve.etc import (
    NO_SERVER,
    host_network_hosts,
    machine_hosts,
    pod_hosts,
    pod_resolv_conf,
)
from resolve.builders import container, networking


MANAGED = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
DOCKERS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
ALIASES = (
    HostAlias("123.45.67.89", ("foo", "bar", "baz")),
    HostAlias("456.78.90.123", ("park", "doo", "boo")),
)
ADDED = """
# Entries added by HostAliases.
123.45.67.89\tfoo\tbar\tbaz
456.78.90.123\tpark\tdoo\tboo
"""


@pytest.mark.parametrize(
    ("ips", "hostname", "domain", "aliases", "expected"),
    [
        (["123.45.67.89"], "podFoo", "", (), "123.45.67.89\tpodFoo\n"),
        (
            ["203.0.113.1"],
            "podFoo",
            "domainFoo",
            (),
            "203.0.113.1\tpodFoo.domainFoo\tpodFoo\n",
        ),
        (
            ["203.0.113.1", "fd00::6"],
            "podFoo",
            "domainFoo",
            (),
            "203.0.113.1\tpodFoo.domainFoo\tpodFoo\nfd00::6\tpodFoo.domainFoo\tpodFoo\n",
        ),
        (["203.0.113.1"], "podFoo", "", ALIASES, f"203.0.113.1\tpodFoo\n{ADDED}"),
    ],
)
def test_pod_hosts(
    ips: list[str], hostname: str, domain: str, aliases: tuple[HostAlias, ...], expected: str
) -> None:
    """The cases of TestManagedHostsFileContent (pkg/kubelet/kubelet_pods_test.go)."""
    assert MANAGED + expected == pod_hosts(ips, hostname, domain, aliases)


def test_machine_hosts() -> None:
    """What Docker writes for a container, which is what a node of kind is too."""
    text = machine_hosts(["172.17.0.2"], "db")
    assert text == f"{DOCKERS}172.17.0.2\tdb\n"


def test_host_network_hosts() -> None:
    """The node's file between the kubelet's header and the aliases (TestNodeHostsFileContent)."""
    text = host_network_hosts("127.0.0.1\tlocalhost\n", ALIASES)
    header = "# Kubernetes-managed hosts file (host network).\n"
    assert text == f"{header}127.0.0.1\tlocalhost\n{ADDED}"


CLUSTER = (
    "search prod.svc.cluster.local svc.cluster.local cluster.local\n"
    "nameserver 10.96.0.10\n"
    "options ndots:5\n"
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, CLUSTER),
        ({"host_network": True}, NO_SERVER),
        ({"host_network": True, "dns_policy": "ClusterFirstWithHostNet"}, CLUSTER),
        ({"dns_policy": "ClusterFirstWithHostNet"}, CLUSTER),
        ({"dns_policy": "Default"}, NO_SERVER),
        (
            {
                "dns_policy": "None",
                "dns_nameservers": ("192.0.2.1",),
                "dns_searches": ("ns1.svc.cluster-domain.example", "my.dns.search.suffix"),
                "dns_options": (("ndots", "2"), ("edns0", "")),
            },
            (
                "search ns1.svc.cluster-domain.example my.dns.search.suffix\n"
                "nameserver 192.0.2.1\n"
                "options ndots:2 edns0\n"
            ),
        ),
        (
            {
                "dns_nameservers": ("192.0.2.1", "10.96.0.10", "192.0.2.2", "192.0.2.3"),
                "dns_searches": ("cluster.local", "example.org"),
                "dns_options": (("ndots", "1"), ("debug", "")),
            },
            (
                "search prod.svc.cluster.local svc.cluster.local cluster.local example.org\n"
                "nameserver 10.96.0.10\n"
                "nameserver 192.0.2.1\n"
                "nameserver 192.0.2.2\n"
                "options ndots:1 debug\n"
            ),
        ),
    ],
)
def test_pod_resolv_conf(fields: dict[str, object], expected: str) -> None:
    """Each dnsPolicy, and dnsConfig merged into it: unions without repetition, options replaced.

    The third case is the one of the manual: kubernetes.io, "Pod's DNS Config".
    """
    spec = PodSpec((container(),), **fields)  # type: ignore[arg-type] # of a table
    assert expected == pod_resolv_conf(spec, "prod", networking())


def test_the_dns_server_is_of_the_primary_family() -> None:
    """In a dual-stack cluster kubeadm's DNS Service has an address of the first family only."""
    text = pod_resolv_conf(PodSpec((container(),)), "default", networking((6, 4)))
    assert "nameserver fd00:10:96::a\n" in text
    assert "10.96.0.10" not in text


def test_the_cluster_domain() -> None:
    """It is the lab's, not always cluster.local."""
    net = networking(cluster_domain="lab.example")
    text = pod_resolv_conf(PodSpec((container(),)), "default", net)
    assert text.startswith("search default.svc.lab.example svc.lab.example lab.example\n")


@pytest.mark.parametrize(
    ("searches", "kept"),
    [
        ([f"s{index}.example" for index in range(40)], 29),
        (["x" * 254, "short.example"], 1),
        ([f"{index:03}.{'x' * 246}" for index in range(12)], 7),
    ],
)
def test_search_limits(searches: list[str], kept: int) -> None:
    """32 domains, 253 characters each, 2,048 together: the cluster's three and what still fits."""
    spec = PodSpec((container(),), dns_searches=tuple(searches))
    line = pod_resolv_conf(spec, "default", networking()).splitlines()[0]
    domains = line.removeprefix("search ").split(" ")
    assert len(domains) == 3 + kept
    assert len(" ".join(domains)) <= 2048
    assert len(line) < 2048 or kept == 7
