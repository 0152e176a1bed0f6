"""The rules of a node in the order in which a packet meets them, and in words.

    iptables tables, nftables tables ──► blocks (chains, maps) ──► lines with depth ──► text, JSON

Decisions
- We chose to show each chain below the first rule that leads to it over listing chains one after
  another, because it is the way of a packet, and all of one Service then stands together.
- We chose to keep every rule as iptables-save and `nft list` print it, with the words below it,
  over a table: what is shown can be searched for, and followed with any guide to such rules.
"""
