"""The families of a Service: what the API server fills in where the file says nothing.

Source: pkg/registry/core/service/storage/alloc.go (initIPFamilyFields).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from labnet.model import Family, Service
from labnet.resolve.problem import Findings


Policy = Literal["", "SingleStack", "PreferDualStack", "RequireDualStack"]


class Families(NamedTuple):
    """`ipFamilies` and `ipFamilyPolicy`."""

    families: tuple[Family, ...]
    policy: Policy


def service_families(service: Service, available: Sequence[Family], findings: Findings) -> Families:
    """The families of a Service in a lab that has those `available`, its primary one first.

    A headless Service without a selector may have families that the lab has not, as nobody
    computes its endpoints; without a policy it is dual stack.
    """
    if service.type == "ExternalName":
        return Families(service.families, service.ip_family_policy)
    loose = service.headless and not service.selector
    policy: Policy = service.ip_family_policy or ("RequireDualStack" if loose else "SingleStack")
    families = service.families
    families += tuple(ip.version for ip in service.cluster_ips[len(families) :])
    families = families or (available[0],)
    if not loose and not _is_possible(service, families, policy, available, findings):
        return Families(families, policy)
    if policy != "SingleStack" and len(families) == 1 and (loose or len(available) > 1):
        families += (4 if families[0] == 6 else 6,)
    return Families(families, policy)


def _is_possible(
    service: Service,
    families: Sequence[Family],
    policy: Policy,
    available: Sequence[Family],
    findings: Findings,
) -> bool:
    """Whether the lab can give what the Service asks for; what it cannot is in `findings`."""
    if policy == "SingleStack" and len(families) > 1:
        what = f"{'SingleStack' if service.ip_family_policy else 'no policy'} with two families"
        hint = "PreferDualStack or RequireDualStack"
        findings.add(service.source, "spec.ipFamilyPolicy", what, hint)
        return False
    if policy == "RequireDualStack" and len(available) < 2:
        what = f"RequireDualStack, but the lab has only IPv{available[0]}"
        findings.add(service.source, "spec.ipFamilyPolicy", what, "PreferDualStack takes what is")
        return False
    missing = [family for family in families if family not in available]
    if missing:
        field = "clusterIP" if service.cluster_ips else "ipFamilies"
        what = f"IPv{missing[0]}, but the lab has only IPv{available[0]}"
        findings.add(service.source, f"spec.{field}", what)
    return not missing
