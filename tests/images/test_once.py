"""The subcommands that print something, or wait."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from forked import Forked, until
from labnet.images.agnhost import once


@pytest.mark.parametrize(
    ("number", "name", "status"),
    [(signal.SIGINT, "interrupt", 1), (signal.SIGTERM, "terminated", 2)],
)
def test_pause_waits_for_a_signal(
    number: signal.Signals, name: str, status: int, tmp_path: Path
) -> None:
    """It says which one came, in the termination message too, and the status tells it."""
    message = tmp_path / "termination-log"
    message.write_text("before")
    with Forked(["pause"], {"TERMINATION_MESSAGE_PATH": str(message)}) as child:
        until(lambda: child.out == "Paused\nSignals registered\n")
        child.send(number)
        assert child.status == status
        assert child.out.splitlines()[-1] == f'exiting because of signal "{name}"'
    assert message.read_text() == f'exiting because of signal "{name}"\n'


def test_pause_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no termination message is expected, none is left behind."""
    monkeypatch.setattr(once, "TERMINATION_LOG", tmp_path / "termination-log")
    with Forked(["pause"]) as child:
        until(lambda: "registered" in child.out)
        child.send(signal.SIGTERM)
        assert child.status == 2
    assert not list(tmp_path.iterdir())


def test_entrypoint_tester_prints_its_command_line() -> None:
    """As Go prints a list of strings."""
    with Forked(["entrypoint-tester", "foo", "lish", "args"]) as child:
        assert (child.status, child.out) == (0, "[/agnhost entrypoint-tester foo lish args]\n")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("dns-suffix", "default.svc.cluster.local,svc.cluster.local\n"),
        ("dns-server-list", "10.96.0.10\n"),
    ],
)
def test_resolv_conf_is_read(
    command: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line of each kind, its values separated by commas."""
    path = tmp_path / "resolv.conf"
    path.write_text(
        "nameserver 10.96.0.10\nnameserver 10.96.0.11\n"
        "search default.svc.cluster.local svc.cluster.local\noptions ndots:5\n"
    )
    monkeypatch.setattr(once, "RESOLV_CONF", path)
    with Forked([command]) as child:
        assert (child.status, child.out) == (0, text)


def test_a_missing_line_or_file_is_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the original's panic, but in one line."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(once, "RESOLV_CONF", path)
    with Forked(["dns-suffix"]) as child:
        assert child.status == 2
        assert child.err == f"panic: open {path}: no such file or directory\n"
    path.write_text("nameserver 1.1.1.1\n")
    with Forked(["dns-suffix"]) as child:
        assert (child.status, child.err) == (2, f"panic: {path} has no search line\n")


def test_etc_hosts_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole file, and a line break."""
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    monkeypatch.setattr(once, "HOSTS", path)
    with Forked(["etc-hosts"]) as child:
        assert (child.status, child.out) == (0, "127.0.0.1 localhost\n\n")


def test_logs_generator_writes_lines_evenly() -> None:
    """Numbered lines with a request each, in the log's form."""
    with Forked(["logs-generator", "-t", "20", "-d100ms"]) as child:
        assert child.status == 0
        lines = child.err.splitlines()
    request = r"(GET|POST|PUT) /api/v1/namespaces/(kube-system|default|ns)/pods/\w{3,4} \d{3}"
    for number, line in enumerate(lines):
        assert re.fullmatch(
            rf"I\d{{4}} [\d:.]+ +\d+ logs_generator\.go:\d+\] {number} {request}", line
        )
    assert len(lines) == 20


@pytest.mark.parametrize("argv", [[], ["-t", "5"], ["-d", "1s"], ["-t", "-1", "-d", "1s"]])
def test_logs_generator_needs_lines_and_time(argv: list[str]) -> None:
    """Without them it fails as klog does, with status 255."""
    with Forked(["logs-generator", *argv]) as child:
        assert child.status == 255
        assert child.err.startswith("F")
