"""What `describe service` says of each node, and of what differs there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli.rules_lab import MODES, the_cluster, topology_of
from labnet.cli.get import objects, select
from labnet.cli.kube.became_service import service_differing_lines, service_kernel_lines
from labnet.cli.kube.kinds import parse_kind
from labnet.cli.kube.tabs import aligned
from labnet.cli.kube.view import View
from labnet.compile import compile_state
from labnet.plan import plan


Golden = Callable[[str, str], None]


def described(mode: str, name: str) -> str:
    """What `describe service` says of the kernel."""
    cluster = the_cluster(mode)
    here = View(topology_of(mode), cluster, {})
    (item,) = select(parse_kind("svc"), objects(parse_kind("svc"), here), "default", name)
    desired = compile_state(cluster)
    return aligned(
        [*service_kernel_lines(here, item, desired), *service_differing_lines(here, item, ())]
    )


@pytest.mark.parametrize("mode", MODES)
def test_what_services_became(golden: Golden, mode: str) -> None:
    """The chains or elements of each on each node; alike nodes stand together."""
    names = ("web", "sticky", "balanced", "nobody", "headless")
    golden(f"became-{mode}.txt", "\n".join(described(mode, name) for name in names))


@pytest.mark.parametrize("mode", MODES)
def test_what_of_a_service_differs(mode: str) -> None:
    """Only its own rules, whatever else of the tables does."""
    before, after = the_cluster(mode), the_cluster(mode)
    after = replace(
        after,
        endpoint_slices=tuple(
            replace(one, endpoints=one.endpoints[:1]) if one.service == "web" else one
            for one in after.endpoint_slices
        ),
    )
    changes = plan(compile_state(before), compile_state(after))
    here = View(topology_of(mode), before, {})
    (web,) = select(parse_kind("svc"), objects(parse_kind("svc"), here), "default", "web")
    (other,) = select(parse_kind("svc"), objects(parse_kind("svc"), here), "default", "nobody")
    lines = list(service_differing_lines(here, web, changes))
    assert lines[0] == "Differs:"
    assert any(line.startswith("  + show.node1 ") and "10.244.1.2" in line for line in lines)
    assert all("web" in line or "10.244.1.2" in line or "KUBE-S" in line for line in lines[1:])
    assert list(service_differing_lines(here, other, changes)) == ["Differs:\t<none>"]
