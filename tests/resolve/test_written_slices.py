"""EndpointSlices of a file, beside those that are computed."""

from __future__ import annotations

from labnet.model import Endpoint, EndpointPort, EndpointSlice
from labnet.resolve import Facts, resolve
from resolve.builders import at, container, pod, service, topology


def written(managed_by: str) -> EndpointSlice:
    """A slice of Service `web`, as a cluster printed it."""
    return EndpointSlice(
        "default",
        "web-old",
        at(30),
        service="web",
        endpoints=(Endpoint(("192.0.2.1",)),),
        ports=(EndpointPort(80),),
        managed_by=managed_by,
    )


def test_what_the_controller_made_elsewhere_gives_way() -> None:
    """Its own slices it makes anew where there is a selector; others stay beside them."""
    backend = pod("web", container("nginx"), labels={"app": "web"})
    computed = "endpointslice-controller.k8s.io"
    for selector, managed_by, stays in (
        ({"app": "web"}, computed, False),
        ({"app": "web"}, "somebody", True),
        (None, computed, True),
    ):
        given = topology(
            backend,
            services=[service("web", 80, selector=selector)],
            endpoint_slices=(written(managed_by),),
        )
        names = {one.name for one in resolve(given, Facts()).endpoint_slices}
        assert ("web-old" in names) == stays
        assert len(names) == 1 + stays + bool(selector)  # that of kubernetes, and the computed one
