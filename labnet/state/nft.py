"""nftables tables of one's own, in the words in which `nft list` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from labnet.state.base import Command, Key, Object, Stdin


@dataclass(frozen=True, slots=True)
class NftBlock:
    """A chain, set or map of a table.

    `header` are its properties, a line each without `;`: `type nat hook prerouting priority -100`
    and `policy accept` for a base chain; `type ipv4_addr . inet_proto . inet_service : verdict`
    for a map. `members` are the rules of a chain in order, or the elements of a set or map, sorted
    (`10.96.0.1 . 6 . 443 : goto balance-3`), all as `nft -nn list` prints them. A set that
    packets fill (`flags dynamic`) has no members here: those are the kernel's own.
    """

    kind: Literal["chain", "set", "map"]
    name: str
    header: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NftTable(Object):
    """One nftables table of a namespace; `blocks` are sorted: sets and maps, then chains, by name.

    A table is changed in one transaction, and only what differs is touched.
    """

    rank: ClassVar[int] = 8
    netns: str
    family: Literal[4, 6]
    name: str
    blocks: tuple[NftBlock, ...]

    @property
    def key(self) -> Key:
        """`nft NETNS FAMILY NAME`, the family as nft names it."""
        return "nft", self.netns, self.nft_family, self.name

    @property
    def nft_family(self) -> Literal["ip", "ip6"]:
        """`ip` or `ip6`."""
        return "ip" if self.family == 4 else "ip6"

    def text(self) -> str:
        """The whole table as `nft -f` reads it."""
        lines = [f"table {self.nft_family} {self.name} {{"]
        for block in self.blocks:
            lines.append(f"\t{block.kind} {block.name} {{")
            lines += [f"\t\t{line};" for line in block.header]
            if block.kind == "chain":
                lines += [f"\t\t{rule}" for rule in block.members]
            elif block.members:
                lines.append("\t\telements = { " + ",\n\t\t\t".join(block.members) + " }")
            lines.append("\t}")
        return "\n".join([*lines, "}", ""])

    def add(self) -> list[Command]:
        """`nft -f` makes all of it, or nothing."""
        return [("ip", "netns", "exec", self.netns, "nft", "-f", "-", Stdin(self.text()))]

    def change(self, old: Self) -> list[Command]:
        """The same table in the place of the old one."""
        text = f"delete table {old.nft_family} {old.name}\n{self.text()}"
        return [("ip", "netns", "exec", self.netns, "nft", "-f", "-", Stdin(text))]

    def delete(self) -> list[Command]:
        """The table with everything in it."""
        command = ("nft", "delete", "table", self.nft_family, self.name)
        return [("ip", "netns", "exec", self.netns, *command)]
