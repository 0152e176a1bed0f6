"""What is in an nftables table: chains, sets and maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NftBlock:
    """A chain, set or map of a table.

    `header` are its properties, a line each without `;`: `type nat hook prerouting priority -100`
    and `policy accept` for a base chain; `type ipv4_addr . inet_proto . inet_service : verdict`
    for a map. `members` are the rules of a chain in order, or the elements of a set or map, sorted
    (`10.96.0.1 . 6 . 443 : goto balance-3`), all as `nft -nn -s list` prints them. A set that
    packets fill (`flags dynamic`) has no members here: those are the kernel's own.
    """

    kind: Literal["chain", "set", "map"]
    name: str
    header: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[bool, str]:
        """What tells it from others of its table: sets and maps share their names, chains not."""
        return self.kind == "chain", self.name

    @property
    def is_base(self) -> bool:
        """Whether it is a chain that packets come to from a hook."""
        return self.kind == "chain" and any(" hook " in line for line in self.header)

    def text(self) -> str:
        """The block as it stands in a table, with what is in it."""
        lines = [f"\t{self.kind} {self.name} {{", *(f"\t\t{line};" for line in self.header)]
        if self.kind == "chain":
            lines += [f"\t\t{rule}" for rule in self.members]
        elif self.members:
            lines.append("\t\telements = { " + ",\n\t\t\t".join(self.members) + " }")
        return "\n".join([*lines, "\t}\n"])
