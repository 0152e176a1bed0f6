"""The words of all EndpointSlices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from labnet.model import Family


AddressType = Literal["IPv4", "IPv6", "FQDN"]

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
HEADLESS = "service.kubernetes.io/headless"
ADDRESS_TYPES: Final[Mapping[Family, AddressType]] = {4: "IPv4", 6: "IPv6"}
