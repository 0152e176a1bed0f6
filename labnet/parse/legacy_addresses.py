"""Addresses and subnets in the fields that are older than the API server's strictness about them.

Source: `IsValidIPForLegacyField`, `GetWarningsForIP` and `ValidateEndpointIP` of Kubernetes v1.33.

Decisions
- We chose to take what the API server takes in these fields, leading zeros (decimal, as kube-proxy
  reads them), IPv4-mapped IPv6 and host bits, canonically and with its warning, over an error: such
  objects are in real clusters, and what labnet makes of them is what kube-proxy makes of them.
- We chose to refuse every multicast address where the API server refuses link-local ones only:
  its own comment calls the rest "probably a bug".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Generic, NamedTuple, TypeVar

from labnet.model import IPAddress, IPNetwork
from labnet.parse.findings import Findings
from labnet.parse.readers import Reader, text
from labnet.parse.tree import Scalar, Tree, quote


T = TypeVar("T", IPAddress, IPNetwork)

_DOTTED: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20}){3}", re.ASCII)
_TEXT: Final = text()
_MAPPED_PREFIX: Final = 96  # ::ffff:0:0/96


def legacy_address_of(word: str) -> IPAddress:
    """An address as Go's old ParseIP reads it; raises ValueError if it is none."""
    head, colon, tail = word.rpartition(":")
    if _DOTTED.fullmatch(tail):
        word = f"{head}{colon}{'.'.join(str(int(part)) for part in tail.split('.'))}"
    if "%" in word:
        raise ValueError
    address = ip_address(word)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def legacy_network_of(word: str) -> IPNetwork:
    """A subnet as Go's old ParseCIDR reads it, without host bits; raises ValueError."""
    head, slash, tail = word.partition("/")
    if not (slash and tail.isascii() and tail.isdecimal() and len(tail) < 4):
        raise ValueError
    address, prefix = legacy_address_of(head), int(tail)
    if address.version == 4 and ":" in head:
        prefix -= _MAPPED_PREFIX
    return ip_network((address, prefix), strict=False)


class _Form(NamedTuple, Generic[T]):
    """What a field holds, read as the API server does, and as it will some day."""

    noun: str
    legacy: Callable[[str], T]
    strict: Callable[[str], T]
    example: str


_ADDRESS: Final[_Form[IPAddress]] = _Form(
    "IP address", legacy_address_of, ip_address, "10.9.8.7 or 2001:db8::ffff"
)
_NETWORK: Final[_Form[IPNetwork]] = _Form(
    "CIDR", legacy_network_of, ip_network, "10.9.8.0/24 or 2001:db8::/64"
)


def _read(tree: Tree, findings: Findings, form: _Form[T]) -> T | None:
    if not isinstance(tree, Scalar) or tree.kind != "str":
        _TEXT.read(tree, findings)
        return None
    # Source ranges may have blanks around them, by a historical accident.
    word = tree.text.strip() if form.noun == "CIDR" else tree.text
    try:
        value = form.legacy(word)
    except ValueError:
        what = f"{quote(tree.text)}: must be a valid {form.noun}"
        findings.error(tree, what, f"for example {form.example}")
        return None
    if not _is_standard(word, value, form):
        what = f"non-standard {form.noun} {quote(word)} will be considered invalid in a future"
        findings.warning(tree, f"{what} Kubernetes release", f"use {value}")
    return value


def _is_standard(word: str, value: T, form: _Form[T]) -> bool:
    try:
        return form.strict(word) == value
    except ValueError:
        return False


def _read_address(tree: Tree, findings: Findings) -> IPAddress | None:
    return _read(tree, findings, _ADDRESS)


def _read_network(tree: Tree, findings: Findings) -> IPNetwork | None:
    return _read(tree, findings, _NETWORK)


def _read_endpoint_address(tree: Tree, findings: Findings) -> IPAddress | None:
    address = _read_address(tree, findings)
    if address is not None and (what := special(address)):
        findings.error(tree, f"{address}: {what}")
        return None
    return address


legacy_address: Final[Reader[IPAddress | None]] = Reader(_read_address, None)
"""One address; None if it is none."""

legacy_network: Final[Reader[IPNetwork | None]] = Reader(_read_network, None)
"""One subnet, blanks around it ignored; None if it is none."""

endpoint_address: Final[Reader[IPAddress | None]] = Reader(_read_endpoint_address, None)
"""One address that a machine may be reached at from elsewhere; None if it is none."""


def special(address: IPAddress) -> str:
    """Why an address cannot be an endpoint's or an external IP, or nothing."""
    first = address.packed[0]
    if not (first in _SPECIAL_FIRST if address.version == 4 else first in _SPECIAL_FIRST_6):
        return ""  # nearly always, and ten times quicker than to ask for all of it
    if address.is_unspecified:
        return f"may not be unspecified ({address})"
    if address.is_loopback:
        return "may not be in the loopback range (127.0.0.0/8, ::1/128)"
    if address.is_link_local:
        return "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
    if address.is_multicast:
        return "may not be in the multicast range (224.0.0.0/4, ff00::/8)"
    return ""


_SPECIAL_FIRST: Final = frozenset({0, 127, 169, *range(224, 240)})
_SPECIAL_FIRST_6: Final = frozenset({0, 0xFE, 0xFF})
