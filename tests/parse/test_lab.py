"""`kind: Lab` and `kind: Container`, and what they have without saying so."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from labnet.model import (
    Conntrack,
    EnvVar,
    HostSpec,
    KubeProxy,
    Lab,
    LoadBalancer,
    Networking,
    NodeSpec,
    PublishedPort,
    Source,
)
from parse.texts import LAB, parsed, refusal, topology


def lab(spec: str) -> Lab:
    """The Lab of a spec, given as a flow mapping, with one node."""
    head = "apiVersion: labnet.dev/v1\nkind: Lab\nmetadata: {name: lab}\n"
    return topology(f"{head}spec: {{nodes: [{{name: n}}], {spec}}}\n").lab


def test_the_least_lab() -> None:
    """Everything but the name and the nodes has a default, which is kind's where kind has one."""
    networking = Networking(
        families=(4,),
        pod_subnets=(ip_network("10.244.0.0/16"),),
        service_subnets=(ip_network("10.96.0.0/16"),),
        node_subnets=(ip_network("172.18.0.0/24"),),
        node_port_range=(30000, 32767),
        cluster_domain="cluster.local",
        cni="host-gw",
        mtu=1500,
    )
    assert topology(LAB).lab == Lab(
        name="lab",
        source=Source("lab.yaml", 1),
        networking=networking,
        nodes=(
            NodeSpec("node1", Source("lab.yaml", 6)),
            NodeSpec("node2", Source("lab.yaml", 7)),
        ),
        kube_proxy=KubeProxy(cluster_cidrs=networking.pod_subnets),
    )


WHOLE_LAB = """\
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: whole, labels: {a: b}}
spec:
  networking:
    ipFamily: dual
    podSubnet: 10.1.0.0/16,fd00:1::/56
    serviceSubnet: 10.2.0.0/16, fd00:2::/112
    nodeSubnet: 10.3.0.0/24,fd00:3::/64
    serviceNodePortRange: 31000-31999
    clusterDomain: example.org
    cni: vxlan
    mtu: 9000
  kubeProxy:
    mode: nftables
    clusterCIDR: 10.1.0.0/17
    detectLocalMode: NodeCIDR
    nodePortAddresses: [10.0.0.0/8, "fd00:3::/64"]
    nftables: {masqueradeAll: true, masqueradeBit: 3}
    conntrack: {tcpEstablishedTimeout: 24h0m0s, udpTimeout: 1m30.5s, tcpBeLiberal: true}
  loadBalancer: {provider: l2, pool: [10.3.0.200-10.3.0.250, "fd00:3::ff00/120"]}
  machineAccess: false
  nodes:
  - name: a.example
    address: 10.3.0.9,fd00:3::9
    podCIDR: 10.1.7.0/24
    labels: {disk: ssd}
    zone: east
  hosts:
  - {name: client, address: 192.0.2.1}
"""


def test_the_whole_lab() -> None:
    """Each field of a Lab has its place in the model."""
    found = topology(WHOLE_LAB).lab
    assert found.networking.families == (4, 6)
    assert found.networking.pod_subnets == (ip_network("10.1.0.0/16"), ip_network("fd00:1::/56"))
    assert found.networking.node_port_range == (31000, 31999)
    assert (found.networking.cluster_domain, found.networking.cni) == ("example.org", "vxlan")
    assert found.networking.mtu == 9000
    assert found.kube_proxy == KubeProxy(
        mode="nftables",
        cluster_cidrs=(ip_network("10.1.0.0/17"),),
        detect_local_mode="NodeCIDR",
        node_port_addresses=("10.0.0.0/8", "fd00:3::/64"),
        masquerade_all=True,
        masquerade_bit=3,
        conntrack=Conntrack(udp=90, tcp_be_liberal=True),
        localhost_node_ports=False,
    )
    v4 = (ip_address("10.3.0.200"), ip_address("10.3.0.250"))
    v6 = (ip_address("fd00:3::ff00"), ip_address("fd00:3::ffff"))
    assert found.load_balancer == LoadBalancer("l2", (v4, v6))
    assert found.nodes == (
        NodeSpec(
            "a.example",
            Source("lab.yaml", 24),
            (ip_address("10.3.0.9"), ip_address("fd00:3::9")),
            (ip_network("10.1.7.0/24"),),
            {"disk": "ssd"},
            "east",
        ),
    )
    assert found.hosts == (HostSpec("client", Source("lab.yaml", 30), (ip_address("192.0.2.1"),)),)


def test_families() -> None:
    """The order of the first subnet that is written decides; IPv4 is first without one."""
    assert lab("networking: {ipFamily: ipv6}").networking.pod_subnets == (
        ip_network("fd00:10:244::/56"),
    )
    dual = lab("networking: {ipFamily: dual}").networking
    assert dual.families == (4, 6)
    assert [net.version for net in dual.node_subnets] == [4, 6]
    turned = lab('networking: {ipFamily: dual, serviceSubnet: "fd00:2::/112,10.2.0.0/16"}')
    assert turned.networking.families == (6, 4)
    for subnets in (turned.networking.pod_subnets, turned.networking.service_subnets):
        assert [net.version for net in subnets] == [6, 4]
    assert turned.kube_proxy.cluster_cidrs == turned.networking.pod_subnets


def test_masquerading_is_of_the_mode() -> None:
    """KubeProxyConfiguration has a section for each mode, and only that of the mode counts."""
    sections = "iptables: {masqueradeAll: true, localhostNodePorts: false}, nftables: {}"
    one = lab(f"kubeProxy: {{mode: iptables, {sections}}}").kube_proxy
    assert (one.masquerade_all, one.localhost_node_ports) == (True, False)
    assert not lab(f"kubeProxy: {{mode: nftables, {sections}}}").kube_proxy.masquerade_all


def test_detecting_local_traffic() -> None:
    """The modes that look at interfaces have a field of their own."""
    mode = "detectLocalMode: BridgeInterface, detectLocal: {bridgeInterface: cni0}"
    found = lab(f"kubeProxy: {{{mode}}}").kube_proxy
    assert (found.detect_local_mode, found.bridge_interface) == ("BridgeInterface", "cni0")
    mode = "detectLocalMode: InterfaceNamePrefix, detectLocal: {interfaceNamePrefix: veth}"
    found = lab(f"kubeProxy: {{{mode}}}").kube_proxy
    assert (found.interface_name_prefix, found.bridge_interface) == ("veth", "")


def test_the_addresses_of_node_ports() -> None:
    """`primary` alone, or subnets, of which host bits are dropped as kube-proxy drops them."""
    assert lab("kubeProxy: {nodePortAddresses: [primary]}").kube_proxy.node_port_addresses == (
        "primary",
    )
    spec = "nodes: [{name: n}], kubeProxy: {nodePortAddresses: [10.1.2.3/8]}"
    text = f"apiVersion: labnet.dev/v1\nkind: Lab\nmetadata: {{name: lab}}\nspec: {{{spec}}}\n"
    found = parsed(text)
    assert found.topology.lab.kube_proxy.node_port_addresses == ("10.0.0.0/8",)
    assert [warning.hint for warning in found.warnings] == ["use 10.0.0.0/8"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("24h0m0s", 86400), ("1.5h", 5400), ("0", 0), ("1h1m1.9s", 3661), (".5m", 30), ("300ms", 0)],
)
def test_durations(written: str, seconds: int) -> None:
    """Go's, in whole seconds; 0 leaves what the kernel has."""
    found = lab(f'kubeProxy: {{conntrack: {{udpStreamTimeout: "{written}"}}}}').kube_proxy.conntrack
    assert found == Conntrack(udp_stream=seconds)


def test_a_segment_has_an_end() -> None:
    """The kernel's bridges have 1,024 ports, so that more machines than that cannot be joined."""
    nodes = ", ".join(f"{{name: n{number}}}" for number in range(1001))
    assert "1,001 nodes and hosts are too many" in refusal(
        LAB.partition("  nodes")[0] + f"  nodes: [{nodes}]"
    )


def test_pod_cidrs_make_room() -> None:
    """A pod subnet that is too small for a /24 each will do if the nodes say what is theirs."""
    nodes = "nodes: [{name: a, podCIDR: 10.244.0.0/26}, {name: b, podCIDR: 10.244.0.64/26}]"
    head = "apiVersion: labnet.dev/v1\nkind: Lab\nmetadata: {name: lab}\n"
    small = f"{head}spec: {{networking: {{podSubnet: 10.244.0.0/25}}, {nodes}}}\n"
    assert len(topology(small).lab.nodes) == 2


@pytest.mark.parametrize(
    ("mtu", "least"),
    [("ipFamily: ipv4", 576), ("cni: vxlan", 626), ("ipFamily: ipv6", 1280)],
)
def test_mtu(mtu: str, least: int) -> None:
    """The least MTU is the one of the family, with what vxlan adds on top."""
    assert lab(f"networking: {{{mtu}, mtu: {least}}}").networking.mtu == least
    with pytest.raises(Exception, match=f"must be between {least} and 65535"):
        lab(f"networking: {{{mtu}, mtu: {least - 1}}}")


def container(spec: str, name: str = "one") -> str:
    """A Container."""
    head = f"apiVersion: labnet.dev/v1\nkind: Container\nmetadata: {{name: {name}}}\n"
    return f"{head}spec: {{{spec}}}\n"


def test_a_container() -> None:
    """What `docker run` takes."""
    spec = (
        "image: nginx, node: node2, command: [sh], args: [-c],"
        ' publish: [8080:80, "127.0.0.1:53:53/UDP", "[::1]:22:22"]'
    )
    found, other = topology(LAB, container(spec), container("image: nginx", "two")).containers
    assert (found.name, found.container.name, found.node) == ("one", "one", "node2")
    assert (found.container.command, found.container.args) == (("sh",), ("-c",))
    assert found.network == other.network == "bridge"
    assert (other.node, other.publish) == ("", ())
    assert found.publish == (
        PublishedPort(8080, 80),
        PublishedPort(53, 53, "udp", "127.0.0.1"),
        PublishedPort(22, 22, "tcp", "::1"),
    )


@pytest.mark.parametrize(
    "env",
    ['[{name: A, value: b}, {name: C, value: ""}]', "[A=b, C=]", "{A: b, C: }"],
    ids=["Kubernetes", "docker", "compose"],
)
def test_environment_of_a_container(env: str) -> None:
    """Three forms are known from elsewhere, and mean the same."""
    found = topology(LAB, container(f"image: nginx, env: {env}")).containers[0].container
    assert found.env == (EnvVar("A", "b"), EnvVar("C", ""))


def test_one_port_on_two_addresses() -> None:
    """A port may be published twice if no address, no protocol or no node is the same."""
    ports = '["127.0.0.1:80:80", "127.0.0.2:80:80", "8053:53/udp", "8053:53/tcp"]'
    other = container('image: nginx, node: node2, publish: ["80:80"]', "two")
    assert len(topology(LAB, container(f"image: nginx, publish: {ports}"), other).containers) == 2
    clash = container('image: nginx, publish: ["80:81"]', "three")
    assert "port 80/tcp of node node1 is taken by Container one" in refusal(
        LAB, container(f"image: nginx, publish: {ports}"), clash
    )


def test_joining_a_network() -> None:
    """`container:NAME` may be written before NAME is, and through a third."""
    names = {"one": "container:two", "two": "container:three", "three": "none"}
    texts = [container(f'image: nginx, network: "{net}"', name) for name, net in names.items()]
    assert [each.network for each in topology(LAB, *texts).containers] == list(names.values())
