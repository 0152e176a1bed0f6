"""Services on the real kernel, by the commands that show them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from kernel.conftest import Bring
from kernel.test_cli import labnet, ok
from labs import TOPOLOGIES, RunningLab, text


pytestmark = pytest.mark.kernel

STRANGER = ("-s", "10.9.9.9/32", "-j", "DROP")


def lab_text(name: str, mode: str) -> str:
    """The lab of topologies/services.yaml under another name, with kube-proxy in a mode."""
    said = (TOPOLOGIES / "services.yaml").read_text(encoding="utf-8")
    renamed = said.replace("  name: services\n", f"  name: {name}\n", 1)
    return renamed.replace("spec:\n", f"spec:\n  kubeProxy: {{mode: {mode}}}\n", 1)


@pytest.fixture(scope="module", params=["iptables", "nftables"])
def lab(bring_module: Bring, request: pytest.FixtureRequest) -> RunningLab:
    """The lab in each mode, up for all tests of the module."""
    mode = str(request.param)
    return bring_module(text(lab_text(f"seen-{mode}", mode)))


def shown(lab: RunningLab, *words: str) -> str:
    """What a command prints about it."""
    return ok(" ".join(words), lab=lab.name)


def test_services_and_endpoints_are_listed(lab: RunningLab) -> None:
    """With the addresses that they were given, and those of the pods."""
    services = shown(lab, "get svc")
    assert "\nweb          ClusterIP      10.96.10.10 " in services
    assert "\nelsewhere    ExternalName   <none>" in services
    slices = json.loads(shown(lab, "get endpointslices -o json"))["items"]
    found = {
        address
        for item in slices
        if item["metadata"]["labels"].get("kubernetes.io/service-name") == "web"
        for endpoint in item["endpoints"]
        for address in endpoint["addresses"]
    }
    assert found == {lab.ip("web-1"), lab.ip("web-2")}
    assert f"{lab.ip('web-2')}:80" in shown(lab, "get ep web")


def test_a_service_is_described_with_its_chains(lab: RunningLab) -> None:
    """And the endpoints behind them; nothing of them differs."""
    said = shown(lab, "describe svc/web")
    (endpoints,) = [line for line in said.splitlines() if line.endswith((":8080", ":80"))][:1]
    assert endpoints.startswith("Endpoints:  ")
    assert set(endpoints.split()[1].split(",")) == {
        f"{lab.ip('web-1')}:8080",
        f"{lab.ip('web-2')}:80",
    }
    assert "  Nodes node1, node2:\n" in said
    assert f"endpoint {lab.ip('web-1')}:8080, pod web-1" in said
    assert said.endswith("Differs:  <none>\n")


def test_rules_of_a_lab_are_those_of_its_file(lab: RunningLab, tmp_path: Path) -> None:
    """Observed and compiled are one text, so nothing of a lab is a stranger to it."""
    path = tmp_path / "lab.yaml"
    path.write_text(lab.sources[0].text, encoding="utf-8")
    for node in ("node1", "node2"):
        observed = shown(lab, f"rules {node}")
        assert observed == ok(f"rules {node} -f {path}")
        assert "not labnet's" not in observed


def test_every_endpoint_is_told(lab: RunningLab) -> None:
    """In the order of the rules, from both nodes alike."""
    found = json.loads(shown(lab, "rules node2 --service web:http -o json"))
    assert found["node"] == "node2"
    pods = {one["origin"].get("pod") for one in found["rules"]}
    assert {"web-1", "web-2"} <= pods
    names = {one["origin"].get("name") for one in found["rules"]} - {None}
    assert all(name.startswith("default/web") for name in names)
    assert found["rules"][0]["hook"] == "prerouting"


def test_a_rule_of_ones_own_is_shown_as_such(lab: RunningLab) -> None:
    """Where it stands, until it is gone; `plan` would take it away."""
    lab.run("node1", "iptables", "-I", "FORWARD", *STRANGER)
    try:
        said = shown(lab, "rules node1")
        assert "# from 10.9.9.9: drop it  [not labnet's]" in said
        assert "not labnet's" not in shown(lab, "rules node1 --service web")
        saved = shown(lab, "rules node1 -o iptables-save")
        assert f"-A FORWARD {' '.join(STRANGER)}\n" in saved
    finally:
        lab.run("node1", "iptables", "-D", "FORWARD", *STRANGER)


def test_a_missing_rule_of_a_service_is_told(lab: RunningLab) -> None:
    """`describe` says what `up` would put back, and only of that Service."""
    if lab.name.endswith("nftables"):
        gone = ("nft", "delete", "element", "ip", "kube-proxy", "service-ips")
        lab.run("node1", *gone, "{ 10.96.10.20 . 6 . 80 }")
    else:
        lab.run("node1", "iptables", "-t", "nat", "-D", "KUBE-SERVICES", *_portal(lab))
    try:
        assert f"\n  + {lab.name}.node1 " in shown(lab, "describe svc store")
        assert "Differs:  <none>" in shown(lab, "describe svc web")
    finally:
        lab.again()
    assert "Differs:  <none>" in shown(lab, "describe svc store")


def _portal(lab: RunningLab) -> list[str]:
    """The words of the rule for the cluster IP of store, after its chain."""
    rules = lab.run("node1", "iptables", "-t", "nat", "-S", "KUBE-SERVICES").splitlines()
    (rule,) = [line for line in rules if "default/store cluster IP" in line]
    words = rule.split(" ", 2)[2].replace('"default/store cluster IP"', "COMMENT").split()
    return [word.replace("COMMENT", "default/store cluster IP") for word in words]


def test_a_service_is_somewhere_to_be(lab: RunningLab) -> None:
    """`exec svc/web` runs in the first pod that it selects, as with kubectl."""
    assert shown(lab, "exec svc/web -- hostname") == "web-1\n"


def test_what_has_no_rules_says_why(lab: RunningLab) -> None:
    """Before anything is looked at; exit status 2."""
    done = labnet("rules node1 --service elsewhere", lab=lab.name)
    assert done.returncode == 2
    assert "no node has a rule for it" in done.stderr


def test_a_node_that_is_gone_is_said_to_be(bring: Bring) -> None:
    """Its namespace was removed by somebody: nothing can be observed there."""
    lab = bring(text(lab_text("seen-gone", "iptables")))
    subprocess.run(["ip", "netns", "delete", "seen-gone.node1"], check=True)
    done = labnet("rules node1", lab=lab.name)
    assert (done.returncode, done.stdout) == (1, "")
    assert "network namespace seen-gone.node1 is missing; `labnet up` makes it again" in done.stderr
