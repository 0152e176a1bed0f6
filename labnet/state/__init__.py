"""What the kernel holds: the objects of a lab as frozen values, and a State, a set of them.

`compile` makes the desired State and `kernel.observe` the observed one: they are the same type, and
two objects with the same `key` are the same thing, to be left alone if they are equal. An object
knows the commands that an engineer would type to add, change and delete it; that is all
the documentation of an operation that a person needs, and what `plan -o sh` prints.

Decisions
- We chose canonical text for addresses over `ipaddress` values because observing decodes thousands
  of them from netlink, and text is what is printed and compared.
- We chose to put the state of `lo` into `Netns` over a link object of its own because the kernel
  makes it with the namespace and neither can be without the other.
- We chose one `Ruleset` for each table of a namespace over one object for a chain or a rule because
  a table is swapped at once: no plan can be cut between two chains.
- We chose to say what conntrack may remember (`UdpFlows`) and to observe what it remembers besides,
  over removing flows of endpoints that a plan removes: a crash or a hand may leave them as well.
"""

from labnet.state.base import Command, Key, Object, Operator, State, Stdin, printable, sysctl_path
from labnet.state.flows import Flow, UdpFlows, UdpService
from labnet.state.layer3 import Address, FdbEntry, Neighbour, Route, Sysctl
from labnet.state.links import Bridge, Netns, Veth, Vxlan
from labnet.state.nft import NftTable, sorted_blocks
from labnet.state.nft_block import NftBlock
from labnet.state.nft_listing import parse_nft_tables
from labnet.state.process import Process
from labnet.state.rules import BUILTIN, Ruleset, parse_rulesets, sorted_chains, sorted_rules


__all__ = [
    "BUILTIN",
    "Address",
    "Bridge",
    "Command",
    "FdbEntry",
    "Flow",
    "Key",
    "Neighbour",
    "Netns",
    "NftBlock",
    "NftTable",
    "Object",
    "Operator",
    "Process",
    "Route",
    "Ruleset",
    "State",
    "Stdin",
    "Sysctl",
    "UdpFlows",
    "UdpService",
    "Veth",
    "Vxlan",
    "parse_nft_tables",
    "parse_rulesets",
    "printable",
    "sorted_blocks",
    "sorted_chains",
    "sorted_rules",
    "sysctl_path",
]
