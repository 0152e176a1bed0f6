"""The life of containers: started in turn, ended in time, and gone when their runtime is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from containers import IMPORTABLE, PATIENCE, Containers, left_over, until
from labnet.errors import Failed
from labnet.kernel.runtime.census import lab_processes
from labnet.kernel.runtime.client import connect
from labnet.kernel.runtime.lifetime import shutdown, spawn


pytestmark = pytest.mark.kernel

SPAWNER = f"""{IMPORTABLE}
import os
from pathlib import Path
from labnet.kernel.runtime.lifetime import spawn
spawned = spawn(Path(sys.argv[1]), "lab")
os.write(1, b"x")
spawned.connect()
os.write(1, b"y")
os.read(0, 1)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Containers]:
    """A runtime for this test."""
    with Containers(tmp_path) as containers:
        yield containers


def is_running(pid: int) -> bool:
    """Whether there is such a process that is not dead already."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or since
        return False


def test_a_container_runs_until_it_is_stopped(lab: Containers) -> None:
    """It is listed as it was asked for, and forgotten once it has been stopped."""
    process = lab.process("web", "sleep", "1000", grace=3)
    (started,) = lab.start(process)
    assert started.running
    assert started.process == process
    assert started.reason == ""
    assert is_running(started.pid)
    assert lab.client.list() == [started]
    lab.client.stop([process.key])
    assert not is_running(started.pid)
    assert lab.client.list() == []


def test_a_hundred_containers_start_together(lab: Containers) -> None:
    """Requests are sent without waiting for answers, which come in the order of the requests."""
    processes = [lab.process(f"c{n}", "sleep", "1000") for n in range(100)]
    statuses = lab.start(*processes)
    assert [status.process for status in statuses] == processes
    assert all(status.running for status in statuses)
    assert len({status.pid for status in statuses}) == len(processes)
    lab.client.stop([process.key for process in processes], grace=5)
    assert not any(is_running(status.pid) for status in statuses)


@pytest.mark.parametrize(
    ("argv", "cwd", "status", "message"),
    [
        (("nosuch",), "/", 127, 'exec: "nosuch": executable file not found in $PATH'),
        (("/no/such",), "/", 127, 'exec: "/no/such": no such file or directory'),
        (("/etc/passwd",), "/", 126, 'exec: "/etc/passwd": permission denied'),
        (("/etc",), "/", 126, 'exec: "/etc": permission denied'),
        (("true",), "/etc/passwd", 126, 'chdir to "/etc/passwd": not a directory'),
    ],
)
def test_a_command_that_cannot_run(
    lab: Containers, argv: tuple[str, ...], cwd: str, status: int, message: str
) -> None:
    """The status and the reason are Docker's, and nothing stays behind."""
    (container,) = lab.start(lab.process("web", *argv, cwd=cwd))
    until(lambda: lab.client.list()[0].exit_status is not None)
    (container,) = lab.client.list()
    assert container.reason == "ContainerCannotRun"
    assert (container.exit_status, container.message) == (status, message)
    assert not container.running
    assert not container.is_present


def test_a_script_for_an_interpreter_that_is_missing(lab: Containers) -> None:
    """Not found means 127, also when it is not the command itself."""
    process = lab.process(
        "web", "/bin/sh", "-c", "printf '#!/no/such\\n' >x; chmod +x x; exec ./x", cwd="/srv"
    )
    assert lab.run(process).exit_status == 127


@pytest.mark.parametrize(
    ("script", "status", "number", "reason"),
    [("exit 0", 0, 0, "Completed"), ("exit 3", 3, 0, "Error"), ("kill -9 $$", 137, 9, "Error")],
)
def test_how_a_container_ended(
    lab: Containers, script: str, status: int, number: int, reason: str
) -> None:
    """Its status is kept after its end, with the signal that killed it."""
    ended = lab.run(lab.shell("web", script))
    assert (ended.exit_status, ended.signal, ended.reason) == (status, number, reason)
    assert not ended.running
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.started_at <= ended.finished_at


def test_starting_again_what_has_ended(lab: Containers) -> None:
    """It counts as a restart; what runs already is left alone, and another of its name refused."""
    process = lab.shell("web", "exit 1")
    lab.run(process)
    assert lab.run(process).restarts == 1
    sleeper = lab.process("db", "sleep", "1000")
    (first,) = lab.start(sleeper)
    assert lab.start(sleeper) == [first]
    with pytest.raises(Failed, match="has not ended"):
        lab.start(replace(sleeper, cwd="/tmp"))
    assert lab.client.list()[-1] == first


def test_sigterm_is_passed_on(lab: Containers) -> None:
    """A command that takes SIGTERM ends by itself, before its grace is over."""
    process = lab.shell("web", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep .01; done")
    lab.start(process)
    until(lambda: lab.logs(process) == ["up"])
    begin = time.monotonic()
    lab.client.stop([process.key], grace=60)
    assert time.monotonic() - begin < 30
    assert lab.logs(process) == ["up", "bye"]


def test_sigkill_follows_after_the_grace(lab: Containers) -> None:
    """One that ignores SIGTERM is killed, and its children with it."""
    process = lab.shell("web", "trap '' TERM; sleep 1000 & echo up; while :; do sleep .01; done")
    (status,) = lab.start(process)
    until(lambda: lab.logs(process) == ["up"])
    begin = time.monotonic()
    lab.client.stop([process.key], grace=0.3)
    assert 0.3 <= time.monotonic() - begin < 30
    assert not is_running(status.pid)


def test_orphans_are_reaped(lab: Containers) -> None:
    """PID 1 buries what its descendants leave behind."""
    script = "for i in 1 2 3 4 5; do sh -c 'sleep 0 &' ; done; echo orphaned; exec sleep 1000"
    web = lab.shell("web", script)
    (status,) = lab.start(web)
    until(lambda: lab.logs(web) == ["orphaned"])
    children = Path(f"/proc/{status.pid}/task/{status.pid}/children")
    until(lambda: len(children.read_text().split()) == 1)


def test_init_containers_run_before_the_others(lab: Containers) -> None:
    """One after the other, each to its end, whatever order they are asked for in."""
    volumes = (("/data", "data"),)
    app = lab.shell("app", "cat /data/log", order=2, volumes=volumes)
    second = lab.shell("b", "echo two >> /data/log", init=True, order=1, volumes=volumes)
    first = lab.shell("z", "sleep .2; echo one >> /data/log", init=True, order=0, volumes=volumes)
    statuses = lab.start(app, second, first)
    assert all(status.is_present or status.process == app for status in statuses)
    lab.client.wait([app.key], PATIENCE)
    assert lab.logs(app) == ["one", "two"]
    assert [status.exit_status for status in lab.client.list()] == [0, 0, 0]


def test_an_init_container_that_fails_for_good(lab: Containers) -> None:
    """With restartPolicy Never the others never start, and nobody waits for them."""
    init = lab.shell("init", "exit 1", init=True, restart="Never")
    app = lab.shell("app", "echo no", order=1, restart="Never")
    statuses = {status.process.name: status for status in lab.start(app, init)}
    assert statuses["init"].exit_status == 1
    assert statuses["app"].reason == "PodInitializing"
    assert all(status.is_present for status in statuses.values())
    lab.client.stop([app.key, init.key])
    assert lab.client.list() == []


def test_an_init_container_that_is_tried_again(lab: Containers) -> None:
    """Otherwise it waits for its next try, as kubelet says it; stopping does not wait for that."""
    init = lab.shell("init", "exit 1", init=True)
    app = lab.shell("app", "echo no", order=1)
    lab.start(app, init, timeout=0)
    until(lambda: any(one.reason == "CrashLoopBackOff" for one in lab.client.list()))
    statuses = {status.process.name: status for status in lab.client.list()}
    assert statuses["init"].restarts == 1
    assert statuses["app"].reason == "PodInitializing"
    lab.client.stop([app.key, init.key])
    assert lab.client.list() == []


def test_what_is_not_waited_for_is_not_started(lab: Containers) -> None:
    """A client that dies between two requests has asked for nothing."""
    client = connect(lab.folder)
    assert client
    client.start(lab.process("web", "sleep", "1000"), lab.file)
    client.close()
    lab.start(lab.process("db", "true"))
    assert [status.process.name for status in lab.client.list()] == ["db"]


def test_containers_die_with_their_runtime(lab: Containers) -> None:
    """Killing the runtime is enough: the kernel ends all of them, and what they have started."""
    script = "sleep 1000 & sleep 1000"
    statuses = lab.start(*(lab.shell(f"c{n}", script) for n in range(10)))
    os.kill(lab.client.pid, signal.SIGKILL)
    until(lambda: not any(is_running(status.pid) for status in statuses))
    with pytest.raises(Failed, match="has ended"):
        lab.client.list()
    assert connect(lab.folder) is None
    shutdown(lab.folder)
    assert left_over(lab.folder) == []


@pytest.mark.parametrize("instant", range(8))
def test_a_runtime_that_is_killed_while_it_starts_containers(lab: Containers, instant: int) -> None:
    """Whatever each of them was about to do, none is left."""
    for number in range(40):
        lab.client.start(lab.process(f"c{number}", "sleep", "1000"), lab.file)
    lab.client.started(0)
    time.sleep(random.uniform(0, 0.02) * instant)  # the instant is what is tested
    os.kill(lab.client.pid, signal.SIGKILL)
    shutdown(lab.folder)
    assert left_over(lab.folder) == []
    assert lab_processes([lab.inode], lab.name) == ((), ())


def test_a_runtime_that_is_stopped_can_be_shut_down(lab: Containers) -> None:
    """It need not answer."""
    statuses = lab.start(*(lab.process(f"c{n}", "sleep", "1000") for n in range(3)))
    os.kill(lab.client.pid, signal.SIGSTOP)
    shutdown(lab.folder)
    assert not any(is_running(status.pid) for status in statuses)
    assert left_over(lab.folder) == []


def test_shutting_down_what_does_not_run(tmp_path: Path) -> None:
    """There may be nothing, or only a socket that nobody listens on."""
    shutdown(tmp_path)
    (tmp_path / "runtime.sock").touch()
    shutdown(tmp_path)
    assert list(tmp_path.iterdir()) == []
    shutdown(tmp_path / "nothing")


def test_a_runtime_whose_socket_is_gone_ends(lab: Containers) -> None:
    """Nobody could find it any more."""
    (status,) = lab.start(lab.process("web", "sleep", "1000"))
    (lab.folder / "runtime.sock").unlink()
    until(lambda: not is_running(status.pid))
    until(lambda: left_over(lab.folder) == [])


def test_a_second_spawn_finds_the_first(lab: Containers) -> None:
    """There is one runtime for a lab."""
    with spawn(lab.folder, lab.name).connect() as second:
        assert second.pid == lab.client.pid


def test_a_folder_with_a_long_path(tmp_path: Path) -> None:
    """The path of a socket has room for 108 bytes, that of a lab's folder for more."""
    folder = tmp_path / ("a" * 200)
    folder.mkdir()
    with Containers(folder) as lab:
        assert lab.output(lab.process("web", "hostname")) == ["web"]


def test_nothing_of_the_callers_is_kept(tmp_path: Path) -> None:
    """The runtime has its own session, folder and namespaces, and no file of the caller's."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    with Containers(tmp_path) as lab:
        pid = lab.client.pid
        assert lab.client.list() == []  # so that it has closed what it was forked with
        proc = Path(f"/proc/{pid}")
        files = [path.stat() for path in (proc / "fd").iterdir()]
        assert not any(os.path.samestat(os.fstat(write), file) for file in files)
        assert os.getsid(pid) == pid
        assert Path("/") == proc.joinpath("cwd").readlink()
        assert not (proc / "ns/mnt").samefile("/proc/self/ns/mnt")
        assert not (proc / "ns/net").samefile("/proc/self/ns/net")
        assert b"PYTEST" not in proc.joinpath("environ").read_bytes()
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("instant", range(12))
def test_a_spawner_that_is_killed(tmp_path: Path, instant: int) -> None:
    """Whenever it is killed, the runtime ends too or is found by `shutdown`."""
    command = [sys.executable, "-c", SPAWNER, str(tmp_path)]
    spawner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert spawner.stdin
    assert spawner.stdout
    with spawner.stdin, spawner.stdout:
        assert spawner.stdout.read(1) == b"x"
        time.sleep(random.uniform(0, 0.02) * instant)  # the instant is what is tested
        spawner.kill()
        spawner.wait()
    shutdown(tmp_path)
    assert left_over(tmp_path) == []
    assert connect(tmp_path) is None


def test_a_runtime_outlives_its_spawner(tmp_path: Path) -> None:
    """Once it has taken charge, it stays until it is shut down."""
    command = [sys.executable, "-c", SPAWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as spawner:
        assert spawner.stdout
        assert spawner.stdout.read(2) == b"xy"
        spawner.kill()
    client = connect(tmp_path)
    assert client
    with client:
        assert client.list() == []
    shutdown(tmp_path)
    assert left_over(tmp_path) == []
