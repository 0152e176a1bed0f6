"""What netfilter does to a packet: the oracle of the tests, and what `rules` knows of rules.

Written from netfilter's semantics (iptables-extensions(8), nft(8), the kernel's documentation and
source), never from the code that compiles rules, so that the two can disagree. `tests/kernel` sends
real packets through rules that nothing of labnet has made, and compares.

`walk.trace` follows a packet through a State, `passage.passages` through one machine's rules.
Nothing is imported here, because explaining rules needs no more than reading them.

Decisions
- We chose to follow every random branch with its probability over picking one: what is compared is
  the whole set of what can happen to a packet.
- We chose to follow first packets only: NAT is decided by them, and what a rule does with the rest
  of a connection is hardly ever what is asked.
- We chose an error over a guess: a rule that decides about a packet and is not understood ends the
  trace. Rules that the packet never comes to, or that do not match it anyway, do no harm.
- We chose to read a chain when the first packet comes to it and a set when something is first
  looked up in it, because of 5,000 Services a packet meets a few chains; a lookup is one in a
  dictionary.
- We chose the whole way (`walk`) over one machine's rules as the answer that counts, because half
  of what goes wrong with Services is between machines: a port that is no hairpin, a source that
  another machine takes for its own. `passage` asks one machine's rules only.
"""
