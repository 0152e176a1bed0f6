"""Parameters of the kernel: when they are set, and what is said of one that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.conftest import Bring
from labnet.errors import MachineError
from labnet.kernel import apply as applying
from labnet.kernel import netns
from labnet.kernel.apply import Applier
from labnet.kernel.conntrack import load_conntrack
from labnet.plan import Op, Verb
from labnet.state import Netns, Sysctl, sysctl_path
from labs import text


pytestmark = pytest.mark.kernel

NAME = "labnet-test-sysctls"
LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: t-sysctls}
spec: {nodes: [{name: n1}]}
"""


def value(netns_name: str, key: str) -> str:
    """What the kernel has in a namespace."""
    with netns.Thread() as thread:
        thread.enter(netns_name)
        return Path(sysctl_path(key)).read_text(encoding="ascii").strip()


def test_a_node_has_what_kube_proxy_sets(bring: Bring) -> None:
    """Conntrack's time-outs are the namespace's own, and the machine keeps its."""
    key = "net.netfilter.nf_conntrack_tcp_timeout_close_wait"
    before = Path(sysctl_path(key)).read_text(encoding="ascii")
    lab = bring(text(LAB))
    assert value("t-sysctls.n1", key) == "3600"
    assert value("t-sysctls.n1", "net.netfilter.nf_conntrack_tcp_timeout_established") == "86400"
    assert value("t-sysctls.n1", "net.ipv4.conf.all.route_localnet") == "1"
    assert Path(sysctl_path(key)).read_text(encoding="ascii") == before
    lab.run("n1", "sysctl", "-q", "-w", f"{key}=60")
    assert [line for line in lab.drift() if "close_wait" in line]
    lab.again()
    assert value("t-sysctls.n1", key) == "3600"


def test_what_kube_proxy_no_longer_wants_is_switched_off(bring: Bring) -> None:
    """An edited lab is as a new one would be."""
    switches = ("net.ipv4.conf.all.route_localnet", "net.netfilter.nf_conntrack_tcp_be_liberal")
    liberal = LAB.replace("spec: {", "spec: {kubeProxy: {conntrack: {tcpBeLiberal: true}}, ")
    lab = bring(text(liberal))
    assert [value("t-sysctls.n1", key) for key in switches] == ["1", "1"]
    lab.again(*text(LAB.replace("spec: {", "spec: {kubeProxy: {mode: nftables}, ")))
    assert [value("t-sysctls.n1", key) for key in switches] == ["0", "0"]
    assert lab.drift() == []


@pytest.mark.parametrize(
    ("key", "module"),
    [
        ("net.netfilter.nf_conntrack_nothing", "nf_conntrack"),
        ("net.bridge.bridge-nf-nothing", "br_netfilter"),
    ],
)
def test_a_missing_module_is_named(key: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is conntrack's, the kernel is given the chance to load itself."""
    loads: list[str] = []
    monkeypatch.setattr(applying, "load_conntrack", lambda: loads.append(module))
    plan = tuple(Op(Verb.ADD, item, "") for item in (Netns(NAME, ""), Sysctl(NAME, key, "1")))
    with netns.Thread() as thread:
        try:
            with pytest.raises(MachineError, match=f"has no {key}: `modprobe {module}` loads it"):
                Applier(thread, None, lambda _: None).run(plan)  # type: ignore[arg-type]  # no process
        finally:
            netns.delete(NAME)
    assert loads == (["nf_conntrack"] if module == "nf_conntrack" else [])


def test_conntrack_is_there_when_it_was_asked_for() -> None:
    """Asking does no harm where it is there already."""
    load_conntrack()
    assert Path(sysctl_path("net.netfilter.nf_conntrack_count")).exists()
