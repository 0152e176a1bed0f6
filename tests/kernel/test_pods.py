"""What the containers of a pod share, and what containers on docker0 do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-pods}
spec:
  nodes: [{name: n1}, {name: n2}]
  hosts: [{name: outside}, {name: far, address: 203.0.113.9}]
---
apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  nodeName: n1
  containers:
  - {name: web, image: nginx, ports: [{containerPort: 80}]}
  - {name: side, image: agnhost, args: [netexec], ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: rest}
spec:
  nodeName: n2
  containers: [{name: main, image: agnhost, args: [pause]}]
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: db}
spec:
  node: n1
  image: agnhost
  args: [netexec, --http-port=5432]
  publish: ["15432:5432"]
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: app}
spec: {node: n1, image: agnhost, args: [netexec, --http-port=8080]}
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: helper}
spec: {node: n1, image: busybox, network: "container:app"}
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: onhost}
spec: {node: n2, image: agnhost, args: [netexec, --http-port=7070], network: host}
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: alone}
spec: {node: n2, image: busybox, network: none}
"""


def shown() -> list[str]:
    """The links, routes and rules of the machine, which may have a docker0 of Docker's own."""
    commands = (["ip", "-brief", "link"], ["ip", "route"], ["iptables-save"])
    texts = [subprocess.run(c, capture_output=True, text=True, check=True).stdout for c in commands]
    return [line for line in "".join(texts).splitlines() if not line.startswith(("#", ":"))]


@pytest.fixture(scope="module")
def machine() -> list[str]:
    """What was shown before the lab came."""
    return shown()


@pytest.fixture(scope="module")
def lab(machine: list[str], bring_module: Bring) -> RunningLab:
    """A pod of two containers, and containers with every kind of network."""
    assert machine
    lab = bring_module(text(LAB))
    for name, port in (("db", 5432), ("app", 8080), ("n2", 7070)):
        wait_for(lab, name, port)
    return lab


def wait_for(lab: RunningLab, where: str, port: int) -> None:
    """Containers declare no ports, so nobody has waited for them to listen."""
    lab.run(
        where,
        "curl",
        "-s",
        "--retry",
        "50",
        "--retry-connrefused",
        "--retry-delay",
        "0",
        "--max-time",
        "5",
        f"http://127.0.0.1:{port}/hostname",
    )


def links(lab: RunningLab, where: str) -> list[str]:
    """The names of all links but lo."""
    lines = lab.run(where, "ip", "-o", "link").splitlines()
    names = [line.split(": ")[1].partition("@")[0] for line in lines]
    return [name for name in names if name != "lo"]


def test_a_pod_has_one_link_for_all_its_containers(lab: RunningLab) -> None:
    """One veth, one address."""
    assert links(lab, "pair") == ["eth0"]
    assert lab.run("pair", "ip", "-o", "-4", "address", "show", "eth0").count("inet ") == 1


def test_containers_of_a_pod_reach_each_other_on_loopback(lab: RunningLab) -> None:
    """The second container finds the first on 127.0.0.1, and the other way round."""
    answer = lab.curl("pair", "http://127.0.0.1:8080/shell?cmd=curl+-s+http://127.0.0.1")
    assert "Welcome to nginx!" in answer
    assert lab.curl("pair", "http://127.0.0.1:8080/hostname") == "pair"


def test_a_port_that_is_taken_is_taken_for_the_whole_pod(lab: RunningLab) -> None:
    """A second listener on the first container's port gets EADDRINUSE."""
    second = "import socket; socket.create_server(('', 80))"
    said = lab.run("pair", sys.executable, "-c", second, check=False)
    assert "Address already in use" in said
    third = second.replace("80", "81")
    assert lab.run("pair", sys.executable, "-c", third, check=False) == "0: "


@pytest.mark.parametrize("pod", ["side", "rest"])
def test_agnhost_is_there_to_be_executed(lab: RunningLab, pod: str) -> None:
    """`/agnhost connect`, the probe of Kubernetes' own tests, in a server and in a pause."""
    target, container = ("pair", "side") if pod == "side" else ("rest", "main")
    words = ("exec", target, "-c", container, "-l", lab.name, "--", "/agnhost", "connect")
    for port, code, said in (("80", 0, ""), ("81", 1, "REFUSED")):
        done = subprocess.run(
            [sys.executable, "-m", "labnet", *words, f"{lab.ip('pair')}:{port}", "--timeout=1s"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr.strip()) == (code, said)


def test_containers_on_docker0_have_a_link_each(lab: RunningLab) -> None:
    """A veth and an address of 172.17.0.0/16 for each, and they reach each other."""
    assert links(lab, "db") == ["eth0"]
    assert links(lab, "app") == ["eth0"]
    assert lab.ip("db") != lab.ip("app")
    assert lab.curl("db", f"http://{lab.ip('app')}:8080/hostname") == "app"
    assert lab.curl("app", f"http://{lab.ip('db')}:5432/clientip").startswith(lab.ip("app"))


def test_a_published_port_answers_on_the_nodes_loopback(lab: RunningLab) -> None:
    """docker-proxy does that, and the container sees the bridge's address."""
    assert lab.curl("n1", "http://127.0.0.1:15432/hostname") == "db"
    assert lab.curl("n1", "http://127.0.0.1:15432/clientip").startswith("172.17.0.1:")
    assert lab.curl("outside", f"http://{lab.ip('n1')}:15432/clientip").startswith(
        lab.ip("outside")
    )


@pytest.mark.parametrize("client", ["outside", "far", "n2", "n1", "pair"])
def test_a_published_port_answers_from_everywhere(lab: RunningLab, client: str) -> None:
    """On the node's address, from hosts outside, other nodes, the node itself and pods."""
    assert lab.curl(client, f"http://{lab.ip('n1')}:15432/hostname") == "db"


def test_a_container_reaches_itself_through_its_published_port(lab: RunningLab) -> None:
    """docker-proxy serves containers on the bridge, which the rules let pass."""
    assert lab.curl("db", f"http://{lab.ip('n1')}:15432/hostname") == "db"


def test_a_container_that_joins_another_has_its_network(lab: RunningLab) -> None:
    """The same address, the same lo; that is what a pod is made of."""
    assert lab.pod("helper").netns == lab.pod("app").netns
    assert lab.pod("helper").ips == lab.pod("app").ips


def test_a_container_on_the_host_network_is_the_node(lab: RunningLab) -> None:
    """It answers on the node's own address."""
    assert lab.curl("outside", f"http://{lab.ip('n2')}:7070/hostname") == "n2"


def test_a_container_without_network_has_only_lo(lab: RunningLab) -> None:
    """And that is up."""
    assert links(lab, "alone") == []
    assert lab.pings("alone", "127.0.0.1")


def test_a_host_with_an_address_elsewhere_is_on_link(lab: RunningLab) -> None:
    """Nodes reach it and it reaches nodes, without a router."""
    assert lab.pings("n1", "203.0.113.9")
    assert lab.pings("far", lab.ip("n1"))


def test_docker0_names_and_addresses_are_dockers(lab: RunningLab) -> None:
    """Gateway 172.17.0.1, first container .2, a MAC that spells the address."""
    shown = lab.run("n1", "ip", "-o", "address", "show", "docker0")
    assert "172.17.0.1/16" in shown
    first = min(lab.ip("db"), lab.ip("app"))
    assert first == "172.17.0.2"
    name = "db" if lab.ip("db") == first else "app"
    assert "02:42:ac:11:00:02" in lab.run(name, "ip", "link", "show", "eth0")


def test_the_machine_itself_has_none_of_it(machine: list[str], lab: RunningLab) -> None:
    """The machine has no link, no route and no rule of the lab: not one more than before."""
    del lab
    assert shown() == machine
