"""What the rules of one machine do with a packet, whatever lies beyond it: the set form.

This is the question that kube-proxy's own tests ask; `walk` asks what comes of a packet in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from labnet.state import NftTable, Ruleset
from labnet.trace.hooks import Connection, Hooks, Passed
from labnet.trace.iptables import base_chains
from labnet.trace.nftables import nft_base_chains
from labnet.trace.packet import BaseChain, Hook, Packet, Place, endpoint
from labnet.trace.position import ONE


_OPEN = Connection(("", "", 0, "", 0))


class Passage(NamedTuple):
    """One thing that rules can do with a packet.

    `dnat` is the `ip:port` that it is sent to instead, empty if it goes on to where it was sent;
    `masqueraded` says that it does not keep its source.
    """

    verdict: Literal["ACCEPT", "REJECT", "DROP"]
    dnat: str = ""
    masqueraded: bool = False

    def __str__(self) -> str:
        """`DNAT to 10.244.0.2:80, masqueraded`, `REJECT`, `DROP`, `untouched`."""
        if self.verdict != "ACCEPT":
            return self.verdict
        words = [f"DNAT to {self.dnat}"] if self.dnat else []
        words += ["masqueraded"] if self.masqueraded else []
        return ", ".join(words) or "untouched"


def passages(
    rules: Iterable[Ruleset | NftTable], packet: Packet, place: Place
) -> Mapping[Passage, Fraction]:
    """All that the rules of one namespace can do with a packet, each with its probability.

    Without `packet.iif` a process there sends it. It goes through INPUT if its destination, after
    DNAT, is one of the place's own addresses, else through FORWARD and POSTROUTING.

    Errors:
      UnknownRuleError: a rule that decides about the packet is not understood.
    """
    own = list(rules)
    chains: list[BaseChain] = [
        *base_chains(item for item in own if isinstance(item, Ruleset)),
        *nft_base_chains(item for item in own if isinstance(item, NftTable)),
    ]
    return hook_passages(Hooks.of(chains), packet, place)


def hook_passages(hooks: Hooks, packet: Packet, place: Place) -> Mapping[Passage, Fraction]:
    """The same for hooks whose order is known already."""
    found: dict[Passage, Fraction] = {}
    start = Passed(ONE, packet, _OPEN, "accept", (), ())
    going = _through(hooks, "prerouting" if packet.iif else "output", [start], place)
    for way in going:
        for last in _rest(hooks, way, place):
            passage = _passage(packet, last)
            found[passage] = found.get(passage, Fraction(0)) + last.chance
    return found


def _rest(hooks: Hooks, way: Passed, place: Place) -> Iterator[Passed]:
    """What comes after the first hook."""
    if place.is_local(way.packet.dst):
        yield from _through(hooks, "input", [way], place)
        return
    ways: Iterable[Passed] = [way]
    if way.packet.iif:
        ways = _through(hooks, "forward", ways, place)
    yield from _through(hooks, "postrouting", ways, place)


def _through(hooks: Hooks, hook: Hook, ways: Iterable[Passed], place: Place) -> Iterator[Passed]:
    """One hook for all that has not been stopped."""
    for way in ways:
        if way.verdict in {"drop", "reject"}:
            yield way
            continue
        packet, connection = way.packet, way.connection
        for after in hooks.passages(hook, packet, connection, place, lambda packet: packet.src):
            yield after._replace(chance=way.chance * after.chance)


def _passage(sent: Packet, way: Passed) -> Passage:
    if way.verdict in {"drop", "reject"}:
        return Passage("DROP" if way.verdict == "drop" else "REJECT")
    packet = way.packet
    is_moved = (packet.dst, packet.dport) != (sent.dst, sent.dport)
    dnat = endpoint(packet.dst, packet.dport) if is_moved else ""
    return Passage("ACCEPT", dnat, packet.masquerade or bool(packet.snat))
