"""Real Kubernetes networks out of nothing but the Linux kernel.

The rooms, in the order in which a lab file passes through them: `parse` makes a Topology of text,
`resolve` a Cluster of it, `compile` a State of that, `plan` the difference to the State that
`kernel` observes, and `kernel` applies it. Only `kernel` (and `agent`, which owns the lab's
folder) has effects; `cli` prints and exits.
"""

__version__ = "0.1.0"
