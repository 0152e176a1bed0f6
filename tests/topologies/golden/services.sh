#!/bin/sh
# Builds the network of lab services by hand. Run it as root; `labnet down services` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns services._segment # Lab services (services.yaml:28)
ip netns add services._segment
ip -n services._segment link set lo alias 'labnet segment'
ip -n services._segment link set lo up
# + sysctl services._segment net.ipv4.ip_forward # Lab services (services.yaml:28)
ip netns exec services._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl services._segment net.ipv6.conf.all.forwarding # Lab services (services.yaml:28)
ip netns exec services._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl services._segment net.ipv6.conf.default.accept_dad # Lab services (services.yaml:28)
ip netns exec services._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link services._segment br0 # Lab services (services.yaml:28)
ip -n services._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address services._segment br0 172.18.0.1/24 # Lab services (services.yaml:28)
ip -n services._segment address add 172.18.0.1/24 dev br0
# + route services._segment 0.0.0.0/0 # Lab services (services.yaml:28)
ip -n services._segment route add blackhole 0.0.0.0/0
# + netns services.node1 # Node node1 (services.yaml:34)
ip netns add services.node1
ip -n services.node1 link set lo alias 'labnet node/node1'
ip -n services.node1 link set lo up
# + sysctl services.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl services.node1 net.bridge.bridge-nf-call-iptables # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl services.node1 net.ipv4.conf.all.route_localnet # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl services.node1 net.ipv4.conf.all.rp_filter # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl services.node1 net.ipv4.conf.all.send_redirects # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl services.node1 net.ipv4.conf.default.rp_filter # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl services.node1 net.ipv4.conf.default.send_redirects # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl services.node1 net.ipv4.ip_forward # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl services.node1 net.ipv6.conf.all.forwarding # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl services.node1 net.ipv6.conf.default.accept_dad # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl services.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl services.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl services.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (services.yaml:34)
ip netns exec services.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link services._segment vethac120002 # Node node1 (services.yaml:34)
ip -n services._segment link add vethac120002 type veth peer name eth0 netns services.node1
ip -n services._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link services.node1 eth0 # Node node1 (services.yaml:34)
ip -n services.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'services._segment vethac120002' up
# + link services.node1 cni0 # Node node1 (services.yaml:34)
ip -n services.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address services.node1 cni0 10.244.0.1/24 # Node node1 (services.yaml:34)
ip -n services.node1 address add 10.244.0.1/24 dev cni0
# + address services.node1 eth0 172.18.0.2/24 # Node node1 (services.yaml:34)
ip -n services.node1 address add 172.18.0.2/24 dev eth0
# + route services.node1 0.0.0.0/0 # Node node1 (services.yaml:34)
ip -n services.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route services.node1 10.244.1.0/24 # Node node2 (services.yaml:35)
ip -n services.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0
# + netns services.node2 # Node node2 (services.yaml:35)
ip netns add services.node2
ip -n services.node2 link set lo alias 'labnet node/node2'
ip -n services.node2 link set lo up
# + sysctl services.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl services.node2 net.bridge.bridge-nf-call-iptables # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl services.node2 net.ipv4.conf.all.route_localnet # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl services.node2 net.ipv4.conf.all.rp_filter # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl services.node2 net.ipv4.conf.all.send_redirects # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl services.node2 net.ipv4.conf.default.rp_filter # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl services.node2 net.ipv4.conf.default.send_redirects # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl services.node2 net.ipv4.ip_forward # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl services.node2 net.ipv6.conf.all.forwarding # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl services.node2 net.ipv6.conf.default.accept_dad # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl services.node2 net.netfilter.nf_conntrack_tcp_be_liberal # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl services.node2 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl services.node2 net.netfilter.nf_conntrack_tcp_timeout_established # Node node2 (services.yaml:35)
ip netns exec services.node2 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link services._segment vethac120003 # Node node2 (services.yaml:35)
ip -n services._segment link add vethac120003 type veth peer name eth0 netns services.node2
ip -n services._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link services.node2 eth0 # Node node2 (services.yaml:35)
ip -n services.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'services._segment vethac120003' up
# + link services.node2 cni0 # Node node2 (services.yaml:35)
ip -n services.node2 link add cni0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + link services.node2 docker0 # Node node2 (services.yaml:35)
ip -n services.node2 link add docker0 address 02:42:ac:11:00:01 mtu 1500 up type bridge
# + address services.node2 cni0 10.244.1.1/24 # Node node2 (services.yaml:35)
ip -n services.node2 address add 10.244.1.1/24 dev cni0
# + address services.node2 docker0 172.17.0.1/16 # Node node2 (services.yaml:35)
ip -n services.node2 address add 172.17.0.1/16 dev docker0
# + address services.node2 eth0 172.18.0.3/24 # Node node2 (services.yaml:35)
ip -n services.node2 address add 172.18.0.3/24 dev eth0
# + route services.node2 0.0.0.0/0 # Node node2 (services.yaml:35)
ip -n services.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + route services.node2 10.244.0.0/24 # Node node1 (services.yaml:34)
ip -n services.node2 route add 10.244.0.0/24 via 172.18.0.2 dev eth0
# + iptables services.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec services.node1 iptables-restore <<'EOF'
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
-A KUBE-SERVICES -d 10.96.10.30/32 -p tcp -m comment --comment "default/nobody has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
EOF
# + iptables services.node1 mangle # rules of kube-proxy, kubelet
ip netns exec services.node1 iptables-restore <<'EOF'
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
# + iptables services.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec services.node1 iptables-restore <<'EOF'
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
:KUBE-SEP-BTVZB7E4KKPGX6I5 - [0:0]
:KUBE-SEP-IXAO5FRZJ3S2TSOB - [0:0]
:KUBE-SEP-LS57OEBBY74JS4BI - [0:0]
:KUBE-SEP-PBQ62IOVWGYEN623 - [0:0]
:KUBE-SEP-TCD3IFXQZW3ZEZQU - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-3OI236ZBKTWAFB2I - [0:0]
:KUBE-SVC-C2F3IGRHJPTO6YMP - [0:0]
:KUBE-SVC-CDGGSHYLG3RE2FKL - [0:0]
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
-A KUBE-SEP-BTVZB7E4KKPGX6I5 -s 10.244.1.2/32 -m comment --comment "default/web:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-BTVZB7E4KKPGX6I5 -p udp -m comment --comment "default/web:dns" -m udp -j DNAT --to-destination 10.244.1.2:53
-A KUBE-SEP-IXAO5FRZJ3S2TSOB -s 10.244.0.3/32 -m comment --comment "default/web:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-IXAO5FRZJ3S2TSOB -p udp -m comment --comment "default/web:dns" -m udp -j DNAT --to-destination 10.244.0.3:5353
-A KUBE-SEP-LS57OEBBY74JS4BI -s 172.18.0.3/32 -m comment --comment "default/store" -j KUBE-MARK-MASQ
-A KUBE-SEP-LS57OEBBY74JS4BI -p tcp -m comment --comment "default/store" -m tcp -j DNAT --to-destination 172.18.0.3:9000
-A KUBE-SEP-PBQ62IOVWGYEN623 -s 10.244.1.2/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-PBQ62IOVWGYEN623 -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-TCD3IFXQZW3ZEZQU -s 10.244.0.3/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-TCD3IFXQZW3ZEZQU -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.3:8080
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.10.20/32 -p tcp -m comment --comment "default/store cluster IP" -m tcp --dport 80 -j KUBE-SVC-C2F3IGRHJPTO6YMP
-A KUBE-SERVICES -d 10.96.10.10/32 -p udp -m comment --comment "default/web:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-3OI236ZBKTWAFB2I
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-CDGGSHYLG3RE2FKL
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-3OI236ZBKTWAFB2I ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p udp -m comment --comment "default/web:dns cluster IP" -m udp --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-3OI236ZBKTWAFB2I -m comment --comment "default/web:dns -> 10.244.0.3:5353" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-IXAO5FRZJ3S2TSOB
-A KUBE-SVC-3OI236ZBKTWAFB2I -m comment --comment "default/web:dns -> 10.244.1.2:53" -j KUBE-SEP-BTVZB7E4KKPGX6I5
-A KUBE-SVC-C2F3IGRHJPTO6YMP ! -s 10.244.0.0/16 -d 10.96.10.20/32 -p tcp -m comment --comment "default/store cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-C2F3IGRHJPTO6YMP -m comment --comment "default/store -> 172.18.0.3:9000" -j KUBE-SEP-LS57OEBBY74JS4BI
-A KUBE-SVC-CDGGSHYLG3RE2FKL ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.0.3:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-TCD3IFXQZW3ZEZQU
-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.2:80" -j KUBE-SEP-PBQ62IOVWGYEN623
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + iptables services.node2 filter # rules of docker, flannel, kube-proxy, kubelet
ip netns exec services.node2 iptables-restore <<'EOF'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
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
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d 10.96.10.30/32 -p tcp -m comment --comment "default/nobody has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
EOF
# + iptables services.node2 mangle # rules of kube-proxy, kubelet
ip netns exec services.node2 iptables-restore <<'EOF'
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
# + iptables services.node2 nat # rules of docker, flannel, kube-proxy, kubelet
ip netns exec services.node2 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-BTVZB7E4KKPGX6I5 - [0:0]
:KUBE-SEP-IXAO5FRZJ3S2TSOB - [0:0]
:KUBE-SEP-LS57OEBBY74JS4BI - [0:0]
:KUBE-SEP-PBQ62IOVWGYEN623 - [0:0]
:KUBE-SEP-TCD3IFXQZW3ZEZQU - [0:0]
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-3OI236ZBKTWAFB2I - [0:0]
:KUBE-SVC-C2F3IGRHJPTO6YMP - [0:0]
:KUBE-SVC-CDGGSHYLG3RE2FKL - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.2:80
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
-A KUBE-SEP-BTVZB7E4KKPGX6I5 -s 10.244.1.2/32 -m comment --comment "default/web:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-BTVZB7E4KKPGX6I5 -p udp -m comment --comment "default/web:dns" -m udp -j DNAT --to-destination 10.244.1.2:53
-A KUBE-SEP-IXAO5FRZJ3S2TSOB -s 10.244.0.3/32 -m comment --comment "default/web:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-IXAO5FRZJ3S2TSOB -p udp -m comment --comment "default/web:dns" -m udp -j DNAT --to-destination 10.244.0.3:5353
-A KUBE-SEP-LS57OEBBY74JS4BI -s 172.18.0.3/32 -m comment --comment "default/store" -j KUBE-MARK-MASQ
-A KUBE-SEP-LS57OEBBY74JS4BI -p tcp -m comment --comment "default/store" -m tcp -j DNAT --to-destination 172.18.0.3:9000
-A KUBE-SEP-PBQ62IOVWGYEN623 -s 10.244.1.2/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-PBQ62IOVWGYEN623 -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-TCD3IFXQZW3ZEZQU -s 10.244.0.3/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-TCD3IFXQZW3ZEZQU -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.3:8080
-A KUBE-SEP-V2PECCYPB6X2GSCW -s 172.18.0.2/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-V2PECCYPB6X2GSCW -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.2:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.10.20/32 -p tcp -m comment --comment "default/store cluster IP" -m tcp --dport 80 -j KUBE-SVC-C2F3IGRHJPTO6YMP
-A KUBE-SERVICES -d 10.96.10.10/32 -p udp -m comment --comment "default/web:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-3OI236ZBKTWAFB2I
-A KUBE-SERVICES -d 10.96.10.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-CDGGSHYLG3RE2FKL
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-3OI236ZBKTWAFB2I ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p udp -m comment --comment "default/web:dns cluster IP" -m udp --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-3OI236ZBKTWAFB2I -m comment --comment "default/web:dns -> 10.244.0.3:5353" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-IXAO5FRZJ3S2TSOB
-A KUBE-SVC-3OI236ZBKTWAFB2I -m comment --comment "default/web:dns -> 10.244.1.2:53" -j KUBE-SEP-BTVZB7E4KKPGX6I5
-A KUBE-SVC-C2F3IGRHJPTO6YMP ! -s 10.244.0.0/16 -d 10.96.10.20/32 -p tcp -m comment --comment "default/store cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-C2F3IGRHJPTO6YMP -m comment --comment "default/store -> 172.18.0.3:9000" -j KUBE-SEP-LS57OEBBY74JS4BI
-A KUBE-SVC-CDGGSHYLG3RE2FKL ! -s 10.244.0.0/16 -d 10.96.10.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.0.3:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-TCD3IFXQZW3ZEZQU
-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.2:80" -j KUBE-SEP-PBQ62IOVWGYEN623
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 172.18.0.2:6443" -j KUBE-SEP-V2PECCYPB6X2GSCW
COMMIT
EOF
# + netns services.shell # Pod default/shell (services.yaml:37)
ip netns add services.shell
ip -n services.shell link set lo alias 'labnet pod/default/shell'
ip -n services.shell link set lo up
# + link services.node1 veth0af40002 # Pod default/shell (services.yaml:37)
ip -n services.node1 link add veth0af40002 type veth peer name eth0 netns services.shell
ip -n services.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n services.node1 link set dev veth0af40002 hairpin on
# + link services.shell eth0 # Pod default/shell (services.yaml:37)
ip -n services.shell link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'services.node1 veth0af40002' up
# + address services.shell eth0 10.244.0.2/24 # Pod default/shell (services.yaml:37)
ip -n services.shell address add 10.244.0.2/24 dev eth0
# + route services.shell 0.0.0.0/0 # Pod default/shell (services.yaml:37)
ip -n services.shell route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns services.store # Container store (services.yaml:88)
ip netns add services.store
ip -n services.store link set lo alias 'labnet container/store'
ip -n services.store link set lo up
# + link services.node2 vethac110002 # Container store (services.yaml:88)
ip -n services.node2 link add vethac110002 type veth peer name eth0 netns services.store
ip -n services.node2 link set vethac110002 address 0e:1b:ac:11:00:02 mtu 1500 master docker0 up
# + link services.store eth0 # Container store (services.yaml:88)
ip -n services.store link set eth0 address 02:42:ac:11:00:02 mtu 1500 alias 'services.node2 vethac110002' up
# + address services.store eth0 172.17.0.2/16 # Container store (services.yaml:88)
ip -n services.store address add 172.17.0.2/16 dev eth0
# + route services.store 0.0.0.0/0 # Container store (services.yaml:88)
ip -n services.store route add 0.0.0.0/0 via 172.17.0.1 dev eth0
# + netns services.web-1 # Pod default/web-1 (services.yaml:47)
ip netns add services.web-1
ip -n services.web-1 link set lo alias 'labnet pod/default/web-1'
ip -n services.web-1 link set lo up
# + link services.node1 veth0af40003 # Pod default/web-1 (services.yaml:47)
ip -n services.node1 link add veth0af40003 type veth peer name eth0 netns services.web-1
ip -n services.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cni0 up
bridge -n services.node1 link set dev veth0af40003 hairpin on
# + link services.web-1 eth0 # Pod default/web-1 (services.yaml:47)
ip -n services.web-1 link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'services.node1 veth0af40003' up
# + address services.web-1 eth0 10.244.0.3/24 # Pod default/web-1 (services.yaml:47)
ip -n services.web-1 address add 10.244.0.3/24 dev eth0
# + route services.web-1 0.0.0.0/0 # Pod default/web-1 (services.yaml:47)
ip -n services.web-1 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns services.web-2 # Pod default/web-2 (services.yaml:62)
ip netns add services.web-2
ip -n services.web-2 link set lo alias 'labnet pod/default/web-2'
ip -n services.web-2 link set lo up
# + link services.node2 veth0af40102 # Pod default/web-2 (services.yaml:62)
ip -n services.node2 link add veth0af40102 type veth peer name eth0 netns services.web-2
ip -n services.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cni0 up
bridge -n services.node2 link set dev veth0af40102 hairpin on
# + link services.web-2 eth0 # Pod default/web-2 (services.yaml:62)
ip -n services.web-2 link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'services.node2 veth0af40102' up
# + address services.web-2 eth0 10.244.1.2/24 # Pod default/web-2 (services.yaml:62)
ip -n services.web-2 address add 10.244.1.2/24 dev eth0
# + route services.web-2 0.0.0.0/0 # Pod default/web-2 (services.yaml:62)
ip -n services.web-2 route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + process services.node2 container/store docker-proxy-9000-tcp # Container store (services.yaml:88)
#   ip netns exec services.node2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.docker_proxy -proto tcp -host-ip 0.0.0.0 -host-port 9000 -container-ip 172.17.0.2 -container-port 80 &
# + process services.store container/store store # Container store (services.yaml:88)
#   ip netns exec services.store unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=store PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin nginx -g 'daemon off;' &
# + process services.web-1 pod/default/web-1 netexec # Pod default/web-1 (services.yaml:47)
#   ip netns exec services.web-1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-1 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 NOBODY_PORT=tcp://10.96.10.30:80 NOBODY_PORT_80_TCP=tcp://10.96.10.30:80 NOBODY_PORT_80_TCP_ADDR=10.96.10.30 NOBODY_PORT_80_TCP_PORT=80 NOBODY_PORT_80_TCP_PROTO=tcp NOBODY_SERVICE_HOST=10.96.10.30 NOBODY_SERVICE_PORT=80 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin STORE_PORT=tcp://10.96.10.20:80 STORE_PORT_80_TCP=tcp://10.96.10.20:80 STORE_PORT_80_TCP_ADDR=10.96.10.20 STORE_PORT_80_TCP_PORT=80 STORE_PORT_80_TCP_PROTO=tcp STORE_SERVICE_HOST=10.96.10.20 STORE_SERVICE_PORT=80 WEB_PORT=tcp://10.96.10.10:80 WEB_PORT_53_UDP=udp://10.96.10.10:53 WEB_PORT_53_UDP_ADDR=10.96.10.10 WEB_PORT_53_UDP_PORT=53 WEB_PORT_53_UDP_PROTO=udp WEB_PORT_80_TCP=tcp://10.96.10.10:80 WEB_PORT_80_TCP_ADDR=10.96.10.10 WEB_PORT_80_TCP_PORT=80 WEB_PORT_80_TCP_PROTO=tcp WEB_SERVICE_HOST=10.96.10.10 WEB_SERVICE_PORT=80 WEB_SERVICE_PORT_DNS=53 WEB_SERVICE_PORT_HTTP=80 python3 -m labnet.images.agnhost netexec --http-port=8080 --udp-port=5353 &
# + process services.web-2 pod/default/web-2 netexec # Pod default/web-2 (services.yaml:62)
#   ip netns exec services.web-2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-2 KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 NOBODY_PORT=tcp://10.96.10.30:80 NOBODY_PORT_80_TCP=tcp://10.96.10.30:80 NOBODY_PORT_80_TCP_ADDR=10.96.10.30 NOBODY_PORT_80_TCP_PORT=80 NOBODY_PORT_80_TCP_PROTO=tcp NOBODY_SERVICE_HOST=10.96.10.30 NOBODY_SERVICE_PORT=80 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin STORE_PORT=tcp://10.96.10.20:80 STORE_PORT_80_TCP=tcp://10.96.10.20:80 STORE_PORT_80_TCP_ADDR=10.96.10.20 STORE_PORT_80_TCP_PORT=80 STORE_PORT_80_TCP_PROTO=tcp STORE_SERVICE_HOST=10.96.10.20 STORE_SERVICE_PORT=80 WEB_PORT=tcp://10.96.10.10:80 WEB_PORT_53_UDP=udp://10.96.10.10:53 WEB_PORT_53_UDP_ADDR=10.96.10.10 WEB_PORT_53_UDP_PORT=53 WEB_PORT_53_UDP_PROTO=udp WEB_PORT_80_TCP=tcp://10.96.10.10:80 WEB_PORT_80_TCP_ADDR=10.96.10.10 WEB_PORT_80_TCP_PORT=80 WEB_PORT_80_TCP_PROTO=tcp WEB_SERVICE_HOST=10.96.10.10 WEB_SERVICE_PORT=80 WEB_SERVICE_PORT_DNS=53 WEB_SERVICE_PORT_HTTP=80 python3 -m labnet.images.agnhost netexec --http-port=80 --udp-port=53 &
