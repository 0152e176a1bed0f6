"""kube-proxy: what a Service is on every node, in its iptables mode and in its nftables mode."""
