"""Session affinity with many clients, in both modes: who stays, how long, and who is forgotten."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from flows.expected import MODES
from kernel.conftest import Bring
from labs import RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: t-affinity-{mode}}}
spec:
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: n1, address: 172.18.0.2}}]
  hosts: [{{name: x, address: 172.18.0.3}}]
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  type: NodePort
  externalTrafficPolicy: {policy}
  sessionAffinity: ClientIP
  sessionAffinityConfig: {{clientIP: {{timeoutSeconds: {seconds}}}}}
  selector: {selector}
  clusterIP: {ip}
  ports: [{{port: 80, targetPort: 8080, nodePort: {port}}}]
"""
POD = """---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: web, name: {name}}}}}
spec:
  nodeName: n1
  containers: [{{name: c, image: agnhost, args: [netexec, --http-port=8080]}}]
"""
PODS = ("a", "b", "c")
LONG, BRIEF, ONE = 30001, 30002, 30003
SECONDS = 3
CLIENTS = tuple(f"172.18.0.{last}" for last in range(100, 120))
"""So many that no chance sends all of them to where they were: 1 in 3 ** 20."""
LISTED = 100  # ip_list_tot of xt_recent


def lab_text(mode: str, *pods: str) -> str:
    """A Service that remembers for hours, one for three seconds, and one of a single pod."""
    every = "{app: web}"
    services = (
        ("long", "Local", 10800, every, "10.96.1.1", LONG),
        ("brief", "Cluster", SECONDS, every, "10.96.1.2", BRIEF),
        ("one", "Local", 10800, "{name: a}", "10.96.1.3", ONE),
    )
    names = ("name", "policy", "seconds", "selector", "ip", "port")
    made = (SERVICE.format(**dict(zip(names, one, strict=True))) for one in services)
    return LAB.format(mode=mode) + "".join((*made, *(POD.format(name=pod) for pod in pods)))


@pytest.fixture(params=MODES)
def lab(bring: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """Three endpoints on one node, and a machine outside with an address for every client."""
    lab = bring(text(lab_text(request.param, *PODS)))
    own(lab, *CLIENTS)
    lab.run("x", "ip", "route", "add", "10.96.0.0/16", "via", "172.18.0.2")
    return lab


def own(lab: RunningLab, *addresses: str) -> None:
    """Give addresses to the machine outside."""
    for address in addresses:
        lab.run("x", "ip", "address", "add", f"{address}/24", "dev", "eth0")


def ask(lab: RunningLab, place: str) -> dict[str, str]:
    """Which pod answers each client."""
    return {client: who(lab, client, place) for client in CLIENTS}


def who(lab: RunningLab, client: str, place: str) -> str:
    """The pod that answers a client."""
    url = f"http://{place}/hostname"
    return lab.run("x", "curl", "-s", "-m", "3", "--interface", client, url)


def test_a_client_stays_by_whichever_address(lab: RunningLab) -> None:
    """NodePort and cluster IP, policies Local and Cluster: the endpoint is the same."""
    first = ask(lab, f"172.18.0.2:{LONG}")
    assert set(first.values()) == set(PODS)
    assert ask(lab, f"172.18.0.2:{LONG}") == first
    assert ask(lab, "10.96.1.1") == first


def test_only_clients_of_what_goes_move(lab: RunningLab) -> None:
    """The lists of the others outlive the change of rules, in both directions."""
    mode = lab.name.removeprefix("t-affinity-")
    first = ask(lab, f"172.18.0.2:{LONG}")
    lab.again(*text(lab_text(mode, "a", "b")))
    own(lab, *CLIENTS)  # `up` has taken them away
    second = ask(lab, f"172.18.0.2:{LONG}")
    stayed = {client: pod for client, pod in first.items() if pod != "c"}
    assert set(second.values()) == {"a", "b"}
    assert stayed.items() <= second.items()
    lab.again(*text(lab_text(mode, *PODS)))
    own(lab, *CLIENTS)
    assert ask(lab, f"172.18.0.2:{LONG}") == second


def test_time_runs_from_the_last_connection(lab: RunningLab) -> None:
    """Who comes again in time stays for longer than the time; who does not goes by chance."""
    place = f"172.18.0.2:{BRIEF}"
    first = ask(lab, place)
    began = time.monotonic()
    while time.monotonic() - began < 2 * SECONDS:
        time.sleep(SECONDS / 4)
        assert ask(lab, place) == first
    time.sleep(SECONDS + 1)
    assert ask(lab, place) != first


def test_the_oldest_of_too_many_is_forgotten(lab: RunningLab) -> None:
    """xt_recent remembers a hundred clients of an endpoint; nftables mode more."""
    many = [f"172.18.0.{last}" for last in range(120, 120 + LISTED + 1 - len(CLIENTS))]
    own(lab, *many)
    clients = [*CLIENTS, *many]
    found = Counter(who(lab, client, f"172.18.0.2:{ONE}") for client in clients)
    assert found == {"a": LISTED + 1}
    if lab.name.endswith("nftables"):
        table = lab.run("n1", "nft", "list", "table", "ip", "kube-proxy")
        assert [client for client in clients if f"{client} expires" in table] == clients
        return
    assert Path("/sys/module/xt_recent/parameters/ip_list_tot").read_text() == f"{LISTED}\n"
    saved = lab.run("n1", "iptables-save", "-t", "nat").splitlines()
    rules = [rule for rule in saved if '"default/one ->' in rule and "--rcheck" in rule]
    (name,) = {rule.rpartition(" ")[2] for rule in rules}
    listed = lab.run("n1", "cat", f"/proc/net/xt_recent/{name}").splitlines()
    assert {line.split()[0] for line in listed} == {f"src={client}" for client in clients[1:]}
