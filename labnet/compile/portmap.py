"""hostPort: what sends a port of the node on to a pod.

With host-gw and vxlan it is the CNI plugin portmap, which flannel's configuration chains behind its
own: a chain for each pod that has such ports (containernetworking/plugins, plugins/meta/portmap,
its iptables backend). kubenet had kubelet's own chains (pkg/kubelet/dockershim/network/hostport,
until 1.23), which need kube-proxy's iptables mode; with nftables portmap stands in for them.

A container runtime would call a pod by 64 random digits; here its id is `NAMESPACE_NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from labnet.compile.cni import bridge_name
from labnet.compile.parts import Part, TablePart, because
from labnet.model import Cluster, Family, IPAddress, IPInterface, Node, Pod
from labnet.names import cni_chain, host_port_chain
from labnet.state import Sysctl


NETWORK = "cbr0"
"""The name of the network in flannel's kube-flannel.yml."""
_MARK = "0x2000/0x2000"  # portmap's default bit, 13
_PORTS_IN_A_RULE = 15  # of the match multiport
_LONGEST_COMMENT = 255


class HostPort(NamedTuple):
    """A port of the node and the port of the container that it stands for."""

    host_port: int
    container_port: int
    protocol: str
    host_ip: str


class _Mapped(NamedTuple):
    """A pod's address of one family and its ports, those for the other family's too."""

    pod: Pod
    address: IPInterface
    ports: tuple[HostPort, ...]

    @property
    def id(self) -> str:
        """What the container runtime calls the pod."""
        return f"{self.pod.namespace}_{self.pod.name}"

    @property
    def own_ports(self) -> Iterator[HostPort]:
        """Those whose hostIP, if they have one, is of the family of the address."""
        for port in self.ports:
            if not port.host_ip or ip_address(port.host_ip).version == self.address.version:
                yield port


def compile_portmap(cluster: Cluster) -> Iterator[Part]:
    """The chains of every node on which a pod has a hostPort."""
    kube_proxy, networking = cluster.lab.kube_proxy, cluster.lab.networking
    kubelets = networking.cni == "kubenet" and kube_proxy.mode == "iptables"
    bridge = bridge_name(cluster)
    pods: dict[str, list[Pod]] = {}
    for pod in cluster.pods:
        if pod.network == "cni" and host_ports(pod):
            pods.setdefault(pod.node, []).append(pod)
    for node in cluster.nodes:
        for family in networking.families:
            mapped = list(_mapped(pods.get(node.name, ()), family))
            if not mapped:
                continue
            part = _kubelet(node, family, mapped, bridge) if kubelets else _plugin(node, mapped)
            yield Part(part, "")
            if family == 4 and not kubelets:
                why = because("Node", node.name, node.source)
                yield Part(Sysctl(node.netns, f"net.ipv4.conf.{bridge}.route_localnet", "1"), why)


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """The ports of a pod that are to be reached through its node."""
    return tuple(
        HostPort(port.host_port, port.container_port, port.protocol.lower(), port.host_ip)
        for container in pod.containers
        for port in container.ports
        if port.host_port and not container.init
    )


def _mapped(pods: Iterable[Pod], family: Family) -> Iterator[_Mapped]:
    for pod in pods:
        address = next((one for one in pod.addresses if one.version == family), None)
        if address is not None:
            yield _Mapped(pod, address, host_ports(pod))


def _plugin(node: Node, mapped: Sequence[_Mapped]) -> TablePart:
    """Portmap's chains; only its jump from POSTROUTING is prepended."""
    jump = "-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT"
    masquerade = '-m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ'
    set_mark = '-m comment --comment "CNI portfwd masquerade mark" -j MARK'
    chains = ["CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"]
    rules = [
        f"-A PREROUTING {jump}",
        f"-A OUTPUT {jump}",
        f"-A CNI-HOSTPORT-SETMARK {set_mark} --set-xmark {_MARK}",
        f"-A CNI-HOSTPORT-MASQ -m mark --mark {_MARK} -j MASQUERADE",
    ]
    for one in mapped:
        chain = cni_chain("DN-", NETWORK, one.id)
        chains.append(chain)
        rules += _entries(one, chain)
        rules += (rule for port in one.own_ports for rule in _to_pod(one.address, port, chain))
    first = (f"-A POSTROUTING {masquerade}",)
    family: Family = mapped[0].address.version
    return TablePart(node.netns, family, "nat", "portmap", tuple(chains), tuple(rules), first)


def _entries(one: _Mapped, chain: str) -> Iterator[str]:
    """The way into a pod's chain, for each protocol and fifteen ports at a time."""
    text = f'dnat name: "{NETWORK}" id: "{one.id}"'
    if len(text) > _LONGEST_COMMENT:
        text = f"{text[: _LONGEST_COMMENT - 2]}..."
    quoted = text.replace('"', '\\"')
    for protocol in sorted({port.protocol for port in one.ports}):
        ports = [str(port.host_port) for port in one.ports if port.protocol == protocol]
        for start in range(0, len(ports), _PORTS_IN_A_RULE):
            some = ",".join(ports[start : start + _PORTS_IN_A_RULE])
            match = f'-p {protocol} -m comment --comment "{quoted}" -m multiport --dports {some}'
            yield f"-A CNI-HOSTPORT-DNAT {match} -j {chain}"


def _to_pod(address: IPInterface, port: HostPort, chain: str) -> Iterator[str]:
    """What comes from the node's own pods or from its loopback is masqueraded; then DNAT."""
    destination = f"{_destination(port)}-p {port.protocol} -m {port.protocol}"
    match = f"{destination} --dport {port.host_port}"
    yield f"-A {chain} -s {address.network} {match} -j CNI-HOSTPORT-SETMARK"
    if address.version == 4:
        yield f"-A {chain} -s 127.0.0.1/32 {match} -j CNI-HOSTPORT-SETMARK"
    target = f"DNAT --to-destination {_with_port(address.ip, port.container_port)}"
    yield f"-A {chain} {match} -j {target}"


def _destination(port: HostPort) -> str:
    """A match of hostIP, if it is one address."""
    if not port.host_ip or (ip := ip_address(port.host_ip)).is_unspecified:
        return ""
    return f"-d {ip}/{ip.max_prefixlen} "


def _with_port(ip: IPAddress, port: int) -> str:
    return f"{ip}:{port}" if ip.version == 4 else f"[{ip}]:{port}"


def _kubelet(node: Node, family: Family, mapped: Sequence[_Mapped], bridge: str) -> TablePart:
    """Kubelet's chains; each new port is prepended in KUBE-HOSTPORTS, so the last stands first."""
    jump = '-m comment --comment "kube hostport portals" -m addrtype --dst-type LOCAL'
    snat = '-m comment --comment "SNAT for localhost access to hostports" -j MASQUERADE'
    rules = [f"-A {chain} {jump} -j KUBE-HOSTPORTS" for chain in ("PREROUTING", "OUTPUT")]
    if family == 4:  # ::1 is never routed
        rules.append(f"-A POSTROUTING -s 127.0.0.0/8 -o {bridge} {snat}")
    chains, portals = ["KUBE-HOSTPORTS"], []
    for one in mapped:
        ip = one.address.ip
        for port in one.own_ports:
            protocol = port.protocol
            chain = host_port_chain(one.id, port.host_port, protocol.upper(), port.host_ip)
            words = f"{one.pod.name}_{one.pod.namespace} hostport {port.host_port}"
            comment = f'-m comment --comment "{words}"'
            match = f"-p {protocol} {comment} -m {protocol}"
            target = f"DNAT --to-destination {_with_port(ip, port.container_port)}"
            chains.append(chain)
            portals.append(f"-A KUBE-HOSTPORTS {match} --dport {port.host_port} -j {chain}")
            rules.append(f"-A {chain} -s {ip}/{ip.max_prefixlen} {comment} -j KUBE-MARK-MASQ")
            rules.append(f"-A {chain} {_destination(port)}{match} -j {target}")
    rules += reversed(portals)
    return TablePart(node.netns, family, "nat", "kubelet", tuple(chains), tuple(rules))
