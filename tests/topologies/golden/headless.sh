#!/bin/sh
# Builds the network of lab headless by hand. Run it as root; `labnet down headless` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns headless._segment # Lab headless (headless.yaml:16)
ip netns add headless._segment
ip -n headless._segment link set lo alias 'labnet segment'
ip -n headless._segment link set lo up
# + sysctl headless._segment net.ipv4.ip_forward # Lab headless (headless.yaml:16)
ip netns exec headless._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl headless._segment net.ipv6.conf.all.forwarding # Lab headless (headless.yaml:16)
ip netns exec headless._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl headless._segment net.ipv6.conf.default.accept_dad # Lab headless (headless.yaml:16)
ip netns exec headless._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link headless._segment br0 # Lab headless (headless.yaml:16)
ip -n headless._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address headless._segment br0 172.18.0.1/24 # Lab headless (headless.yaml:16)
ip -n headless._segment address add 172.18.0.1/24 dev br0
# + route headless._segment 0.0.0.0/0 # Lab headless (headless.yaml:16)
ip -n headless._segment route add blackhole 0.0.0.0/0
# + netns headless.node1 # Node node1 (headless.yaml:22)
ip netns add headless.node1
ip -n headless.node1 link set lo alias 'labnet node/node1'
ip -n headless.node1 link set lo up
# + sysctl headless.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl headless.node1 net.bridge.bridge-nf-call-iptables # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl headless.node1 net.ipv4.conf.all.route_localnet # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl headless.node1 net.ipv4.conf.all.rp_filter # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl headless.node1 net.ipv4.conf.all.send_redirects # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl headless.node1 net.ipv4.conf.default.rp_filter # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl headless.node1 net.ipv4.conf.default.send_redirects # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl headless.node1 net.ipv4.ip_forward # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl headless.node1 net.ipv6.conf.all.forwarding # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl headless.node1 net.ipv6.conf.default.accept_dad # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl headless.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl headless.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl headless.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (headless.yaml:22)
ip netns exec headless.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link headless._segment vethac120002 # Node node1 (headless.yaml:22)
ip -n headless._segment link add vethac120002 type veth peer name eth0 netns headless.node1
ip -n headless._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link headless.node1 eth0 # Node node1 (headless.yaml:22)
ip -n headless.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'headless._segment vethac120002' up
# + link headless.node1 cni0 # Node node1 (headless.yaml:22)
ip -n headless.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address headless.node1 cni0 10.244.0.1/24 # Node node1 (headless.yaml:22)
ip -n headless.node1 address add 10.244.0.1/24 dev cni0
# + address headless.node1 eth0 172.18.0.2/24 # Node node1 (headless.yaml:22)
ip -n headless.node1 address add 172.18.0.2/24 dev eth0
# + route headless.node1 0.0.0.0/0 # Node node1 (headless.yaml:22)
ip -n headless.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route headless.node1 10.244.1.0/24 # Node node2 (headless.yaml:23)
ip -n headless.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + netns headless.node2 # Node node2 (headless.yaml:23)
ip netns add headless.node2
ip -n headless.node2 link set lo alias 'labnet node/node2'
ip -n headless.node2 link set lo up
# + sysctl headless.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl headless.node2 net.bridge.bridge-nf-call-iptables # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl headless.node2 net.ipv4.conf.all.route_localnet # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl headless.node2 net.ipv4.conf.all.rp_filter # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl headless.node2 net.ipv4.conf.all.send_redirects # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl headless.node2 net.ipv4.conf.default.rp_filter # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl headless.node2 net.ipv4.conf.default.send_redirects # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl headless.node2 net.ipv4.ip_forward # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl headless.node2 net.ipv6.conf.all.forwarding # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl headless.node2 net.ipv6.conf.default.accept_dad # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl headless.node2 net.netfilter.nf_conntrack_tcp_be_liberal # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl headless.node2 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl headless.node2 net.netfilter.nf_conntrack_tcp_timeout_established # Node node2 (headless.yaml:23)
ip netns exec headless.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link headless._segment vethac120003 # Node node2 (headless.yaml:23)
ip -n headless._segment link add vethac120003 type veth peer name eth0 netns headless.node2
ip -n headless._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link headless.node2 eth0 # Node node2 (headless.yaml:23)
ip -n headless.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'headless._segment vethac120003' up
# + link headless.node2 cni0 # Node node2 (headless.yaml:23)
ip -n headless.node2 link add cni0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + address headless.node2 cni0 10.244.1.1/24 # Node node2 (headless.yaml:23)
ip -n headless.node2 address add 10.244.1.1/24 dev cni0
# + address headless.node2 eth0 172.18.0.3/24 # Node node2 (headless.yaml:23)
ip -n headless.node2 address add 172.18.0.3/24 dev eth0
# + route headless.node2 0.0.0.0/0 # Node node2 (headless.yaml:23)
ip -n headless.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route headless.node2 10.244.0.0/24 # Node node1 (headless.yaml:22)
ip -n headless.node2 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + iptables headless.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec headless.node1 iptables-restore <<'EOF'
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
# + iptables headless.node1 mangle # rules of kube-proxy, kubelet
ip netns exec headless.node1 iptables-restore <<'EOF'
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
# + iptables headless.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec headless.node1 iptables-restore <<'EOF'
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
:KUBE-SEP-75ZUBZQIHBNHKY52 - [0:0]
:KUBE-SEP-MCASNSD3BHH74T6P - [0:0]
:KUBE-SEP-MTDN5O6IISGPOI4L - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-764LKAMSIAIOFBUR - [0:0]
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
-A KUBE-SEP-75ZUBZQIHBNHKY52 -s 10.244.0.3/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-75ZUBZQIHBNHKY52 -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-MCASNSD3BHH74T6P -s 10.244.1.2/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-MCASNSD3BHH74T6P -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-MTDN5O6IISGPOI4L -s 10.244.0.2/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-MTDN5O6IISGPOI4L -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/any cluster IP" -m tcp --dport 80 -j KUBE-SVC-764LKAMSIAIOFBUR
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-764LKAMSIAIOFBUR ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/any cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.0.2:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-MTDN5O6IISGPOI4L
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.0.3:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-75ZUBZQIHBNHKY52
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.1.2:80" -j KUBE-SEP-MCASNSD3BHH74T6P
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + iptables headless.node2 filter # rules of flannel, kube-proxy, kubelet
ip netns exec headless.node2 iptables-restore <<'EOF'
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
# + iptables headless.node2 mangle # rules of kube-proxy, kubelet
ip netns exec headless.node2 iptables-restore <<'EOF'
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
# + iptables headless.node2 nat # rules of flannel, kube-proxy, kubelet
ip netns exec headless.node2 iptables-restore <<'EOF'
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
:KUBE-SEP-75ZUBZQIHBNHKY52 - [0:0]
:KUBE-SEP-MCASNSD3BHH74T6P - [0:0]
:KUBE-SEP-MTDN5O6IISGPOI4L - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-764LKAMSIAIOFBUR - [0:0]
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
-A KUBE-SEP-75ZUBZQIHBNHKY52 -s 10.244.0.3/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-75ZUBZQIHBNHKY52 -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.0.3:80
-A KUBE-SEP-MCASNSD3BHH74T6P -s 10.244.1.2/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-MCASNSD3BHH74T6P -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-MTDN5O6IISGPOI4L -s 10.244.0.2/32 -m comment --comment "default/any" -j KUBE-MARK-MASQ
-A KUBE-SEP-MTDN5O6IISGPOI4L -p tcp -m comment --comment "default/any" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/any cluster IP" -m tcp --dport 80 -j KUBE-SVC-764LKAMSIAIOFBUR
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-764LKAMSIAIOFBUR ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/any cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.0.2:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-MTDN5O6IISGPOI4L
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.0.3:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-75ZUBZQIHBNHKY52
-A KUBE-SVC-764LKAMSIAIOFBUR -m comment --comment "default/any -> 10.244.1.2:80" -j KUBE-SEP-MCASNSD3BHH74T6P
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + netns headless.db-0 # Pod default/db-0 (headless.yaml:25)
ip netns add headless.db-0
ip -n headless.db-0 link set lo alias 'labnet pod/default/db-0'
ip -n headless.db-0 link set lo up
# + link headless.node1 veth0af40002 # Pod default/db-0 (headless.yaml:25)
ip -n headless.node1 link add veth0af40002 type veth peer name eth0 netns headless.db-0
ip -n headless.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n headless.node1 link set dev veth0af40002 hairpin on
# + link headless.db-0 eth0 # Pod default/db-0 (headless.yaml:25)
ip -n headless.db-0 link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'headless.node1 veth0af40002' up
# + address headless.db-0 eth0 10.244.0.2/24 # Pod default/db-0 (headless.yaml:25)
ip -n headless.db-0 address add 10.244.0.2/24 dev eth0
# + route headless.db-0 0.0.0.0/0 # Pod default/db-0 (headless.yaml:25)
ip -n headless.db-0 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns headless.db-1 # Pod default/db-1 (headless.yaml:25)
ip netns add headless.db-1
ip -n headless.db-1 link set lo alias 'labnet pod/default/db-1'
ip -n headless.db-1 link set lo up
# + link headless.node2 veth0af40102 # Pod default/db-1 (headless.yaml:25)
ip -n headless.node2 link add veth0af40102 type veth peer name eth0 netns headless.db-1
ip -n headless.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cni0 up
bridge -n headless.node2 link set dev veth0af40102 hairpin on
# + link headless.db-1 eth0 # Pod default/db-1 (headless.yaml:25)
ip -n headless.db-1 link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'headless.node2 veth0af40102' up
# + address headless.db-1 eth0 10.244.1.2/24 # Pod default/db-1 (headless.yaml:25)
ip -n headless.db-1 address add 10.244.1.2/24 dev eth0
# + route headless.db-1 0.0.0.0/0 # Pod default/db-1 (headless.yaml:25)
ip -n headless.db-1 route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + netns headless.db-2 # Pod default/db-2 (headless.yaml:25)
ip netns add headless.db-2
ip -n headless.db-2 link set lo alias 'labnet pod/default/db-2'
ip -n headless.db-2 link set lo up
# + link headless.node1 veth0af40003 # Pod default/db-2 (headless.yaml:25)
ip -n headless.node1 link add veth0af40003 type veth peer name eth0 netns headless.db-2
ip -n headless.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cni0 up
bridge -n headless.node1 link set dev veth0af40003 hairpin on
# + link headless.db-2 eth0 # Pod default/db-2 (headless.yaml:25)
ip -n headless.db-2 link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'headless.node1 veth0af40003' up
# + address headless.db-2 eth0 10.244.0.3/24 # Pod default/db-2 (headless.yaml:25)
ip -n headless.db-2 address add 10.244.0.3/24 dev eth0
# + route headless.db-2 0.0.0.0/0 # Pod default/db-2 (headless.yaml:25)
ip -n headless.db-2 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns headless.shell # Pod default/shell (headless.yaml:65)
ip netns add headless.shell
ip -n headless.shell link set lo alias 'labnet pod/default/shell'
ip -n headless.shell link set lo up
# + link headless.node2 veth0af40103 # Pod default/shell (headless.yaml:65)
ip -n headless.node2 link add veth0af40103 type veth peer name eth0 netns headless.shell
ip -n headless.node2 link set veth0af40103 address 0e:1b:0a:f4:01:03 mtu 1500 master cni0 up
bridge -n headless.node2 link set dev veth0af40103 hairpin on
# + link headless.shell eth0 # Pod default/shell (headless.yaml:65)
ip -n headless.shell link set eth0 address 0a:58:0a:f4:01:03 mtu 1500 alias 'headless.node2 veth0af40103' up
# + address headless.shell eth0 10.244.1.3/24 # Pod default/shell (headless.yaml:65)
ip -n headless.shell address add 10.244.1.3/24 dev eth0
# + route headless.shell 0.0.0.0/0 # Pod default/shell (headless.yaml:65)
ip -n headless.shell route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + process headless.db-0 pod/default/db-0 netexec # Pod default/db-0 (headless.yaml:25)
#   ip netns exec headless.db-0 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i ANY_PORT=tcp://10.96.10.10:80 ANY_PORT_80_TCP=tcp://10.96.10.10:80 ANY_PORT_80_TCP_ADDR=10.96.10.10 ANY_PORT_80_TCP_PORT=80 ANY_PORT_80_TCP_PROTO=tcp ANY_SERVICE_HOST=10.96.10.10 ANY_SERVICE_PORT=80 HOME=/root HOSTNAME=db-0 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process headless.db-1 pod/default/db-1 netexec # Pod default/db-1 (headless.yaml:25)
#   ip netns exec headless.db-1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i ANY_PORT=tcp://10.96.10.10:80 ANY_PORT_80_TCP=tcp://10.96.10.10:80 ANY_PORT_80_TCP_ADDR=10.96.10.10 ANY_PORT_80_TCP_PORT=80 ANY_PORT_80_TCP_PROTO=tcp ANY_SERVICE_HOST=10.96.10.10 ANY_SERVICE_PORT=80 HOME=/root HOSTNAME=db-1 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process headless.db-2 pod/default/db-2 netexec # Pod default/db-2 (headless.yaml:25)
#   ip netns exec headless.db-2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i ANY_PORT=tcp://10.96.10.10:80 ANY_PORT_80_TCP=tcp://10.96.10.10:80 ANY_PORT_80_TCP_ADDR=10.96.10.10 ANY_PORT_80_TCP_PORT=80 ANY_PORT_80_TCP_PROTO=tcp ANY_SERVICE_HOST=10.96.10.10 ANY_SERVICE_PORT=80 HOME=/root HOSTNAME=db-2 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
