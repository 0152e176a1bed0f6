"""Readers for addresses and subnets, single or joined by commas as Kubernetes writes dual stack."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_interface
from typing import Final, TypeVar

from labnet.model import IPAddress, IPNetwork
from labnet.parse.findings import Findings
from labnet.parse.formats import Check, Complaint
from labnet.parse.readers import Reader, text
from labnet.parse.tree import Tree, quote


T = TypeVar("T", IPAddress, IPNetwork)


def addresses_of(words: str) -> tuple[IPAddress, ...]:
    """Comma-separated addresses; raises ValueError with what is wrong and a hint."""
    return _each(words, _address)


def subnets_of(words: str) -> tuple[IPNetwork, ...]:
    """Comma-separated subnets in CIDR notation; raises ValueError with what is wrong and a hint."""
    return _each(words, _subnet)


def _each(words: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    if words.count(",") > 1:
        what = f"{quote(words)} has {words.count(',') + 1:,} parts"
        raise ValueError(what, "there is one for IPv4 and one for IPv6, at most")
    values = tuple(parse(word.strip()) for word in words.split(","))
    families = [value.version for value in values]
    for family in sorted(set(families)):
        if families.count(family) > 1:
            what = f"{quote(words)} has IPv{family} more than once"
            raise ValueError(what, "there is one for IPv4 and one for IPv6, at most")
    return values


def _address(word: str) -> IPAddress:
    try:
        if "%" not in word:
            return ip_address(word)
    except ValueError:
        pass
    hint = "an address has no prefix length" if "/" in word else ""
    raise ValueError(f"{quote(word)} is not an IP address", hint)


def _subnet(word: str) -> IPNetwork:
    if "/" not in word:
        what = f"{quote(word)} is not a subnet"
        raise ValueError(what, "a subnet has a prefix length, for example 10.244.0.0/16")
    try:
        interface = ip_interface(word)
    except ValueError:
        what = f"{quote(word)} is not a subnet in CIDR notation"
        raise ValueError(what, "for example 10.244.0.0/16 or fd00:10:244::/56") from None
    if interface.ip != interface.network.network_address or "%" in word:
        what = f"{quote(word)} has host bits set"
        raise ValueError(what, f"did you mean {interface.network}?")
    return interface.network


def _listed(parse: Callable[[str], tuple[T, ...]]) -> Reader[tuple[T, ...]]:
    def read(tree: Tree, findings: Findings) -> tuple[T, ...]:
        words = text(_complaint(parse)).read(tree, findings)
        try:
            return parse(words)
        except ValueError:
            return ()

    return Reader(read, ())


def _complaint(parse: Callable[[str], object]) -> Check:
    def check(words: str) -> Complaint | None:
        try:
            parse(words)
        except ValueError as error:
            what, hint = error.args
            return what, hint
        return None

    return check


address_list: Final[Reader[tuple[IPAddress, ...]]] = _listed(addresses_of)
"""One address of each family at most."""

subnet_list: Final[Reader[tuple[IPNetwork, ...]]] = _listed(subnets_of)
"""One subnet of each family at most."""


def ip_text(word: str) -> Complaint | None:
    """One address, in whatever notation."""
    return _complaint(_address)(word)


def _range(words: str) -> tuple[IPAddress, IPAddress]:
    first, dash, last = words.partition("-")
    if not dash:
        network = _subnet(words)
        return network[0], network[-1]
    low, high = _address(first.strip()), _address(last.strip())
    if low.version != high.version:
        raise ValueError(f"{quote(words)} begins in one family and ends in the other", "")
    if int(low) > int(high):
        raise ValueError(f"{quote(words)} ends before it begins", f"did you mean {high}-{low}?")
    return low, high


def _read_range(tree: Tree, findings: Findings) -> tuple[IPAddress, IPAddress] | None:
    words = text(_complaint(_range)).read(tree, findings)
    try:
        return _range(words)
    except ValueError:
        return None


address_range: Final[Reader[tuple[IPAddress, IPAddress] | None]] = Reader(_read_range, None)
"""`FIRST-LAST` or a subnet, as MetalLB's pools have it."""
