"""nftables tables of one's own, in the words in which `nft -nn -s list` prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from labnet.state.base import Command, Key, Object, Stdin
from labnet.state.nft_block import NftBlock
from labnet.state.nft_delta import delta, filling, joined


_NAMED = 3  # blocks, in what a person is told


@dataclass(frozen=True, slots=True)
class NftTable(Object):
    """One nftables table of a namespace; `blocks` are in the order of `sorted_blocks`.

    `header` are properties of the table itself (`flags dormant`), a line each. A table is changed
    in one transaction, and only what differs is touched.
    """

    rank: ClassVar[int] = 8
    netns: str
    family: Literal[4, 6]
    name: str
    blocks: tuple[NftBlock, ...]
    header: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """`nft NETNS FAMILY NAME`, the family as nft names it."""
        return "nft", self.netns, self.nft_family, self.name

    @property
    def nft_family(self) -> Literal["ip", "ip6"]:
        """`ip` or `ip6`."""
        return "ip" if self.family == 4 else "ip6"

    @property
    def path(self) -> str:
        """The family and the name, as commands want them: `ip kube-proxy`."""
        return f"{self.nft_family} {self.name}"

    def text(self) -> str:
        """The whole table as `nft -f` reads it."""
        return self._with(self.blocks)

    def _with(self, blocks: Iterable[NftBlock]) -> str:
        header = [f"\t{line};\n" for line in self.header]
        return "".join([f"table {self.path} {{\n", *header, *(b.text() for b in blocks), "}\n"])

    def delta(self, old: Self) -> str:
        """The transaction that makes this of `old`, as `nft -f` reads it; empty if it is that.

        Elements come and go one by one; a chain whose rules differ is flushed and filled again, and
        a set or map with other properties made anew. What packets have put into a set stays there
        unless that is of another kind now. Only if the table itself has other properties, or a
        base chain is none any more, is all of it replaced.
        """
        change = None
        if self.header == old.header:
            change = delta(self.path, self.blocks, old.blocks)
        return old.deletion() + self.text() if change is None else change

    def deletion(self) -> str:
        """What `nft -f` reads to remove it with everything in it."""
        return f"delete table {self.path}\n"

    def pieces(self, size: int) -> Iterator[str]:
        """`text` in transactions of about `size` characters, for a kernel that takes no more.

        The base chains come with the last one: until then no packet meets any of it.
        """
        base = [block for block in self.blocks if block.is_base]
        rest = [block for block in self.blocks if not block.is_base]
        yield self._with(NftBlock(block.kind, block.name, block.header) for block in rest)
        yield from joined(
            (line for block in rest for line in filling(self.path, block, size)), size
        )
        yield self._with(base)

    def add(self) -> list[Command]:
        """`nft -f` makes all of it, or nothing."""
        return [self._nft("-f", "-", Stdin(self.text()))]

    def change(self, old: Self) -> list[Command]:
        """`nft -f` changes all that differs at once, or nothing."""
        return [self._nft("-f", "-", Stdin(self.delta(old)))]

    def delete(self) -> list[Command]:
        """The table with everything in it."""
        return [self._nft("delete", "table", self.nft_family, self.name)]

    def _nft(self, *words: str) -> Command:
        return "ip", "netns", "exec", self.netns, "nft", *words

    def difference(self, old: Self) -> str:
        """Which blocks differ: `map service-ips, chain services differ`."""
        if self.header != old.header:
            return Object.difference(self, old)
        blocks = sorted_blocks({*self.blocks} ^ {*old.blocks})
        names = list(dict.fromkeys(f"{block.kind} {block.name}" for block in blocks))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{', '.join(names[:_NAMED])}{more} differ{'s' * (len(names) == 1)}"


def sorted_blocks(blocks: Iterable[NftBlock]) -> tuple[NftBlock, ...]:
    """Sets and maps, then chains, each by name."""
    return tuple(sorted(blocks, key=lambda block: block.place))
