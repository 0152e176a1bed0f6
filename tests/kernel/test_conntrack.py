"""UDP clients that keep their source port follow their Service, and nobody else is disturbed."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator

import pytest

from kernel.conftest import Bring
from labnet import agent
from labnet.plan import plan_script
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: conntrack}}
spec:
  networking: {{ipFamily: dual}}
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: node1}}, {{name: node2}}]
  hosts: [{{name: outside}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  nodeName: node1
  containers: [{{name: c, image: pause}}]
"""
SERVER = """
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: echo, tier: {tier}}}}}
spec:
  nodeName: {node}
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: registry.k8s.io/e2e-test-images/agnhost
    args: [netexec, --udp-port=8081]
    ports: [{{containerPort: 8081, protocol: UDP}}, {{containerPort: 8080}}]
"""
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {{name: echo}}
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIP: 10.96.7.7
  clusterIPs: [10.96.7.7, "fd00:10:96::77"]
  externalIPs: [203.0.113.7]
  selector: {selector}
  ports:
  - {{name: udp, protocol: UDP, port: 53, targetPort: 8081, nodePort: 30053}}
  - {{name: tcp, protocol: TCP, port: 80, targetPort: 8080, nodePort: 30080}}
"""
SERVERS = {"alpha": "node1", "beta": "node2", "gamma": "node2"}
EXTERNAL_IP = "203.0.113.7"
CLUSTER_IPS = {4: "10.96.7.7", 6: "fd00:10:96::77"}


def sources(mode: str, *names: str, selector: str = "{app: echo}") -> str:
    """The lab with these servers and their Service; without it if the selector is empty."""
    servers = [SERVER.format(name=name, node=SERVERS[name], tier=name) for name in names]
    service = SERVICE.format(selector=selector) if selector else ""
    return "".join([LAB.format(mode=mode), *servers, service])


class Client:
    """A UDP client with one source port for all its life, and a TCP client that stays."""

    def __init__(self, lab: RunningLab, where: str, address: str, port: int = 53) -> None:
        """Ask from a namespace."""
        self._lab, self._where, self._to = lab, where, (address, port)

    def ask(self, source_port: int = 40000) -> str:
        """The name of the server that answers within a second, empty if none does."""
        program = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, 2)\n"
            "s.bind(('', int(sys.argv[3]))); s.settimeout(1)\n"
            "s.sendto(b'hostname', (sys.argv[1], int(sys.argv[2])))\n"
            "print(s.recv(100).decode())\n"
        )
        words = ("python3", "-c", program, self._to[0], str(self._to[1]), str(source_port))
        answer = self._lab.run(self._where, *words, check=False)
        return answer.removeprefix("0: ").strip() if answer.startswith("0: ") else ""


@pytest.fixture(params=["iptables", "nftables"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both modes of kube-proxy."""
    mode: str = request.param
    return mode


def entries(lab: RunningLab, node: str = "node1", family: int = 4) -> list[str]:
    """What conntrack of a node remembers of UDP."""
    output = lab.run(node, "conntrack", "-L", "-f", f"ipv{family}", "-p", "udp", check=False)
    return [line for line in output.splitlines() if " src=" in line]


@pytest.mark.parametrize("family", [4, 6])
def test_a_client_moves_when_its_server_dies(bring: Bring, mode: str, family: int) -> None:
    """From inside through the ClusterIP, from outside through a NodePort; the port stays."""
    lab = bring(text(sources(mode, "alpha", "beta", "gamma")))
    inside = Client(lab, "client", CLUSTER_IPS[family])
    outside = Client(lab, "outside", lab.ip("node1", family), 30053)
    victim = inside.ask()
    assert victim in SERVERS
    port = next(port for port in range(41000, 41200) if outside.ask(port) == victim)
    assert {inside.ask() for _ in range(5)} == {victim}
    left = set(SERVERS) - {victim}
    lab.again(*text(sources(mode, *sorted(left))))
    assert inside.ask() in left
    assert outside.ask(port) in left
    assert lab.drift() == []


def test_a_client_that_began_too_early_is_answered(bring: Bring, mode: str) -> None:
    """Its flow was not DNATed when there was no Service, and would never have been."""
    lab = bring(text(sources(mode, "alpha", selector="")))
    client = Client(lab, "client", EXTERNAL_IP)
    assert client.ask() == ""
    assert any(f"dst={EXTERNAL_IP} sport=40000 dport=53" in line for line in entries(lab))
    lab.again(*text(sources(mode, "alpha")))
    assert client.ask() == "alpha"


def test_a_client_of_a_service_without_endpoints_waits_for_one(bring: Bring, mode: str) -> None:
    """It is refused until there is one, and then answered on the same port."""
    lab = bring(text(sources(mode)))
    client = Client(lab, "client", CLUSTER_IPS[4])
    assert client.ask() == ""
    lab.again(*text(sources(mode, "beta")))
    assert client.ask() == "beta"


def test_a_node_port_of_another_node_is_no_drift(bring: Bring, mode: str) -> None:
    """The client's own node knows the flow as it was sent, and that is how it is to be."""
    lab = bring(text(sources(mode, "alpha")))
    client = Client(lab, "client", lab.ip("node2"), 30053)
    assert client.ask() == "alpha"
    assert any(f"dst={lab.ip('node2')} sport=40000" in line for line in entries(lab))
    assert lab.drift() == []


TALK = """
import socket, sys
s = socket.create_connection((sys.argv[1], 80), timeout=5)
for line in sys.stdin:
    s.sendall(b"GET /hostname HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    print(s.recv(4000).decode().split()[-1], flush=True)
"""


@pytest.fixture
def talks() -> Iterator[list[subprocess.Popen[str]]]:
    """TCP connections, closed in the end."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def connect(lab: RunningLab, talks: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A TCP connection to the Service that asks for the server's name at every line."""
    command = ["ip", "netns", "exec", f"{lab.name}.client", "python3", "-c", TALK, CLUSTER_IPS[4]]
    pipe = subprocess.PIPE
    talks.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
    return talks[-1]


def heard(process: subprocess.Popen[str]) -> str:
    """Who answers on a connection now."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_tcp_stays_where_udp_moves(
    bring: Bring, mode: str, talks: list[subprocess.Popen[str]]
) -> None:
    """A server that lives and is no endpoint any more keeps its connections only."""
    lab = bring(text(sources(mode, "alpha", "beta")))
    connections = [connect(lab, talks) for _ in range(24)]  # to one alone once in 8 million times
    partners = [heard(connection) for connection in connections]
    assert set(partners) == {"alpha", "beta"}
    client = Client(lab, "client", CLUSTER_IPS[4])
    ports = [port for port in range(42000, 42020) if client.ask(port) == "beta"]
    assert ports
    lab.again(*text(sources(mode, "alpha", "beta", selector="{tier: alpha}")))
    assert [heard(connection) for connection in connections] == partners
    assert {client.ask(port) for port in ports} == {"alpha"}


def insert(lab: RunningLab, *words: str) -> None:
    """An entry of conntrack on node1, made by hand."""
    lab.run("node1", "conntrack", "-I", "-t", "60", "-u", "SEEN_REPLY", *words)


def test_plan_finds_what_is_left_and_says_what_to_type(bring: Bring, mode: str) -> None:
    """Stale entries are drift; the script's command removes them, and no others; so does `up`."""
    lab = bring(text(sources(mode, "alpha")))
    alpha, service = lab.ip("alpha"), CLUSTER_IPS[4]
    udp = ("-p", "udp", "-s", "10.244.0.99", "--sport", "5")
    dead = (*udp, "--dport", "53", "--reply-dst", "10.244.0.99", "--reply-port-dst", "5")
    insert(lab, *dead, "-d", service, "--reply-src", "10.244.1.77", "--reply-port-src", "8081")
    insert(lab, *dead, "-d", "10.96.7.8", "--reply-src", alpha, "--reply-port-src", "8081")
    (line,) = lab.drift()
    assert line.startswith("~ udp-flows conntrack.node1 ipv4  #")
    assert line.endswith("1 flow goes to no endpoint")
    script = plan_script(lab.name, agent.preview(lab.sources).plan)
    (command,) = [line for line in script.splitlines() if "conntrack -D" in line]
    subprocess.run(shlex.split(command.removesuffix(" || true")), check=True, capture_output=True)
    assert lab.drift() == []
    assert len(entries(lab)) == 1
    insert(lab, *dead, "-d", service, "--reply-src", "10.244.1.77", "--reply-port-src", "8081")
    assert len(lab.again()) == 1
    assert lab.drift() == []
    assert len(entries(lab)) == 1
