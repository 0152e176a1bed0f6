#!/bin/sh
# Builds the network of lab docker0 by hand. Run it as root; `labnet down docker0` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns docker0._segment # Lab docker0 (docker0.yaml:16)
ip netns add docker0._segment
ip -n docker0._segment link set lo alias 'labnet segment'
ip -n docker0._segment link set lo up
# + sysctl docker0._segment net.ipv4.ip_forward # Lab docker0 (docker0.yaml:16)
ip netns exec docker0._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl docker0._segment net.ipv6.conf.all.forwarding # Lab docker0 (docker0.yaml:16)
ip netns exec docker0._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl docker0._segment net.ipv6.conf.default.accept_dad # Lab docker0 (docker0.yaml:16)
ip netns exec docker0._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link docker0._segment br0 # Lab docker0 (docker0.yaml:16)
ip -n docker0._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address docker0._segment br0 172.18.0.1/24 # Lab docker0 (docker0.yaml:16)
ip -n docker0._segment address add 172.18.0.1/24 dev br0
# + route docker0._segment 0.0.0.0/0 # Lab docker0 (docker0.yaml:16)
ip -n docker0._segment route add blackhole 0.0.0.0/0
# + netns docker0.client # Host client (docker0.yaml:24)
ip netns add docker0.client
ip -n docker0.client link set lo alias 'labnet host/client'
ip -n docker0.client link set lo up
# + sysctl docker0.client net.ipv6.conf.default.accept_dad # Host client (docker0.yaml:24)
ip netns exec docker0.client sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link docker0._segment vethac120003 # Host client (docker0.yaml:24)
ip -n docker0._segment link add vethac120003 type veth peer name eth0 netns docker0.client
ip -n docker0._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link docker0.client eth0 # Host client (docker0.yaml:24)
ip -n docker0.client link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'docker0._segment vethac120003' up
# + address docker0.client eth0 172.18.0.3/24 # Host client (docker0.yaml:24)
ip -n docker0.client address add 172.18.0.3/24 dev eth0
# + route docker0.client 0.0.0.0/0 # Host client (docker0.yaml:24)
ip -n docker0.client route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + netns docker0.node1 # Node node1 (docker0.yaml:22)
ip netns add docker0.node1
ip -n docker0.node1 link set lo alias 'labnet node/node1'
ip -n docker0.node1 link set lo up
# + sysctl docker0.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl docker0.node1 net.bridge.bridge-nf-call-iptables # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl docker0.node1 net.ipv4.conf.all.route_localnet # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl docker0.node1 net.ipv4.conf.all.rp_filter # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl docker0.node1 net.ipv4.conf.all.send_redirects # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl docker0.node1 net.ipv4.conf.default.rp_filter # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl docker0.node1 net.ipv4.conf.default.send_redirects # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl docker0.node1 net.ipv4.ip_forward # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl docker0.node1 net.ipv6.conf.all.forwarding # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl docker0.node1 net.ipv6.conf.default.accept_dad # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl docker0.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl docker0.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl docker0.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (docker0.yaml:22)
ip netns exec docker0.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link docker0._segment vethac120002 # Node node1 (docker0.yaml:22)
ip -n docker0._segment link add vethac120002 type veth peer name eth0 netns docker0.node1
ip -n docker0._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link docker0.node1 eth0 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'docker0._segment vethac120002' up
# + link docker0.node1 cni0 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + link docker0.node1 docker0 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 link add docker0 address 02:42:ac:11:00:01 mtu 1500 up type bridge
# + address docker0.node1 cni0 10.244.0.1/24 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 address add 10.244.0.1/24 dev cni0
# + address docker0.node1 docker0 172.17.0.1/16 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 address add 172.17.0.1/16 dev docker0
# + address docker0.node1 eth0 172.18.0.2/24 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 address add 172.18.0.2/24 dev eth0
# + route docker0.node1 0.0.0.0/0 # Node node1 (docker0.yaml:22)
ip -n docker0.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + iptables docker0.node1 filter # rules of docker, flannel, kube-proxy, kubelet
ip netns exec docker0.node1 iptables-restore <<'EOF'
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
COMMIT
EOF
# + iptables docker0.node1 mangle # rules of kube-proxy, kubelet
ip netns exec docker0.node1 iptables-restore <<'EOF'
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
# + iptables docker0.node1 nat # rules of docker, flannel, kube-proxy, kubelet
ip netns exec docker0.node1 iptables-restore <<'EOF'
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
:KUBE-SEP-V2PECCYPB6X2GSCW - [0:0]
:KUBE-SERVICES - [0:0]
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
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
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
# + netns docker0.db # Container db (docker0.yaml:35)
ip netns add docker0.db
ip -n docker0.db link set lo alias 'labnet container/db'
ip -n docker0.db link set lo up
# + link docker0.node1 vethac110003 # Container db (docker0.yaml:35)
ip -n docker0.node1 link add vethac110003 type veth peer name eth0 netns docker0.db
ip -n docker0.node1 link set vethac110003 address 0e:1b:ac:11:00:03 mtu 1500 master docker0 up
# + link docker0.db eth0 # Container db (docker0.yaml:35)
ip -n docker0.db link set eth0 address 02:42:ac:11:00:03 mtu 1500 alias 'docker0.node1 vethac110003' up
# + address docker0.db eth0 172.17.0.3/16 # Container db (docker0.yaml:35)
ip -n docker0.db address add 172.17.0.3/16 dev eth0
# + route docker0.db 0.0.0.0/0 # Container db (docker0.yaml:35)
ip -n docker0.db route add 0.0.0.0/0 via 172.17.0.1 dev eth0
# + netns docker0.web # Container web (docker0.yaml:26)
ip netns add docker0.web
ip -n docker0.web link set lo alias 'labnet container/web'
ip -n docker0.web link set lo up
# + link docker0.node1 vethac110002 # Container web (docker0.yaml:26)
ip -n docker0.node1 link add vethac110002 type veth peer name eth0 netns docker0.web
ip -n docker0.node1 link set vethac110002 address 0e:1b:ac:11:00:02 mtu 1500 master docker0 up
# + link docker0.web eth0 # Container web (docker0.yaml:26)
ip -n docker0.web link set eth0 address 02:42:ac:11:00:02 mtu 1500 alias 'docker0.node1 vethac110002' up
# + address docker0.web eth0 172.17.0.2/16 # Container web (docker0.yaml:26)
ip -n docker0.web address add 172.17.0.2/16 dev eth0
# + route docker0.web 0.0.0.0/0 # Container web (docker0.yaml:26)
ip -n docker0.web route add 0.0.0.0/0 via 172.17.0.1 dev eth0
# + process docker0.node1 container/web docker-proxy-8080-tcp # Container web (docker0.yaml:26)
#   ip netns exec docker0.node1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i python3 -m labnet.images.docker_proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80 &
# + process docker0.web container/web web # Container web (docker0.yaml:26)
#   ip netns exec docker0.web unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin nginx -g 'daemon off;' &
