#!/bin/sh
# Builds the network of lab pod by hand. Run it as root; `labnet down pod` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns pod._segment # Lab pod (pod.yaml:15)
ip netns add pod._segment
ip -n pod._segment link set lo alias 'labnet segment'
ip -n pod._segment link set lo up
# + sysctl pod._segment net.ipv4.ip_forward # Lab pod (pod.yaml:15)
ip netns exec pod._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl pod._segment net.ipv6.conf.all.forwarding # Lab pod (pod.yaml:15)
ip netns exec pod._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl pod._segment net.ipv6.conf.default.accept_dad # Lab pod (pod.yaml:15)
ip netns exec pod._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link pod._segment br0 # Lab pod (pod.yaml:15)
ip -n pod._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address pod._segment br0 172.18.0.1/24 # Lab pod (pod.yaml:15)
ip -n pod._segment address add 172.18.0.1/24 dev br0
# + route pod._segment 0.0.0.0/0 # Lab pod (pod.yaml:15)
ip -n pod._segment route add blackhole 0.0.0.0/0
# + netns pod.node1 # Node node1 (pod.yaml:21)
ip netns add pod.node1
ip -n pod.node1 link set lo alias 'labnet node/node1'
ip -n pod.node1 link set lo up
# + sysctl pod.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl pod.node1 net.bridge.bridge-nf-call-iptables # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl pod.node1 net.ipv4.conf.all.route_localnet # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
# + sysctl pod.node1 net.ipv4.conf.all.rp_filter # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl pod.node1 net.ipv4.conf.all.send_redirects # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.all.send_redirects=0
# + sysctl pod.node1 net.ipv4.conf.default.rp_filter # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl pod.node1 net.ipv4.conf.default.send_redirects # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.default.send_redirects=0
# + sysctl pod.node1 net.ipv4.ip_forward # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl pod.node1 net.ipv6.conf.all.forwarding # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl pod.node1 net.ipv6.conf.default.accept_dad # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + sysctl pod.node1 net.netfilter.nf_conntrack_tcp_be_liberal # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_be_liberal=0
# + sysctl pod.node1 net.netfilter.nf_conntrack_tcp_timeout_close_wait # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
# + sysctl pod.node1 net.netfilter.nf_conntrack_tcp_timeout_established # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
# + link pod._segment vethac120002 # Node node1 (pod.yaml:21)
ip -n pod._segment link add vethac120002 type veth peer name eth0 netns pod.node1
ip -n pod._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link pod.node1 eth0 # Node node1 (pod.yaml:21)
ip -n pod.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'pod._segment vethac120002' up
# + link pod.node1 cni0 # Node node1 (pod.yaml:21)
ip -n pod.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + address pod.node1 cni0 10.244.0.1/24 # Node node1 (pod.yaml:21)
ip -n pod.node1 address add 10.244.0.1/24 dev cni0
# + address pod.node1 eth0 172.18.0.2/24 # Node node1 (pod.yaml:21)
ip -n pod.node1 address add 172.18.0.2/24 dev eth0
# + route pod.node1 0.0.0.0/0 # Node node1 (pod.yaml:21)
ip -n pod.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + iptables pod.node1 filter # rules of flannel, kube-proxy, kubelet
ip netns exec pod.node1 iptables-restore <<'EOF'
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
# + iptables pod.node1 mangle # rules of kube-proxy, kubelet
ip netns exec pod.node1 iptables-restore <<'EOF'
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
# + iptables pod.node1 nat # rules of flannel, kube-proxy, kubelet
ip netns exec pod.node1 iptables-restore <<'EOF'
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
# + netns pod.both # Pod default/both (pod.yaml:23)
ip netns add pod.both
ip -n pod.both link set lo alias 'labnet pod/default/both'
ip -n pod.both link set lo up
# + link pod.node1 veth0af40002 # Pod default/both (pod.yaml:23)
ip -n pod.node1 link add veth0af40002 type veth peer name eth0 netns pod.both
ip -n pod.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cni0 up
bridge -n pod.node1 link set dev veth0af40002 hairpin on
# + link pod.both eth0 # Pod default/both (pod.yaml:23)
ip -n pod.both link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'pod.node1 veth0af40002' up
# + address pod.both eth0 10.244.0.2/24 # Pod default/both (pod.yaml:23)
ip -n pod.both address add 10.244.0.2/24 dev eth0
# + route pod.both 0.0.0.0/0 # Pod default/both (pod.yaml:23)
ip -n pod.both route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns pod.other # Pod default/other (pod.yaml:39)
ip netns add pod.other
ip -n pod.other link set lo alias 'labnet pod/default/other'
ip -n pod.other link set lo up
# + link pod.node1 veth0af40003 # Pod default/other (pod.yaml:39)
ip -n pod.node1 link add veth0af40003 type veth peer name eth0 netns pod.other
ip -n pod.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cni0 up
bridge -n pod.node1 link set dev veth0af40003 hairpin on
# + link pod.other eth0 # Pod default/other (pod.yaml:39)
ip -n pod.other link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'pod.node1 veth0af40003' up
# + address pod.other eth0 10.244.0.3/24 # Pod default/other (pod.yaml:39)
ip -n pod.other address add 10.244.0.3/24 dev eth0
# + route pod.other 0.0.0.0/0 # Pod default/other (pod.yaml:39)
ip -n pod.other route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + process pod.both pod/default/both web # Pod default/both (pod.yaml:23)
#   ip netns exec pod.both unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=both KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin nginx -g 'daemon off;' &
# + process pod.both pod/default/both echo # Pod default/both (pod.yaml:23)
#   ip netns exec pod.both unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=both KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=8080 &
