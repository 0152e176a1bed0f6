"""The words that all of the model shares: addresses, and where in the files a thing stands."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Literal


IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface
IPNetwork = IPv4Network | IPv6Network
Family = Literal[4, 6]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object stands: the file as the user named it, and the line of its document."""

    file: str
    line: int

    def __str__(self) -> str:
        """`FILE:LINE`, as compilers print it."""
        return f"{self.file}:{self.line}"
