"""The lab of the flow table: three nodes in three zones, and a Service for every case.

Every Service has all kinds of addresses at once, and each port twice, for TCP and UDP, with one
nodePort: what a flow asks is only where it goes to and who asks.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

from flows.variants import VARIANTS


HTTP, UDP = 8080, 8081
UNDEFINED_PORT = 81
ZONES = {"n1": "za", "n2": "zb", "n3": "zc"}
PODS = {"c1": "n1", "c2": "n2", "c3": "n3", "a1": "n1", "b1": "n2", "b2": "n2"}
PODS |= {"d1": "n1", "d2": "n2", "h2": "n2"}
HOSTS = ("x1", "x3", "far")
"""Outside machines; VIPs and clusterIPs lead x1 and far to n1, and x3 to n3."""
OCTETS = {pod: number for number, pod in enumerate(PODS, 10)}
NODE_OCTETS = {"n1": 2, "n2": 3, "n3": 4, "x1": 11, "x3": 13, "far": 14}
LABELS = {"a1": "web", "b1": "web", "b2": "web", "d1": "named", "d2": "named", "h2": "host"}
PORTS = {"d1": (8082, 8083), "d2": (8084, 8085), "h2": (8090, 8091)}
"""The HTTP and UDP ports of a pod, where they are not the usual ones."""


class Case(NamedTuple):
    """A Service: its policies (C or L, internal then external), and where its endpoints come from.

    `endpoints` is `app=web`, or slices as written: `a1 b1:term`. After the colon stands a state
    (`STATES`), after `@` a zone or `%` a node that the endpoint is hinted for. `ranges` are
    machines or `pods`.
    """

    policies: str = "CC"
    endpoints: str = "app=web"
    ranges: str = ""
    extra: str = ""
    labels: str = ""
    ip_mode: str = "VIP"


STATES = {
    "": (True, True, False),
    "term": (False, True, True),
    "dead": (False, False, True),
    "notready": (False, False, False),
    "serving": (False, True, False),
}
"""ready, serving, terminating."""

CASES = {
    "web": Case(),
    "web-cl": Case("CL"),
    "web-lc": Case("LC"),
    "web-ll": Case("LL"),
    "none": Case(endpoints="app=nobody"),
    "none-ll": Case("LL", "app=nobody"),
    "single-ll": Case("LL", "b1"),
    "term": Case("CC", "a1:term b1:term"),
    "term-ll": Case("LL", "a1:term b1:term"),
    "mixed-cl": Case("CL", "a1:term b1"),
    "mixed-ll": Case("LL", "a1:term b1"),
    "remote": Case("CC", "b1:term"),
    "remote-ll": Case("LL", "b1:term"),
    "notready": Case("CC", "a1:notready b1:notready"),
    "serving": Case("CC", "a1:serving b1:serving"),
    "dead": Case("CC", "a1:dead b1:dead"),
    "partial": Case("CC", "a1 b1:notready"),
    "ranged": Case(ranges="x1"),
    "ranged-cl": Case("CL", ranges="x1"),
    "ranged-pods": Case(ranges="pods"),
    "ranged-n1": Case(ranges="n1"),
    "ranged-all": Case(ranges="x1 all"),
    "hinted": Case("CC", "a1@za b1@zb"),
    "hinted-cl": Case("CL", "a1@za b1@zb"),
    "half-hinted": Case("CC", "a1@za b1"),
    "node-hinted": Case("CC", "a1%n1 b1%n2"),
    "close": Case(extra="  trafficDistribution: PreferClose\n"),
    "host": Case("CC", "app=host"),
    "named": Case("CC", "app=named"),
    "proxied": Case(ip_mode="Proxy"),
    "skipped": Case(labels="{service.kubernetes.io/service-proxy-name: other}"),
}
NUMBERS = {name: number for number, name in enumerate(CASES, 1)}


def cluster_ip(service: str, family: int) -> str:
    """The clusterIP of a Service."""
    number = NUMBERS[service]
    return f"10.96.1.{number}" if family == 4 else f"fd00:10:96::1{number:02x}"


def external_ip(service: str, family: int) -> str:
    """Its externalIP, from TEST-NET-2."""
    number = NUMBERS[service]
    return f"198.51.100.{number}" if family == 4 else f"2001:db8:51::{number:x}"


def balancer_ip(service: str, family: int) -> str:
    """The address in its status.loadBalancer, from TEST-NET-3."""
    number = NUMBERS[service]
    return f"203.0.113.{number}" if family == 4 else f"2001:db8:113::{number:x}"


def free_ip(family: int) -> str:
    """An address of the service subnet that no Service has."""
    return "10.96.200.200" if family == 4 else "fd00:10:96::c8c8"


def node_port(service: str) -> int:
    """Its nodePort, for TCP and UDP."""
    return 30000 + NUMBERS[service]


def node_ip(node: str, family: int) -> str:
    """The address of a node or host."""
    octet = NODE_OCTETS[node]
    return f"172.18.0.{octet}" if family == 4 else f"fc00:f853:ccd:e793::{octet:x}"


def gateway_ip(node: str, family: int) -> str:
    """The address of a node's bridge."""
    index = list(ZONES).index(node)
    return f"10.244.{index}.1" if family == 4 else _canonical(f"fd00:10:244:{index}::1")


def pod_ip(pod: str, family: int) -> str:
    """The address of a pod."""
    if pod == "h2":
        return node_ip("n2", family)
    index, octet = list(ZONES).index(PODS[pod]), OCTETS[pod]
    if family == 4:
        return f"10.244.{index}.{octet}"
    return _canonical(f"fd00:10:244:{index}::{octet:x}")


def _canonical(address: str) -> str:
    return str(ip_address(address))


def lab_text(mode: str, variant: str = "") -> str:
    """The lab file, with a variant of kube-proxy's configuration."""
    kube_proxy = VARIANTS[variant][0].lstrip("\n") if variant else ""
    documents = [_lab(mode, kube_proxy), *(_pod(pod) for pod in PODS)]
    for name, case in CASES.items():
        documents.append(_service(name, case))
        if "=" not in case.endpoints:
            documents += [_slice(name, case, family) for family in (4, 6)]
    return "---\n".join(documents)


def _lab(mode: str, kube_proxy: str) -> str:
    machines = {
        name: f"{{name: {name}, address: '{node_ip(name, 4)},{node_ip(name, 6)}'"
        for name in NODE_OCTETS
    }
    nodes = "".join(
        f"  - {machines[name]}, zone: {zone}, podCIDR: '{_pod_cidr(name)}'}}\n"
        for name, zone in ZONES.items()
    )
    hosts = "".join(f"  - {machines[name]}}}\n" for name in HOSTS)
    return (
        "apiVersion: labnet.dev/v1\nkind: Lab\n"
        f"metadata: {{name: flows-{mode}}}\n"
        "spec:\n  networking: {ipFamily: dual}\n"
        f"  kubeProxy:\n    mode: {mode}\n{kube_proxy}"
        f"  nodes:\n{nodes}  hosts:\n{hosts}"
    )


def _pod_cidr(node: str) -> str:
    index = list(ZONES).index(node)
    return f"10.244.{index}.0/24,fd00:10:244:{index}::/64"


def _pod(name: str) -> str:
    http, udp = PORTS.get(name, (HTTP, UDP))
    where = f"  nodeName: {PODS[name]}\n"
    addresses = ""
    listen = ""
    if name == "h2":
        where += "  hostNetwork: true\n"
        # A UDP server that does not say which of its addresses it answers from is misunderstood.
        listen = f", '--udp-listen-addresses={node_ip('n2', 4)},{node_ip('n2', 6)}'"
    else:
        static = f"{pod_ip(name, 4)},{pod_ip(name, 6)}"
        addresses = f", annotations: {{labnet.dev/ip: '{static}'}}"
    labels = f", labels: {{app: {LABELS[name]}}}" if name in LABELS else ""
    return (
        "apiVersion: v1\nkind: Pod\n"
        f"metadata: {{name: {name}{labels}{addresses}}}\n"
        f"spec:\n{where}  containers:\n  - name: main\n    image: agnhost\n"
        f"    args: [netexec, --http-port={http}, --udp-port={udp}{listen}]\n"
        "    ports:\n"
        f"    - {{name: http, containerPort: {http}}}\n"
        f"    - {{name: udp, containerPort: {udp}, protocol: UDP}}\n"
    )


def _service(name: str, case: Case) -> str:
    policies = {"C": "Cluster", "L": "Local"}
    both = (4, 6)
    ingress = ", ".join(
        f"{{ip: '{balancer_ip(name, family)}', ipMode: {case.ip_mode}}}" for family in both
    )
    labels = f", labels: {case.labels}" if case.labels else ""
    key, _, value = case.endpoints.partition("=")
    selector = f"  selector: {{{key}: {value}}}\n" if value else ""
    ranges = ", ".join(f"'{cidr}'" for cidr in _ranges(case))
    return (
        "apiVersion: v1\nkind: Service\n"
        f"metadata: {{name: {name}{labels}}}\n"
        "spec:\n  type: LoadBalancer\n  ipFamilyPolicy: RequireDualStack\n"
        f"  clusterIP: '{cluster_ip(name, 4)}'\n"
        f"  clusterIPs: ['{cluster_ip(name, 4)}', '{cluster_ip(name, 6)}']\n"
        f"  externalIPs: ['{external_ip(name, 4)}', '{external_ip(name, 6)}']\n"
        f"  internalTrafficPolicy: {policies[case.policies[0]]}\n"
        f"  externalTrafficPolicy: {policies[case.policies[1]]}\n"
        f"  loadBalancerSourceRanges: [{ranges}]\n{case.extra}{selector}  ports:\n"
        f"  - {{name: p, port: 80, targetPort: http, nodePort: {node_port(name)}}}\n"
        f"  - {{name: u, port: 80, targetPort: udp, nodePort: {node_port(name)}, protocol: UDP}}\n"
        f"status: {{loadBalancer: {{ingress: [{ingress}]}}}}\n"
    )


def _ranges(case: Case) -> list[str]:
    found = []
    for word in case.ranges.split():
        if word == "pods":
            found += ["10.244.0.0/16", "fd00:10:244::/56"]
        elif word == "all":
            found += ["0.0.0.0/0", "::/0"]
        else:
            found += [f"{node_ip(word, 4)}/32", f"{node_ip(word, 6)}/128"]
    return found


def _slice(name: str, case: Case, family: int) -> str:
    endpoints = "".join(_endpoint(word, family) for word in case.endpoints.split())
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: {name}-{family}, labels: {{kubernetes.io/service-name: {name}}}}}\n"
        f"addressType: IPv{family}\nports:\n"
        f"- {{name: p, port: {HTTP}, protocol: TCP}}\n- {{name: u, port: {UDP}, protocol: UDP}}\n"
        f"endpoints:\n{endpoints}"
    )


def _endpoint(word: str, family: int) -> str:
    rest, _, node = word.partition("%")
    rest, _, zone = rest.partition("@")
    pod, _, state = rest.partition(":")
    ready, serving, terminating = (str(value).lower() for value in STATES[state])
    hints = ""
    if zone:
        hints = f", hints: {{forZones: [{{name: {zone}}}]}}"
    if node:
        hints = f", hints: {{forZones: [{{name: {ZONES[node]}}}], forNodes: [{{name: {node}}}]}}"
    conditions = f"{{ready: {ready}, serving: {serving}, terminating: {terminating}}}"
    return (
        f"- {{addresses: ['{pod_ip(pod, family)}'], conditions: {conditions},"
        f" nodeName: {PODS[pod]}{hints}}}\n"
    )
