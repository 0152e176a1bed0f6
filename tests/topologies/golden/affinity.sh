#!/bin/sh
# Builds the network of lab affinity by hand. Run it as root; `labnet down affinity` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns affinity._segment # Lab affinity (affinity.yaml:19)
ip netns add affinity._segment
ip -n affinity._segment link set lo alias 'labnet segment'
ip -n affinity._segment link set lo up
# + sysctl affinity._segment net.ipv4.ip_forward # Lab affinity (affinity.yaml:19)
ip netns exec affinity._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl affinity._segment net.ipv6.conf.all.forwarding # Lab affinity (affinity.yaml:19)
ip netns exec affinity._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl affinity._segment net.ipv6.conf.default.accept_dad # Lab affinity (affinity.yaml:19)
ip netns exec affinity._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link affinity._segment br0 # Lab affinity (affinity.yaml:19)
ip -n affinity._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address affinity._segment br0 172.18.0.1/24 # Lab affinity (affinity.yaml:19)
ip -n affinity._segment address add 172.18.0.1/24 dev br0
# + route affinity._segment 0.0.0.0/0 # Lab affinity (affinity.yaml:19)
ip -n affinity._segment route add blackhole 0.0.0.0/0
# + netns affinity.node1 # Node node1 (affinity.yaml:25)
ip netns add affinity.node1
ip -n affinity.node1 link set lo alias 'labnet node/node1'
ip -n affinity.node1 link set lo up
# + sysctl affinity.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl affinity.node1 net.bridge.bridge-nf-call-iptables # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl affinity.node1 net.ipv4.conf.all.route_localnet # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl affinity.node1 net.ipv4.conf.all.rp_filter # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl affinity.node1 net.ipv4.conf.all.send_redirects # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl affinity.node1 net.ipv4.conf.default.rp_filter # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl affinity.node1 net.ipv4.conf.default.send_redirects # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl affinity.node1 net.ipv4.ip_forward # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl affinity.node1 net.ipv6.conf.all.forwarding # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl affinity.node1 net.ipv6.conf.default.accept_dad # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl affinity.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl affinity.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl affinity.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (affinity.yaml:25)
ip netns exec affinity.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link affinity._segment vethac120002 # Node node1 (affinity.yaml:25)
ip -n affinity._segment link add vethac120002 type veth peer name eth0 netns affinity.node1
ip -n affinity._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link affinity.node1 eth0 # Node node1 (affinity.yaml:25)
ip -n affinity.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'affinity._segment vethac120002' up
# + link affinity.node1 cni0 # Node node1 (affinity.yaml:25)
ip -n affinity.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address affinity.node1 cni0 10.244.0.1/24 # Node node1 (affinity.yaml:25)
ip -n affinity.node1 address add 10.244.0.1/24 dev cni0
# + address affinity.node1 eth0 172.18.0.2/24 # Node node1 (affinity.yaml:25)
ip -n affinity.node1 address add 172.18.0.2/24 dev eth0
# + route affinity.node1 0.0.0.0/0 # Node node1 (affinity.yaml:25)
ip -n affinity.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route affinity.node1 10.244.1.0/24 # Node node2 (affinity.yaml:26)
ip -n affinity.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + netns affinity.node2 # Node node2 (affinity.yaml:26)
ip netns add affinity.node2
ip -n affinity.node2 link set lo alias 'labnet node/node2'
ip -n affinity.node2 link set lo up
# + sysctl affinity.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl affinity.node2 net.bridge.bridge-nf-call-iptables # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl affinity.node2 net.ipv4.conf.all.route_localnet # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl affinity.node2 net.ipv4.conf.all.rp_filter # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl affinity.node2 net.ipv4.conf.all.send_redirects # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl affinity.node2 net.ipv4.conf.default.rp_filter # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl affinity.node2 net.ipv4.conf.default.send_redirects # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl affinity.node2 net.ipv4.ip_forward # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl affinity.node2 net.ipv6.conf.all.forwarding # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl affinity.node2 net.ipv6.conf.default.accept_dad # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl affinity.node2 net.netfilter.nf_conntrack_tcp_be_liberal # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl affinity.node2 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl affinity.node2 net.netfilter.nf_conntrack_tcp_timeout_established # Node node2 (affinity.yaml:26)
ip netns exec affinity.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link affinity._segment vethac120003 # Node node2 (affinity.yaml:26)
ip -n affinity._segment link add vethac120003 type veth peer name eth0 netns affinity.node2
ip -n affinity._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link affinity.node2 eth0 # Node node2 (affinity.yaml:26)
ip -n affinity.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'affinity._segment vethac120003' up
# + link affinity.node2 cni0 # Node node2 (affinity.yaml:26)
ip -n affinity.node2 link add cni0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + address affinity.node2 cni0 10.244.1.1/24 # Node node2 (affinity.yaml:26)
ip -n affinity.node2 address add 10.244.1.1/24 dev cni0
# + address affinity.node2 eth0 172.18.0.3/24 # Node node2 (affinity.yaml:26)
ip -n affinity.node2 address add 172.18.0.3/24 dev eth0
# + route affinity.node2 0.0.0.0/0 # Node node2 (affinity.yaml:26)
ip -n affinity.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route affinity.node2 10.244.0.0/24 # Node node1 (affinity.yaml:25)
ip -n affinity.node2 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + iptables affinity.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec affinity.node1 iptables-restore <<'EOF'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
EOF
# + iptables affinity.node1 mangle # rules of kube-proxy, kubelet
ip netns exec affinity.node1 iptables-restore <<'EOF'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
COMMIT
EOF
# + iptables affinity.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec affinity.node1 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-2PZ6D22OTGAW6TAD - [0:0]
:KUBE-SEP-67IAFIECQT34GTRZ - [0:0]
:KUBE-SEP-JVQRA65XQNITEWMN - [0:0]
:KUBE-SEP-OD656RLT2UOPY4E2 - [0:0]
:KUBE-SEP-QCTBAGKOI4S4PHLB - [0:0]
:KUBE-SEP-QHKQOLIRXFZYCTQ7 - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-BJWR5DPVIKTHVKZU - [0:0]
:KUBE-SVC-L7CMIJ7MLO4LHB3N - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-2PZ6D22OTGAW6TAD -s 10.244.0.4/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-2PZ6D22OTGAW6TAD -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-2PZ6D22OTGAW6TAD --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.0.4:80
-A KUBE-SEP-67IAFIECQT34GTRZ -s 10.244.0.3/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-67IAFIECQT34GTRZ -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-67IAFIECQT34GTRZ --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-JVQRA65XQNITEWMN -s 10.244.0.4/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-JVQRA65XQNITEWMN -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.0.4:80
-A KUBE-SEP-OD656RLT2UOPY4E2 -s 10.244.1.3/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-OD656RLT2UOPY4E2 -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-OD656RLT2UOPY4E2 --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.1.3:80
-A KUBE-SEP-QCTBAGKOI4S4PHLB -s 10.244.1.3/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-QCTBAGKOI4S4PHLB -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.1.3:80
-A KUBE-SEP-QHKQOLIRXFZYCTQ7 -s 10.244.0.3/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-QHKQOLIRXFZYCTQ7 -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/plain cluster IP" -m tcp --dport 80 -j KUBE-SVC-L7CMIJ7MLO4LHB3N
-A KUBE-SERVICES -d 10.96.10.20/32 -p tcp -m comment --comment "default/sticky cluster IP" -m tcp --dport 80 -j KUBE-SVC-BJWR5DPVIKTHVKZU
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-BJWR5DPVIKTHVKZU ! -s 10.244.0.0/16 -d 10.96.10.20/32 -p tcp -m comment --comment "default/sticky cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.3:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-67IAFIECQT34GTRZ --mask 255.255.255.255 --rsource -j KUBE-SEP-67IAFIECQT34GTRZ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.4:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-2PZ6D22OTGAW6TAD --mask 255.255.255.255 --rsource -j KUBE-SEP-2PZ6D22OTGAW6TAD
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.1.3:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-OD656RLT2UOPY4E2 --mask 255.255.255.255 --rsource -j KUBE-SEP-OD656RLT2UOPY4E2
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.3:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-67IAFIECQT34GTRZ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.4:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-2PZ6D22OTGAW6TAD
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.1.3:80" -j KUBE-SEP-OD656RLT2UOPY4E2
-A KUBE-SVC-L7CMIJ7MLO4LHB3N ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/plain cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.0.3:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-QHKQOLIRXFZYCTQ7
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.0.4:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-JVQRA65XQNITEWMN
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.1.3:80" -j KUBE-SEP-QCTBAGKOI4S4PHLB
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + iptables affinity.node2 filter # rules of flannel, kube-proxy, kubelet
ip netns exec affinity.node2 iptables-restore <<'EOF'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
EOF
# + iptables affinity.node2 mangle # rules of kube-proxy, kubelet
ip netns exec affinity.node2 iptables-restore <<'EOF'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
COMMIT
EOF
# + iptables affinity.node2 nat # rules of flannel, kube-proxy, kubelet
ip netns exec affinity.node2 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-2PZ6D22OTGAW6TAD - [0:0]
:KUBE-SEP-67IAFIECQT34GTRZ - [0:0]
:KUBE-SEP-JVQRA65XQNITEWMN - [0:0]
:KUBE-SEP-OD656RLT2UOPY4E2 - [0:0]
:KUBE-SEP-QCTBAGKOI4S4PHLB - [0:0]
:KUBE-SEP-QHKQOLIRXFZYCTQ7 - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-BJWR5DPVIKTHVKZU - [0:0]
:KUBE-SVC-L7CMIJ7MLO4LHB3N - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-2PZ6D22OTGAW6TAD -s 10.244.0.4/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-2PZ6D22OTGAW6TAD -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-2PZ6D22OTGAW6TAD --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.0.4:80
-A KUBE-SEP-67IAFIECQT34GTRZ -s 10.244.0.3/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-67IAFIECQT34GTRZ -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-67IAFIECQT34GTRZ --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-JVQRA65XQNITEWMN -s 10.244.0.4/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-JVQRA65XQNITEWMN -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.0.4:80
-A KUBE-SEP-OD656RLT2UOPY4E2 -s 10.244.1.3/32 -m comment --comment "default/sticky" -j KUBE-MARK-MASQ
-A KUBE-SEP-OD656RLT2UOPY4E2 -p tcp -m comment --comment "default/sticky" -m recent --set --name KUBE-SEP-OD656RLT2UOPY4E2 --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.1.3:80
-A KUBE-SEP-QCTBAGKOI4S4PHLB -s 10.244.1.3/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-QCTBAGKOI4S4PHLB -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.1.3:80
-A KUBE-SEP-QHKQOLIRXFZYCTQ7 -s 10.244.0.3/32 -m comment --comment "default/plain" -j KUBE-MARK-MASQ
-A KUBE-SEP-QHKQOLIRXFZYCTQ7 -p tcp -m comment --comment "default/plain" -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/plain cluster IP" -m tcp --dport 80 -j KUBE-SVC-L7CMIJ7MLO4LHB3N
-A KUBE-SERVICES -d 10.96.10.20/32 -p tcp -m comment --comment "default/sticky cluster IP" -m tcp --dport 80 -j KUBE-SVC-BJWR5DPVIKTHVKZU
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-BJWR5DPVIKTHVKZU ! -s 10.244.0.0/16 -d 10.96.10.20/32 -p tcp -m comment --comment "default/sticky cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.3:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-67IAFIECQT34GTRZ --mask 255.255.255.255 --rsource -j KUBE-SEP-67IAFIECQT34GTRZ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.4:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-2PZ6D22OTGAW6TAD --mask 255.255.255.255 --rsource -j KUBE-SEP-2PZ6D22OTGAW6TAD
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.1.3:80" -m recent --rcheck --seconds 600 --reap --name KUBE-SEP-OD656RLT2UOPY4E2 --mask 255.255.255.255 --rsource -j KUBE-SEP-OD656RLT2UOPY4E2
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.3:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-67IAFIECQT34GTRZ
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.0.4:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-2PZ6D22OTGAW6TAD
-A KUBE-SVC-BJWR5DPVIKTHVKZU -m comment --comment "default/sticky -> 10.244.1.3:80" -j KUBE-SEP-OD656RLT2UOPY4E2
-A KUBE-SVC-L7CMIJ7MLO4LHB3N ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/plain cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.0.3:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-QHKQOLIRXFZYCTQ7
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.0.4:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-JVQRA65XQNITEWMN
-A KUBE-SVC-L7CMIJ7MLO4LHB3N -m comment --comment "default/plain -> 10.244.1.3:80" -j KUBE-SEP-QCTBAGKOI4S4PHLB
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + netns affinity.other # Pod default/other (affinity.yaml:38)
ip netns add affinity.other
ip -n affinity.other link set lo alias 'labnet pod/default/other'
ip -n affinity.other link set lo up
# + link affinity.node2 veth0af40102 # Pod default/other (affinity.yaml:38)
ip -n affinity.node2 link add veth0af40102 type veth peer name eth0 netns affinity.other
ip -n affinity.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cni0 up
bridge -n affinity.node2 link set dev veth0af40102 hairpin on
# + link affinity.other eth0 # Pod default/other (affinity.yaml:38)
ip -n affinity.other link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'affinity.node2 veth0af40102' up
# + address affinity.other eth0 10.244.1.2/24 # Pod default/other (affinity.yaml:38)
ip -n affinity.other address add 10.244.1.2/24 dev eth0
# + route affinity.other 0.0.0.0/0 # Pod default/other (affinity.yaml:38)
ip -n affinity.other route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + netns affinity.shell # Pod default/shell (affinity.yaml:28)
ip netns add affinity.shell
ip -n affinity.shell link set lo alias 'labnet pod/default/shell'
ip -n affinity.shell link set lo up
# + link affinity.node1 veth0af40002 # Pod default/shell (affinity.yaml:28)
ip -n affinity.node1 link add veth0af40002 type veth peer name eth0 netns affinity.shell
ip -n affinity.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n affinity.node1 link set dev veth0af40002 hairpin on
# + link affinity.shell eth0 # Pod default/shell (affinity.yaml:28)
ip -n affinity.shell link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'affinity.node1 veth0af40002' up
# + address affinity.shell eth0 10.244.0.2/24 # Pod default/shell (affinity.yaml:28)
ip -n affinity.shell address add 10.244.0.2/24 dev eth0
# + route affinity.shell 0.0.0.0/0 # Pod default/shell (affinity.yaml:28)
ip -n affinity.shell route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns affinity.web-0 # Pod default/web-0 (affinity.yaml:48)
ip netns add affinity.web-0
ip -n affinity.web-0 link set lo alias 'labnet pod/default/web-0'
ip -n affinity.web-0 link set lo up
# + link affinity.node1 veth0af40003 # Pod default/web-0 (affinity.yaml:48)
ip -n affinity.node1 link add veth0af40003 type veth peer name eth0 netns affinity.web-0
ip -n affinity.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cni0 up
bridge -n affinity.node1 link set dev veth0af40003 hairpin on
# + link affinity.web-0 eth0 # Pod default/web-0 (affinity.yaml:48)
ip -n affinity.web-0 link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'affinity.node1 veth0af40003' up
# + address affinity.web-0 eth0 10.244.0.3/24 # Pod default/web-0 (affinity.yaml:48)
ip -n affinity.web-0 address add 10.244.0.3/24 dev eth0
# + route affinity.web-0 0.0.0.0/0 # Pod default/web-0 (affinity.yaml:48)
ip -n affinity.web-0 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns affinity.web-1 # Pod default/web-1 (affinity.yaml:48)
ip netns add affinity.web-1
ip -n affinity.web-1 link set lo alias 'labnet pod/default/web-1'
ip -n affinity.web-1 link set lo up
# + link affinity.node2 veth0af40103 # Pod default/web-1 (affinity.yaml:48)
ip -n affinity.node2 link add veth0af40103 type veth peer name eth0 netns affinity.web-1
ip -n affinity.node2 link set veth0af40103 address 0e:1b:0a:f4:01:03 mtu 1500 master cni0 up
bridge -n affinity.node2 link set dev veth0af40103 hairpin on
# + link affinity.web-1 eth0 # Pod default/web-1 (affinity.yaml:48)
ip -n affinity.web-1 link set eth0 address 0a:58:0a:f4:01:03 mtu 1500 alias 'affinity.node2 veth0af40103' up
# + address affinity.web-1 eth0 10.244.1.3/24 # Pod default/web-1 (affinity.yaml:48)
ip -n affinity.web-1 address add 10.244.1.3/24 dev eth0
# + route affinity.web-1 0.0.0.0/0 # Pod default/web-1 (affinity.yaml:48)
ip -n affinity.web-1 route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + netns affinity.web-2 # Pod default/web-2 (affinity.yaml:48)
ip netns add affinity.web-2
ip -n affinity.web-2 link set lo alias 'labnet pod/default/web-2'
ip -n affinity.web-2 link set lo up
# + link affinity.node1 veth0af40004 # Pod default/web-2 (affinity.yaml:48)
ip -n affinity.node1 link add veth0af40004 type veth peer name eth0 netns affinity.web-2
ip -n affinity.node1 link set veth0af40004 address 0e:1b:0a:f4:00:04 mtu 1500 master cni0 up
bridge -n affinity.node1 link set dev veth0af40004 hairpin on
# + link affinity.web-2 eth0 # Pod default/web-2 (affinity.yaml:48)
ip -n affinity.web-2 link set eth0 address 0a:58:0a:f4:00:04 mtu 1500 alias 'affinity.node1 veth0af40004' up
# + address affinity.web-2 eth0 10.244.0.4/24 # Pod default/web-2 (affinity.yaml:48)
ip -n affinity.web-2 address add 10.244.0.4/24 dev eth0
# + route affinity.web-2 0.0.0.0/0 # Pod default/web-2 (affinity.yaml:48)
ip -n affinity.web-2 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + process affinity.web-0 pod/default/web-0 netexec # Pod default/web-0 (affinity.yaml:48)
#   ip netns exec affinity.web-0 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-0 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PLAIN_PORT=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP_ADDR=10.96.10.10 PLAIN_PORT_80_TCP_PORT=80 PLAIN_PORT_80_TCP_PROTO=tcp PLAIN_SERVICE_HOST=10.96.10.10 PLAIN_SERVICE_PORT=80 STICKY_PORT=tcp://10.96.10.20:80 STICKY_PORT_80_TCP=tcp://10.96.10.20:80 STICKY_PORT_80_TCP_ADDR=10.96.10.20 STICKY_PORT_80_TCP_PORT=80 STICKY_PORT_80_TCP_PROTO=tcp STICKY_SERVICE_HOST=10.96.10.20 STICKY_SERVICE_PORT=80 python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process affinity.web-1 pod/default/web-1 netexec # Pod default/web-1 (affinity.yaml:48)
#   ip netns exec affinity.web-1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-1 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PLAIN_PORT=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP_ADDR=10.96.10.10 PLAIN_PORT_80_TCP_PORT=80 PLAIN_PORT_80_TCP_PROTO=tcp PLAIN_SERVICE_HOST=10.96.10.10 PLAIN_SERVICE_PORT=80 STICKY_PORT=tcp://10.96.10.20:80 STICKY_PORT_80_TCP=tcp://10.96.10.20:80 STICKY_PORT_80_TCP_ADDR=10.96.10.20 STICKY_PORT_80_TCP_PORT=80 STICKY_PORT_80_TCP_PROTO=tcp STICKY_SERVICE_HOST=10.96.10.20 STICKY_SERVICE_PORT=80 python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process affinity.web-2 pod/default/web-2 netexec # Pod default/web-2 (affinity.yaml:48)
#   ip netns exec affinity.web-2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-2 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PLAIN_PORT=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP=tcp://10.96.10.10:80 PLAIN_PORT_80_TCP_ADDR=10.96.10.10 PLAIN_PORT_80_TCP_PORT=80 PLAIN_PORT_80_TCP_PROTO=tcp PLAIN_SERVICE_HOST=10.96.10.10 PLAIN_SERVICE_PORT=80 STICKY_PORT=tcp://10.96.10.20:80 STICKY_PORT_80_TCP=tcp://10.96.10.20:80 STICKY_PORT_80_TCP_ADDR=10.96.10.20 STICKY_PORT_80_TCP_PORT=80 STICKY_PORT_80_TCP_PROTO=tcp STICKY_SERVICE_HOST=10.96.10.20 STICKY_SERVICE_PORT=80 python3 -m labnet.images.agnhost netexec --http-port=80 &
