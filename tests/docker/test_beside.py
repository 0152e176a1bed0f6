"""Labs on a machine with a dockerd, whose rules and addresses are the machine's and not theirs.

A lab's docker0 has 172.17.0.0/16 as Docker's own has, and its containers have the addresses of
Docker's. Neither notices the other.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from docked import Container, rules
from labnet import agent
from labs import SLOW, TOPOLOGIES, RunningLab, lab_up, topology


pytestmark = [pytest.mark.docker, pytest.mark.kernel]

FILES = sorted(path.name for path in TOPOLOGIES.iterdir())
PAGE = "a container of Docker's\n"
N = 200  # of requests
PINGS = 1000
PATIENCE = 60 * SLOW  # seconds


@contextmanager
def running(name: str) -> Iterator[RunningLab]:
    """A lab that is up for a while."""
    lab = lab_up(topology(name))
    try:
        yield lab
    finally:
        agent.down(lab.name)


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs meanwhile."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def in_lab(lab: RunningLab, where: str, *command: str) -> Sequence[str]:
    """A command in one of the lab's namespaces."""
    return "ip", "netns", "exec", f"{lab.name}.{where}", *command


def requests(address: str) -> Sequence[str]:
    """The command that asks for a page, and again, each time on a connection of its own."""
    close = ("-H", "Connection: close")
    return "curl", "-sS", "--max-time", str(30 * SLOW), *close, f"http://{address}/?[1-{N}]"


def echoes(address: str) -> Sequence[str]:
    """The command that sends pings, for ten seconds."""
    return "ping", "-q", "-n", "-i", "0.01", "-c", str(PINGS), address


def test_dockerd_has_its_rules_on_this_machine(docked: Mapping[str, Container]) -> None:
    """What the other tests stand beside is there.

    Its FORWARD DROP is where nothing forwarded packets before it came; test_scripts.py sees to it.
    """
    assert docked["web"].address.startswith("172.17.0.")
    assert "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE" in rules()


@pytest.mark.parametrize("name", FILES)
def test_labs_leave_the_rules_of_dockerd_alone(docked: Mapping[str, Container], name: str) -> None:
    """They are the same, to the byte, before a lab, beside it, and after it."""
    assert docked
    before = rules()
    with running(name) as lab:
        for pod in lab.cluster.pods:
            if pod.network == "cni":
                assert lab.pings(pod.netns, lab.ip(pod.node, pod.ips[0].version))
        assert rules() == before
    assert rules() == before


def test_a_lab_and_docker_use_the_same_addresses_at_once(docked: Mapping[str, Container]) -> None:
    """Each asks 172.17.0.x and a published port, all at the same time, and each gets its own."""
    before = rules()
    with running("docker0.yaml") as lab, ExitStack() as stack:
        theirs = docked["web"].address
        assert {lab.ip("web"), lab.ip("db")} & {one.address for one in docked.values()}
        commands = {
            "Docker's": docked["client"].command(*requests(theirs)),
            "Docker's port": requests(f"{docked['client'].gateway}:{docked['web'].port}"),
            "the lab's": in_lab(lab, "db", *requests(lab.ip("web"))),
            "the lab's port": in_lab(lab, "client", *requests(f"{lab.ip('node1')}:8080")),
        }
        asked = {who: stack.enter_context(started(*line)) for who, line in commands.items()}
        pages = {who: process.communicate(timeout=PATIENCE)[0] for who, process in asked.items()}
        assert rules() == before
    assert pages["Docker's"] == pages["Docker's port"] == N * PAGE
    assert pages["the lab's"] == pages["the lab's port"]
    assert pages["the lab's"].count("<title>Welcome to nginx!</title>") == N


def test_no_packet_of_docker_is_lost_while_labs_come_and_go(
    docked: Mapping[str, Container],
) -> None:
    """Nor one of a lab, while others do."""
    with running("two-node.yaml") as lab, ExitStack() as stack:
        lines = [
            docked["client"].command(*echoes(docked["web"].address)),
            in_lab(lab, "web-1", *echoes(lab.ip("web-2"))),
        ]
        pings = [stack.enter_context(started(*line)) for line in lines]
        turns = 0
        while any(ping.poll() is None for ping in pings):
            with running("docker0.yaml"):
                turns += 1
        assert turns > 1
        for ping in pings:
            output = ping.communicate(timeout=PATIENCE)[0]
            assert f"{PINGS} packets transmitted, {PINGS} received" in output


def test_neither_reaches_the_other(docked: Mapping[str, Container]) -> None:
    """Docker's bridge sees no packet of a lab's, and the lab has no way to Docker's containers."""
    with running("docker0.yaml") as lab:
        labs = {lab.ip("web"), lab.ip("db")}
        (far, *_) = [one.address for one in docked.values() if one.address not in labs]
        assert lab.pings("db", lab.ip("web"))
        assert not lab.pings("db", far)
        assert not lab.pings("node1", far)
        there = docked["client"].command("ping", "-c1", "-W1", "-n", lab.ip("node1"))
        done = subprocess.run(there, stdout=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, "100% packet loss" in done.stdout) == (1, True), done.stdout
