#!/bin/sh
# Builds the network of lab traffic-policy by hand. Run it as root; `labnet down traffic-policy` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns traffic-policy._segment # Lab traffic-policy (traffic-policy.yaml:29)
ip netns add traffic-policy._segment
ip -n traffic-policy._segment link set lo alias 'labnet segment'
ip -n traffic-policy._segment link set lo up
# + sysctl traffic-policy._segment net.ipv4.ip_forward # Lab traffic-policy (traffic-policy.yaml:29)
ip netns exec traffic-policy._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl traffic-policy._segment net.ipv6.conf.all.forwarding # Lab traffic-policy (traffic-policy.yaml:29)
ip netns exec traffic-policy._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl traffic-policy._segment net.ipv6.conf.default.accept_dad # Lab traffic-policy (traffic-policy.yaml:29)
ip netns exec traffic-policy._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link traffic-policy._segment br0 # Lab traffic-policy (traffic-policy.yaml:29)
ip -n traffic-policy._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address traffic-policy._segment br0 172.18.0.1/24 # Lab traffic-policy (traffic-policy.yaml:29)
ip -n traffic-policy._segment address add 172.18.0.1/24 dev br0
# + route traffic-policy._segment 0.0.0.0/0 # Lab traffic-policy (traffic-policy.yaml:29)
ip -n traffic-policy._segment route add blackhole 0.0.0.0/0
# + netns traffic-policy.client # Host client (traffic-policy.yaml:39)
ip netns add traffic-policy.client
ip -n traffic-policy.client link set lo alias 'labnet host/client'
ip -n traffic-policy.client link set lo up
# + sysctl traffic-policy.client net.ipv6.conf.default.accept_dad # Host client (traffic-policy.yaml:39)
ip netns exec traffic-policy.client sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link traffic-policy._segment vethac120005 # Host client (traffic-policy.yaml:39)
ip -n traffic-policy._segment link add vethac120005 type veth peer name eth0 netns traffic-policy.client
ip -n traffic-policy._segment link set vethac120005 address 0e:1b:ac:12:00:05 mtu 1500 master br0 up
# + link traffic-policy.client eth0 # Host client (traffic-policy.yaml:39)
ip -n traffic-policy.client link set eth0 address 02:1a:ac:12:00:05 mtu 1500 alias 'traffic-policy._segment vethac120005' up
# + address traffic-policy.client eth0 172.18.0.5/24 # Host client (traffic-policy.yaml:39)
ip -n traffic-policy.client address add 172.18.0.5/24 dev eth0
# + route traffic-policy.client 0.0.0.0/0 # Host client (traffic-policy.yaml:39)
ip -n traffic-policy.client route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + netns traffic-policy.node1 # Node node1 (traffic-policy.yaml:35)
ip netns add traffic-policy.node1
ip -n traffic-policy.node1 link set lo alias 'labnet node/node1'
ip -n traffic-policy.node1 link set lo up
# + sysctl traffic-policy.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl traffic-policy.node1 net.bridge.bridge-nf-call-iptables # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl traffic-policy.node1 net.ipv4.conf.all.route_localnet # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl traffic-policy.node1 net.ipv4.conf.all.rp_filter # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl traffic-policy.node1 net.ipv4.conf.all.send_redirects # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl traffic-policy.node1 net.ipv4.conf.default.rp_filter # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl traffic-policy.node1 net.ipv4.conf.default.send_redirects # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl traffic-policy.node1 net.ipv4.ip_forward # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl traffic-policy.node1 net.ipv6.conf.all.forwarding # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl traffic-policy.node1 net.ipv6.conf.default.accept_dad # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl traffic-policy.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl traffic-policy.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl traffic-policy.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (traffic-policy.yaml:35)
ip netns exec traffic-policy.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link traffic-policy._segment vethac120002 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy._segment link add vethac120002 type veth peer name eth0 netns traffic-policy.node1
ip -n traffic-policy._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link traffic-policy.node1 eth0 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'traffic-policy._segment vethac120002' up
# + link traffic-policy.node1 cni0 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address traffic-policy.node1 cni0 10.244.0.1/24 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node1 address add 10.244.0.1/24 dev cni0
# + address traffic-policy.node1 eth0 172.18.0.2/24 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node1 address add 172.18.0.2/24 dev eth0
# + route traffic-policy.node1 0.0.0.0/0 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route traffic-policy.node1 10.244.1.0/24 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + route traffic-policy.node1 10.244.2.0/24 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node1 route add 10.244.2.0/24 via 172.18.0.4 dev eth0
# + netns traffic-policy.node2 # Node node2 (traffic-policy.yaml:36)
ip netns add traffic-policy.node2
ip -n traffic-policy.node2 link set lo alias 'labnet node/node2'
ip -n traffic-policy.node2 link set lo up
# + sysctl traffic-policy.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl traffic-policy.node2 net.bridge.bridge-nf-call-iptables # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl traffic-policy.node2 net.ipv4.conf.all.route_localnet # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl traffic-policy.node2 net.ipv4.conf.all.rp_filter # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl traffic-policy.node2 net.ipv4.conf.all.send_redirects # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl traffic-policy.node2 net.ipv4.conf.default.rp_filter # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl traffic-policy.node2 net.ipv4.conf.default.send_redirects # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl traffic-policy.node2 net.ipv4.ip_forward # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl traffic-policy.node2 net.ipv6.conf.all.forwarding # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl traffic-policy.node2 net.ipv6.conf.default.accept_dad # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl traffic-policy.node2 net.netfilter.nf_conntrack_tcp_be_liberal # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl traffic-policy.node2 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl traffic-policy.node2 net.netfilter.nf_conntrack_tcp_timeout_established # Node node2 (traffic-policy.yaml:36)
ip netns exec traffic-policy.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link traffic-policy._segment vethac120003 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy._segment link add vethac120003 type veth peer name eth0 netns traffic-policy.node2
ip -n traffic-policy._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link traffic-policy.node2 eth0 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'traffic-policy._segment vethac120003' up
# + link traffic-policy.node2 cni0 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node2 link add cni0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + address traffic-policy.node2 cni0 10.244.1.1/24 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node2 address add 10.244.1.1/24 dev cni0
# + address traffic-policy.node2 eth0 172.18.0.3/24 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node2 address add 172.18.0.3/24 dev eth0
# + route traffic-policy.node2 0.0.0.0/0 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route traffic-policy.node2 10.244.0.0/24 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node2 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + route traffic-policy.node2 10.244.2.0/24 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node2 route add 10.244.2.0/24 via 172.18.0.4 dev eth0
# + netns traffic-policy.node3 # Node node3 (traffic-policy.yaml:37)
ip netns add traffic-policy.node3
ip -n traffic-policy.node3 link set lo alias 'labnet node/node3'
ip -n traffic-policy.node3 link set lo up
# + sysctl traffic-policy.node3 net.bridge.bridge-nf-call-ip6tables # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl traffic-policy.node3 net.bridge.bridge-nf-call-iptables # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl traffic-policy.node3 net.ipv4.conf.all.route_localnet # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl traffic-policy.node3 net.ipv4.conf.all.rp_filter # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl traffic-policy.node3 net.ipv4.conf.all.send_redirects # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl traffic-policy.node3 net.ipv4.conf.default.rp_filter # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl traffic-policy.node3 net.ipv4.conf.default.send_redirects # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl traffic-policy.node3 net.ipv4.ip_forward # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl traffic-policy.node3 net.ipv6.conf.all.forwarding # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl traffic-policy.node3 net.ipv6.conf.default.accept_dad # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl traffic-policy.node3 net.netfilter.nf_conntrack_tcp_be_liberal # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl traffic-policy.node3 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl traffic-policy.node3 net.netfilter.nf_conntrack_tcp_timeout_established # Node node3 (traffic-policy.yaml:37)
ip netns exec traffic-policy.node3 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link traffic-policy._segment vethac120004 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy._segment link add vethac120004 type veth peer name eth0 netns traffic-policy.node3
ip -n traffic-policy._segment link set vethac120004 address 0e:1b:ac:12:00:04 mtu 1500 master br0 up
# + link traffic-policy.node3 eth0 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node3 link set eth0 address 02:1a:ac:12:00:04 mtu 1500 alias 'traffic-policy._segment vethac120004' up
# + link traffic-policy.node3 cni0 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node3 link add cni0 address 0a:58:0a:f4:02:01 mtu 1500 up type bridge
# + address traffic-policy.node3 cni0 10.244.2.1/24 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node3 address add 10.244.2.1/24 dev cni0
# + address traffic-policy.node3 eth0 172.18.0.4/24 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node3 address add 172.18.0.4/24 dev eth0
# + route traffic-policy.node3 0.0.0.0/0 # Node node3 (traffic-policy.yaml:37)
ip -n traffic-policy.node3 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route traffic-policy.node3 10.244.0.0/24 # Node node1 (traffic-policy.yaml:35)
ip -n traffic-policy.node3 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + route traffic-policy.node3 10.244.1.0/24 # Node node2 (traffic-policy.yaml:36)
ip -n traffic-policy.node3 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + iptables traffic-policy.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node1 iptables-restore <<'EOF'
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
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local health check node port" -m tcp --dport 30999 -j ACCEPT
COMMIT
EOF
# + iptables traffic-policy.node1 mangle # rules of kube-proxy, kubelet
ip netns exec traffic-policy.node1 iptables-restore <<'EOF'
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
# + iptables traffic-policy.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node1 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-EXT-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-2HNVDVPSG4IEC5FK - [0:0]
:KUBE-SEP-D7VEYKSGOY6PSIXC - [0:0]
:KUBE-SEP-H5IECSJJ3LIPT3BB - [0:0]
:KUBE-SEP-MQ4W7Q2CV67URU6Q - [0:0]
:KUBE-SEP-NRFUO7XKMWLPJJAE - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SEP-YZ3SEY4CMY3G2VG6 - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-JKKCX4GV3WWFJ62B - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SVC-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
:KUBE-SVL-JP74GBMZCWWFJUWR - [0:0]
:KUBE-SVL-NEXWZWH5PGMW4KIO - [0:0]
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
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-EXT-NEXWZWH5PGMW4KIO -s 10.244.0.0/16 -m comment --comment "pod traffic for default/local external destinations" -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "masquerade LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "route LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -j KUBE-SVL-NEXWZWH5PGMW4KIO
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local" -m tcp --dport 30081 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-2HNVDVPSG4IEC5FK -s 10.244.1.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-2HNVDVPSG4IEC5FK -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-D7VEYKSGOY6PSIXC -s 10.244.0.2/32 -m comment --comment "default/zoned" -j KUBE-MARK-MASQ
-A KUBE-SEP-D7VEYKSGOY6PSIXC -p tcp -m comment --comment "default/zoned" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-H5IECSJJ3LIPT3BB -s 10.244.0.2/32 -m comment --comment "default/near" -j KUBE-MARK-MASQ
-A KUBE-SEP-H5IECSJJ3LIPT3BB -p tcp -m comment --comment "default/near" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -s 10.244.1.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-NRFUO7XKMWLPJJAE -s 10.244.0.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-NRFUO7XKMWLPJJAE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -s 10.244.0.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 172.18.0.200/32 -p tcp -m comment --comment "default/local loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 10.96.10.30/32 -p tcp -m comment --comment "default/near cluster IP" -m tcp --dport 80 -j KUBE-SVL-JP74GBMZCWWFJUWR
-A KUBE-SERVICES -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-SVC-JKKCX4GV3WWFJ62B
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-JKKCX4GV3WWFJ62B ! -s 10.244.0.0/16 -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-JKKCX4GV3WWFJ62B -m comment --comment "default/zoned -> 10.244.0.2:80" -j KUBE-SEP-D7VEYKSGOY6PSIXC
-A KUBE-SVC-LOLE4ISW44XBNF3G ! -s 10.244.0.0/16 -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-NRFUO7XKMWLPJJAE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.1.2:80" -j KUBE-SEP-MQ4W7Q2CV67URU6Q
-A KUBE-SVC-NEXWZWH5PGMW4KIO ! -s 10.244.0.0/16 -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-YZ3SEY4CMY3G2VG6
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.1.2:80" -j KUBE-SEP-2HNVDVPSG4IEC5FK
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
-A KUBE-SVL-JP74GBMZCWWFJUWR ! -s 10.244.0.0/16 -d 10.96.10.30/32 -p tcp -m comment --comment "default/near cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVL-JP74GBMZCWWFJUWR -m comment --comment "default/near -> 10.244.0.2:80" -j KUBE-SEP-H5IECSJJ3LIPT3BB
-A KUBE-SVL-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.0.2:80" -j KUBE-SEP-YZ3SEY4CMY3G2VG6
COMMIT
EOF
# + iptables traffic-policy.node2 filter # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node2 iptables-restore <<'EOF'
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
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local health check node port" -m tcp --dport 30999 -j ACCEPT
COMMIT
EOF
# + iptables traffic-policy.node2 mangle # rules of kube-proxy, kubelet
ip netns exec traffic-policy.node2 iptables-restore <<'EOF'
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
# + iptables traffic-policy.node2 nat # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node2 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-EXT-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-2HNVDVPSG4IEC5FK - [0:0]
:KUBE-SEP-DXBURSYTJ4HKGPAC - [0:0]
:KUBE-SEP-FKLMYGB4THETIE7U - [0:0]
:KUBE-SEP-MQ4W7Q2CV67URU6Q - [0:0]
:KUBE-SEP-NRFUO7XKMWLPJJAE - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SEP-YZ3SEY4CMY3G2VG6 - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-JKKCX4GV3WWFJ62B - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SVC-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
:KUBE-SVL-JP74GBMZCWWFJUWR - [0:0]
:KUBE-SVL-NEXWZWH5PGMW4KIO - [0:0]
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
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-EXT-NEXWZWH5PGMW4KIO -s 10.244.0.0/16 -m comment --comment "pod traffic for default/local external destinations" -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "masquerade LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "route LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -j KUBE-SVL-NEXWZWH5PGMW4KIO
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local" -m tcp --dport 30081 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-2HNVDVPSG4IEC5FK -s 10.244.1.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-2HNVDVPSG4IEC5FK -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-DXBURSYTJ4HKGPAC -s 10.244.1.2/32 -m comment --comment "default/zoned" -j KUBE-MARK-MASQ
-A KUBE-SEP-DXBURSYTJ4HKGPAC -p tcp -m comment --comment "default/zoned" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-FKLMYGB4THETIE7U -s 10.244.1.2/32 -m comment --comment "default/near" -j KUBE-MARK-MASQ
-A KUBE-SEP-FKLMYGB4THETIE7U -p tcp -m comment --comment "default/near" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -s 10.244.1.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-NRFUO7XKMWLPJJAE -s 10.244.0.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-NRFUO7XKMWLPJJAE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -s 10.244.0.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 172.18.0.200/32 -p tcp -m comment --comment "default/local loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 10.96.10.30/32 -p tcp -m comment --comment "default/near cluster IP" -m tcp --dport 80 -j KUBE-SVL-JP74GBMZCWWFJUWR
-A KUBE-SERVICES -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-SVC-JKKCX4GV3WWFJ62B
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-JKKCX4GV3WWFJ62B ! -s 10.244.0.0/16 -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-JKKCX4GV3WWFJ62B -m comment --comment "default/zoned -> 10.244.1.2:80" -j KUBE-SEP-DXBURSYTJ4HKGPAC
-A KUBE-SVC-LOLE4ISW44XBNF3G ! -s 10.244.0.0/16 -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-NRFUO7XKMWLPJJAE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.1.2:80" -j KUBE-SEP-MQ4W7Q2CV67URU6Q
-A KUBE-SVC-NEXWZWH5PGMW4KIO ! -s 10.244.0.0/16 -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-YZ3SEY4CMY3G2VG6
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.1.2:80" -j KUBE-SEP-2HNVDVPSG4IEC5FK
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
-A KUBE-SVL-JP74GBMZCWWFJUWR ! -s 10.244.0.0/16 -d 10.96.10.30/32 -p tcp -m comment --comment "default/near cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVL-JP74GBMZCWWFJUWR -m comment --comment "default/near -> 10.244.1.2:80" -j KUBE-SEP-FKLMYGB4THETIE7U
-A KUBE-SVL-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.1.2:80" -j KUBE-SEP-2HNVDVPSG4IEC5FK
COMMIT
EOF
# + iptables traffic-policy.node3 filter # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node3 iptables-restore <<'EOF'
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
-A KUBE-EXTERNAL-SERVICES -d 172.18.0.200/32 -p tcp -m comment --comment "default/local has no local endpoints" -m tcp --dport 80 -j DROP
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/local has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30081 -j DROP
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local health check node port" -m tcp --dport 30999 -j ACCEPT
-A KUBE-SERVICES -d 10.96.10.30/32 -p tcp -m comment --comment "default/near has no local endpoints" -m tcp --dport 80 -j DROP
COMMIT
EOF
# + iptables traffic-policy.node3 mangle # rules of kube-proxy, kubelet
ip netns exec traffic-policy.node3 iptables-restore <<'EOF'
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
# + iptables traffic-policy.node3 nat # rules of flannel, kube-proxy, kubelet
ip netns exec traffic-policy.node3 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-EXT-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-2HNVDVPSG4IEC5FK - [0:0]
:KUBE-SEP-DXBURSYTJ4HKGPAC - [0:0]
:KUBE-SEP-MQ4W7Q2CV67URU6Q - [0:0]
:KUBE-SEP-NRFUO7XKMWLPJJAE - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SEP-YZ3SEY4CMY3G2VG6 - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-JKKCX4GV3WWFJ62B - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SVC-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.2.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-EXT-NEXWZWH5PGMW4KIO -s 10.244.0.0/16 -m comment --comment "pod traffic for default/local external destinations" -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "masquerade LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "route LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/local" -m tcp --dport 30081 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-2HNVDVPSG4IEC5FK -s 10.244.1.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-2HNVDVPSG4IEC5FK -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-DXBURSYTJ4HKGPAC -s 10.244.1.2/32 -m comment --comment "default/zoned" -j KUBE-MARK-MASQ
-A KUBE-SEP-DXBURSYTJ4HKGPAC -p tcp -m comment --comment "default/zoned" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -s 10.244.1.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-MQ4W7Q2CV67URU6Q -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-NRFUO7XKMWLPJJAE -s 10.244.0.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-NRFUO7XKMWLPJJAE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -s 10.244.0.2/32 -m comment --comment "default/local" -j KUBE-MARK-MASQ
-A KUBE-SEP-YZ3SEY4CMY3G2VG6 -p tcp -m comment --comment "default/local" -m tcp -j DNAT --to-destination 10.244.0.2:80
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 172.18.0.200/32 -p tcp -m comment --comment "default/local loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-SVC-JKKCX4GV3WWFJ62B
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-JKKCX4GV3WWFJ62B ! -s 10.244.0.0/16 -d 10.96.10.40/32 -p tcp -m comment --comment "default/zoned cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-JKKCX4GV3WWFJ62B -m comment --comment "default/zoned -> 10.244.1.2:80" -j KUBE-SEP-DXBURSYTJ4HKGPAC
-A KUBE-SVC-LOLE4ISW44XBNF3G ! -s 10.244.0.0/16 -d 10.96.129.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-NRFUO7XKMWLPJJAE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.1.2:80" -j KUBE-SEP-MQ4W7Q2CV67URU6Q
-A KUBE-SVC-NEXWZWH5PGMW4KIO ! -s 10.244.0.0/16 -d 10.96.243.148/32 -p tcp -m comment --comment "default/local cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.0.2:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-YZ3SEY4CMY3G2VG6
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> 10.244.1.2:80" -j KUBE-SEP-2HNVDVPSG4IEC5FK
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + netns traffic-policy.shell # Pod default/shell (traffic-policy.yaml:65)
ip netns add traffic-policy.shell
ip -n traffic-policy.shell link set lo alias 'labnet pod/default/shell'
ip -n traffic-policy.shell link set lo up
# + link traffic-policy.node3 veth0af40202 # Pod default/shell (traffic-policy.yaml:65)
ip -n traffic-policy.node3 link add veth0af40202 type veth peer name eth0 netns traffic-policy.shell
ip -n traffic-policy.node3 link set veth0af40202 address 0e:1b:0a:f4:02:02 mtu 1500 master cni0 up
bridge -n traffic-policy.node3 link set dev veth0af40202 hairpin on
# + link traffic-policy.shell eth0 # Pod default/shell (traffic-policy.yaml:65)
ip -n traffic-policy.shell link set eth0 address 0a:58:0a:f4:02:02 mtu 1500 alias 'traffic-policy.node3 veth0af40202' up
# + address traffic-policy.shell eth0 10.244.2.2/24 # Pod default/shell (traffic-policy.yaml:65)
ip -n traffic-policy.shell address add 10.244.2.2/24 dev eth0
# + route traffic-policy.shell 0.0.0.0/0 # Pod default/shell (traffic-policy.yaml:65)
ip -n traffic-policy.shell route add 0.0.0.0/0 via 10.244.2.1 dev eth0
# + netns traffic-policy.web-1 # Pod default/web-1 (traffic-policy.yaml:41)
ip netns add traffic-policy.web-1
ip -n traffic-policy.web-1 link set lo alias 'labnet pod/default/web-1'
ip -n traffic-policy.web-1 link set lo up
# + link traffic-policy.node1 veth0af40002 # Pod default/web-1 (traffic-policy.yaml:41)
ip -n traffic-policy.node1 link add veth0af40002 type veth peer name eth0 netns traffic-policy.web-1
ip -n traffic-policy.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n traffic-policy.node1 link set dev veth0af40002 hairpin on
# + link traffic-policy.web-1 eth0 # Pod default/web-1 (traffic-policy.yaml:41)
ip -n traffic-policy.web-1 link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'traffic-policy.node1 veth0af40002' up
# + address traffic-policy.web-1 eth0 10.244.0.2/24 # Pod default/web-1 (traffic-policy.yaml:41)
ip -n traffic-policy.web-1 address add 10.244.0.2/24 dev eth0
# + route traffic-policy.web-1 0.0.0.0/0 # Pod default/web-1 (traffic-policy.yaml:41)
ip -n traffic-policy.web-1 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns traffic-policy.web-2 # Pod default/web-2 (traffic-policy.yaml:53)
ip netns add traffic-policy.web-2
ip -n traffic-policy.web-2 link set lo alias 'labnet pod/default/web-2'
ip -n traffic-policy.web-2 link set lo up
# + link traffic-policy.node2 veth0af40102 # Pod default/web-2 (traffic-policy.yaml:53)
ip -n traffic-policy.node2 link add veth0af40102 type veth peer name eth0 netns traffic-policy.web-2
ip -n traffic-policy.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cni0 up
bridge -n traffic-policy.node2 link set dev veth0af40102 hairpin on
# + link traffic-policy.web-2 eth0 # Pod default/web-2 (traffic-policy.yaml:53)
ip -n traffic-policy.web-2 link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'traffic-policy.node2 veth0af40102' up
# + address traffic-policy.web-2 eth0 10.244.1.2/24 # Pod default/web-2 (traffic-policy.yaml:53)
ip -n traffic-policy.web-2 address add 10.244.1.2/24 dev eth0
# + route traffic-policy.web-2 0.0.0.0/0 # Pod default/web-2 (traffic-policy.yaml:53)
ip -n traffic-policy.web-2 route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + process traffic-policy.node1 node/node1 kube-proxy # Node node1 (traffic-policy.yaml:35)
#   ip netns exec traffic-policy.node1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy healthz 0.0.0.0 10256 &
# + process traffic-policy.node1 node/node1 kube-proxy-30999 # Service default/local (traffic-policy.yaml:85)
#   ip netns exec traffic-policy.node1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy service default/local 30999 0.0.0.0=1 &
# + process traffic-policy.node2 node/node2 kube-proxy # Node node2 (traffic-policy.yaml:36)
#   ip netns exec traffic-policy.node2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy healthz 0.0.0.0 10256 &
# + process traffic-policy.node2 node/node2 kube-proxy-30999 # Service default/local (traffic-policy.yaml:85)
#   ip netns exec traffic-policy.node2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy service default/local 30999 0.0.0.0=1 &
# + process traffic-policy.node3 node/node3 kube-proxy # Node node3 (traffic-policy.yaml:37)
#   ip netns exec traffic-policy.node3 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy healthz 0.0.0.0 10256 &
# + process traffic-policy.node3 node/node3 kube-proxy-30999 # Service default/local (traffic-policy.yaml:85)
#   ip netns exec traffic-policy.node3 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.kube_proxy service default/local 30999 0.0.0.0=0 &
# + process traffic-policy.web-1 pod/default/web-1 netexec # Pod default/web-1 (traffic-policy.yaml:41)
#   ip netns exec traffic-policy.web-1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-1 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 LOCAL_PORT=tcp://10.96.243.148:80 LOCAL_PORT_80_TCP=tcp://10.96.243.148:80 LOCAL_PORT_80_TCP_ADDR=10.96.243.148 LOCAL_PORT_80_TCP_PORT=80 LOCAL_PORT_80_TCP_PROTO=tcp LOCAL_SERVICE_HOST=10.96.243.148 LOCAL_SERVICE_PORT=80 NEAR_PORT=tcp://10.96.10.30:80 NEAR_PORT_80_TCP=tcp://10.96.10.30:80 NEAR_PORT_80_TCP_ADDR=10.96.10.30 NEAR_PORT_80_TCP_PORT=80 NEAR_PORT_80_TCP_PROTO=tcp NEAR_SERVICE_HOST=10.96.10.30 NEAR_SERVICE_PORT=80 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin WEB_PORT=tcp://10.96.129.7:80 WEB_PORT_80_TCP=tcp://10.96.129.7:80 WEB_PORT_80_TCP_ADDR=10.96.129.7 WEB_PORT_80_TCP_PORT=80 WEB_PORT_80_TCP_PROTO=tcp WEB_SERVICE_HOST=10.96.129.7 WEB_SERVICE_PORT=80 ZONED_PORT=tcp://10.96.10.40:80 ZONED_PORT_80_TCP=tcp://10.96.10.40:80 ZONED_PORT_80_TCP_ADDR=10.96.10.40 ZONED_PORT_80_TCP_PORT=80 ZONED_PORT_80_TCP_PROTO=tcp ZONED_SERVICE_HOST=10.96.10.40 ZONED_SERVICE_PORT=80 python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process traffic-policy.web-2 pod/default/web-2 netexec # Pod default/web-2 (traffic-policy.yaml:53)
#   ip netns exec traffic-policy.web-2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-2 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 LOCAL_PORT=tcp://10.96.243.148:80 LOCAL_PORT_80_TCP=tcp://10.96.243.148:80 LOCAL_PORT_80_TCP_ADDR=10.96.243.148 LOCAL_PORT_80_TCP_PORT=80 LOCAL_PORT_80_TCP_PROTO=tcp LOCAL_SERVICE_HOST=10.96.243.148 LOCAL_SERVICE_PORT=80 NEAR_PORT=tcp://10.96.10.30:80 NEAR_PORT_80_TCP=tcp://10.96.10.30:80 NEAR_PORT_80_TCP_ADDR=10.96.10.30 NEAR_PORT_80_TCP_PORT=80 NEAR_PORT_80_TCP_PROTO=tcp NEAR_SERVICE_HOST=10.96.10.30 NEAR_SERVICE_PORT=80 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin WEB_PORT=tcp://10.96.129.7:80 WEB_PORT_80_TCP=tcp://10.96.129.7:80 WEB_PORT_80_TCP_ADDR=10.96.129.7 WEB_PORT_80_TCP_PORT=80 WEB_PORT_80_TCP_PROTO=tcp WEB_SERVICE_HOST=10.96.129.7 WEB_SERVICE_PORT=80 ZONED_PORT=tcp://10.96.10.40:80 ZONED_PORT_80_TCP=tcp://10.96.10.40:80 ZONED_PORT_80_TCP_ADDR=10.96.10.40 ZONED_PORT_80_TCP_PORT=80 ZONED_PORT_80_TCP_PROTO=tcp ZONED_SERVICE_HOST=10.96.10.40 ZONED_SERVICE_PORT=80 python3 -m labnet.images.agnhost netexec --http-port=80 &
