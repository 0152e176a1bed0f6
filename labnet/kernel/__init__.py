"""The only room with effects: what the kernel holds of a lab, and making it hold something else.

`protocol.Kernel` is what the other rooms know; `linux.LinuxKernel` is the real one and
`memory.MemoryKernel` obeys the same laws. Nothing is imported here, because the container runtime
lives in this room too, and each of its processes is better off with less.

Decisions
- We chose a netlink codec of our own (`netlink`, `rtnl`: two hundred lines) over pyroute2's because
  observing is most of what labnet does. Its decoder takes 0.2 ms for a link and its encoder 0.1 ms
  a message, so that a thousand pods would be observed in two seconds instead of 0.4 and a pod's
  messages alone would cost half of what the kernel takes to make it; importing it takes 150 ms.
  Of conntrack, it would take 8 s for 100,000 entries instead of 1.
  The tests read the kernel through pyroute2, as the independent witness of the codec.
- We chose one thread that goes from namespace to namespace over a process for each: `setns` costs
  microseconds, a process milliseconds.
- We chose to run iptables-save and iptables-restore over speaking nf_tables ourselves because they
  are the only interface that means the same on both kinds of iptables. A change is loaded with
  `--noflush` and names only chains that differ: of 5,000 Services that is 0.1 s instead of 1.6.
- We chose libnftables over running nft because a change of one Service takes it half a millisecond,
  and over speaking nf_tables ourselves because rules are only documented as nft's text.
- We chose to wait for the kernel's own clean-up (`settle`) over deleting links one at a time, which
  takes 20 ms each.
"""
