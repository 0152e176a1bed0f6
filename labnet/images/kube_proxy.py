"""kube-proxy's HTTP servers on a node, by which load balancers choose nodes.

    kube_proxy healthz ADDRESS PORT
    kube_proxy service NAMESPACE/NAME PORT ADDRESS=ENDPOINTS...

`healthz` is its own health, at /healthz and /livez; `service` is a Service's healthCheckNodePort:
on each address, whatever the path, 200 if the node has ready endpoints of it, and 503 if not.
Status, headers and bodies are those of Kubernetes 1.33 (pkg/proxy/healthcheck). As there, an
address that cannot be had is a line in the log and no more.

kube-proxy of a lab is healthy for as long as it runs: there is nothing between a change and its
rules that could be late.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from labnet.images.agnhost.golang import json_text, now, quoted
from labnet.images.agnhost.log import Exit, log
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, text_response
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer, Router
from labnet.images.agnhost.sockets import listen, listen_error


_JSON = "application/json"
_NO_SNIFF = ("X-Content-Type-Options", "nosniff")
_WEIGHT = "X-Load-Balancing-Endpoint-Weight"
_SERVICE = """\
{{
	"service": {{
		"namespace": {namespace},
		"name": {name}
	}},
	"localEndpoints": {count},
	"serviceProxyHealthy": true
}}"""
_USAGE = __doc__.split("\n\n")[1]


def main(argv: Sequence[str]) -> int:
    """Serve until killed; returns the exit status, 2 for arguments that mean nothing."""
    loop = Loop()
    match argv:
        case ["healthz", address, port]:
            _serve(loop, address, int(port), Mux(_own_routes()))
        case ["service", service, port, *binds]:
            for bind in binds:
                address, _, count = bind.rpartition("=")
                route = Route(partial(_service, service, int(count)))
                _serve(loop, address, int(port), partial(_always, route))
        case _:
            sys.stderr.write(f"{_USAGE}\n")
            return 2
    with suppress(Exit):
        return loop.run()
    return 1


def _serve(loop: Loop, address: str, port: int, router: Router) -> None:
    try:
        sock = listen(port, address)
    except OSError as error:
        log(listen_error("tcp", address, port, error), "E")
        return
    HttpServer(loop, sock, router)


def _always(route: Route, _request: Request) -> Route:
    return route


def _service(service: str, count: int, _request: Request) -> Response:
    """Whether a load balancer should send to this node what is for a Service."""
    namespace, _, name = service.partition("/")
    text = _SERVICE.format(namespace=quoted(namespace), name=quoted(name), count=count)
    reply = text_response(text, 200 if count else 503, _JSON)
    reply.headers = (_NO_SNIFF, (_WEIGHT, str(count)))
    return reply


def _own_routes() -> dict[str, Route]:
    """/healthz would also say if the node were being removed, which /livez does not look at."""
    started = time.monotonic_ns()
    return {
        "/healthz": Route(partial(_own, started, ', "nodeEligible": true')),
        "/livez": Route(partial(_own, started, "")),
    }


def _own(started: int, more: str, _request: Request) -> Response:
    at = json_text(now(time.monotonic_ns() - started))
    reply = text_response(f'{{"lastUpdated": {at},"currentTime": {at}{more}}}', 200, _JSON)
    reply.headers = (_NO_SNIFF,)
    return reply


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
