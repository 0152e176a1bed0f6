"""A cluster for every feature of kube-proxy's rules, by name: for golden files and the kernel."""

from __future__ import annotations

from clusters import (
    DUAL,
    cluster,
    draining,
    endpoint,
    kube_proxy,
    networks,
    node,
    pod,
    port,
    service,
    slice_of,
)
from labnet.model import Cluster, Conntrack, ContainerPort, EndpointPort, EndpointSlice


_P80 = (EndpointPort(80, "p80"),)


def overall() -> Cluster:
    """The six Services of Kubernetes' own test of all rules together (proxier_test.go)."""
    balanced = {"type": "LoadBalancer", "health_check_node_port": 30000}
    return cluster(
        service("ns1/svc1", "172.30.0.41", ports=(port(80, "p80"),)),
        service(
            "ns2/svc2",
            "172.30.0.42",
            ports=(port(80, "p80", node_port=3001),),
            external_traffic_policy="Local",
            external="192.168.99.22",
            vips="1.2.3.4",
            **balanced,
        ),
        service(
            "ns3/svc3", "172.30.0.43", ports=(port(80, "p80", node_port=3003),), type="NodePort"
        ),
        service(
            "ns4/svc4",
            "172.30.0.44",
            ports=(port(80, "p80"),),
            type="NodePort",
            external="192.168.99.33",
        ),
        service(
            "ns5/svc5",
            "172.30.0.45",
            ports=(port(80, "p80", node_port=3002),),
            vips="5.6.7.8",
            ranges="203.0.113.0/25",
            session_affinity_seconds=10800,
            **balanced,
        ),
        service("ns6/svc6", "172.30.0.46", ports=(port(80, "p80"),)),
        slices=_overall_slices(),
        proxy=kube_proxy(cluster_cidrs=networks("10.0.0.0/8")),
    )


def _overall_slices() -> list[EndpointSlice]:
    """One endpoint for each Service but the last; only one of the fourth's is on a node."""
    ends = {
        "ns1/svc1": [endpoint("10.180.0.1")],
        "ns2/svc2": [endpoint("10.180.0.2")],
        "ns3/svc3": [endpoint("10.180.0.3")],
        "ns4/svc4": [endpoint("10.180.0.4"), endpoint("10.180.0.5", "node1")],
        "ns5/svc5": [endpoint("10.180.0.3")],
    }
    return [slice_of(name, *some, ports=_P80) for name, some in ends.items()]


def policies() -> Cluster:
    """Both traffic policies in all four combinations, with endpoints here, there and nowhere."""
    combinations = [(one, two) for one in ("Cluster", "Local") for two in ("Cluster", "Local")]
    places = {
        "both": [endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2")],
        "there": [endpoint("10.244.2.3", "node2")],
        "leaving": [draining("10.244.1.4", "node1"), endpoint("10.244.2.4", "node2")],
        "nowhere": [endpoint("10.244.1.5", "node1", ready=False, serving=False)],
    }
    services, slices = [], []
    for number, (internal, external) in enumerate(combinations):
        for offset, (place, endpoints) in enumerate(places.items()):
            name = f"{internal}-{external}-{place}".lower()
            unit = 10 * number + offset
            services.append(
                service(
                    name,
                    f"10.96.1.{unit}",
                    type="NodePort",
                    ports=(port(node_port=30100 + unit),),
                    internal_traffic_policy=internal,
                    external_traffic_policy=external,
                )
            )
            slices.append(slice_of(name, *endpoints, number=8080))
    return cluster(*services, slices=slices)


def dual_stack() -> Cluster:
    """Everything in both families: affinity, a load balancer with ranges, external IPs."""
    return cluster(
        service(
            "web",
            "10.96.0.20 fd00:10:96::20",
            type="LoadBalancer",
            ports=(port(node_port=30080),),
            external="192.0.2.7 2001:db8::7",
            vips="198.51.100.9 2001:db8:9::9",
            ranges="172.18.0.0/24 10.1.0.0/16 2001:db8:1::/48 fd00:172:18::/64",
            session_affinity_seconds=60,
        ),
        service("empty", "10.96.0.21 fd00:10:96::21"),
        service("six", "fd00:10:96::22", external_traffic_policy="Local"),
        slices=(
            slice_of("web", endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2")),
            slice_of(
                "web",
                endpoint("fd00:10:244:1::2", "node1"),
                endpoint("fd00:10:244:2::2", "node2"),
            ),
            slice_of("six", endpoint("fd00:10:244:2::3", "node2")),
        ),
        families=DUAL,
    )


def protocols() -> Cluster:
    """TCP, UDP and SCTP on one number, ports without a name, and seven endpoints."""
    ports = [
        port(53, name, protocol=name.upper(), node_port=30053) for name in ("tcp", "udp", "sctp")
    ]
    kinds = tuple(EndpointPort(5353, one.name, one.protocol) for one in ports)
    many = [endpoint(f"10.244.{1 + number % 2}.{number}") for number in range(2, 9)]
    return cluster(
        service("dns", "10.96.0.53", type="NodePort", ports=tuple(ports)),
        service("plain", "10.96.0.54", ports=(port(80, ""),)),
        slices=(
            slice_of("dns", *many, ports=kinds),
            slice_of("plain", endpoint("10.244.1.9"), ports=(EndpointPort(8080, ""),)),
        ),
    )


def masquerade_all() -> Cluster:
    """Every way to a cluster IP is masqueraded, by another bit, and no packet is INVALID."""
    conntrack = Conntrack(tcp_be_liberal=True)
    settings = kube_proxy(masquerade_all=True, masquerade_bit=9, conntrack=conntrack)
    return _one(proxy=settings)


def no_detector() -> Cluster:
    """There is no CIDR to tell pods by."""
    return _one(proxy=kube_proxy(cluster_cidrs=()))


def bridge_interface() -> Cluster:
    """Pods are told by the bridge they come through."""
    return _one(proxy=kube_proxy(detect_local_mode="BridgeInterface", bridge_interface="cni0"))


def interface_prefix() -> Cluster:
    """Pods are told by how the names of their links begin."""
    settings = kube_proxy(detect_local_mode="InterfaceNamePrefix", interface_name_prefix="veth")
    return _one(proxy=settings)


def node_cidr() -> Cluster:
    """Only pods of the node itself are local."""
    return _one(proxy=kube_proxy(detect_local_mode="NodeCIDR"))


def node_port_addresses() -> Cluster:
    """NodePorts on some addresses of the node only, its loopback among them."""
    wanted = ("172.18.0.0/24", "127.0.0.0/8", "10.244.0.0/16", "192.0.2.0/24")
    return _one(proxy=kube_proxy(node_port_addresses=wanted))


def no_localhost() -> Cluster:
    """NodePorts everywhere but on 127.0.0.1."""
    return _one(proxy=kube_proxy(localhost_node_ports=False))


def _one(**fields: object) -> Cluster:
    """One Service of each policy for what comes from outside."""
    return cluster(
        service("web", "10.96.0.20", type="NodePort", ports=(port(node_port=30080),)),
        service(
            "local",
            "10.96.0.21",
            type="NodePort",
            ports=(port(node_port=30081),),
            external_traffic_policy="Local",
        ),
        slices=(
            slice_of("web", endpoint("10.244.1.2", "node1")),
            slice_of("local", endpoint("10.244.1.2", "node1")),
        ),
        **fields,  # type: ignore[arg-type]  # as `cluster` has them
    )


def large() -> Cluster:
    """One endpoint more than a cluster may have before endpoint rules lose their comments."""
    many = [endpoint(f"10.244.{4 + number // 250}.{1 + number % 250}") for number in range(1001)]
    return cluster(
        service("web", "10.96.0.20", session_affinity_seconds=10800),
        slices=(slice_of("web", *many),),
    )


def host_ports() -> Cluster:
    """Ports of the node that lead to pods, by the CNI plugin portmap."""
    return _host_ports("host-gw")


def host_ports_kubenet() -> Cluster:
    """The same by kubelet, as it was with kubenet."""
    return _host_ports("kubenet")


def _host_ports(cni: str) -> Cluster:
    many = (ContainerPort(9000 + number, host_port=9000 + number) for number in range(16))
    return cluster(
        pods=(
            pod(
                "web",
                "10.244.1.2 fd00:10:244:1::2",
                ContainerPort(80, host_port=8080),
                ContainerPort(53, host_port=5353, protocol="UDP", host_ip="172.18.0.1"),
                ContainerPort(53, host_port=5354, protocol="UDP", host_ip="fd00:172:18::1"),
                ContainerPort(80, host_port=8081, host_ip="0.0.0.0"),  # as users do
                ContainerPort(443),
            ),
            pod("many", "10.244.1.3 fd00:10:244:1::3", *many),
            pod(
                "host", "172.18.0.1 fd00:172:18::1", ContainerPort(80, host_port=80), network="host"
            ),
            pod("other", "10.244.2.2 fd00:10:244:2::2", on="node2"),
        ),
        nodes=(node(1, families=DUAL), node(2, families=DUAL)),
        families=DUAL,
        cni=cni,
    )


ALL = {
    "overall": overall,
    "policies": policies,
    "dual-stack": dual_stack,
    "protocols": protocols,
    "masquerade-all": masquerade_all,
    "no-detector": no_detector,
    "bridge-interface": bridge_interface,
    "interface-prefix": interface_prefix,
    "node-cidr": node_cidr,
    "node-port-addresses": node_port_addresses,
    "no-localhost": no_localhost,
    "large": large,
    "host-ports": host_ports,
    "host-ports-kubenet": host_ports_kubenet,
}
