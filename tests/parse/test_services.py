"""Services, EndpointSlices and Endpoints, and what they have without saying so."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from labnet.model import (
    Endpoint,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    LoadBalancerIngress,
    Service,
    ServicePort,
    Source,
)
from labnet.parse import Parsed
from parse.texts import LAB, parsed, pod, refusal, topology


DUAL = LAB.replace("spec:\n", "spec:\n  networking: {ipFamily: dual}\n")
WEB = pod("containers: [{name: web, image: nginx}]", "name: web, labels: {app: web}")


def service(spec: str, metadata: str = "name: web") -> str:
    """A Service of a spec that is given as a flow mapping."""
    return f"apiVersion: v1\nkind: Service\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"


def one(spec: str, lab: str = LAB) -> Service:
    """The Service of a spec that labnet acts on wholly."""
    (found,) = topology(lab, service(spec)).services
    return found


def told(result: Parsed) -> list[str]:
    """The warnings as they are printed, without their hints."""
    return [str(warning).partition("\n")[0] for warning in result.warnings]


def test_the_least_service() -> None:
    """Everything but a port has a default."""
    assert one("ports: [{port: 80}]") == Service(
        namespace="default",
        name="web",
        source=Source("lab.yaml", 9),
        type="ClusterIP",
        ports=(ServicePort(80, "", "TCP", 0, 0, ""),),
        selector=None,
        headless=False,
        cluster_ips=(),
        families=(),
        ip_family_policy="",
        external_ips=(),
        external_name="",
        load_balancer_ip=None,
        load_balancer_class="",
        load_balancer_source_ranges=(),
        allocate_load_balancer_node_ports=True,
        ingress=(),
        internal_traffic_policy="Cluster",
        external_traffic_policy="Cluster",
        health_check_node_port=0,
        session_affinity_seconds=0,
        publish_not_ready_addresses=False,
        traffic_distribution="",
        labels={},
        annotations={},
    )


WHOLE = """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: kube-system
  labels: {tier: front}
  annotations: {service.kubernetes.io/topology-mode: Auto}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080, nodePort: 30080, appProtocol: example.com/http}
  - {name: dns, port: 53, targetPort: dns, protocol: UDP}
  - {name: sctp, port: 53, protocol: SCTP}
  clusterIP: 10.96.0.20
  clusterIPs: [10.96.0.20, "fd00:10:96::20"]
  ipFamilies: [IPv4, IPv6]
  ipFamilyPolicy: RequireDualStack
  externalIPs: [192.0.2.1, "2001:db8::1"]
  loadBalancerSourceRanges: [" 198.51.100.0/24 ", "2001:db8:1::/48"]
  allocateLoadBalancerNodePorts: false
  internalTrafficPolicy: Local
  externalTrafficPolicy: Local
  healthCheckNodePort: 30100
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
  publishNotReadyAddresses: true
  trafficDistribution: PreferSameZone
status:
  conditions: []
  loadBalancer:
    ingress:
    - {ip: 192.0.2.9}
    - {ip: "2001:db8::9", ipMode: Proxy, ports: [{port: 80, protocol: TCP}]}
    - {hostname: lb.example.com}
"""


def test_the_whole_service() -> None:
    """Each field of a Service has its place in the model."""
    ports = "containers: [{name: a, image: nginx, ports: [{containerPort: 53, name: dns, P}]}]"
    labels = "name: a, namespace: kube-system, labels: {app: web}"
    backend = pod(ports.replace("P}", "protocol: UDP}"), labels)
    (found,) = topology(DUAL, backend, WHOLE).services
    assert found == Service(
        namespace="kube-system",
        name="web",
        source=Source("lab.yaml", 17),
        type="LoadBalancer",
        ports=(
            ServicePort(80, "http", "TCP", 8080, 30080, "example.com/http"),
            ServicePort(53, "dns", "UDP", "dns"),
            ServicePort(53, "sctp", "SCTP"),
        ),
        selector={"app": "web"},
        cluster_ips=(ip_address("10.96.0.20"), ip_address("fd00:10:96::20")),
        families=(4, 6),
        ip_family_policy="RequireDualStack",
        external_ips=(ip_address("192.0.2.1"), ip_address("2001:db8::1")),
        load_balancer_source_ranges=(ip_network("198.51.100.0/24"), ip_network("2001:db8:1::/48")),
        allocate_load_balancer_node_ports=False,
        ingress=(
            LoadBalancerIngress(ip_address("192.0.2.9")),
            LoadBalancerIngress(ip_address("2001:db8::9"), ip_mode="Proxy"),
            LoadBalancerIngress(hostname="lb.example.com"),
        ),
        internal_traffic_policy="Local",
        external_traffic_policy="Local",
        health_check_node_port=30100,
        session_affinity_seconds=60,
        publish_not_ready_addresses=True,
        traffic_distribution="PreferSameZone",
        labels={"tier": "front"},
        annotations={"service.kubernetes.io/topology-mode": "Auto"},
    )


def test_headless() -> None:
    """`clusterIP: None` alone, or first and only in the list; it needs no port."""
    for spec in ("clusterIP: None", "clusterIP: None, clusterIPs: [None], ports: [{port: 80}]"):
        found = one(spec)
        assert found.headless
        assert found.cluster_ips == ()
    both = one("clusterIP: None, ipFamilies: [IPv6, IPv4], ipFamilyPolicy: RequireDualStack")
    assert both.families == (6, 4)


def test_external_name() -> None:
    """A name, which may end in a dot, and no address."""
    found = one("type: ExternalName, externalName: db.example.com.")
    assert (found.type, found.external_name) == ("ExternalName", "db.example.com.")


def test_affinity() -> None:
    """Three hours unless it says otherwise, and nothing without affinity."""
    assert one("ports: [{port: 80}], sessionAffinity: ClientIP").session_affinity_seconds == 10800
    result = parsed(
        LAB, service("ports: [{port: 80}], sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}")
    )
    assert result.topology.services[0].session_affinity_seconds == 0
    assert "has no effect when `sessionAffinity` is 'None'" in told(result)[0]


def test_empty_text_is_no_field() -> None:
    """What clients that know no optional fields write."""
    fields = 'type: "", sessionAffinity: "", externalTrafficPolicy: "", clusterIP: ""'
    balancer = 'loadBalancerIP: "", externalName: ""'
    ports = '[{port: 80, name: "", protocol: "", targetPort: ""}, {port: 81, targetPort: 0}]'
    ports = ports.replace("81", "81, name: b").replace('name: ""', "name: a")
    found = one(f"{fields}, ports: {ports}")
    assert found.ports == (ServicePort(80, "a"), ServicePort(81, "b"))
    assert (found.type, found.session_affinity_seconds) == ("ClusterIP", 0)
    assert parsed(LAB, service(f"ports: [{{port: 80}}], {balancer}")).topology.services


def test_addresses_as_old_clusters_wrote_them() -> None:
    """Leading zeros are decimal, host bits do not count; each is warned of where it stands."""
    text = service(
        "type: LoadBalancer, ports: [{port: 80}], clusterIP: 10.96.0.041,\n"
        '  externalIPs: ["::ffff:192.0.2.1"],\n  loadBalancerSourceRanges: [010.1.2.3/8]'
    )
    result = parsed(LAB, text)
    (found,) = result.topology.services
    assert found.cluster_ips == (ip_address("10.96.0.41"),)
    assert found.external_ips == (ip_address("192.0.2.1"),)
    assert found.load_balancer_source_ranges == (ip_network("10.0.0.0/8"),)
    old = "will be considered invalid in a future Kubernetes release"
    assert [warning for warning in told(result) if old in warning] == [
        f"lab.yaml:12: spec.clusterIP: non-standard IP address '10.96.0.041' {old}",
        f"lab.yaml:13: spec.externalIPs[0]: non-standard IP address '::ffff:192.0.2.1' {old}",
        f"lab.yaml:14: spec.loadBalancerSourceRanges[0]: non-standard CIDR '010.1.2.3/8' {old}",
    ]


def test_node_ports_that_are_shared() -> None:
    """Ports of one number and several protocols may share one, as the API server has it."""
    ports = "{name: a, port: 53, protocol: UDP, nodePort: 30053}, {name: b, port: 53, NODE}"
    for node_port in ("nodePort: 30053", "nodePort: 30054", "targetPort: 53"):
        assert one(f"type: NodePort, ports: [{ports.replace('NODE', node_port)}]").ports
    again = service("type: NodePort, ports: [{port: 53, nodePort: 30053}]", "name: b")
    text = refusal(LAB, service(f"type: NodePort, ports: [{ports.replace('NODE', '')}]"), again)
    assert "lab.yaml:17: spec.ports[0].nodePort: 30053 is the nodePort of Service web" in text


def test_what_external_traffic_is() -> None:
    """ExternalTrafficPolicy is for NodePort, LoadBalancer, and ClusterIP with externalIPs."""
    policy = "externalTrafficPolicy: Local, ports: [{port: 80}]"
    assert one(f"{policy}, externalIPs: [192.0.2.1]").external_traffic_policy == "Local"
    assert one(f"{policy}, type: NodePort").external_traffic_policy == "Local"
    assert "may only be set for externally-accessible services" in refusal(LAB, service(policy))


def test_an_address_of_each_family() -> None:
    """The second family's first address is nobody's, for kubernetes has one of the first only."""
    spec = 'ports: [{port: 80}], clusterIP: "fd00:10:96::1", ipFamilies: [IPv6]'
    assert one(spec, DUAL).cluster_ips == (ip_address("fd00:10:96::1"),)
    last = 'ports: [{port: 80}], clusterIP: "fd00:10:96::ffff"'
    assert one(last, DUAL).cluster_ips == (ip_address("fd00:10:96::ffff"),)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("port: 80, nodePort: 29999", "port: 80, nodePort: 30000"),
        ("port: 80, nodePort: 32768", "port: 80, nodePort: 32767"),
        ("port: 65536", "port: 65535"),
        ("port: 80, targetPort: 65536", "port: 80, targetPort: 65535"),
    ],
)
def test_the_ends_of_ranges(wrong: str, right: str) -> None:
    """The last number that will do, and the first that will not."""
    assert one(f"type: NodePort, ports: [{{{right}}}]").ports
    assert "1 problem;" in refusal(LAB, service(f"type: NodePort, ports: [{{{wrong}}}]"))


def test_the_seconds_of_affinity() -> None:
    """From one second to a day."""
    spec = "ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {T}}"
    for seconds in (1, 86400):
        found = one(spec.replace("T", f"timeoutSeconds: {seconds}"))
        assert found.session_affinity_seconds == seconds


SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-1
  labels: {kubernetes.io/service-name: db, endpointslice.kubernetes.io/managed-by: me}
addressType: IPv4
ports:
- {name: pg, port: 5432, appProtocol: example.com/pg}
- {name: dns, port: 53, protocol: UDP}
endpoints:
- addresses: [192.0.2.10, 192.0.2.11]
- addresses: [192.0.2.12]
  conditions: {ready: false, serving: true, terminating: true}
  hints: {forZones: [{name: east}, {name: west}], forNodes: [{name: node1}]}
  hostname: db-0
  nodeName: node2
  zone: east
  targetRef: {kind: Pod, name: db-0, namespace: other, uid: x}
- addresses: [192.0.2.13]
  conditions: {ready: false}
  targetRef: {kind: Pod, name: db-1}
- addresses: [192.0.2.014]
  targetRef: {kind: Node, name: node1}
"""
DB = service("ports: [{name: pg, port: 5432}, {name: dns, port: 53, protocol: UDP}]", "name: db")


def test_an_endpoint_slice() -> None:
    """It is kept as it was written, addresses canonical; what is not said is ready and serving."""
    result = parsed(LAB, DB, SLICE)
    assert result.topology.endpoint_slices == (
        EndpointSlice(
            namespace="default",
            name="db-1",
            source=Source("lab.yaml", 15),
            service="db",
            address_type="IPv4",
            endpoints=(
                Endpoint(("192.0.2.10", "192.0.2.11")),
                Endpoint(
                    ("192.0.2.12",),
                    ready=False,
                    serving=True,
                    terminating=True,
                    node_name="node2",
                    zone="east",
                    hostname="db-0",
                    hint_zones=("east", "west"),
                    hint_nodes=("node1",),
                    target="pod/other/db-0",
                ),
                Endpoint(("192.0.2.13",), ready=False, target="pod/default/db-1"),
                Endpoint(("192.0.2.14",)),
            ),
            ports=(
                EndpointPort(5432, "pg", app_protocol="example.com/pg"),
                EndpointPort(53, "dns", "UDP"),
            ),
            managed_by="me",
            labels={
                "kubernetes.io/service-name": "db",
                "endpointslice.kubernetes.io/managed-by": "me",
            },
        ),
    )
    (warning,) = result.warnings
    assert (warning.line, warning.path) == (36, "endpoints[3].addresses[0]")


def test_slices_of_other_families() -> None:
    """IPv6 in its canonical form, and names, which kube-proxy does not look at."""
    head = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: NAME\n"
    head += "  labels: {kubernetes.io/service-name: db}\n"
    six = head.replace("NAME", "six") + (
        'addressType: IPv6\nendpoints: [{addresses: ["2001:DB8:0::1"]}]\n'
    )
    names = head.replace("NAME", "names") + (
        "addressType: FQDN\nendpoints: [{addresses: [db.example.com]}]\n"
    )
    result = parsed(LAB, DB, six, names)
    assert [each.endpoints for each in result.topology.endpoint_slices] == [
        (Endpoint(("2001:db8::1",)),),
        (Endpoint(("db.example.com",)),),
    ]
    assert told(result) == [
        "lab.yaml:27: addressType: kube-proxy does not look at endpoints that are FQDN"
    ]


def test_endpoints() -> None:
    """The older kind: its subsets, each with the ports of all its addresses."""
    text = """
    apiVersion: v1
    kind: Endpoints
    metadata: {name: db, labels: {a: b}}
    subsets:
    - addresses: [{ip: 192.0.2.10, nodeName: node1}, {ip: 192.0.2.11, hostname: b}]
      notReadyAddresses: [{ip: 192.0.2.12, targetRef: {kind: Pod, name: db-0}}]
      ports: [{name: pg, port: 5432}, {name: dns, port: 53, protocol: UDP}]
    - addresses: [{ip: 192.0.2.13}]
    """
    assert topology(LAB, DB, text).endpoints == (
        Endpoints(
            "default",
            "db",
            Source("lab.yaml", 15),
            (
                EndpointSubset(
                    (
                        Endpoint(("192.0.2.10",), node_name="node1"),
                        Endpoint(("192.0.2.11",), hostname="b"),
                    ),
                    (Endpoint(("192.0.2.12",), ready=False, target="pod/default/db-0"),),
                    (EndpointPort(5432, "pg"), EndpointPort(53, "dns", "UDP")),
                ),
                EndpointSubset((Endpoint(("192.0.2.13",)),)),
            ),
            {"a": "b"},
        ),
    )


def test_host_ports_and_service_links() -> None:
    """Both are acted on, and no warning says otherwise."""
    text = pod(
        "enableServiceLinks: false\n"
        "containers: [{name: web, image: nginx, ports: [{containerPort: 80, hostPort: 8080, hostIP:"
        " 127.0.0.1}, {containerPort: 81, hostPort: 8080, protocol: UDP},"
        " {containerPort: 82, hostPort: 0}]}]"
    )
    spec = topology(LAB, text).workloads[0].template.spec
    assert not spec.enable_service_links
    ports = spec.containers[0].ports
    assert [(port.host_port, port.host_ip) for port in ports] == [
        (8080, "127.0.0.1"),
        (8080, ""),
        (0, ""),
    ]
    assert topology(LAB, WEB).workloads[0].template.spec.enable_service_links
