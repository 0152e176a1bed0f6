"""`agnhost no-snat-test` and its proxy: whether pods see each other's own addresses.

/whoami says from which address the request came; /checknosnat asks other pods' /whoami and is 200
only if all of them saw this pod's own address (POD_IP).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address

from labnet.images.agnhost.command import Command, Flag, Flags
from labnet.images.agnhost.dial import DialError
from labnet.images.agnhost.get import http_get
from labnet.images.agnhost.golang import parse_int, quoted, split_host_port
from labnet.images.agnhost.log import Exit, error
from labnet.images.agnhost.loop import Loop
from labnet.images.agnhost.message import Request, Response, text_response
from labnet.images.agnhost.mux import Mux, Route
from labnet.images.agnhost.server import HttpServer
from labnet.images.agnhost.sockets import listen_tcp


def no_snat_test(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve /whoami and /checknosnat; returns the exit status."""
    check = partial(_check_all, _address("POD_IP"), _address("NODE_IP"))
    return _serve(flags, {"/whoami": Route(_who_am_i), "/checknosnat": Route(check, waits=True)})


def no_snat_test_proxy(flags: Flags, _arguments: Sequence[str]) -> int:
    """Serve /checknosnat of another pod; returns the exit status."""
    return _serve(flags, {"/checknosnat": Route(_forward, waits=True)})


def _serve(flags: Flags, routes: dict[str, Route]) -> int:
    try:
        port = parse_int(flags.text("port"))
    except ValueError as wrong:
        error(f"{wrong}\n")
        return 1
    loop = Loop()
    HttpServer(loop, listen_tcp(port), Mux(routes))
    return loop.run()


def _address(variable: str) -> str:
    """An address of the environment, without which the program ends."""
    text = os.environ.get(variable)
    if text is None:
        error(f"{variable} is not in the environment\n")
        raise Exit(1)
    try:
        return str(ip_address(text))
    except ValueError:
        error(f"{variable} is {quoted(text)}, which is no IP address\n")
        raise Exit(1) from None


def _who_am_i(request: Request) -> Response:
    return text_response(request.remote)


def _check_all(pod: str, node: str, request: Request) -> Response:
    peers = request.query_value("ips").split(",")
    errors = [wrong for peer in peers if (wrong := _check(peer, pod, node))]
    return text_response(", ".join(errors), 500) if errors else Response()


def _check(peer: str, pod: str, node: str) -> str:
    """What is wrong with the address that a peer sees, nothing if it is this pod's."""
    try:
        seen = http_get(f"http://{peer}/whoami", None).body.decode(errors="replace")
    except DialError as failed:
        return str(failed)
    try:
        address = split_host_port(seen)[0]
    except ValueError:
        return f"{peer} answered {quoted(seen)}, which is no address"
    if address == pod:
        return ""
    whose = "my node's, so SNAT" if address == node else "nobody's that I know, so SNAT on the way"
    return f"{peer} saw {address} instead of my {pod}: {whose}"


def _forward(request: Request) -> Response:
    target, peers = request.query_value("target"), request.query_value("ips")
    url = f"http://{target}/checknosnat?ips={peers}"
    try:
        reply = http_get(url, None)
    except DialError as failed:
        return text_response(f"error querying {quoted(url)}, err: {failed}", 500)
    return Response(reply.body, reply.status)


COMMANDS = (
    Command(
        "no-snat-test",
        "Checks that pods see its own address",
        no_snat_test,
        (Flag("port", "8080", "port to serve on"),),
        "Serves /whoami (the client's address) and /checknosnat?ips=HOST:PORT,... (asks the\n"
        "/whoami of those; 200 if all of them saw POD_IP, else 500). Needs POD_IP and NODE_IP.",
    ),
    Command(
        "no-snat-test-proxy",
        "Forwards /checknosnat to a pod",
        no_snat_test_proxy,
        (Flag("port", "31235", "port to serve on"),),
        "Forwards /checknosnat?target=HOST:PORT&ips=... to the /checknosnat of the target.",
    ),
)
