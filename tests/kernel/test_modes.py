"""What is peculiar to a CNI mode: encapsulation, and the way that kubenet leaves out."""

from __future__ import annotations

import subprocess

import pytest

from kernel.conftest import Bring
from kernel.test_networks import lab_text
from labnet.names import segment_netns
from labs import SLOW, RunningLab, text


pytestmark = pytest.mark.kernel


def captured_while(lab: RunningLab, filter_: str, address: str) -> str:
    """What tcpdump sees on the node segment while the first pod pings an address."""
    netns = segment_netns(lab.name)
    command = ["tcpdump", "-i", "br0", "-n", "-c", "2", "-Q", "in", *filter_.split()]
    with subprocess.Popen(
        ["ip", "netns", "exec", netns, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tcpdump:
        assert tcpdump.stderr is not None
        assert any("listening on" in line for line in iter(tcpdump.stderr.readline, ""))
        assert lab.pings("a1", address)
        try:
            seen, _ = tcpdump.communicate(timeout=2 * SLOW)
        except subprocess.TimeoutExpired:
            tcpdump.terminate()
            seen, _ = tcpdump.communicate()
    return seen


def test_vxlan_encapsulates_what_goes_between_nodes(bring: Bring) -> None:
    """On the segment a ping is UDP to port 8472; of DF packets 1,450 bytes fit, and no more."""
    lab = bring(text(lab_text("vxlan")))
    seen = captured_while(lab, "udp port 8472", lab.ip("b1"))
    assert "172.18.0.2" in seen
    assert f"{lab.ip('a1')} > {lab.ip('b1')}: ICMP echo request" in seen
    for size, fits in ((1422, "0:"), (1423, "1:")):
        ping = ("ping", "-c1", "-W1", "-M", "do", "-s", str(size), lab.ip("b1"))
        assert lab.run("a1", *ping, check=False).startswith(fits)


def test_host_gw_does_not(bring: Bring) -> None:
    """On the segment a ping between pods is just that."""
    lab = bring(text(lab_text("host-gw")))
    seen = captured_while(lab, "icmp", lab.ip("b1"))
    assert f"{lab.ip('a1')} > {lab.ip('b1')}: ICMP echo request" in seen
    assert "VXLAN" not in seen


def test_kubenet_needs_somebody_elses_routes(bring: Bring) -> None:
    """Pods of one node talk, pods of two do not, until the routes that a cloud has are there."""
    lab = bring(text(lab_text("kubenet")))
    assert lab.pings("a1", lab.ip("a2"))
    assert not lab.pings("a1", lab.ip("b1"))
    for here, there in (("n1", "n2"), ("n2", "n1")):
        (node,) = [node for node in lab.cluster.nodes if node.name == there]
        lab.run(here, "ip", "route", "add", str(node.pod_cidrs[0]), "via", lab.ip(there))
    assert lab.pings("a1", lab.ip("b1"))
    answer = lab.curl("a1", f"http://{lab.ip('b1')}:8080/clientip")
    assert answer.startswith(lab.ip("a1"))
