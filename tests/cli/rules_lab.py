"""A lab with Services of several sorts, and the rules of its nodes as blocks."""

from __future__ import annotations

from collections.abc import Sequence

from labnet.cli.netfilter.blocks import Blocks, iptables_blocks
from labnet.cli.netfilter.nft_blocks import nft_blocks
from labnet.cli.netfilter.origins import Origins, origins, table_parts
from labnet.cli.netfilter.sentences import sentence
from labnet.compile import compile_state
from labnet.model import Cluster, Topology
from labnet.parse import SourceText, parse
from labnet.resolve import resolve
from labnet.state import NftTable, Ruleset


MODES = ("iptables", "nftables")
LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: show}
spec:
  kubeProxy: {mode: MODE}
  nodes: [{name: node1}, {name: node2}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec:
  nodeName: node1
  containers:
  - {name: http, image: nginx, ports: [{containerPort: 80, hostPort: 8080, name: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-2, labels: {app: web}}
spec:
  nodeName: node2
  containers: [{name: http, image: nginx, ports: [{containerPort: 80, name: web}]}]
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: cache}
spec: {node: node1, image: nginx, publish: ["9090:80"]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  clusterIP: 10.96.0.10
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: web, nodePort: 30080}
  - {name: more, port: 81, targetPort: web, nodePort: 30081}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec:
  clusterIP: 10.96.0.11
  selector: {app: web}
  sessionAffinity: ClientIP
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: balanced}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.12
  selector: {app: web}
  externalTrafficPolicy: Local
  healthCheckNodePort: 30999
  loadBalancerSourceRanges: [192.0.2.0/24]
  ports: [{port: 80, nodePort: 30082}]
status: {loadBalancer: {ingress: [{ip: 172.18.0.200}]}}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec:
  clusterIP: 10.96.0.13
  selector: {app: nobody}
  ports: [{port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: web}}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec: {type: ExternalName, externalName: example.com}
"""


def lab_text(mode: str = "iptables") -> str:
    """The lab file with kube-proxy in a mode."""
    return LAB.replace("MODE", mode)


def topology_of(mode: str) -> Topology:
    """The lab as it was asked for."""
    return parse([SourceText("show.yaml", lab_text(mode))]).topology


def the_cluster(mode: str = "iptables") -> Cluster:
    """The lab, resolved."""
    return resolve(topology_of(mode))


def tables_of(cluster: Cluster, node: int = 0) -> list[Ruleset | NftTable]:
    """The tables that a node of it is to have."""
    netns = cluster.nodes[node].netns
    found = [one for one in compile_state(cluster) if isinstance(one, Ruleset | NftTable)]
    return [one for one in found if one.netns == netns]


def known_of(cluster: Cluster, node: int = 0) -> Origins:
    """Where the rules of a node come from."""
    where = cluster.nodes[node]
    return origins(cluster, where, table_parts(cluster, where))


def blocks_of(tables: Sequence[Ruleset | NftTable], known: Origins) -> Blocks:
    """Tables as blocks."""
    rulesets = [one for one in tables if isinstance(one, Ruleset)]
    others = [one for one in tables if isinstance(one, NftTable)]

    def words(rule: str, rest: bool) -> str:  # noqa: FBT001  # as Sentence
        return sentence(rule, rest=rest, chains=known.chains)

    found = (*iptables_blocks(rulesets, known, words), *nft_blocks(others, known))
    return {block.key: block for block in found}
