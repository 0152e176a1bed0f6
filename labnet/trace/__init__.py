"""What netfilter does to a packet: the oracle of the tests, and what `rules` knows of rules.

Written from netfilter's semantics (iptables-extensions(8), nft(8), the kernel's documentation),
never from the code that compiles rules, so that the two can disagree.

Decisions
- We chose to follow every random branch with its probability over picking one: what is compared is
  the whole set of what can happen to a packet.
"""
