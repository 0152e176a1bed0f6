"""`labnet exec`: a command beside those of a container, of a pod without any, or on a node."""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from containers import IMPORTABLE, PATH, PATIENCE, Containers, until
from labnet.errors import Failed
from labnet.kernel.runtime.census import LabProcess, is_stopped, kill_processes, lab_processes
from labnet.kernel.runtime.enter import Place, enter_container, enter_netns, enter_pod
from labnet.kernel.runtime.lifetime import shutdown
from labnet.state.process import Process


pytestmark = pytest.mark.kernel

CALLER = f"""{IMPORTABLE}
from pathlib import Path
from labnet.kernel.runtime.client import connect
from labnet.kernel.runtime.enter import enter_container
client = connect(Path(sys.argv[1]))
process = client.list()[0].process
sys.exit(enter_container(client.open(process.key), sys.argv[2], process, sys.argv[3:]))"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Containers]:
    """A runtime for this test."""
    with Containers(tmp_path) as containers:
        yield containers


@pytest.fixture
def sleeper(lab: Containers) -> Process:
    """A container that does nothing."""
    process = lab.process("web", "sleep", "1000", cwd="/srv")
    lab.start(process)
    return process


def enter(lab: Containers, process: Process, script: str) -> int:
    """Run a shell script in a container."""
    pidfd = lab.client.open(process.key)
    try:
        return enter_container(pidfd, lab.name, process, ["/bin/sh", "-c", script])
    finally:
        os.close(pidfd)


def caller(lab: Containers, *argv: str) -> list[str]:
    """The command line of a process that enters the lab's first container."""
    return [sys.executable, "-c", CALLER, str(lab.folder), lab.name, *argv]


@contextmanager
def called(lab: Containers, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Such a process, and its end."""
    command = caller(lab, *argv)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_command_in_a_container(
    lab: Containers, sleeper: Process, capfd: pytest.CaptureFixture[str]
) -> None:
    """It has all that the container's command has, and its streams and status are the caller's."""
    script = (
        "hostname; pwd; cat /proc/1/comm; ls /run; grep CapEff /proc/self/status; "
        "echo $LABNET_LAB; ls /proc/self/fd | wc -l; readlink /proc/self/ns/net; "
        "echo err >&2; exit 7"
    )
    assert enter(lab, sleeper, script) == 7
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "web",
        "/srv",
        "labnet-init",
        "lock",
        "CapEff:\t00000000a80425fb",
        lab.name,
        "4",
        f"net:[{lab.inode}]",
    ]
    assert err == "err\n"


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ("nosuch", 127, 'labnet: exec: "nosuch": executable file not found in $PATH\n'),
        ("/etc/passwd", 126, 'labnet: exec: "/etc/passwd": permission denied\n'),
        ("sh -c 'kill -TERM $$'", 143, ""),
    ],
)
def test_the_status_of_a_command(lab: Containers, script: str, status: int, words: str) -> None:
    """It is what a shell would say, for what it would say."""
    lab.start(lab.process("web", "sleep", "1000"))
    command = caller(lab, *shlex.split(script))
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", words)


def test_a_container_that_has_ended_cannot_be_entered(lab: Containers, sleeper: Process) -> None:
    """Neither before nor after the runtime was asked."""
    pidfd = lab.client.open(sleeper.key)
    lab.client.stop([sleeper.key], grace=0)
    with pytest.raises(Failed, match="cannot be entered: No such process"):
        enter_container(pidfd, lab.name, sleeper, ["true"])
    os.close(pidfd)
    with pytest.raises(Failed, match="is not running"):
        lab.client.open(sleeper.key)


def test_a_command_dies_with_its_caller(lab: Containers, sleeper: Process) -> None:
    """Whoever is killed leaves nothing running."""
    with called(lab, "sleep", "4321") as process:
        until(lambda: commands(lab) == ["sleep 1000", "sleep 4321"])
        process.kill()
    until(lambda: commands(lab) == ["sleep 1000"])
    assert sleeper


@pytest.mark.parametrize("end", ["stop", "shutdown", "kill"])
def test_a_caller_that_is_suspended_holds_nothing_up(
    lab: Containers, sleeper: Process, end: str
) -> None:
    """The zombie that it does not bury keeps the container's init from going, but nobody waits."""
    with called(lab, "sleep", "4321") as process:
        until(lambda: "sleep 4321" in commands(lab))
        process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        if end == "stop":
            lab.client.stop([sleeper.key], grace=0)
            assert lab.client.list() == []
        else:
            if end == "kill":
                os.kill(lab.client.pid, signal.SIGKILL)
            shutdown(lab.folder)
        assert time.monotonic() - begin < 10
        assert commands(lab) == []


def test_a_signal_to_the_caller_reaches_the_command(lab: Containers, sleeper: Process) -> None:
    """As `timeout labnet exec …` needs it."""
    script = "trap 'exit 9' TERM; echo up; while :; do sleep .01; done"
    with called(lab, "sh", "-c", script) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.wait(PATIENCE) == 9
    assert sleeper


def command_pids(lab: Containers, command: str) -> list[int]:
    """The processes that run a command in the lab's namespace."""
    ours, _ = lab_processes([lab.inode], lab.name)
    return [item.pid for item in ours if item.command == command]


def commands(lab: Containers) -> list[str]:
    """The commands that run in the lab's namespace, without the inits."""
    ours, _ = lab_processes([lab.inode], lab.name)
    return sorted(item.command for item in ours if not item.command.startswith("labnet-init"))


def strangers(lab: Containers) -> list[str]:
    """The commands in the lab's namespace that are somebody else's."""
    _, others = lab_processes([lab.inode], lab.name)
    return [item.command for item in others]


def pids(processes: Iterable[LabProcess]) -> set[int]:
    """Their numbers."""
    return {process.pid for process in processes}


def test_a_command_in_a_pod_without_processes(
    lab: Containers, capfd: pytest.CaptureFixture[str]
) -> None:
    """It gets a container of its own, that is gone when it ends."""
    process = lab.process("pause", cwd="/srv/new", files=(("/etc/hosts", "hosts\n"),))
    script = "hostname; pwd; cat /etc/hosts /proc/1/comm; ls /run; sleep 1000 & exit 7"
    argv = ["/bin/sh", "-c", script]
    assert enter_pod(lab.netns_path, lab.name, process, argv) == 7
    assert capfd.readouterr().out.splitlines() == [
        "web",
        "/srv/new",
        "hosts",
        "labnet-init",
        "lock",
    ]
    assert commands(lab) == []
    with pytest.raises(Failed, match="chdir"):
        enter_pod(lab.netns_path, lab.name, lab.process("pause", cwd="/etc/passwd"), argv)


def test_a_container_made_for_a_command_is_the_labs(lab: Containers) -> None:
    """Its init is no stranger, and `down` ends it with the command."""
    script = f"""{IMPORTABLE}
from pathlib import Path
from labnet.kernel.runtime.enter import enter_pod
from labnet.state.process import Process
process = Process("n", "pod/default/web", "web", (), env=(("PATH", {PATH!r}),))
enter_pod(Path({str(lab.netns_path)!r}), {lab.name!r}, process, ["sleep", "4321"])
"""
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        until(lambda: commands(lab) == ["sleep 4321"])
        ours, strangers = lab_processes([lab.inode], lab.name)
        assert [item.command for item in ours] == ["labnet-init", "sleep 4321"]
        assert strangers == ()
        kill_processes(ours, PATIENCE)
        assert process.wait(PATIENCE) == 0


def test_a_command_on_a_node(lab: Containers, capfd: pytest.CaptureFixture[str]) -> None:
    """It has the machine's files and rights, but the node's network, name and own files."""
    environment = {"PATH": os.environ["PATH"], "WORD": "word"}
    files = {"/etc/hosts": "hosts\n", "/etc/no/such": ""}
    place = Place(lab.name, lab.netns_path, "node1", environment, files)
    before = Path("/etc/hosts").read_text()
    script = (
        f"hostname; cat /etc/hosts; ls /sys/class/net; echo $WORD $LABNET_LAB; test -e {lab.folder}"
        " && ip link add br7 type bridge && ls /sys/class/net && ip link del br7"
    )
    assert enter_netns(place, ["/bin/sh", "-c", script]) == 0
    output = capfd.readouterr().out.splitlines()
    assert output == ["node1", "hosts", "lo", f"word {lab.name}", "br7", "lo"]
    assert before == Path("/etc/hosts").read_text()
    assert not Path("/sys/class/net/br7").exists()


def test_who_lives_in_a_lab(lab: Containers, sleeper: Process) -> None:
    """Containers and what was executed are the lab's; all others are strangers, and can be told."""

    def in_netns(seconds: str, **environment: str) -> subprocess.Popen[bytes]:
        """A process of somebody's in the lab's namespace."""
        command = ["ip", "netns", "exec", lab.netns, "sleep", seconds]
        return subprocess.Popen(command, env=os.environ | environment)

    with in_netns("111") as stranger, in_netns("222", LABNET_LAB=lab.name) as own:
        try:
            until(lambda: commands(lab) == ["sleep 1000", "sleep 222"])
            until(lambda: {stranger.pid, own.pid} <= pids(lab_processes([lab.inode], "")[1]))
            until(lambda: strangers(lab) == ["sleep 111"])
            ours, _ = lab_processes([lab.inode], lab.name)
            assert {item.netns for item in ours} == {lab.inode}
            kill_processes([item for item in ours if item.pid == own.pid], PATIENCE)
            assert commands(lab) == ["sleep 1000"]
        finally:
            stranger.kill()
            own.kill()
    assert sleeper


class Terminal:
    """A terminal with a shell, and somebody who types."""

    def __init__(self) -> None:
        """Start the shell."""
        self._seen = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            environment = {"PATH": os.environ["PATH"], "PS1": "outer> ", "TERM": "dumb"}
            os.execvpe("bash", ["bash", "--norc", "-i"], environment)

    def __enter__(self) -> Self:
        """Wait for its first prompt."""
        self.expect("outer> ")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Hang up."""
        os.close(self._fd)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._fd, text.encode())

    def expect(self, text: str) -> str:
        """Read until a text appears; all that came before it."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._seen:
            left = max(0, deadline - time.monotonic())
            assert select.select([self._fd], [], [], left)[0], self._seen
            self._seen += os.read(self._fd, 4096).decode()
        before, _, self._seen = self._seen.partition(text)
        return before


def test_an_interactive_shell(lab: Containers, sleeper: Process) -> None:
    """Job control works inside, Ctrl-C reaches the job alone, and the outer shell gets it back."""
    command = shlex.join(caller(lab, "bash", "--norc", "-i")).replace("\n", ";")
    with Terminal() as terminal:
        terminal.type(f"{command}\n")
        assert "no job control" not in terminal.expect("bash-")
        terminal.type("PS1='inner> '; echo pid $$\n")
        terminal.expect("inner> ")
        terminal.type("sleep 500\n")
        until(lambda: "sleep 500" in commands(lab))
        terminal.type("\x03")
        terminal.expect("inner> ")
        terminal.type("sleep 600\n")
        until(lambda: "sleep 600" in commands(lab))
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("inner> ")
        terminal.type("fg\n")
        until(lambda: not any(map(is_stopped, command_pids(lab, "sleep 600"))))
        terminal.type("\x03")
        terminal.expect("inner> ")
        terminal.type("exit 5\n")
        terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        terminal.expect("status 5")
    assert sleeper


def test_a_command_that_is_suspended(lab: Containers, sleeper: Process) -> None:
    """Ctrl-Z stops the caller with its command, and fg continues both."""
    script = "sleep 2.5; echo done; exit 6"
    command = shlex.join(caller(lab, "sh", "-c", script)).replace("\n", ";")
    with Terminal() as terminal:
        terminal.type(f"{command}\n")
        until(lambda: "sleep 2.5" in commands(lab))
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("outer> ")
        terminal.type("fg\n")
        terminal.expect("done")
        terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        terminal.expect("status 6")
    assert sleeper
