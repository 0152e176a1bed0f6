"""The flow table: who asks what, and who answers as whom has asked.

A line is `CLIENT -> DESTINATION: ANSWER`. Clients are pods (c1, c2, c3 on n1, n2, n3; a1 and b1 are
endpoints themselves), processes of nodes (n1), the same from 127.0.0.1 (lo1), and machines outside
(x1 and far come in by n1, x3 by n3).

Destinations are `cluster SERVICE`, `external`, `lb`, `node:n2 SERVICE` (its nodePort on n2),
`lo SERVICE` (the nodePort on loopback), `gw:n1 SERVICE` (the nodePort on the address of n1's
bridge), `undefined SERVICE` (a port that it has not), `free` (an address that no Service has).

An answer is `refused`, `timeout`, or the endpoints that may answer, each as often as any other.
Each endpoint sees the client's own address, but `b1/n2` one that n2 has put in its place, and
`n1: a1 b1` means that for all. `ANSWER | ANSWER` stands where nftables mode differs from iptables
mode (kube-proxy.md, 1 and 17), and `4:` before a line where IPv6 does (`::1` has no nodePorts).

The expectations are those of the tables in kube-proxy's specification, written by hand. Between a
pod and a foreign node, flannel masquerades (kube-proxy has no part in that): such a client comes in
with its node's address.
"""

from __future__ import annotations


ALL = "a1 b1 b2"

FLOWS = f"""
# ClusterIP, everything Cluster: no SNAT for pods, SNAT for the rest, hairpin always
c1 -> cluster web: {ALL}
c2 -> cluster web: {ALL}
c3 -> cluster web: {ALL}
a1 -> cluster web: a1/n1 b1 b2
b1 -> cluster web: a1 b1/n2 b2
n1 -> cluster web: n1: {ALL}
n2 -> cluster web: n2: {ALL}
n3 -> cluster web: n3: {ALL}
x1 -> cluster web: n1: {ALL}
x3 -> cluster web: n3: {ALL}

# NodePort, everything Cluster: on every node, SNAT for all
c1 -> node:n1 web: n1: {ALL}
c1 -> node:n2 web: n2: {ALL}
c1 -> node:n3 web: n3: {ALL}
c3 -> node:n3 web: n3: {ALL}
a1 -> node:n1 web: n1: {ALL}
n1 -> node:n1 web: n1: {ALL}
n1 -> node:n2 web: n2: {ALL}
n1 -> node:n3 web: n3: {ALL}
n3 -> node:n3 web: n3: {ALL}
x1 -> node:n1 web: n1: {ALL}
x1 -> node:n2 web: n2: {ALL}
x1 -> node:n3 web: n3: {ALL}
far -> node:n2 web: n2: {ALL}

# Loopback and the node's other addresses: iptables mode only
4: lo1 -> lo web: n1: {ALL} | refused
4: lo3 -> lo web: n3: {ALL} | refused
lo1 -> lo none: refused
c1 -> gw:n1 web: n1: {ALL} | refused
n1 -> gw:n1 web: n1: {ALL} | refused

# externalIPs and load-balancer addresses, everything Cluster
c1 -> external web: n1: {ALL}
c3 -> external web: n3: {ALL}
a1 -> external web: n1: {ALL}
n1 -> external web: n1: {ALL}
n3 -> external web: n3: {ALL}
x1 -> external web: n1: {ALL}
x3 -> external web: n3: {ALL}
c1 -> lb web: n1: {ALL}
c3 -> lb web: n3: {ALL}
a1 -> lb web: n1: {ALL}
n1 -> lb web: n1: {ALL}
n3 -> lb web: n3: {ALL}
x1 -> lb web: n1: {ALL}
x3 -> lb web: n3: {ALL}

# externalTrafficPolicy Local: pods and nodes reach all, others the node's own, unchanged
c1 -> cluster web-cl: {ALL}
c3 -> cluster web-cl: {ALL}
n1 -> cluster web-cl: n1: {ALL}
x1 -> cluster web-cl: n1: {ALL}
c1 -> node:n1 web-cl: {ALL}
c1 -> node:n2 web-cl: b1/n1 b2/n1
c1 -> node:n3 web-cl: timeout
c2 -> node:n2 web-cl: {ALL}
c3 -> node:n3 web-cl: {ALL}
c3 -> node:n1 web-cl: a1/n3
a1 -> node:n1 web-cl: a1/n1 b1 b2
n1 -> node:n1 web-cl: n1: {ALL}
n1 -> node:n2 web-cl: b1 b2
n1 -> node:n3 web-cl: timeout
n3 -> node:n3 web-cl: n3: {ALL}
n3 -> node:n1 web-cl: a1
4: lo1 -> lo web-cl: n1: {ALL} | refused
4: lo3 -> lo web-cl: n3: {ALL} | refused
x1 -> node:n1 web-cl: a1
x1 -> node:n2 web-cl: b1 b2
x1 -> node:n3 web-cl: timeout
x1 -> external web-cl: a1
x3 -> external web-cl: timeout
c1 -> external web-cl: {ALL}
c3 -> external web-cl: {ALL}
a1 -> external web-cl: a1/n1 b1 b2
n1 -> external web-cl: n1: {ALL}
n3 -> external web-cl: n3: {ALL}
x1 -> lb web-cl: a1
x3 -> lb web-cl: timeout
c1 -> lb web-cl: {ALL}
c3 -> lb web-cl: {ALL}
n1 -> lb web-cl: n1: {ALL}
n3 -> lb web-cl: n3: {ALL}
a1 -> lb web-cl: a1/n1 b1 b2

# internalTrafficPolicy Local concerns the clusterIP only
c1 -> cluster web-lc: a1
c2 -> cluster web-lc: b1 b2
c3 -> cluster web-lc: timeout
a1 -> cluster web-lc: a1/n1
b1 -> cluster web-lc: b1/n2 b2
n1 -> cluster web-lc: n1: a1
n3 -> cluster web-lc: timeout
x1 -> cluster web-lc: n1: a1
x3 -> cluster web-lc: timeout
c1 -> node:n1 web-lc: n1: {ALL}
x3 -> node:n3 web-lc: n3: {ALL}
c3 -> lb web-lc: n3: {ALL}
x1 -> external web-lc: n1: {ALL}

# Both Local
c1 -> cluster web-ll: a1
c3 -> cluster web-ll: timeout
n2 -> cluster web-ll: n2: b1 b2
x1 -> node:n1 web-ll: a1
x1 -> node:n3 web-ll: timeout
c3 -> node:n3 web-ll: {ALL}
n1 -> node:n1 web-ll: n1: {ALL}
c1 -> lb web-ll: {ALL}
x3 -> lb web-ll: timeout

# No endpoint anywhere: refused at once, whatever the policy. A node's own process that asks a
# foreign address is not refused by iptables mode, whose rule for it is not at OUTPUT.
c1 -> cluster none: refused
c3 -> cluster none: refused
n1 -> cluster none: refused
x1 -> cluster none: refused
c1 -> node:n1 none: refused
c1 -> node:n2 none: refused
n1 -> node:n1 none: refused
n1 -> node:n3 none: refused
x1 -> node:n1 none: refused
x1 -> node:n3 none: refused
c1 -> external none: refused
x1 -> external none: refused
n1 -> external none: timeout | refused
c1 -> lb none: refused
x1 -> lb none: refused
n1 -> lb none: timeout | refused
c1 -> cluster none-ll: refused
n3 -> cluster none-ll: refused
x1 -> node:n1 none-ll: refused
c3 -> node:n3 none-ll: refused
x1 -> lb none-ll: refused

# One endpoint, on another node: a Local policy drops
c1 -> cluster single-ll: timeout
c2 -> cluster single-ll: b1
b1 -> cluster single-ll: b1/n2
n1 -> cluster single-ll: timeout
x1 -> cluster single-ll: timeout
x1 -> node:n1 single-ll: timeout
x1 -> node:n2 single-ll: b1
c1 -> node:n1 single-ll: b1
c3 -> node:n3 single-ll: b1
n1 -> node:n1 single-ll: n1: b1
4: lo1 -> lo single-ll: n1: b1 | refused
c1 -> lb single-ll: b1
n1 -> lb single-ll: n1: b1
x1 -> lb single-ll: timeout
x1 -> external single-ll: timeout

# Terminating endpoints serve as long as there is nothing better, for each policy on its own
c1 -> cluster term: a1 b1
c3 -> cluster term: a1 b1
a1 -> cluster term: a1/n1 b1
n1 -> cluster term: n1: a1 b1
x1 -> node:n3 term: n3: a1 b1
c3 -> lb term: n3: a1 b1
c1 -> cluster term-ll: a1
c3 -> cluster term-ll: timeout
x1 -> node:n1 term-ll: a1
x1 -> node:n3 term-ll: timeout
c3 -> node:n3 term-ll: a1 b1
c1 -> cluster mixed-cl: b1
c3 -> cluster mixed-cl: b1
x1 -> node:n1 mixed-cl: a1
x1 -> node:n2 mixed-cl: b1
x1 -> node:n3 mixed-cl: timeout
c1 -> node:n1 mixed-cl: b1
n1 -> node:n1 mixed-cl: n1: b1
x1 -> lb mixed-cl: a1
c1 -> lb mixed-cl: b1
c1 -> cluster mixed-ll: a1
c2 -> cluster mixed-ll: b1
c3 -> cluster mixed-ll: timeout
c1 -> cluster remote: b1
x1 -> node:n1 remote: n1: b1
c1 -> cluster remote-ll: timeout
c2 -> cluster remote-ll: b1
x1 -> node:n1 remote-ll: timeout
x1 -> node:n2 remote-ll: b1
c1 -> node:n1 remote-ll: b1

# Endpoints that are never used
c1 -> cluster notready: refused
x1 -> node:n1 notready: refused
c1 -> lb notready: refused
c1 -> cluster serving: refused
x1 -> node:n2 serving: refused
c1 -> cluster dead: refused
x1 -> lb dead: refused
c1 -> cluster partial: a1
x1 -> node:n2 partial: n2: a1

# Source ranges: the load-balancer address only, pods and nodes too, and no other address
x1 -> lb ranged: n1: {ALL}
far -> lb ranged: timeout
x3 -> lb ranged: timeout
c1 -> lb ranged: timeout
n1 -> lb ranged: timeout
far -> node:n1 ranged: n1: {ALL}
c1 -> node:n1 ranged: n1: {ALL}
far -> external ranged: n1: {ALL}
c1 -> external ranged: n1: {ALL}
c1 -> cluster ranged: {ALL}
x1 -> lb ranged-cl: a1
far -> lb ranged-cl: timeout
c1 -> lb ranged-cl: timeout
c1 -> lb ranged-pods: n1: {ALL}
x1 -> lb ranged-pods: timeout
n1 -> lb ranged-pods: timeout
n1 -> lb ranged-n1: n1: {ALL}
n3 -> lb ranged-n1: timeout
c1 -> lb ranged-n1: timeout
x1 -> lb ranged-n1: timeout
far -> lb ranged-all: n1: {ALL}
c3 -> lb ranged-all: n3: {ALL}

# Topology hints
c1 -> cluster hinted: a1
c2 -> cluster hinted: b1
c3 -> cluster hinted: a1 b1
x1 -> node:n1 hinted: n1: a1
x3 -> node:n3 hinted: n3: a1 b1
n2 -> cluster hinted: n2: b1
x1 -> node:n2 hinted-cl: b1
c1 -> node:n1 hinted-cl: a1
c1 -> cluster half-hinted: a1 b1
c1 -> cluster node-hinted: a1
c3 -> cluster node-hinted: a1 b1
c1 -> cluster close: a1
c2 -> cluster close: b1 b2
c3 -> cluster close: {ALL}

# An endpoint on the host network has its node's address, which flannel counts as outside
c1 -> cluster host: h2/n1
c2 -> cluster host: h2
c3 -> cluster host: h2/n3
b1 -> cluster host: h2
n1 -> cluster host: n1: h2
x1 -> cluster host: n1: h2
x1 -> node:n1 host: n1: h2
x1 -> node:n2 host: h2
n2 -> cluster host: n2: h2
4: lo2 -> lo host: n2: h2 | refused

# A named target port is another number in each pod
c1 -> cluster named: d1 d2
x1 -> node:n1 named: n1: d1 d2
c3 -> lb named: n3: d1 d2

# Ports and addresses that nobody has: iptables mode knows nothing of them
c1 -> undefined web: timeout | refused
n1 -> undefined web: timeout | refused
x1 -> undefined web: timeout | refused
c1 -> free: timeout
n1 -> free: timeout
c1 -> lb proxied: timeout
c1 -> cluster proxied: {ALL}
x1 -> node:n1 proxied: n1: {ALL}
c1 -> cluster skipped: timeout
x1 -> node:n1 skipped: refused
"""
