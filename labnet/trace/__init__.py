"""What netfilter does to a packet: the oracle of the tests, and what `rules` knows of rules.

Written from netfilter's semantics (iptables-extensions(8), nft(8), the kernel's documentation),
never from the code that compiles rules, so that the two can disagree.
"""
