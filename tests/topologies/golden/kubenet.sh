#!/bin/sh
# Builds the network of lab kubenet by hand. Run it as root; `labnet down kubenet` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu

# + netns kubenet._segment # Lab kubenet (kubenet.yaml:19)
ip netns add kubenet._segment
ip -n kubenet._segment link set lo alias 'labnet segment'
ip -n kubenet._segment link set lo up
# + sysctl kubenet._segment net.ipv4.ip_forward # Lab kubenet (kubenet.yaml:19)
ip netns exec kubenet._segment sysctl -q -w net.ipv4.ip_forward=0
# + sysctl kubenet._segment net.ipv6.conf.all.forwarding # Lab kubenet (kubenet.yaml:19)
ip netns exec kubenet._segment sysctl -q -w net.ipv6.conf.all.forwarding=0
# + sysctl kubenet._segment net.ipv6.conf.default.accept_dad # Lab kubenet (kubenet.yaml:19)
ip netns exec kubenet._segment sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link kubenet._segment br0 # Lab kubenet (kubenet.yaml:19)
ip -n kubenet._segment link add br0 address 02:1a:00:00:00:00 mtu 1500 up type bridge
# + address kubenet._segment br0 172.18.0.1/24 # Lab kubenet (kubenet.yaml:19)
ip -n kubenet._segment address add 172.18.0.1/24 dev br0
# + netns kubenet.node1 # Node node1 (kubenet.yaml:27)
ip netns add kubenet.node1
ip -n kubenet.node1 link set lo alias 'labnet node/node1'
ip -n kubenet.node1 link set lo up
# + sysctl kubenet.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl kubenet.node1 net.bridge.bridge-nf-call-iptables # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl kubenet.node1 net.ipv4.conf.all.rp_filter # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl kubenet.node1 net.ipv4.conf.default.rp_filter # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl kubenet.node1 net.ipv4.ip_forward # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl kubenet.node1 net.ipv6.conf.all.forwarding # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl kubenet.node1 net.ipv6.conf.default.accept_dad # Node node1 (kubenet.yaml:27)
ip netns exec kubenet.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link kubenet.node1 cbr0 # Node node1 (kubenet.yaml:27)
ip -n kubenet.node1 link add cbr0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + link kubenet._segment vethac120002 # Node node1 (kubenet.yaml:27)
ip -n kubenet._segment link add vethac120002 type veth peer name eth0 netns kubenet.node1
ip -n kubenet._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link kubenet.node1 eth0 # Node node1 (kubenet.yaml:27)
ip -n kubenet.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'kubenet._segment vethac120002' up
# + address kubenet.node1 cbr0 10.244.0.1/24 # Node node1 (kubenet.yaml:27)
ip -n kubenet.node1 address add 10.244.0.1/24 dev cbr0
# + address kubenet.node1 eth0 172.18.0.2/24 # Node node1 (kubenet.yaml:27)
ip -n kubenet.node1 address add 172.18.0.2/24 dev eth0
# + route kubenet.node1 0.0.0.0/0 # Node node1 (kubenet.yaml:27)
ip -n kubenet.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + netns kubenet.node2 # Node node2 (kubenet.yaml:28)
ip netns add kubenet.node2
ip -n kubenet.node2 link set lo alias 'labnet node/node2'
ip -n kubenet.node2 link set lo up
# + sysctl kubenet.node2 net.bridge.bridge-nf-call-ip6tables # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl kubenet.node2 net.bridge.bridge-nf-call-iptables # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl kubenet.node2 net.ipv4.conf.all.rp_filter # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl kubenet.node2 net.ipv4.conf.default.rp_filter # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl kubenet.node2 net.ipv4.ip_forward # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl kubenet.node2 net.ipv6.conf.all.forwarding # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl kubenet.node2 net.ipv6.conf.default.accept_dad # Node node2 (kubenet.yaml:28)
ip netns exec kubenet.node2 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link kubenet.node2 cbr0 # Node node2 (kubenet.yaml:28)
ip -n kubenet.node2 link add cbr0 address 0a:58:0a:f4:01:01 mtu 1500 up type bridge
# + link kubenet._segment vethac120003 # Node node2 (kubenet.yaml:28)
ip -n kubenet._segment link add vethac120003 type veth peer name eth0 netns kubenet.node2
ip -n kubenet._segment link set vethac120003 address 0e:1b:ac:12:00:03 mtu 1500 master br0 up
# + link kubenet.node2 eth0 # Node node2 (kubenet.yaml:28)
ip -n kubenet.node2 link set eth0 address 02:1a:ac:12:00:03 mtu 1500 alias 'kubenet._segment vethac120003' up
# + address kubenet.node2 cbr0 10.244.1.1/24 # Node node2 (kubenet.yaml:28)
ip -n kubenet.node2 address add 10.244.1.1/24 dev cbr0
# + address kubenet.node2 eth0 172.18.0.3/24 # Node node2 (kubenet.yaml:28)
ip -n kubenet.node2 address add 172.18.0.3/24 dev eth0
# + route kubenet.node2 0.0.0.0/0 # Node node2 (kubenet.yaml:28)
ip -n kubenet.node2 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + iptables kubenet.node1 nat # rules of kubenet
ip netns exec kubenet.node1 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
COMMIT
EOF
# + iptables kubenet.node2 nat # rules of kubenet
ip netns exec kubenet.node2 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
COMMIT
EOF
# + netns kubenet.web-1 # Pod default/web-1 (kubenet.yaml:30)
ip netns add kubenet.web-1
ip -n kubenet.web-1 link set lo alias 'labnet pod/default/web-1'
ip -n kubenet.web-1 link set lo up
# + link kubenet.node1 veth0af40002 # Pod default/web-1 (kubenet.yaml:30)
ip -n kubenet.node1 link add veth0af40002 type veth peer name eth0 netns kubenet.web-1
ip -n kubenet.node1 link set veth0af40002 address 0e:1b:0a:f4:00:02 mtu 1500 master cbr0 up
bridge -n kubenet.node1 link set dev veth0af40002 hairpin on
# + link kubenet.web-1 eth0 # Pod default/web-1 (kubenet.yaml:30)
ip -n kubenet.web-1 link set eth0 address 0a:58:0a:f4:00:02 mtu 1500 alias 'kubenet.node1 veth0af40002' up
# + address kubenet.web-1 eth0 10.244.0.2/24 # Pod default/web-1 (kubenet.yaml:30)
ip -n kubenet.web-1 address add 10.244.0.2/24 dev eth0
# + route kubenet.web-1 0.0.0.0/0 # Pod default/web-1 (kubenet.yaml:30)
ip -n kubenet.web-1 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns kubenet.web-2 # Pod default/web-2 (kubenet.yaml:43)
ip netns add kubenet.web-2
ip -n kubenet.web-2 link set lo alias 'labnet pod/default/web-2'
ip -n kubenet.web-2 link set lo up
# + link kubenet.node1 veth0af40003 # Pod default/web-2 (kubenet.yaml:43)
ip -n kubenet.node1 link add veth0af40003 type veth peer name eth0 netns kubenet.web-2
ip -n kubenet.node1 link set veth0af40003 address 0e:1b:0a:f4:00:03 mtu 1500 master cbr0 up
bridge -n kubenet.node1 link set dev veth0af40003 hairpin on
# + link kubenet.web-2 eth0 # Pod default/web-2 (kubenet.yaml:43)
ip -n kubenet.web-2 link set eth0 address 0a:58:0a:f4:00:03 mtu 1500 alias 'kubenet.node1 veth0af40003' up
# + address kubenet.web-2 eth0 10.244.0.3/24 # Pod default/web-2 (kubenet.yaml:43)
ip -n kubenet.web-2 address add 10.244.0.3/24 dev eth0
# + route kubenet.web-2 0.0.0.0/0 # Pod default/web-2 (kubenet.yaml:43)
ip -n kubenet.web-2 route add 0.0.0.0/0 via 10.244.0.1 dev eth0
# + netns kubenet.web-3 # Pod default/web-3 (kubenet.yaml:56)
ip netns add kubenet.web-3
ip -n kubenet.web-3 link set lo alias 'labnet pod/default/web-3'
ip -n kubenet.web-3 link set lo up
# + link kubenet.node2 veth0af40102 # Pod default/web-3 (kubenet.yaml:56)
ip -n kubenet.node2 link add veth0af40102 type veth peer name eth0 netns kubenet.web-3
ip -n kubenet.node2 link set veth0af40102 address 0e:1b:0a:f4:01:02 mtu 1500 master cbr0 up
bridge -n kubenet.node2 link set dev veth0af40102 hairpin on
# + link kubenet.web-3 eth0 # Pod default/web-3 (kubenet.yaml:56)
ip -n kubenet.web-3 link set eth0 address 0a:58:0a:f4:01:02 mtu 1500 alias 'kubenet.node2 veth0af40102' up
# + address kubenet.web-3 eth0 10.244.1.2/24 # Pod default/web-3 (kubenet.yaml:56)
ip -n kubenet.web-3 address add 10.244.1.2/24 dev eth0
# + route kubenet.web-3 0.0.0.0/0 # Pod default/web-3 (kubenet.yaml:56)
ip -n kubenet.web-3 route add 0.0.0.0/0 via 10.244.1.1 dev eth0
# + process kubenet.web-1 pod/default/web-1 netexec # Pod default/web-1 (kubenet.yaml:30)
#   ip netns exec kubenet.web-1 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process kubenet.web-2 pod/default/web-2 netexec # Pod default/web-2 (kubenet.yaml:43)
#   ip netns exec kubenet.web-2 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-2 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
# + process kubenet.web-3 pod/default/web-3 netexec # Pod default/web-3 (kubenet.yaml:56)
#   ip netns exec kubenet.web-3 unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=web-3 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=80 &
