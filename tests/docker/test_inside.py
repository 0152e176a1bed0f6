"""labnet in a container of Docker's, on both userlands of iptables."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping

import pytest

from census import difference
from docked import TIMEOUT, Container, said
from labs import SLOW


pytestmark = pytest.mark.docker

USERLANDS = {"nft": "nf_tables", "legacy": "legacy"}
"""The container, and what iptables says there of itself."""
SUITE = [
    f"tests/kernel/test_{name}.py"
    for name in (
        *("host_ports", "networks", "probes", "proxy_rules", "rulesets", "topologies"),
        *("runtime", "runtime_enter", "runtime_sandbox"),
    )
]
"""The tests that look at rules, links and mounts; the others have nothing that depends on these."""
SUITE_TIMEOUT = 600 * SLOW  # seconds
OTHER = {"nft": "legacy", "legacy": "nft"}


@pytest.fixture(params=sorted(USERLANDS))
def userland(request: pytest.FixtureRequest) -> str:
    """Each in turn."""
    name: str = request.param
    return name


@pytest.fixture
def inside(userland: str, docked: Mapping[str, Container]) -> Iterator[Container]:
    """The container that has this userland."""
    yield docked[userland]
    docked[userland].run("labnet", "down", "--all")


def test_the_userland_is_the_one_that_was_asked_for(inside: Container, userland: str) -> None:
    """IPv4's and IPv6's programs are of one mind."""
    for program in ("iptables", "ip6tables", "iptables-restore", "ip6tables-save"):
        assert f"({USERLANDS[userland]})" in inside.run(program, "--version")


def test_a_lab_is_used_as_on_any_machine(inside: Container) -> None:
    """It comes up, its pods reach each other without NAT, nothing is to do, and it goes."""
    before = inside.census()
    assert "two-node is up" in inside.run("labnet", "up", "topologies/two-node.yaml")
    shown = json.loads(inside.run("labnet", "get", "pods", "-o", "json"))
    pods = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in shown["items"]}
    for source in pods:
        script = " && ".join(f"ping -c1 -W{SLOW} {target}" for target in pods.values())
        inside.run("labnet", "exec", source, "--", "sh", "-c", script)
    echo = ("curl", "-sS", f"http://{pods['echo-1']}/clientip")
    client = inside.run("labnet", "exec", "web-2", "--", *echo)
    assert client.partition(":")[0] == pods["web-2"]
    assert inside.run("labnet", "plan", "topologies/two-node.yaml").startswith("Nothing to do")
    inside.run("labnet", "down")
    assert difference(before, inside.census()) == []


def test_the_image_is_labnet_in_any_folder(docked: Mapping[str, Container]) -> None:
    """Its arguments are labnet's wherever `docker run` is told to start it."""
    assert docked
    command = ("docker", "run", "--rm", "--workdir", "/tmp", "labnet-test:nft", "--version")
    assert said(*command).startswith("labnet")


def test_a_container_has_its_lab_until_it_is_stopped(docked: Mapping[str, Container]) -> None:
    """As README says of `docker run -d`; it ends at once then, and well."""
    assert docked
    run = ("docker", "run", "-d", "--privileged", "labnet-test:nft")
    container = Container(said(*run, "up", "topologies/two-node.yaml").strip())
    try:
        deadline = time.monotonic() + TIMEOUT
        while "until the container stops" not in said("docker", "logs", container.id):
            assert time.monotonic() < deadline, said("docker", "logs", container.id)
            time.sleep(0.1)
        ping = ("labnet", "exec", "web-1", "--", "ping", "-c1", f"-W{SLOW}", "10.244.1.2")
        assert " 0% packet loss" in container.run(*ping)
        said("docker", "stop", "--time", str(TIMEOUT), container.id)
        assert said("docker", "wait", container.id) == "0\n"
    finally:
        said("docker", "rm", "--force", container.id)


def test_rules_are_in_the_tables_of_that_userland(inside: Container, userland: str) -> None:
    """The node's rules are where its iptables looks, and the other's tables are empty."""
    inside.run("labnet", "up", "topologies/docker0.yaml")
    publish = r"-A DOCKER .*--dport 8080 -j DNAT --to-destination 172\.17\.0\.2:80"
    node = ("labnet", "exec", "node/node1", "--")
    assert re.search(publish, inside.run(*node, f"iptables-{userland}-save", "-t", "nat"))
    assert "-A " not in inside.run(*node, f"iptables-{OTHER[userland]}-save")
    client = ("labnet", "exec", "host/client", "--")
    assert "nginx" in inside.run(*client, "curl", "-sS", "http://172.18.0.2:8080")


def test_the_suite_passes_there(
    inside: Container, userland: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So do the tests of the kernel that touch rules and mounts, none skipped."""
    pytest_there = ("python3", "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    output = inside.run(
        *("env", "LABNET_REQUIRE_KERNEL=1", f"LABNET_SLOW={SLOW}", *pytest_there, *SUITE),
        timeout=SUITE_TIMEOUT,
    )
    with capsys.disabled():
        print(f"\n{userland}: {output.splitlines()[-1]}")  # noqa: T201 - for readers of the log
    assert re.search(r"^\d+ passed[^,]*$", output, re.MULTILINE), output
