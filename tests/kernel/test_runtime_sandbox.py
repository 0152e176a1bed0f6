"""What a container sees and may do: Docker's default, and nothing of the machine's is touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers import IMPORTABLE, PATH, ROOT, Containers, can_remember, until
from labnet.kernel.runtime.journal import LogOptions
from labs import SLOW
from unprivileged import in_user_namespace


pytestmark = pytest.mark.kernel

CAPABILITIES = "00000000a80425fb"
NGINX = """
user root;
error_log /dev/stderr;
events {}
http {
  access_log off;
  server { listen 8080; location / { return 200 "hello from $hostname\\n"; } }
}
"""
PROGRAM = """
import os, sys, time
def main(argv):
    if argv[0] == "exit":
        print("to the log")
        return int(argv[1])
    if argv[0] == "raise":
        raise RuntimeError("on purpose")
    import programs.late
    print(programs.late.WORD, sorted(os.environ.items()), argv)
    time.sleep(1000)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Containers]:
    """A runtime for this test."""
    with Containers(tmp_path) as containers:
        yield containers


def test_the_command_has_namespaces_of_its_own(lab: Containers) -> None:
    """PID 1 is an init, the command its child; host name and IPC are the container's."""
    process = lab.shell("web", "echo $$; cat /proc/1/comm; hostname; ipcs -q | grep -c 0x")
    subprocess.run(["ipcmk", "-Q"], check=True, stdout=subprocess.DEVNULL)
    try:
        assert lab.output(process) == ["2", "labnet-init", "web", "0"]
    finally:
        queues = subprocess.run(["ipcs", "-q"], check=True, capture_output=True, text=True).stdout
        number = queues.split()[-5]
        subprocess.run(["ipcrm", "-q", number], check=True)


def test_capabilities_are_dockers(lab: Containers) -> None:
    """Bounding, permitted and effective set are Docker's fourteen; nothing is inherited."""
    script = "grep Cap /proc/1/status; grep Cap /proc/self/status; grep NoNew /proc/self/status"
    words = dict(line.split() for line in lab.output(lab.shell("web", script)))
    assert words == {
        "CapInh:": "0" * 16,
        "CapPrm:": CAPABILITIES,
        "CapEff:": CAPABILITIES,
        "CapBnd:": CAPABILITIES,
        "CapAmb:": "0" * 16,
        "NoNewPrivs:": "0",
    }


def test_ping_works(lab: Containers) -> None:
    """CAP_NET_RAW is among them, also for a user who gets it from the file."""
    assert lab.run(lab.shell("root", "ping -c 1 -W 1 127.0.0.1")).exit_status == 0
    if Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]:
        return  # there are no other users in this namespace
    user = "setpriv --reuid 65534 --regid 65534 --clear-groups ping -c 1 -W 1 127.0.0.1"
    assert lab.run(lab.shell("user", user)).exit_status == 0


def test_the_machines_files_cannot_be_touched(lab: Containers) -> None:
    """A container writes anywhere, and nobody else sees it."""
    before = Path("/etc/hostname").read_text()
    script = (
        "echo changed > /etc/hostname; touch /var/tmp/labnet-x /usr/bin/labnet-x; "
        "rm /etc/passwd; rm -r /etc/apt && mkdir /etc/apt; cat /etc/hostname; ls /etc/apt"
    )
    assert lab.output(lab.shell("web", script)) == ["changed"]
    assert lab.run(lab.shell("db", "test -e /usr/bin/labnet-x")).exit_status == 1
    assert before == Path("/etc/hostname").read_text()
    assert Path("/etc/passwd").exists()
    assert Path("/etc/apt").exists()
    assert not Path("/var/tmp/labnet-x").exists()
    assert not Path("/usr/bin/labnet-x").exists()


def test_the_machines_mounts_and_sockets_are_not_seen(lab: Containers) -> None:
    """/run and /tmp are empty, and no mount of the machine's is there."""
    script = "ls -A /run /tmp; cut -d' ' -f5 /proc/self/mountinfo"
    output = lab.output(lab.shell("web", script))
    end = output.index("/")
    assert [line for line in output[:end] if line] == ["/run:", "lock", "/tmp:"]
    fresh = ("/run", "/tmp", "/sys", "/dev/")
    seen = {path for path in output[end:] if path.startswith(fresh)}
    nodes = {f"/dev/{name}" for name in ("full", "null", "random", "tty", "urandom", "zero")}
    assert seen == {"/run", "/tmp", "/sys", "/sys/firmware", "/dev/mqueue", "/dev/pts", *nodes}


def test_kernel_interfaces_are_protected(lab: Containers) -> None:
    """What Docker hides is hidden, and what Docker protects cannot be written."""
    script = (
        "(echo 1 > /proc/sys/net/ipv4/ip_forward) 2>/dev/null || echo sysctl; "
        "(echo h > /proc/sysrq-trigger) 2>/dev/null || echo sysrq; "
        "mkdir /sys/x 2>/dev/null || echo sys; "
        "cat /proc/keys /proc/timer_list; ls /sys/firmware; "
        "(mknod /tmp/disk b 1 0 && cat /tmp/disk) 2>/dev/null || echo disk; "
        "mount -t tmpfs none /mnt 2>/dev/null || echo mount; ls /sys/class/net"
    )
    expected = ["sysctl", "sysrq", "sys", "disk", "mount", "lo"]
    assert lab.output(lab.shell("web", script)) == expected


ESCAPE = """
import os
os.mkdir("/tmp/jail")
outside = os.open("/", os.O_RDONLY)
os.chroot("/tmp/jail")
os.fchdir(outside)
for _ in range(50):
    os.chdir("..")
os.chroot(".")
print(sorted(os.listdir("/tmp")), sorted(os.listdir("/run")))
"""


def test_no_way_leads_out_of_the_root(lab: Containers) -> None:
    """Not even for one who may change the root, as Docker's containers may (chroot(2))."""
    process = lab.process("web", str(Path(sys.executable).resolve()), "-c", ESCAPE)
    assert lab.output(process) == ["['jail'] ['lock']"]


def test_devices(lab: Containers) -> None:
    """/dev has what Docker's has: nodes, links, terminals of its own, shared memory, queues."""
    script = (
        "cd /dev; ls; echo x > null; head -c 1 zero | wc -c; echo out > stdout; "
        "touch shm/x mqueue/x; script -qc tty /dev/null | tr -d '\\r'"
    )
    names = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert lab.output(lab.shell("web", script)) == [*names.split(" "), "1", "out", "/dev/pts/0"]


def test_files_environment_and_folder(lab: Containers) -> None:
    """The files given are there, also where the machine has a link; the rest is exact."""
    script = (
        "cat /etc/resolv.conf /opt/new/file; stat -c %a /etc/hosts; pwd; env | sort; "
        "readlink -f /proc/$$/fd/0"
    )
    files = (
        ("/etc/resolv.conf", "nameserver 1.2.3.4\n"),
        ("/opt/new/file", "text\n"),
        ("/etc/hosts", ""),
    )
    environment = (("PATH", PATH), ("WORD", "a b"))
    process = lab.shell("web", script, files=files, cwd="/srv/new", env=environment)
    expected = ["nameserver 1.2.3.4", "text", "644", "/srv/new"]
    expected += [f"PATH={PATH}", "PWD=/srv/new", "WORD=a b", "/dev/null"]
    assert lab.output(process) == expected


def test_only_the_standard_streams_are_open(lab: Containers) -> None:
    """Nothing of the runtime's leaks into a command or into PID 1's hands."""
    assert lab.output(lab.process("web", "ls", "/proc/self/fd")) == ["0", "1", "2", "3"]
    (status,) = lab.start(lab.process("db", "sleep", "1000"))
    assert [path.name for path in Path(f"/proc/{status.pid}/fd").iterdir()] == ["0"]


def test_volumes_are_shared_in_a_pod(lab: Containers) -> None:
    """Containers of one pod write to one folder; another pod's is another, and it goes with it."""
    volumes = (("/data", "v"), ("/other/place", "w"))
    writer = lab.shell("a", "echo text > /data/x; ls /other/place", volumes=volumes)
    assert lab.output(writer) == []
    reader = lab.shell("b", "cat /cache/x", volumes=(("/cache", "v"),))
    assert lab.output(reader) == ["text"]
    stranger = lab.shell("b", "ls /data", volumes=volumes, pod="pod/default/other")
    assert lab.output(stranger) == []
    lab.client.stop([writer.key, reader.key])
    assert lab.output(lab.shell("c", "ls /data", volumes=volumes)) == []


def test_containers_of_a_pod_share_the_network(lab: Containers) -> None:
    """A real nginx is reached on 127.0.0.1, and a second listener finds the port taken."""
    files = (("/etc/nginx/nginx.conf", NGINX),)
    server = lab.process("web", "nginx", "-g", "daemon off;", files=files)
    (status,) = lab.start(server)
    assert status.running
    client = lab.shell("client", "curl --retry 9 --retry-connrefused -s http://127.0.0.1:8080/")
    assert lab.output(client) == ["hello from web"]
    second = lab.run(lab.process("second", "nginx", "-g", "daemon off;", files=files))
    assert second.exit_status == 1
    log = "\n".join(lab.logs(lab.process("second")))
    assert "bind() to 0.0.0.0:8080 failed (98: Address already in use)" in log
    lab.client.stop([server.key], grace=10)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Containers]:
    """A runtime that finds built-in programs of this test's."""
    package = tmp_path / "programs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tiny.py").write_text(PROGRAM)
    (package / "late.py").write_text("WORD = 'late'\n")
    folder = tmp_path / "lab"
    folder.mkdir()
    with Containers(folder, paths=(str(tmp_path),)) as containers:
        yield containers


def test_a_builtin_runs_without_an_exec(programs: Containers) -> None:
    """It has the arguments and the environment, a name in ps, and imports what it needs late."""
    lab = programs
    process = lab.process("web", "serve", "x", builtin="programs.tiny", env=(("WORD", "b"),))
    (status,) = lab.start(process)
    assert status.running
    until(lambda: lab.logs(process))
    assert lab.logs(process) == ["late [('WORD', 'b')] ('serve', 'x')"]
    (child,) = Path(f"/proc/{status.pid}/task/{status.pid}/children").read_text().split()
    assert Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"programs.tiny serve x\0")
    lab.client.stop([process.key])


def test_how_a_builtin_ends(programs: Containers) -> None:
    """With the status that it returns; with 1 and a traceback in its log if it raises."""
    process = programs.process("web", "exit", "3", builtin="programs.tiny")
    assert programs.run(process).exit_status == 3
    assert programs.logs(process) == ["to the log"]
    process = programs.process("web", "raise", builtin="programs.tiny")
    assert programs.run(process).exit_status == 1
    assert programs.logs(process)[-1] == "RuntimeError: on purpose"
    (missing,) = programs.start(programs.process("db", builtin="nosuch"))
    until(lambda: programs.client.list()[1].exit_status == 127)
    assert not missing.running


def test_what_a_pod_with_a_server_costs(lab: Containers) -> None:
    """At most 5 MB of private memory and 10 ms of CPU for init and server together.

    The least CPU of some starts counts: whatever else the machine does can only add to it.
    """
    cpu = []
    for port in range(8081, 8086):
        ports = (f"--http-port={port}", f"--udp-port={port}")
        (status,) = lab.start(lab.process(f"web{port}", "netexec", *ports, builtin="agnhost"))
        script = f"curl --retry 9 --retry-connrefused -s http://127.0.0.1:{port}/hostname"
        assert lab.output(lab.shell(f"client{port}", script)) == ["web"]
        (child,) = Path(f"/proc/{status.pid}/task/{status.pid}/children").read_text().split()
        assert private_bytes(status.pid) + private_bytes(child) <= 5_000_000
        cpu.append(cpu_seconds(status.pid) + cpu_seconds(child))
    assert min(cpu) <= 0.010 * SLOW


def private_bytes(pid: int | str) -> int:
    """The memory that only this process has."""
    words = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(word[1]) for word in words if word[0].startswith("Private_")) * 1024


def cpu_seconds(pid: int | str) -> float:
    """The time that a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def test_streams_are_logged_with_their_times(lab: Containers) -> None:
    """The file is in the CRI format, and the reader gives the text."""
    process = lab.shell("web", "echo out; sleep .05; echo err >&2; sleep .05; printf end")
    assert lab.output(process) == ["out", "err", "end"]
    path = lab.folder / "logs" / process.pod / "web.log"
    entries = [line.split(" ", 3) for line in path.read_text().splitlines()]
    assert [entry[1:] for entry in entries] == [
        ["stdout", "F", "out"],
        ["stderr", "F", "err"],
        ["stdout", "F", "end"],
    ]
    times = [entry[0] for entry in entries]
    assert times == sorted(times)
    stamped = lab.logs(process, LogOptions(timestamps=True, tail=1))
    assert stamped == [f"{times[-1]} end"]


def test_logs_are_bounded(lab: Containers) -> None:
    """Ten mebibytes and one file more; what is kept are whole lines, and the last ones."""
    process = lab.shell("web", "seq 1000000 1999999")
    assert lab.run(process).exit_status == 0
    path = lab.folder / "logs" / process.pod / "web.log"
    limit = 10 * 1024 * 1024
    assert path.stat().st_size <= limit
    assert limit * 0.9 < Path(f"{path}.1").stat().st_size <= limit
    numbers = [int(line) for line in lab.logs(process)]
    assert numbers == list(range(numbers[0], 2_000_000))
    assert lab.logs(process, LogOptions(tail=2)) == ["1999998", "1999999"]


def test_the_log_of_the_run_before(lab: Containers) -> None:
    """A container that is started again begins a new log, and the last one is kept."""
    lab.run(lab.shell("web", "echo first"))
    process = lab.shell("web", "echo second")
    lab.run(process)
    assert lab.logs(process) == ["second"]
    assert lab.logs(process, LogOptions(previous=True)) == ["first"]


def test_following_a_log(lab: Containers) -> None:
    """What comes is there at once, over to the next file, until the container ends."""
    data = (("/data", "v"),)
    lab.run(lab.shell("pipe", "mkfifo /data/go", volumes=data))
    process = lab.shell("web", "echo begin; read x < /data/go; seq 1000000 1299999", volumes=data)
    lab.start(process)
    until(lambda: lab.logs(process) == ["begin"])
    lab.start(lab.shell("go", "echo > /data/go", volumes=data))
    output = lab.logs(process, LogOptions(follow=True))
    assert output == ["begin", *map(str, range(1000000, 1300000))]


ALONE = f"""import os, sys
from pathlib import Path
from labnet.kernel.runtime.lifetime import shutdown, spawn
from labnet.kernel.runtime.journal import read_logs
from labnet.state.process import Process
words = f"id -u; hostname; echo $$; {{sys.argv[2]}}; cat /etc/hosts"
env = (("PATH", {PATH!r}),)
files = (("/etc/hosts", "hosts\\n"),)
argv = ("/bin/sh", "-c", words)
process = Process("n", "pod/default/web", "web", argv, env=env, hostname="web", files=files)
folder = Path(sys.argv[1])
with spawn(folder, "lab").connect() as client:
    client.start(process, os.open("/proc/self/ns/net", os.O_RDONLY))
    print(client.started()[0].message)
    client.wait([process.key], 20)
    print(*(line.decode() for line in read_logs(folder, process.pod, "web")), sep="", end="")
shutdown(folder)
"""


@pytest.mark.parametrize(
    "mounts",
    [
        "true",
        "mount --bind /etc/hostname /etc/hosts",
        "mount -t tmpfs none /mnt",
    ],
)
def test_in_a_user_namespace(tmp_path: Path, mounts: str) -> None:
    """Without privilege on the machine a container is the same, even if /etc has mounts below."""
    removes = "rm -r /etc/apt && mkdir /etc/apt; ls /etc/apt" if can_remember() else "true"
    command = in_user_namespace(tmp_path / "checkout", ALONE, str(tmp_path), removes, mounts=mounts)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["", "0", "web", "2", "hosts"]
    assert Path("/etc/apt").is_dir()


SERVER = f"""{IMPORTABLE.replace(str(ROOT), "/mnt")}
import os
from pathlib import Path
from labnet.kernel.runtime.lifetime import shutdown, spawn
from labnet.state.process import Process
folder = Path(sys.argv[1])
netns = os.open("/proc/self/ns/net", os.O_RDONLY)
used = []
with spawn(folder, "lab").connect() as client:
    for name in ("one", "two", "three", "four"):
        argv = ("netexec",)
        client.start(Process("n", f"pod/default/{{name}}", name, argv, builtin="agnhost"), netns)
        pid = client.started()[0].pid
        used.append(int(Path(f"/proc/{{pid}}/schedstat").read_text().split()[0]))
        client.stop([("pod/default/" + name, name)])
print(min(used))
shutdown(folder)
"""


def test_a_checkout_on_a_file_system_of_its_own(tmp_path: Path) -> None:
    """What is imported before a container starts is not imported again in it.

    The least of some starts counts: others may have been disturbed.
    """
    script = f'mount -t tmpfs none /mnt && cp -r {ROOT}/labnet /mnt && exec "$@"'
    inner = [sys.executable, "-c", SERVER, str(tmp_path)]
    command = ["unshare", "-mn", "sh", "-c", script, "sh", *inner]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert int(done.stdout) <= 10_000_000 * SLOW
