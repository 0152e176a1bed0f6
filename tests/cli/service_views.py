"""The lab of `views` with Services of every sort, made by hand: no other room has a say in them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from cli.views import view
from labnet.cli.kube.kinds import Kind
from labnet.cli.kube.view import View
from labnet.model import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Family,
    LoadBalancerIngress,
    Service,
    ServicePort,
    Source,
)


SOURCE = Source("show.yaml", 90)
COMPUTED = "endpointslice-controller.k8s.io"
BOTH: tuple[Family, ...] = (4, 6)


def ip(text: str) -> IPv4Address:
    """An IPv4 address."""
    return IPv4Address(text)


def computed(service: str, suffix: str, *endpoints: Endpoint, **more: object) -> EndpointSlice:
    """A slice as the EndpointSlice controller makes them."""
    own = {"endpoints": endpoints, "managed_by": COMPUTED, "service": service, **more}
    name = f"{service}-{suffix}"
    return EndpointSlice("default", name, SOURCE, **own)  # type: ignore[arg-type]  # as above


def pod(address: str, name: str, node: str = "node1", **more: object) -> Endpoint:
    """An endpoint that is a pod."""
    own = {"node_name": node, "target": f"pod/default/{name}", **more}
    return Endpoint((address,), **own)  # type: ignore[arg-type]  # a test's own words


KUBERNETES = Service(
    "default",
    "kubernetes",
    SOURCE,
    ports=(ServicePort(443, "https", target_port=6443),),
    cluster_ips=(ip("10.96.0.1"),),
    families=(4,),
    ip_family_policy="SingleStack",
    labels={"component": "apiserver", "provider": "kubernetes"},
)
WEB = Service(
    "default",
    "web",
    SOURCE,
    "NodePort",
    ports=(
        ServicePort(80, "http", target_port="web", node_port=30080),
        ServicePort(9090, "metrics", target_port=9100, node_port=30090, app_protocol="http"),
    ),
    selector={"app": "web"},
    cluster_ips=(ip("10.96.0.10"),),
    families=(4,),
    ip_family_policy="SingleStack",
    external_ips=(ip("198.51.100.7"),),
    session_affinity_seconds=10800,
    labels={"team": "a"},
    annotations={"note": "kept"},
)
BALANCED = Service(
    "default",
    "balanced",
    SOURCE,
    "LoadBalancer",
    ports=(ServicePort(443, node_port=31443, target_port=8443),),
    selector={"app": "web"},
    cluster_ips=(ip("10.96.0.11"), IPv6Address("fd00:10:96::b")),
    families=BOTH,
    ip_family_policy="PreferDualStack",
    external_ips=(ip("198.51.100.8"),),
    load_balancer_ip=ip("172.18.0.200"),
    load_balancer_class="labnet.dev/cloud",
    load_balancer_source_ranges=(IPv4Network("192.0.2.0/24"), IPv4Network("198.51.100.0/24")),
    ingress=(
        LoadBalancerIngress(ip("172.18.0.200")),
        LoadBalancerIngress(ip("172.18.0.201"), ip_mode="Proxy"),
        LoadBalancerIngress(hostname="lb.example.com"),
    ),
    external_traffic_policy="Local",
    internal_traffic_policy="Local",
    health_check_node_port=31999,
    traffic_distribution="PreferSameZone",
)
PENDING = Service(
    "default",
    "pending",
    SOURCE,
    "LoadBalancer",
    ports=(ServicePort(80),),
    cluster_ips=(ip("10.96.0.12"),),
    families=(4,),
    allocate_load_balancer_node_ports=False,
)
HEADLESS = Service(
    "default",
    "db",
    SOURCE,
    ports=(ServicePort(5432),),
    selector={"app": "db"},
    headless=True,
    families=(4,),
    ip_family_policy="SingleStack",
    publish_not_ready_addresses=True,
)
EXTERNAL = Service("shop", "search", SOURCE, "ExternalName", external_name="search.example.com")
BARE = Service(
    "shop",
    "bare",
    SOURCE,
    ports=(ServicePort(53, "dns", "UDP"), ServicePort(53, "dns-tcp")),
    cluster_ips=(ip("10.96.0.13"),),
    families=(4,),
)
WEB_PORTS = (EndpointPort(80, "http"), EndpointPort(9100, "metrics", app_protocol="http"))
SLICES = (
    EndpointSlice(
        "default",
        "kubernetes",
        SOURCE,
        "kubernetes",
        endpoints=(Endpoint(("172.18.0.3",)),),
        ports=(EndpointPort(6443, "https"),),
    ),
    computed(
        "web",
        "x7k2p",
        pod("10.244.1.9", "web-1", zone="a", hint_zones=("a",), hint_nodes=("node1",)),
        pod("10.244.0.2", "web-2", "node2", ready=False),
        pod("10.244.0.3", "web-3", "node2", ready=False, terminating=True),
        pod("10.244.0.4", "web-4", "node2"),
        ports=WEB_PORTS,
    ),
    computed(
        "web",
        "zz9zz",
        pod("10.244.1.10", "web-5"),
        ports=(EndpointPort(8080, "http"), *WEB_PORTS[1:]),
    ),
    computed("balanced", "aaaaa", ports=()),
    computed(
        "balanced",
        "bbbbb",
        Endpoint(("fd00:10:244:1::9",), node_name="node1"),
        address_type="IPv6",
        ports=(EndpointPort(8443),),
    ),
    computed(
        "db",
        "q8q8q",
        pod("10.244.0.5", "db-0", "node2", hostname="db-0", ready=False, serving=False),
        ports=(EndpointPort(5432),),
    ),
    EndpointSlice(
        "shop",
        "bare-1",
        SOURCE,
        "bare",
        endpoints=tuple(Endpoint((f"192.0.2.{n}",)) for n in range(1, 6)),
        ports=(EndpointPort(5353, "dns", "UDP"), EndpointPort(5353, "dns-tcp")),
        labels={"tier": "dns"},
        managed_by="me",
    ),
    EndpointSlice("shop", "names", SOURCE, "", "FQDN", (Endpoint(("a.example.com",)),)),
)
SERVICES = (BALANCED, HEADLESS, KUBERNETES, PENDING, WEB, BARE, EXTERNAL)


def service_view() -> View:
    """The lab of `views` with these Services."""
    here = view()
    return replace(here, cluster=replace(here.cluster, services=SERVICES, endpoint_slices=SLICES))


def view_with(kind: Kind) -> View:
    """A lab that has objects of a kind."""
    ours = kind.name in ("Service", "EndpointSlice", "Endpoints")
    return service_view() if ours else view()
