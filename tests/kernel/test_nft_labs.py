"""Tables of nftables in labs: what differs is changed, and a lab changes its mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from kernel.conftest import Bring
from kernel.test_nft import nft_tool, service
from labnet.kernel.linux import LinuxKernel
from labnet.names import segment_netns
from labnet.parse import SourceText
from labnet.plan import Plan, plan
from labnet.state import (
    Netns,
    NftBlock,
    NftTable,
    Object,
    Ruleset,
    State,
    parse_nft_tables,
    sorted_chains,
)
from labs import text


pytestmark = pytest.mark.kernel

LAB = "nftlab"
NODE = f"{LAB}.node1"


@pytest.fixture
def become() -> Iterator[Callable[..., list[str]]]:
    """`become(*objects)`: make a lab's node hold these, and say what that took."""
    kernel = LinuxKernel()

    def make(*objects: Object) -> list[str]:
        """Plan and apply, and make sure that nothing is left to do."""
        desired = State.of(
            Netns(segment_netns(LAB), "segment"), Netns(NODE, "node/node1"), *objects
        )
        changes = plan(desired, kernel.observe(LAB, desired))
        kernel.check(changes)
        kernel.apply(LAB, changes, lambda _: None)
        assert plan(desired, kernel.observe(LAB, desired)) == ()
        return [f"{op.verb} {op.object}" for op in changes if not isinstance(op.object, Netns)]

    yield make
    kernel.remove(LAB, wait=True, progress=lambda _: None)
    assert kernel.observe(LAB, State()) == State()
    kernel.tidy()


def test_a_node_changes_its_mode(become: Callable[..., list[str]]) -> None:
    """From chains of iptables to a table of nftables, in both families, and back."""
    rule = ("-A FORWARD -s 10.0.0.0/8 -j ACCEPT",)
    rules = [Ruleset(NODE, f, "filter", sorted_chains("filter", ()), rule) for f in (4,)]
    four = replace(service(80), netns=NODE)
    six = NftTable(NODE, 6, "kube-proxy", (NftBlock("chain", "a", (), ("accept",)),))
    assert become(*rules) == [f"+ iptables {NODE} filter"]
    assert sorted(become(four, six)) == sorted(
        [f"- iptables {NODE} filter", f"+ nft {NODE} ip kube-proxy", f"+ nft {NODE} ip6 kube-proxy"]
    )
    assert become(replace(service(81), netns=NODE), six) == [f"~ nft {NODE} ip kube-proxy"]
    assert sorted(become(*rules)) == sorted(
        [f"+ iptables {NODE} filter", f"- nft {NODE} ip kube-proxy", f"- nft {NODE} ip6 kube-proxy"]
    )


def test_what_somebody_changes_is_healed(become: Callable[..., list[str]]) -> None:
    """A rule, an element, a sleeping table, a whole one; a foreign table is left alone."""
    table = replace(service(80), netns=NODE)
    become(table)
    nft_tool("add", "table", "ip", "mine", netns=NODE)
    for words in (
        ["flush", "chain", "ip", "kube-proxy", "nat-output"],
        ["flush", "map", "ip", "kube-proxy", "endpoints"],
        ["add", "chain", "ip", "kube-proxy", "stranger"],
        ["add", "table", "ip", "kube-proxy", "{ flags dormant; }"],
    ):
        nft_tool(*words, netns=NODE)
        assert become(table) == [f"~ nft {NODE} ip kube-proxy"], words
    nft_tool("delete", "table", "ip", "kube-proxy", netns=NODE)
    assert become(table) == [f"+ nft {NODE} ip kube-proxy"]
    assert "mine" in nft_tool("list", "tables", netns=NODE)


LAB_FILE = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: nftmodes}
spec:
  networking: {ipFamily: dual}
  kubeProxy: {mode: MODE}
  nodes: [{name: node1}, {name: node2}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}, annotations: {labnet.dev/ip: "10.244.0.7"}}
spec:
  nodeName: node1
  containers: [{name: http, image: agnhost, args: [netexec], ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-2, labels: {app: web}}
spec:
  nodeName: node2
  containers: [{name: http, image: agnhost, args: [netexec], ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  clusterIP: 10.96.0.50
  ipFamilyPolicy: PreferDualStack
  externalTrafficPolicy: Local
  sessionAffinity: ClientIP
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
---
apiVersion: v1
kind: Service
metadata: {name: flat}
spec:
  clusterIP: 10.96.0.51
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""


def lab_file(mode: str) -> tuple[SourceText, ...]:
    """The lab in a mode."""
    return text(LAB_FILE.replace("MODE", mode))


def kinds(changes: Plan) -> set[str]:
    """The verbs and kinds of a plan's operations on rules."""
    return {
        f"{op.verb} {op.object.key[0]}"
        for op in changes
        if isinstance(op.object, NftTable | Ruleset)
    }


def test_a_lab_changes_its_mode(bring: Bring) -> None:
    """Services answer in each, and there is nothing left to do after each."""
    lab = bring(lab_file("nftables"))
    assert lab.drift() == []
    for mode in ("iptables", "nftables"):
        for address in ("10.96.0.50", "10.96.0.51", f"{lab.ip('node1')}:30080"):
            assert lab.curl("web-2", f"http://{address}/hostname") in {"web-1", "web-2"}
        changed = kinds(lab.again(*lab_file(mode)))
        assert lab.drift() == []
        assert ("+ nft" if mode == "nftables" else "- nft") in changed


def test_every_chain_of_a_lab_can_be_filled_again(bring: Bring) -> None:
    """Nft takes each rule alone as well, where the table is there and not made with it."""
    lab = bring(lab_file("nftables"))
    for path in ("ip", "ip6"):
        (table,) = [
            item
            for item in parse_nft_tables("nftmodes.node1", lab.run("node1", "nft", *LIST))
            if item.nft_family == path and item.name == "kube-proxy"
        ]
        for block in table.blocks:
            if block.kind == "chain" and block.members:
                lab.run("node1", "nft", "flush", "chain", path, "kube-proxy", block.name)
    assert kinds(lab.again()) == {"~ nft"}
    assert lab.drift() == []
    assert lab.curl("web-2", "http://10.96.0.51/hostname") in {"web-1", "web-2"}


LIST = ("-nn", "list", "ruleset")
