"""The files of /etc that a container gets from what runs it: hosts, hostname and resolv.conf.

Sources: managedHostsFileContent and nodeHostsFileContent of pkg/kubelet/kubelet_pods.go,
pkg/kubelet/network/dns/dns.go, parseDNSOptions of containerd's CRI plugin, and Docker's
libnetwork/etchosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labnet.model import HostAlias, Networking, PodSpec
from labnet.resolve.segment import ip_address


HOSTS = "/etc/hosts"
HOSTNAME = "/etc/hostname"
RESOLV_CONF = "/etc/resolv.conf"
DNS_INDEX = 10  # kubeadm's cluster DNS is the tenth address of the service subnet
MAX_SERVERS = 3
MAX_SEARCHES = 32
MAX_SEARCH_LENGTH = 2048
MAX_DOMAIN_LENGTH = 253
NO_SERVER = "# No name server: nothing in this lab reaches one.\n"
_POD_LOCALHOST = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n"
)
_DOCKER_LOCALHOST = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n"
)


def pod_hosts(ips: Iterable[str], hostname: str, domain: str, aliases: Sequence[HostAlias]) -> str:
    """A pod's /etc/hosts; `domain` is empty but for a pod with a subdomain."""
    names = f"{hostname}.{domain}\t{hostname}" if domain else hostname
    own = "".join([f"{ip}\t{names}\n" for ip in ips])
    return f"# Kubernetes-managed hosts file.\n{_POD_LOCALHOST}{own}{_alias_lines(aliases)}"


def machine_hosts(ips: Iterable[str], hostname: str) -> str:
    """The /etc/hosts of a node, or of a container on docker0: what Docker writes for either."""
    return _DOCKER_LOCALHOST + "".join([f"{ip}\t{hostname}\n" for ip in ips])


def host_network_hosts(node_hosts: str, aliases: Sequence[HostAlias]) -> str:
    """The /etc/hosts of a pod on the host's network: the node's own and the aliases."""
    header = "# Kubernetes-managed hosts file (host network).\n"
    return f"{header}{node_hosts}{_alias_lines(aliases)}"


def _alias_lines(aliases: Sequence[HostAlias]) -> str:
    """`hostAliases` as the kubelet adds them."""
    if not aliases:
        return ""
    lines = [f"{alias.ip}\t{chr(9).join(alias.hostnames)}\n" for alias in aliases]
    return f"\n# Entries added by HostAliases.\n{''.join(lines)}"


def dns_server(networking: Networking) -> str:
    """The address of the cluster's DNS Service: the primary family's, as kubeadm has it."""
    subnet = networking.service_subnets[0]
    return str(ip_address(subnet.version, int(subnet.network_address) + DNS_INDEX))


def pod_resolv_conf(spec: PodSpec, namespace: str, networking: Networking) -> str:
    """A pod's /etc/resolv.conf after its dnsPolicy and dnsConfig.

    The policy Default (and ClusterFirst on the host's network, which means it) begins with the
    node's own file, which has no server.
    """
    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: dict[str, str] = {}
    cluster_first = spec.dns_policy == "ClusterFirst" and not spec.host_network
    if cluster_first or spec.dns_policy == "ClusterFirstWithHostNet":
        domain = networking.cluster_domain
        servers = (dns_server(networking),)
        searches = (f"{namespace}.svc.{domain}", f"svc.{domain}", domain)
        options = {"ndots": "5"}
    servers = tuple(dict.fromkeys((*servers, *spec.dns_nameservers)))
    searches = tuple(dict.fromkeys((*searches, *spec.dns_searches)))
    options.update(spec.dns_options)
    return resolv_conf(
        servers[:MAX_SERVERS],
        _fitting(searches),
        [f"{name}:{value}" if value else name for name, value in options.items()],
    )


def resolv_conf(
    servers: Sequence[str] = (), searches: Sequence[str] = (), options: Sequence[str] = ()
) -> str:
    """The text of a resolv.conf, in containerd's order; a comment says when it has no server."""
    search = f"search {' '.join(searches)}\n" if searches else ""
    server = "".join([f"nameserver {server}\n" for server in servers]) or NO_SERVER
    option = f"options {' '.join(options)}\n" if options else ""
    return search + server + option


def _fitting(searches: Sequence[str]) -> list[str]:
    """As many search domains as the kubelet lets through (formDNSSearchFitsLimits)."""
    kept = [name for name in searches[:MAX_SEARCHES] if len(name) <= MAX_DOMAIN_LENGTH]
    while len(" ".join(kept)) > MAX_SEARCH_LENGTH:
        kept.pop()
    return kept
