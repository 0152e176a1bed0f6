"""The commands on the real kernel, each a process of its own, as a person types them."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from labs import TIMEOUT, TOPOLOGIES


pytestmark = pytest.mark.kernel

COMMAND = [sys.executable, "-m", "labnet"]
Done = subprocess.CompletedProcess[str]


def labnet(line: str, *, stdin: str = "", lab: str = "") -> Done:
    """A command line of labnet's, run from the root of the project."""
    return subprocess.run(
        [*COMMAND, *shlex.split(line)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=TOPOLOGIES.parent,
        env={**os.environ, **({"LABNET_LAB": lab} if lab else {})},
        check=False,
    )


def ok(line: str, *, stdin: str = "", lab: str = "") -> str:
    """What a command prints that must not fail."""
    done = labnet(line, stdin=stdin, lab=lab)
    assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def first_up() -> Iterator[Done]:
    """What the first `up` of two-node has said; the lab stays up for all tests of the module."""
    try:
        yield labnet("up topologies/two-node.yaml")
    finally:
        labnet("down two-node")


@pytest.fixture
def lab(first_up: Done) -> str:
    """The name of the lab that is up."""
    assert first_up.returncode == 0, first_up.stderr
    return "two-node"


def hints(up: Done) -> list[str]:
    """What `up` says to try, below how far it was, which it tells on a busy machine."""
    progress, _, after = up.stderr.partition("Try:\n")
    assert all(line.startswith("labnet: up: ") for line in progress.splitlines())
    return after.splitlines()


def test_up_says_what_it_did(first_up: Done) -> None:
    """One line on standard output; what to type next on standard error."""
    pattern = r"two-node is up: 2 nodes, 1 host, 3 pods \(\d+ operations, \d+\.\d\d s\)\n"
    assert re.fullmatch(pattern, first_up.stdout)
    assert hints(first_up)


def test_what_up_says_to_type_works(first_up: Done) -> None:
    """Each of its lines but the last, which is `down`."""
    lines = [line.split("labnet ", 1)[1] for line in hints(first_up)[:-1]]
    assert len(lines) == 3
    for line in lines:
        ok(line, lab="two-node")


def test_a_second_up_says_that_there_is_nothing_to_do(lab: str) -> None:
    """And says no more."""
    done = labnet(f"up topologies/{lab}.yaml")
    assert re.fullmatch(r"two-node is already as the files say \(\d\.\d\d s\)\n", done.stdout)
    assert done.stderr == ""
    assert ok(f"plan topologies/{lab}.yaml") == "Nothing to do: the machine is as the files say.\n"
    assert json.loads(ok(f"plan topologies/{lab}.yaml -o json")) == []


def test_get_shows_what_runs(lab: str) -> None:
    """Kubectl's columns, with the addresses that the kernel has."""
    rows = [line.split() for line in ok("get pods -o wide", lab=lab).splitlines()]
    assert rows[0][:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert [row[:4] for row in rows[1:]] == [
        ["echo-1", "1/1", "Running", "0"],
        ["web-1", "1/1", "Running", "0"],
        ["web-2", "1/1", "Running", "0"],
    ]
    for name, *_, ip, node, _, _ in rows[1:]:
        assert ip in ok(f"exec {name} -- ip -4 address show eth0", lab=lab)
        assert node in ("node1", "node2")


def test_get_json_names_the_namespaces(lab: str) -> None:
    """Each is one that `ip netns` knows."""
    known = {path.name for path in Path("/run/netns").iterdir()}
    listed = json.loads(ok("get nodes,hosts,pods -o json", lab=lab))
    assert (listed["apiVersion"], listed["kind"]) == ("v1", "List")
    items = listed["items"]
    assert len(items) == 6
    assert {item["metadata"]["annotations"]["labnet.dev/netns"] for item in items} <= known
    one = json.loads(ok("get pod web-1 -o json", lab=lab))
    assert one["status"]["podIP"] == "10.244.0.2"
    assert one["spec"]["containers"][0]["image"] == "nginx"


def test_ls_lists_the_lab(lab: str) -> None:
    """As text, JSON and names."""
    assert lab in ok("ls -o name").splitlines()
    (about,) = [one for one in json.loads(ok("ls -o json")) if one["name"] == lab]
    assert (about["nodes"], about["pods"], about["status"]) == (2, 3, "Up")
    assert re.search(r"^two-node +Up +2 +1 +3 +0 ", ok("ls"), re.MULTILINE)


@pytest.mark.parametrize("target", ["web-1", "node/node1", "host/client"])
def test_exec_has_the_commands_status_and_streams(lab: str, target: str) -> None:
    """In a pod, on a node and on a host."""
    done = labnet(f"exec {target} -- sh -c 'cat; echo err >&2; exit 7'", stdin="in", lab=lab)
    assert (done.returncode, done.stdout, done.stderr) == (7, "in", "err\n")
    name = target.rpartition("/")[2]
    assert ok(f"exec {target} hostname", lab=lab) == f"{name}\n"
    assert labnet(f"exec {target} -- kill -9 $$", lab=lab).returncode != 0
    assert labnet(f"exec {target} nosuchcommand", lab=lab).returncode == 127


def test_exec_takes_no_options_of_the_command(lab: str) -> None:
    """With and without a `--`."""
    assert ok("exec web-1 echo -l -n x", lab=lab) == ok("exec web-1 -- echo -l -n x", lab=lab)


def test_a_killed_command_has_the_status_of_its_signal(lab: str) -> None:
    """128 and the signal, as in a shell."""
    assert labnet("exec web-1 -- sh -c 'kill -TERM $$'", lab=lab).returncode == 143


def test_a_machine_has_its_own_hosts_file(lab: str) -> None:
    """Its name is its own address, and resolves without a name server."""
    assert "172.18.0.2" in ok("exec node/node1 -- getent ahostsv4 node1", lab=lab)


def test_what_is_not_there_is_2(lab: str) -> None:
    """With what is near, and never a traceback."""
    done = labnet("exec web-11 -- true", lab=lab)
    assert done.returncode == 2
    assert "did you mean web-1" in done.stderr
    assert labnet("get pod web-11", lab=lab).returncode == 2
    assert labnet("logs node/node1", lab=lab).returncode == 2
    assert labnet("get pods -l nolab").returncode == 2
    assert labnet("exec web-1 -c nothing -- true", lab=lab).returncode == 2


def test_logs_are_what_was_printed(lab: str) -> None:
    """All of it, the end of it, with times, and of a run that there was not."""
    text = ok("logs echo-1", lab=lab)
    assert "Started HTTP server on port 80" in text
    assert ok("logs pod/echo-1 --tail 1", lab=lab) == text.splitlines(keepends=True)[-1]
    assert re.match(r"20\d\d-\d\d-\d\dT[\d:.]+Z ", ok("logs echo-1 --timestamps", lab=lab))
    done = labnet("logs echo-1 --previous", lab=lab)
    assert (done.returncode, done.stdout) == (1, "")


def test_following_a_log_sees_what_comes(lab: str) -> None:
    """Until it is interrupted, which is no error to talk about."""
    command = [*COMMAND, "logs", "-f", "web-1", "-l", lab]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as logs:
        assert logs.stdout is not None
        ok("exec echo-1 -- curl -s http://10.244.0.2/marker", lab=lab)
        line = ""
        while "GET /marker" not in line:
            line = logs.stdout.readline()
            assert line
        logs.send_signal(signal.SIGINT)
        assert logs.wait(TIMEOUT) == 130


def test_describe_shows_what_it_became_and_what_differs(lab: str) -> None:
    """A route that somebody removes is missing, and `up` mends it."""
    text = ok("describe node node1", lab=lab)
    route = "ip -n two-node.node1 route add 10.244.1.0/24 via 172.18.0.3 dev eth0"
    assert f"    {route}\n" in text
    assert re.search(r"^Differs: +<none>$", text, re.MULTILINE)
    subprocess.run(shlex.split(route.replace(" add ", " delete ")), check=True)
    text = ok("describe node/node1", lab=lab)
    assert "  + route two-node.node1 10.244.1.0/24" in text.partition("\nDiffers:\n")[2]
    assert "(1 operation, " in ok(f"up topologies/{lab}.yaml")


@pytest.mark.parametrize("kind", ["pod/web-1", "host/client"])
def test_describe_is_true(lab: str, kind: str) -> None:
    """The addresses that it says are those that the kernel has."""
    text = ok(f"describe {kind}", lab=lab)
    (command,) = re.findall(r"ip -n (\S+) address add (\S+) dev eth0", text)
    netns, address = command
    shown = subprocess.run(
        ["ip", "-n", netns, "address"], capture_output=True, text=True, check=True
    )
    assert f"inet {address} " in shown.stdout


def test_a_shell_says_where_it_is(lab: str) -> None:
    """On a terminal, with a prompt and the status of its last command."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*COMMAND, "shell", "web-1", "-l", lab])  # a child
    seen = read_until(terminal, b"two-node/web-1 # ")
    os.write(terminal, b"hostname; exit 5\n")
    seen += read_until(terminal, b"exit\r\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert re.search(rb"[\r\n]web-1\r\n", seen)  # what is before it, the terminal decides
    assert b"job control" not in seen
    assert os.waitstatus_to_exitcode(status) == 5


def read_until(terminal: int, words: bytes) -> bytes:
    """What a terminal shows, up to some words."""
    seen = b""
    end = time.monotonic() + TIMEOUT
    while words not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            with suppress(OSError):  # the other side has closed it
                seen += os.read(terminal, 4096)
    assert words in seen, seen
    return seen


def test_an_interrupt_says_what_is_left() -> None:
    """`up` is stopped in the middle, and `down` takes what there is."""
    words = ["up", "topologies/scale.yaml.j2", "--set", "nodes=4", "--set", "pods=900"]
    command = [*COMMAND, *words]
    try:
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=TOPOLOGIES.parent,
        ) as up:
            assert up.stderr is not None
            assert "operations" in up.stderr.readline()
            up.send_signal(signal.SIGINT)
            _, said = up.communicate(timeout=TIMEOUT)
        assert up.returncode == 130
        assert said.splitlines()[-1] == (
            "labnet: interrupted; the lab is built in part: `up` again goes on, `down` removes it"
        )
    finally:
        assert ok("down scale").startswith("scale is down (")
    assert ok("down scale") == "scale is not up\n"


def test_a_missing_tool_is_3(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With how to get it, and no traceback."""
    empty = tmp_path_factory.mktemp("path")
    file = TOPOLOGIES / "pod.yaml"
    done = subprocess.run(
        [*COMMAND, "up", str(file)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "PATH": str(empty)},
        check=False,
    )
    ok("down pod")
    assert done.returncode == 3
    assert "labnet: iptables-restore is not installed: apt-get install iptables\n" in done.stderr
    assert "Traceback" not in done.stderr


UNPRIVILEGED = ["setpriv", "--bounding-set=-all,+dac_read_search", "--inh-caps=-all"]
"""A root who may do no more than read a checkout in somebody's home."""


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("up topologies/two-node.yaml", 3),
        ("plan topologies/two-node.yaml", 3),
        ("plan topologies/pod.yaml", 0),
        ("validate topologies/pod.yaml", 0),
        ("get pods", 3),
        ("exec web-1 -- true", 3),
        ("down two-node", 3),
        ("doctor", 3),
    ],
)
def test_without_privilege(lab: str, line: str, status: int) -> None:
    """What only reads files works; what looks at labs says what it needs, in a line."""
    done = subprocess.run(
        [*UNPRIVILEGED, *COMMAND, *line.split()],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=TOPOLOGIES.parent,
        env={**os.environ, "LABNET_LAB": lab},
        check=False,
    )
    assert done.returncode == status, done.stderr
    if status and line != "doctor":
        assert done.stdout == ""
        assert re.fullmatch(r"labnet: labnet \w+ needs CAP_NET_ADMIN and .*\n", done.stderr)


def test_the_doctor_finds_this_machine_able() -> None:
    """It runs these tests, after all; and it leaves nothing behind."""
    verdict = json.loads(ok("doctor -o json"))
    assert verdict["able"]
    names = {check["name"] for check in verdict["checks"]}
    assert {"network namespaces", "veth", "bridge", "iptables", "conntrack", "nginx"} <= names
