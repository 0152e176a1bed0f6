"""kube-proxy's HTTP servers, as load balancers and people ask them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from forked import FAMILIES, accepts, fetch, free_port, until
from labnet.images import kube_proxy


TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+ m=\+\d+\.\d{9}"


@contextmanager
def running(*argv: str) -> Iterator[int]:
    """The program in a process of its own; its process id."""
    pid = os.fork()
    if not pid:
        status = 99
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            status = kube_proxy.main(argv)
        finally:
            os._exit(status)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("host", FAMILIES)
@pytest.mark.parametrize(("count", "status"), [(2, 200), (0, 503)])
def test_a_service_has_local_endpoints_or_not(host: str, count: int, status: int) -> None:
    """Whatever the path and the method: the status, the weight, and Go's JSON with tabs."""
    port = free_port()
    with running("service", "default/web", str(port), f"0.0.0.0={count}"):
        until(lambda: accepts(port))
        for path in ("/", "/healthz", "/a/../b?c"):
            reply = fetch(port, path, host=host)
            assert reply.status == status
            assert reply.headers["Content-Type"] == "application/json"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["X-Load-Balancing-Endpoint-Weight"] == str(count)
        assert fetch(port, "/", "POST", body=b"x", host=host).status == status
        assert reply.text == (
            '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n'
            f'\t"localEndpoints": {count},\n\t"serviceProxyHealthy": true\n}}'
        )
        assert json.loads(reply.text)["localEndpoints"] == count


def test_each_address_has_its_own_count() -> None:
    """As the two families of nodePortAddresses have; other addresses are left alone."""
    port = free_port()
    with running("service", "default/web", str(port), "127.0.0.1=1", "127.0.0.2=0"):
        until(lambda: accepts(port, "127.0.0.2"))
        assert fetch(port, "/").status == 200
        assert fetch(port, "/", host="127.0.0.2").status == 503
        assert not accepts(port, "127.0.0.3")


@pytest.mark.parametrize("host", FAMILIES)
def test_kube_proxy_is_healthy(host: str) -> None:
    """The time, twice, as Go prints it; only /healthz speaks of the node."""
    port = free_port()
    with running("healthz", "0.0.0.0", str(port)):  # as kube-proxy has it
        until(lambda: accepts(port))
        healthz, livez, other = (
            fetch(port, path, host=host) for path in ("/healthz", "/livez", "/")
        )
    assert (healthz.status, livez.status, other.status) == (200, 200, 404)
    assert healthz.headers["Content-Type"] == "application/json"
    times = rf'"lastUpdated": "{TIME}","currentTime": "{TIME}"'
    assert re.fullmatch(rf'{{{times}, "nodeEligible": true}}', healthz.text)
    assert re.fullmatch(rf"{{{times}}}", livez.text)
    assert other.text == "404 page not found\n"


def test_a_port_that_is_taken_is_no_end() -> None:
    """It is a line in the log, and the other addresses are served."""
    port = free_port()
    with running("service", "default/web", str(port), "127.0.0.1=1"):
        until(lambda: accepts(port))
        with running("service", "default/api", str(port), "127.0.0.1=0", "127.0.0.2=0"):
            until(lambda: accepts(port, "127.0.0.2"))
            assert json.loads(fetch(port, "/").text)["service"]["name"] == "web"
            assert json.loads(fetch(port, "/", host="127.0.0.2").text)["service"]["name"] == "api"


def test_it_says_how_it_is_called() -> None:
    """Status 2 and the two ways to call it."""
    command = [sys.executable, "-m", "labnet.images.kube_proxy", "nothing"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert result.returncode == 2
    assert "kube_proxy healthz" in result.stderr
    assert "kube_proxy service" in result.stderr
