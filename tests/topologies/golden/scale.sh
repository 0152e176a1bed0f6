#!/bin/sh
# Builds the network of lab scale by hand. Run it as root; `labnet down scale` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns scale._segment # Lab scale (scale.yaml.j2:13)
ip netns add scale._segment
ip -n scale._segment link set lo alias 'labnet segment'
ip -n scale._segment link set lo up
# + sysctl scale._segment net.ipv4.ip_forward # Lab scale (scale.yaml.j2:13)
ip netns exec scale._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl scale._segment net.ipv6.conf.all.forwarding # Lab scale (scale.yaml.j2:13)
ip netns exec scale._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl scale._segment net.ipv6.conf.default.accept_dad # Lab scale (scale.yaml.j2:13)
ip netns exec scale._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link scale._segment br0 # Lab scale (scale.yaml.j2:13)
ip -n scale._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address scale._segment br0 172.18.0.1/24 # Lab scale (scale.yaml.j2:13)
ip -n scale._segment address add 172.18.0.1/24 dev br0
# + route scale._segment 0.0.0.0/0 # Lab scale (scale.yaml.j2:13)
ip -n scale._segment route add blackhole 0.0.0.0/0
# + netns scale.node1 # Node node1 (scale.yaml.j2:19)
ip netns add scale.node1
ip -n scale.node1 link set lo alias 'labnet node/node1'
ip -n scale.node1 link set lo up
# + sysctl scale.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl scale.node1 net.bridge.bridge-nf-call-iptables # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl scale.node1 net.ipv4.conf.all.route_localnet # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl scale.node1 net.ipv4.conf.all.rp_filter # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl scale.node1 net.ipv4.conf.all.send_redirects # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl scale.node1 net.ipv4.conf.default.rp_filter # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl scale.node1 net.ipv4.conf.default.send_redirects # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl scale.node1 net.ipv4.ip_forward # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl scale.node1 net.ipv6.conf.all.forwarding # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl scale.node1 net.ipv6.conf.default.accept_dad # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl scale.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl scale.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl scale.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (scale.yaml.j2:19)
ip netns exec scale.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link scale._segment vethac120002 # Node node1 (scale.yaml.j2:19)
ip -n scale._segment link add vethac120002 type veth peer name eth0 netns scale.node1
ip -n scale._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link scale.node1 eth0 # Node node1 (scale.yaml.j2:19)
ip -n scale.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'scale._segment vethac120002' up
# + link scale.node1 cni0 # Node node1 (scale.yaml.j2:19)
ip -n scale.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address scale.node1 cni0 10.244.0.1/24 # Node node1 (scale.yaml.j2:19)
ip -n scale.node1 address add 10.244.0.1/24 dev cni0
# + address scale.node1 eth0 172.18.0.2/24 # Node node1 (scale.yaml.j2:19)
ip -n scale.node1 address add 172.18.0.2/24 dev eth0
# + route scale.node1 0.0.0.0/0 # Node node1 (scale.yaml.j2:19)
ip -n scale.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route scale.node1 10.244.1.0/24 # Node node2 (scale.yaml.j2:20)
ip -n scale.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + netns scale.node2 # Node node2 (scale.yaml.j2:20)
ip netns add scale.node2
ip -n scale.node2 link set lo alias 'labnet node/node2'
ip -n scale.node2 link set lo up
# + sysctl scale.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl scale.node2 net.bridge.bridge-nf-call-iptables # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl scale.node2 net.ipv4.conf.all.route_localnet # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl scale.node2 net.ipv4.conf.all.rp_filter # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl scale.node2 net.ipv4.conf.all.send_redirects # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl scale.node2 net.ipv4.conf.default.rp_filter # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl scale.node2 net.ipv4.conf.default.send_redirects # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl scale.node2 net.ipv4.ip_forward # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl scale.node2 net.ipv6.conf.all.forwarding # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl scale.node2 net.ipv6.conf.default.accept_dad # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl scale.node2 net.netfilter.nf_conntrack_tcp_be_liberal # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl scale.node2 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl scale.node2 net.netfilter.nf_conntrack_tcp_timeout_established # Node node2 (scale.yaml.j2:20)
ip netns exec scale.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link scale._segment vethac120003 # Node node2 (scale.yaml.j2:20)
ip -n scale._segment link add vethac120003 type veth peer name eth0 netns scale.node2
ip -n scale._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link scale.node2 eth0 # Node node2 (scale.yaml.j2:20)
ip -n scale.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'scale._segment vethac120003' up
# + link scale.node2 cni0 # Node node2 (scale.yaml.j2:20)
ip -n scale.node2 link add cni0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + address scale.node2 cni0 10.244.1.1/24 # Node node2 (scale.yaml.j2:20)
ip -n scale.node2 address add 10.244.1.1/24 dev cni0
# + address scale.node2 eth0 172.18.0.3/24 # Node node2 (scale.yaml.j2:20)
ip -n scale.node2 address add 172.18.0.3/24 dev eth0
# + route scale.node2 0.0.0.0/0 # Node node2 (scale.yaml.j2:20)
ip -n scale.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route scale.node2 10.244.0.0/24 # Node node1 (scale.yaml.j2:19)
ip -n scale.node2 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + iptables scale.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec scale.node1 iptables-restore <<'EOF'
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
# + iptables scale.node1 mangle # rules of kube-proxy, kubelet
ip netns exec scale.node1 iptables-restore <<'EOF'
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
# + iptables scale.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec scale.node1 iptables-restore <<'EOF'
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
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
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
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + iptables scale.node2 filter # rules of flannel, kube-proxy, kubelet
ip netns exec scale.node2 iptables-restore <<'EOF'
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
# + iptables scale.node2 mangle # rules of kube-proxy, kubelet
ip netns exec scale.node2 iptables-restore <<'EOF'
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
# + iptables scale.node2 nat # rules of flannel, kube-proxy, kubelet
ip netns exec scale.node2 iptables-restore <<'EOF'
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
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
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
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + netns scale.idle-645bb8c846-c4z2m # Pod default/idle-645bb8c846-c4z2m (scale.yaml.j2:22)
ip netns add scale.idle-645bb8c846-c4z2m
ip -n scale.idle-645bb8c846-c4z2m link set lo alias 'labnet pod/default/idle-645bb8c846-c4z2m'
ip -n scale.idle-645bb8c846-c4z2m link set lo up
# + link scale.node2 veth0af40102 # Pod default/idle-645bb8c846-c4z2m (scale.yaml.j2:22)
ip -n scale.node2 link add veth0af40102 type veth peer name eth0 netns scale.idle-645bb8c846-c4z2m
ip -n scale.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cni0 up
bridge -n scale.node2 link set dev veth0af40102 hairpin on
# + link scale.idle-645bb8c846-c4z2m eth0 # Pod default/idle-645bb8c846-c4z2m (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-c4z2m link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'scale.node2 veth0af40102' up
# + address scale.idle-645bb8c846-c4z2m eth0 10.244.1.2/24 # Pod default/idle-645bb8c846-c4z2m (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-c4z2m address add 10.244.1.2/24 dev eth0
# + route scale.idle-645bb8c846-c4z2m 0.0.0.0/0 # Pod default/idle-645bb8c846-c4z2m (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-c4z2m route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + netns scale.idle-645bb8c846-km9pj # Pod default/idle-645bb8c846-km9pj (scale.yaml.j2:22)
ip netns add scale.idle-645bb8c846-km9pj
ip -n scale.idle-645bb8c846-km9pj link set lo alias 'labnet pod/default/idle-645bb8c846-km9pj'
ip -n scale.idle-645bb8c846-km9pj link set lo up
# + link scale.node2 veth0af40103 # Pod default/idle-645bb8c846-km9pj (scale.yaml.j2:22)
ip -n scale.node2 link add veth0af40103 type veth peer name eth0 netns scale.idle-645bb8c846-km9pj
ip -n scale.node2 link set veth0af40103 address 0e:1b:0a:f4:01:03 mtu 1500 master cni0 up
bridge -n scale.node2 link set dev veth0af40103 hairpin on
# + link scale.idle-645bb8c846-km9pj eth0 # Pod default/idle-645bb8c846-km9pj (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-km9pj link set eth0 address 0a:58:0a:f4:01:03 mtu 1500 alias 'scale.node2 veth0af40103' up
# + address scale.idle-645bb8c846-km9pj eth0 10.244.1.3/24 # Pod default/idle-645bb8c846-km9pj (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-km9pj address add 10.244.1.3/24 dev eth0
# + route scale.idle-645bb8c846-km9pj 0.0.0.0/0 # Pod default/idle-645bb8c846-km9pj (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-km9pj route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + netns scale.idle-645bb8c846-mfv9x # Pod default/idle-645bb8c846-mfv9x (scale.yaml.j2:22)
ip netns add scale.idle-645bb8c846-mfv9x
ip -n scale.idle-645bb8c846-mfv9x link set lo alias 'labnet pod/default/idle-645bb8c846-mfv9x'
ip -n scale.idle-645bb8c846-mfv9x link set lo up
# + link scale.node1 veth0af40002 # Pod default/idle-645bb8c846-mfv9x (scale.yaml.j2:22)
ip -n scale.node1 link add veth0af40002 type veth peer name eth0 netns scale.idle-645bb8c846-mfv9x
ip -n scale.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n scale.node1 link set dev veth0af40002 hairpin on
# + link scale.idle-645bb8c846-mfv9x eth0 # Pod default/idle-645bb8c846-mfv9x (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-mfv9x link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'scale.node1 veth0af40002' up
# + address scale.idle-645bb8c846-mfv9x eth0 10.244.0.2/24 # Pod default/idle-645bb8c846-mfv9x (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-mfv9x address add 10.244.0.2/24 dev eth0
# + route scale.idle-645bb8c846-mfv9x 0.0.0.0/0 # Pod default/idle-645bb8c846-mfv9x (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-mfv9x route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns scale.idle-645bb8c846-phjm4 # Pod default/idle-645bb8c846-phjm4 (scale.yaml.j2:22)
ip netns add scale.idle-645bb8c846-phjm4
ip -n scale.idle-645bb8c846-phjm4 link set lo alias 'labnet pod/default/idle-645bb8c846-phjm4'
ip -n scale.idle-645bb8c846-phjm4 link set lo up
# + link scale.node1 veth0af40003 # Pod default/idle-645bb8c846-phjm4 (scale.yaml.j2:22)
ip -n scale.node1 link add veth0af40003 type veth peer name eth0 netns scale.idle-645bb8c846-phjm4
ip -n scale.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cni0 up
bridge -n scale.node1 link set dev veth0af40003 hairpin on
# + link scale.idle-645bb8c846-phjm4 eth0 # Pod default/idle-645bb8c846-phjm4 (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-phjm4 link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'scale.node1 veth0af40003' up
# + address scale.idle-645bb8c846-phjm4 eth0 10.244.0.3/24 # Pod default/idle-645bb8c846-phjm4 (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-phjm4 address add 10.244.0.3/24 dev eth0
# + route scale.idle-645bb8c846-phjm4 0.0.0.0/0 # Pod default/idle-645bb8c846-phjm4 (scale.yaml.j2:22)
ip -n scale.idle-645bb8c846-phjm4 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
