"""kube-proxy's nftables tables on the real kernel: nft takes them, and packets go where they say.

pods e2 e3 e4 and client (10.244.1.2 .. .4, .9), routed
|
node (172.18.0.1) ---- outside (172.18.0.100)
"""

from __future__ import annotations

import select
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import pytest

from clusters import cluster, endpoint, port, service, slice_of
from flows.client import connected
from labnet.kernel.netns import Thread
from labnet.kernel.nft import Nft
from labnet.model import Cluster, Endpoint, EndpointPort
from labnet.state import NftTable, parse_nft_tables
from labs import SLOW
from nft_tables import NAMES, by_name, table_of


pytestmark = pytest.mark.kernel

NODE, OUTSIDE, CLIENT = "labnet-test-np", "labnet-test-np-x", "labnet-test-np-c"
PODS = {f"labnet-test-np-e{number}": f"10.244.1.{number}" for number in (2, 3, 4)}
ADDRESSES = {CLIENT: "10.244.1.9", OUTSIDE: "172.18.0.100", NODE: "172.18.0.1"} | PODS
HERE = tuple(endpoint(ip, "node1") for ip in PODS.values())
VIP, WEB = "203.0.113.7", "10.96.0.10"
SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.icmp_ratelimit=0",  # or only the first few are refused
    "net.ipv4.conf.all.send_redirects=0",  # count towards that limit
    "net.ipv4.conf.default.send_redirects=0",
)
REFUSED, LOST = "refused", "lost"
PATIENCE = 5.0 * SLOW  # seconds for an answer that comes
SOON = 0.3  # seconds until what is to be lost is taken for lost


def ip(*words: str) -> None:
    """Run one command of iproute2."""
    subprocess.run(["ip", *words], check=True)


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """The namespaces, their links and routes; the node forwards."""
    names = [NODE, OUTSIDE, CLIENT, *PODS]
    for name in names:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    for setting in SYSCTLS:
        subprocess.run(["ip", "netns", "exec", NODE, "sysctl", "-qw", setting], check=True)
    for number, name in enumerate([OUTSIDE, CLIENT, *PODS]):
        link = f"v{number}"
        peer = ("peer", "name", "eth0", "netns", name)
        ip("-n", NODE, "link", "add", link, "type", "veth", *peer)
        ip("-n", NODE, "link", "set", link, "up")
        ip("-n", name, "link", "set", "eth0", "up")
        gateway = "172.18.0.1" if name == OUTSIDE else "10.244.1.1"
        prefix = "24" if name == OUTSIDE else "32"
        ip("-n", NODE, "addr", "add", f"{gateway}/{prefix}", "dev", link)
        ip("-n", name, "addr", "add", f"{ADDRESSES[name]}/{prefix}", "dev", "eth0")
        ip("-n", name, "route", "add", "default", "via", gateway, "dev", "eth0", "onlink")
        if name != OUTSIDE:
            ip("-n", NODE, "route", "add", ADDRESSES[name], "dev", link)
    ip("-n", NODE, "route", "add", "default", "via", ADDRESSES[OUTSIDE])
    yield
    for name in names:
        ip("netns", "delete", name)


@pytest.fixture(scope="module")
def _servers(network: None) -> Iterator[None]:
    """Every endpoint says on TCP and UDP 8080 who it is and whom it sees, and hangs up."""
    del network
    with ExitStack() as stack:
        names = {}
        for name, address in PODS.items():
            for protocol in ("tcp", "udp"):
                sock = stack.enter_context(connected(name, protocol, 4))
                sock.bind((address, 8080))
                names[sock] = address
                if protocol == "tcp":
                    sock.listen(128)
        stop, stopped = socket.socketpair()
        thread = threading.Thread(target=serve, args=(names, stopped))
        thread.start()
        yield
        stop.close()
        thread.join()
        stopped.close()


def serve(names: dict[socket.socket, str], stopped: socket.socket) -> None:
    """Answer on all sockets until the last one can be read."""
    while True:
        readable, _, _ = select.select([*names, stopped], [], [])
        if stopped in readable:
            return
        for sock in readable:
            if sock.type == socket.SOCK_STREAM:
                connection, (client, _) = sock.accept()
                with connection:
                    connection.sendall(f"{names[sock]} {client}".encode())
            else:
                _, client = sock.recvfrom(64)
                sock.sendto(f"{names[sock]} {client[0]}".encode(), client)


Load = Callable[[Cluster], None]


@pytest.fixture
def load(_servers: None) -> Iterator[Load]:
    """`load(cluster)` puts the table of its node1 into the node, in the place of the last one."""
    tables: list[NftTable] = []

    def change(made: Cluster) -> None:
        """Only what differs, as labnet does it."""
        table = table_of(made)
        run(table.delta(tables[-1]) if tables else table.text())
        assert listed() == table.blocks
        tables.append(table)

    yield change
    run("flush ruleset")
    subprocess.run(
        ["ip", "netns", "exec", NODE, "conntrack", "-F"], check=False, capture_output=True
    )


def run(text: str) -> str:
    """Let libnftables run in the node."""
    with Thread() as thread, Nft() as nft:
        thread.enter(NODE)
        return nft.run(text)


def listed() -> tuple[object, ...]:
    """What the node has now."""
    (found,) = parse_nft_tables("t.node1", run("list ruleset"))
    return found.blocks


def ask(where: str, address: str, number: int = 80, protocol: str = "tcp") -> str:
    """`ENDPOINT CLIENT` as an endpoint says it, `refused` or `lost`."""
    with connected(where, protocol, 4) as sock:
        return answer(sock, address, number)


def is_lost(where: str, address: str, number: int = 80) -> bool:
    """Whether a connection is not answered, be it by a refusal."""
    with connected(where, "tcp", 4) as sock:
        return answer(sock, address, number, SOON) == LOST


def answer(sock: socket.socket, address: str, number: int = 80, seconds: float = PATIENCE) -> str:
    """What comes back on a fresh socket."""
    sock.settimeout(seconds)
    try:
        sock.connect((address, number))
        if sock.type == socket.SOCK_DGRAM:
            with suppress(PermissionError):  # what a machine sends itself has its refusal at once
                sock.send(b"?")
        return sock.recv(64).decode()
    except ConnectionRefusedError:
        return REFUSED
    except TimeoutError:
        return LOST


def endpoints(where: str, address: str, number: int = 80, times: int = 40) -> set[str]:
    """Who answers if one asks often, or how it fails."""
    return {ask(where, address, number).split()[0] for _ in range(times)}


def web(*chosen: Endpoint, **fields: Any) -> Cluster:
    """A Service of all kinds of addresses; the node's three endpoints if no other are given."""
    ports = (port(node_port=30080), port(80, "u", protocol="UDP", node_port=30080))
    options = {"type": "LoadBalancer", "vips": VIP, "ports": ports} | fields
    listening = (EndpointPort(8080, "p"), EndpointPort(8080, "u", "UDP"))
    return cluster(
        service("web", WEB, **options), slices=(slice_of("web", *chosen or HERE, ports=listening),)
    )


@pytest.mark.parametrize("name", NAMES)
def test_nft_lists_what_it_was_told(network: None, name: str) -> None:
    """`parse(list(load(t))) == t` for the table of every feature, with the tool itself."""
    del network
    made = by_name(name)
    nft = ["ip", "netns", "exec", OUTSIDE, "nft"]
    for machine in made.nodes:
        for family in made.lab.networking.families:
            table = table_of(made, machine.name, family)
            subprocess.run([*nft, "-f", "-"], input=table.text(), text=True, check=True)
            listing = subprocess.run(
                [*nft, "-nn", "-s", "list", "ruleset"], capture_output=True, text=True, check=True
            ).stdout
            subprocess.run([*nft, "flush", "ruleset"], check=True)
            assert parse_nft_tables(table.netns, listing) == [table]


@pytest.mark.parametrize("address", [(WEB, 80), (VIP, 80), (ADDRESSES[NODE], 30080)])
def test_connections_spread_over_the_endpoints(load: Load, address: tuple[str, int]) -> None:
    """By a chi-square test over 600 connections, which fails by chance once in a million times."""
    load(web())
    found: Counter[str] = Counter()
    with Thread() as thread:
        thread.enter(CLIENT)
        for _ in range(600):
            with socket.socket() as sock:
                found[answer(sock, *address).split()[0]] += 1
    assert set(found) == set(PODS.values())
    assert sum((count - 200) ** 2 / 200 for count in found.values()) < 27.63


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_servers_see_pods_and_a_node_for_all_others(load: Load, protocol: str) -> None:
    """A pod keeps its address to a cluster IP; what comes from elsewhere or goes elsewhere not."""
    load(web(HERE[0]))
    pod, node = ADDRESSES[CLIENT], "10.244.1.1"
    seen = {
        (where, number): ask(where, to, number, protocol).split()[-1]
        for where in (CLIENT, OUTSIDE)
        for to, number in ((WEB, 80), (ADDRESSES[NODE], 30080))
    }
    assert seen == {
        (CLIENT, 80): pod,
        (CLIENT, 30080): node,
        (OUTSIDE, 80): node,
        (OUTSIDE, 30080): node,
    }
    assert ask(NODE, WEB, 80, protocol).split()[0] == ADDRESSES["labnet-test-np-e2"]


def test_masquerade_all_hides_pods_too(load: Load) -> None:
    """With it a server sees the node whoever comes to the cluster IP."""
    made = web(HERE[0])
    proxy = replace(made.lab.kube_proxy, masquerade_all=True)
    load(replace(made, lab=replace(made.lab, kube_proxy=proxy)))
    assert ask(CLIENT, WEB).split()[-1] == "10.244.1.1"


def test_a_pod_reaches_itself(load: Load) -> None:
    """It sees the node as the client, or it would answer itself past the node."""
    load(web(HERE[0]))
    for protocol in ("tcp", "udp"):
        assert ask("labnet-test-np-e2", WEB, 80, protocol) == "10.244.1.2 10.244.1.1"


def test_local_policy_keeps_the_client_and_stays_here(load: Load) -> None:
    """From outside only what is on the node, with the client's address; from pods and node all."""
    elsewhere = endpoint("10.244.1.4", "node2")  # for the rules: it is here, and can be asked
    load(web(HERE[0], elsewhere, external_traffic_policy="Local"))
    everywhere = {"10.244.1.2", "10.244.1.4"}
    for address in ((VIP, 80), (ADDRESSES[NODE], 30080)):
        assert {ask(OUTSIDE, *address) for _ in range(20)} == {"10.244.1.2 172.18.0.100"}
        assert endpoints(CLIENT, *address) == everywhere
        assert endpoints(NODE, *address) == everywhere
    assert ask(CLIENT, VIP).split()[-1] == ADDRESSES[CLIENT]
    assert endpoints(OUTSIDE, WEB) == everywhere

    load(web(elsewhere, external_traffic_policy="Local", internal_traffic_policy="Local"))
    for address in ((VIP, 80), (ADDRESSES[NODE], 30080)):
        assert is_lost(OUTSIDE, *address)
        assert ask(CLIENT, *address).split()[0] == "10.244.1.4"
    assert all(is_lost(where, WEB) for where in (OUTSIDE, CLIENT, NODE))


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_service_without_endpoints_refuses(load: Load, protocol: str) -> None:
    """From everywhere and on every address, at once."""
    load(web(endpoint("10.244.1.2", "node1", ready=False, serving=False)))
    for where in (OUTSIDE, CLIENT, NODE):
        for address in ((WEB, 80), (VIP, 80), (ADDRESSES[NODE], 30080)):
            assert ask(where, *address, protocol) == REFUSED, (where, address)


def test_only_what_a_service_has_is_there(load: Load) -> None:
    """Another port of its address refuses, and what no Service has loses what is sent to it."""
    load(web())
    for where in (OUTSIDE, CLIENT, NODE):
        assert ask(where, WEB, 81) == REFUSED
        assert ask(where, WEB, 81, "udp") == REFUSED
        assert is_lost(where, "10.96.77.77")
    assert ask(NODE, "127.0.0.1", 30080) == REFUSED  # nobody listens there


def test_source_ranges_are_for_the_load_balancer_only(load: Load) -> None:
    """Who is not in them is dropped at its address, pods too, and not at the NodePort."""
    load(web(ranges="172.18.0.0/24"))
    assert ask(OUTSIDE, VIP) not in {LOST, REFUSED}
    assert ask(NODE, VIP) not in {LOST, REFUSED}
    assert is_lost(CLIENT, VIP)
    assert ask(CLIENT, WEB) not in {LOST, REFUSED}
    load(web(ranges="192.0.2.0/24 10.244.0.0/16"))
    assert is_lost(OUTSIDE, VIP)
    assert is_lost(NODE, VIP)
    assert ask(CLIENT, VIP) not in {LOST, REFUSED}
    assert ask(OUTSIDE, ADDRESSES[NODE], 30080) not in {LOST, REFUSED}


def test_a_client_with_affinity_stays_where_it_was(load: Load) -> None:
    """Through all addresses of the port and other endpoints' changes, until its own goes."""
    load(web(session_affinity_seconds=100))
    (first,) = endpoints(CLIENT, WEB)
    assert endpoints(CLIENT, VIP) == {first}
    assert endpoints(CLIENT, ADDRESSES[NODE], 30080) == {first}
    others = [one for one in HERE if one.addresses[0] != first]
    mine = next(one for one in HERE if one.addresses[0] == first)
    load(web(mine, others[0], session_affinity_seconds=100))
    assert endpoints(CLIENT, WEB) == {first}
    load(web(*others, session_affinity_seconds=100))
    (second,) = endpoints(CLIENT, WEB)
    assert second != first
    load(web(session_affinity_seconds=100))
    assert endpoints(CLIENT, WEB) == {second}


def test_affinity_ends_when_its_time_is_over(load: Load) -> None:
    """A client is remembered for so long after its last connection, and no longer."""
    load(web(session_affinity_seconds=1))
    (first,) = endpoints(CLIENT, WEB)
    deadline = time.monotonic() + 10
    while ask(CLIENT, WEB).split()[0] == first:
        assert time.monotonic() < deadline
        time.sleep(1.1)  # what is tested is that time


def test_nobody_goes_to_an_endpoint_that_is_gone(load: Load) -> None:
    """Changes of the number of endpoints are carried out at once, up and down."""
    for chosen in (HERE, HERE[:1], HERE[1:], HERE[:2], HERE):
        load(web(*chosen))
        expected = {one.addresses[0] for one in chosen}
        for address in ((WEB, 80), (VIP, 80), (ADDRESSES[NODE], 30080)):
            assert endpoints(CLIENT, *address) == expected
