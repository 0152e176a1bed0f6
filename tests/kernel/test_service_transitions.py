"""Services of a running lab edited one after the other: it is always as a new lab would be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from kernel.conftest import Bring
from kernel.test_transitions import document, pod
from labnet.compile import compile_state
from labnet.kernel.linux import LinuxKernel
from labnet.parse import SourceText, parse
from labnet.resolve import Facts, resolve
from labnet.state import Key, NftTable, Object, Ruleset, Sysctl
from labs import RunningLab


pytestmark = pytest.mark.kernel

Json = dict[str, Any]
NAME = "t-edits"
MODES = ("iptables", "nftables")
SERVER: Json = {
    "containers": [{"name": "c", "image": "agnhost", "args": ["netexec"]}],
    "terminationGracePeriodSeconds": 0,
}


def service(name: str = "web", ip: str = "10.96.7.7", **fields: Any) -> Json:
    """A Service of both servers on port 80, or with other fields."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    made = document("Service", name, {"clusterIP": ip, "selector": {"app": "web"}, "ports": ports})
    status = fields.pop("status", None)
    made["spec"].update(fields)
    return made | ({"status": status} if status else {})


def ports(*words: str) -> list[Json]:
    """Ports from `name number [nodePort]`; the name `dns` is UDP."""
    made = []
    for word in words:
        name, number, *node_port = word.split()
        target = {"dns": 8081}.get(name, 8080)
        entry: Json = {"name": name, "port": int(number), "targetPort": target}
        entry |= {"protocol": "UDP"} if name == "dns" else {}
        made.append(entry | ({"nodePort": int(node_port[0])} if node_port else {}))
    return made


BALANCED: Json = {
    "type": "LoadBalancer",
    "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}},
    "ports": ports("http 80 30080"),
}
STICKY: Json = {"sessionAffinity": "ClientIP"}
MANY = [service(f"many-{n}", f"10.96.8.{n}") for n in range(1, 201)]
Edit = tuple[Json, list[Json]]

EDITS: Mapping[str, Edit] = {
    "a ClusterIP": ({}, [service()]),
    "another ClusterIP": ({}, [service(ip="10.96.7.8")]),
    "a NodePort": ({}, [service(type="NodePort", ports=ports("http 80 30080"))]),
    "another NodePort": ({}, [service(type="NodePort", ports=ports("http 80 30081"))]),
    "more ports": ({}, [service(ports=ports("http 80", "dns 53", "more 81"))]),
    "a port renamed": ({}, [service(ports=ports("web 80", "dns 53"))]),
    "affinity": ({}, [service(**STICKY)]),
    "affinity for a minute": (
        {},
        [service(**STICKY, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}})],
    ),
    "a load balancer": ({}, [service(**BALANCED)]),
    "source ranges": ({}, [service(**BALANCED, loadBalancerSourceRanges=["172.18.0.0/24"])]),
    "a local load balancer": (
        {},
        [service(**BALANCED, externalTrafficPolicy="Local", healthCheckNodePort=32000)],
    ),
    "local from inside": ({}, [service(internalTrafficPolicy="Local")]),
    "one endpoint": ({}, [service(selector={"app": "web", "tier": "one"})]),
    "no endpoint": ({}, [service(selector={"app": "none"})]),
    "externalIPs": ({}, [service(externalIPs=["203.0.113.7"])]),
    "two hundred": ({}, [service(), *MANY]),
    "two hundred without some": ({}, [service(), *MANY[7:190]]),
    "masqueradeAll": ({"masqueradeAll": True}, [service()]),
    "some addresses": (
        {"nodePortAddresses": ["172.18.0.0/24"]},
        [service(type="NodePort", ports=ports("http 80 30080"))],
    ),
    "liberal": ({"conntrack": {"tcpBeLiberal": True}}, [service()]),
    "none": ({}, []),
}


def lab(mode: str, edit: str) -> tuple[SourceText, ...]:
    """The lab after an edit."""
    proxy, services = EDITS[edit]
    settings = dict(proxy)
    if settings.pop("masqueradeAll", False):
        settings[mode] = {"masqueradeAll": True}
    spec = {"nodes": [{"name": "n1"}, {"name": "n2"}], "kubeProxy": {"mode": mode} | settings}
    pods = [pod("one", "n1", **SERVER), pod("two", "n2", **SERVER), pod("client", "n2")]
    for item, labels in zip(pods, ({"app": "web", "tier": "one"}, {"app": "web"}), strict=False):
        item["metadata"]["labels"] = labels
    things = [document("Lab", NAME, spec), *pods, *services]
    return (SourceText("lab.yaml", "\n---\n".join(json.dumps(item) for item in things)),)


def of_kube_proxy(things: Iterable[Object]) -> dict[Key, Object]:
    """Rules and parameters."""
    return {item.key: item for item in things if isinstance(item, Ruleset | NftTable | Sysctl)}


def reached(running: RunningLab, edit: str) -> bool:
    """Whether the ClusterIP answers as it should, of the last Service that has one."""
    if edit == "none":
        return True
    services = EDITS[edit][1]
    address = services[-1]["spec"]["clusterIP"]
    answer = running.curl("client", f"http://{address}/hostname")
    if edit == "no endpoint":
        return answer == "curl exits with 7"
    return answer in {"one", "two"}


@pytest.fixture(scope="module")
def running(bring_module: Bring) -> RunningLab:
    """One lab for all edits, which is what they are about."""
    return bring_module(lab("iptables", "none"))


WALK = random.Random(3).sample([(mode, edit) for mode in MODES for edit in EDITS], 2 * len(EDITS))


@pytest.mark.parametrize(("mode", "edit"), WALK)
def test_a_lab_is_as_a_new_one_would_be(running: RunningLab, mode: str, edit: str) -> None:
    """Whatever it was before: the same rules and parameters, nothing to do, and it answers."""
    sources = lab(mode, edit)
    running.again(*sources)
    assert running.drift() == []
    fresh = compile_state(resolve(parse(sources).topology, Facts()))
    observed = LinuxKernel().observe(NAME, fresh)
    assert of_kube_proxy(observed) == of_kube_proxy(fresh)
    assert reached(running, edit)
