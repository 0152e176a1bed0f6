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
# + netns pod.node1 # Node node1 (pod.yaml:21)
ip netns add pod.node1
ip -n pod.node1 link set lo alias 'labnet node/node1'
ip -n pod.node1 link set lo up
# + sysctl pod.node1 net.bridge.bridge-nf-call-ip6tables # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
# + sysctl pod.node1 net.bridge.bridge-nf-call-iptables # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
# + sysctl pod.node1 net.ipv4.conf.all.rp_filter # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
# + sysctl pod.node1 net.ipv4.conf.default.rp_filter # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
# + sysctl pod.node1 net.ipv4.ip_forward # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv4.ip_forward=1
# + sysctl pod.node1 net.ipv6.conf.all.forwarding # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv6.conf.all.forwarding=1
# + sysctl pod.node1 net.ipv6.conf.default.accept_dad # Node node1 (pod.yaml:21)
ip netns exec pod.node1 sysctl -q -w net.ipv6.conf.default.accept_dad=0
# + link pod.node1 cni0 # Node node1 (pod.yaml:21)
ip -n pod.node1 link add cni0 address 0a:58:0a:f4:00:01 mtu 1500 up type bridge
# + link pod._segment vethac120002 # Node node1 (pod.yaml:21)
ip -n pod._segment link add vethac120002 type veth peer name eth0 netns pod.node1
ip -n pod._segment link set vethac120002 address 0e:1b:ac:12:00:02 mtu 1500 master br0 up
# + link pod.node1 eth0 # Node node1 (pod.yaml:21)
ip -n pod.node1 link set eth0 address 02:1a:ac:12:00:02 mtu 1500 alias 'pod._segment vethac120002' up
# + address pod.node1 cni0 10.244.0.1/24 # Node node1 (pod.yaml:21)
ip -n pod.node1 address add 10.244.0.1/24 dev cni0
# + address pod.node1 eth0 172.18.0.2/24 # Node node1 (pod.yaml:21)
ip -n pod.node1 address add 172.18.0.2/24 dev eth0
# + route pod.node1 0.0.0.0/0 # Node node1 (pod.yaml:21)
ip -n pod.node1 route add 0.0.0.0/0 via 172.18.0.1 dev eth0
# + iptables pod.node1 filter # rules of flannel
ip netns exec pod.node1 iptables-restore <<'EOF'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF
# + iptables pod.node1 nat # rules of flannel
ip netns exec pod.node1 iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
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
#   ip netns exec pod.both unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=both PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin nginx -g 'daemon off;' &
# + process pod.both pod/default/both echo # Pod default/both (pod.yaml:23)
#   ip netns exec pod.both unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc --wd=/ env -i HOME=/root HOSTNAME=both PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -m labnet.images.agnhost netexec --http-port=8080 &
