"""A Service under load while its endpoints come and go: nobody notices but those who count."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pytest

from kernel.conftest import Bring
from labnet import agent
from labnet.agent import Listener
from labnet.plan import Op, Verb
from labnet.state import NftTable, Ruleset
from labs import SLOW, RunningLab, text


pytestmark = pytest.mark.kernel

LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {{name: changes}}
spec:
  kubeProxy: {{mode: {mode}}}
  nodes: [{{name: node1}}, {{name: node2}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  nodeName: node1
  containers: [{{name: c, image: pause}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  clusterIP: 10.96.7.7
  selector: {selector}
  ports: [{{port: 80, targetPort: 8080}}]
"""
SERVER = """
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: web, name: {name}}}}}
spec:
  nodeName: {node}
  containers:
  - name: c
    image: registry.k8s.io/e2e-test-images/agnhost
    args: [netexec, --delay-shutdown=1]  # to finish what it has begun, as servers should
    ports: [{{containerPort: 8080}}]
"""
SERVERS = {"alpha": "node1", "beta": "node2", "gamma": "node2"}
RATE = 50  # connections per second
LONGEST = 30 * SLOW  # seconds that the load may last, whatever happens

LOAD = """
import concurrent.futures, http.client, json, sys, time

rate, longest, held = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])


def ask(connection):
    connection.request("GET", "/hostname")
    return connection.getresponse().read().decode()


def once(begin):
    connection = http.client.HTTPConnection("10.96.7.7", 80, timeout=5)
    try:
        return {"begin": begin, "server": ask(connection)}
    except OSError as error:
        return {"begin": begin, "server": "", "error": str(error)}
    finally:
        connection.close()


kept = [http.client.HTTPConnection("10.96.7.7", 80, timeout=5) for _ in range(held)]
partners = [ask(connection) for connection in kept]
first = time.monotonic()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    pending = []
    for number in range(int(rate * longest)):
        time.sleep(max(0, first + number / rate - time.monotonic()))
        pending.append(pool.submit(once, time.monotonic()))
        while pending and pending[0].done():
            print(json.dumps(pending.pop(0).result()), flush=True)
        if number % rate == 0:
            for connection, partner in zip(kept, partners):
                try:
                    now = ask(connection)
                except Exception as error:
                    now = repr(error)
                if now != partner:
                    print(json.dumps({"held": partner, "error": now}), flush=True)
                    kept.remove(connection), partners.remove(partner)
                    break
"""


@dataclass(frozen=True)
class Answer:
    """What came of a connection: the server's name, and when the connection began."""

    begin: float
    server: str
    error: str = ""


class Load:
    """Connections to the Service from the client's pod, new ones all the time and some for long."""

    def __init__(self, lab: RunningLab, held: int) -> None:
        """Begin; the connections that are held make a request every second."""
        namespace = ("ip", "netns", "exec", f"{lab.name}.client")
        program = ("python3", "-c", LOAD, str(RATE), str(LONGEST), str(held))
        self._process = subprocess.Popen([*namespace, *program], stdout=subprocess.PIPE, text=True)
        self.answers: list[Answer] = []
        self.broken: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        """Wait for the first answer."""
        self.until(lambda answer: bool(answer.server))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def until(self, is_it: Callable[[Answer], bool]) -> None:
        """Read answers up to one of this kind; a failure if the load ends before."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = json.loads(line)
            if "held" in words:
                self.broken.append(words)
                continue
            answer = Answer(**words)
            self.answers.append(answer)
            if is_it(answer):
                return
        pytest.fail("the load is over")

    def go_on(self, seconds: float = 1.5) -> list[Answer]:
        """The answers to connections that begin from now on."""
        now = time.monotonic()
        self.until(lambda answer: answer.begin > now + seconds)
        return [answer for answer in self.answers if answer.begin > now]


def sources(mode: str, *names: str, selector: str = "{app: web}") -> str:
    """The lab with these servers."""
    servers = [SERVER.format(name=name, node=SERVERS[name]) for name in names]
    return "".join([LAB.format(mode=mode, selector=selector), *servers])


def change(lab: RunningLab, yaml: str) -> tuple[float, float]:
    """`up` of an edited file; when the last rules were changed, and when the first thing went."""
    changes, removals = [0.0], [float("inf")]

    def done(op: Op) -> None:
        """Take the time."""
        if op.verb is Verb.DELETE:
            removals.append(time.monotonic())
        elif isinstance(op.object, Ruleset | NftTable):
            changes.append(time.monotonic())

    agent.up(text(yaml), listener=Listener(progress=done))
    lab.sources = text(yaml)
    return max(changes), min(removals)


@pytest.fixture(params=["iptables", "nftables"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both modes of kube-proxy."""
    mode: str = request.param
    return mode


def test_nobody_fails_while_endpoints_come_and_go(bring: Bring, mode: str) -> None:
    """No new connection fails, nor does one go to an endpoint after it was removed."""
    lab = bring(text(sources(mode, "alpha", "beta")))
    with Load(lab, held=0) as load:
        change(lab, sources(mode, "alpha", "beta", "gamma"))
        assert {answer.server for answer in load.go_on()} == {"alpha", "beta", "gamma"}
        removed, gone = change(lab, sources(mode, "beta", "gamma"))
        assert removed < gone
        load.go_on()
        late = {answer.server for answer in load.answers if answer.begin > removed}
        assert late == {"beta", "gamma"}
        change(lab, sources(mode, "alpha", "beta", "gamma"))
        assert {answer.server for answer in load.go_on()} == {"alpha", "beta", "gamma"}
    assert [answer for answer in load.answers if answer.error] == []


def test_connections_outlive_changes_of_rules(bring: Bring, mode: str) -> None:
    """A server that is no endpoint any more keeps its connections, as do all the others."""
    lab = bring(text(sources(mode, "alpha", "beta")))
    with Load(lab, held=6) as load:
        left, _ = change(lab, sources(mode, "alpha", "beta", selector="{name: beta}"))
        load.go_on(2.5)
        assert {answer.server for answer in load.answers if answer.begin > left} == {"beta"}
        change(lab, sources(mode, "alpha", "beta"))
        assert {answer.server for answer in load.go_on(2.5)} == {"alpha", "beta"}
    assert load.broken == []
    assert [answer for answer in load.answers if answer.error] == []
