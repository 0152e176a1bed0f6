"""What scripts/dockerd is put through in a sandbox, where its daemon is the only one.

`python3 sandboxed.py CASE DOCKERD FOLDER` runs a function of this file, as test_scripts.py does.
It is a program, as scripts/sandbox runs those.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from census import census, difference
from docked import rules
from labnet import agent
from labs import SLOW, lab_up, topology


PATIENCE = 90 * SLOW  # seconds for what takes five
COMMAND = """
import signal, subprocess, sys
assert signal.getsignal(signal.SIGINT) != signal.SIG_IGN
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print("ready", flush=True)
print("got", input(), flush=True)
sys.exit(7 + subprocess.run(["docker", "version"], stdout=subprocess.DEVNULL).returncode)
"""
HAIRPIN = "-s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp --dport 80 -j MASQUERADE"
"""Docker's own, of a container with a published port."""
FOREIGN = """
nft add table ip foreign
nft add table ip6 raw
nft add set ip6 raw addresses '{ type ipv6_addr; }'
iptables -N OURS
iptables -A OURS -p udp -j ACCEPT
{ echo '*mangle'; seq -f '-A OUTPUT -p udp --dport %.0f -j ACCEPT' 5000; echo COMMIT; } |
    iptables-nft-restore --noflush
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command that ends, and what it said."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


def started(*command: str) -> subprocess.Popen[str]:
    """A command that says `ready`, when it has."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def leavings(dockerd: str, folder: Path) -> None:
    """Nothing stays, not even of a daemon that was killed, once the next one has run."""
    (folder / "a file").write_text("of somebody's", encoding="utf-8")
    folder.chmod(0o755)
    before = census()
    killed = f"iptables -t nat -A POSTROUTING {HAIRPIN} && kill -9 $PPID"
    commands = (["docker", "network", "create", "two"], ["sh", "-c", killed], ["false"])
    assert [run(dockerd, *command).returncode for command in commands] == [0, -signal.SIGKILL, 1]
    assert difference(before, census()) == []
    assert [path.name for path in folder.iterdir()] == ["a file"]
    assert folder.stat().st_mode & 0o777 == 0o755


def foreign(dockerd: str, folder: Path) -> None:
    """What is not Docker's stays: rules and tables of others, and a folder that has our name."""
    subprocess.run(["iptables", "-A", "INPUT", "-i", "docker0", "-j", "DROP"], check=True)
    assert run(dockerd, "sh", "-ec", FOREIGN).returncode == 0
    tables = run("nft", "list", "tables").stdout.splitlines()
    assert {"table ip foreign", "table ip6 raw", "table ip mangle"} <= set(tables)
    assert "table ip nat" not in tables
    rest = run("iptables", "-S").stdout
    assert "-A INPUT -i docker0 -j DROP" in rest
    assert "-N OURS" in rest
    assert "DOCKER" not in rest
    assert run("iptables-nft-save", "-t", "mangle").stdout.count("-A OUTPUT") == 5000
    (folder / "labnet-dockerd").mkdir()
    refused = run(dockerd, "true")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)
    assert (folder / "labnet-dockerd").exists()


def settings(dockerd: str, folder: Path) -> None:
    """Those of the machine's own daemon are not for this one."""
    layer = folder / "layer"
    layer.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", layer], check=True)
    for name in ("upper", "work"):
        (layer / name).mkdir()
    layers = f"lowerdir=/etc,upperdir={layer}/upper,workdir={layer}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", "/etc"], check=True)
    file = Path("/etc/docker/daemon.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"data-root": "/nowhere", "iptables": false}', encoding="utf-8")
    done = run(dockerd, "iptables", "-S", "DOCKER-USER")
    assert (done.returncode, done.stderr) == (0, "")
    assert file.exists()


def signals(dockerd: str, folder: Path) -> None:
    """Asked to end, it passes that on and cleans up at once; meanwhile it keeps others out."""
    before = census()
    beside = rules()
    process = started(dockerd, "sh", "-c", "sleep 1000 & echo ready; wait; exit 8")
    during = rules()
    os.environ["LABNET_DOCKER_DATA"] = str(folder / "another")
    (folder / "another").mkdir()
    second = run(dockerd, "true")
    assert (second.returncode, second.stderr) == (
        3,
        "labnet: another scripts/dockerd is running\n",
    )
    assert rules() == during != beside
    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE)
    assert output == ""  # and nobody can write there: `sleep` has ended too
    assert process.returncode == 128 + signal.SIGTERM
    assert difference(before, census()) == []


def terminal(dockerd: str, _: Path) -> None:
    """There, Ctrl-C reaches the command once and the daemon not, and the command has its input."""
    pid, fd = pty.fork()
    if not pid:
        os.execv(dockerd, [dockerd, sys.executable, "-c", COMMAND])
    output = until(fd, "ready")
    os.write(fd, b"\x03")
    output += until(fd, "interrupted")
    os.write(fd, b"a word\n")
    output += until(fd, "")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7, output
    assert "got a word" in output
    assert output.count("interrupted") == 1


def until(fd: int, word: str) -> str:
    """What a terminal shows up to a word, or to its end."""
    output = ""
    while not word or word not in output:
        try:
            output += os.read(fd, 4096).decode()
        except OSError:  # nobody has it open any more
            assert not word, output
            break
    return output


def drop(dockerd: str, folder: Path) -> None:
    """Where nothing forwarded packets before, there is FORWARD DROP, and a lab beside it works."""
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0", encoding="ascii")
    command = (dockerd, sys.executable, __file__, "beside_drop", dockerd, str(folder))
    done = run(*command)
    assert done.returncode == 0, done.stderr


def beside_drop(_: str, __: Path) -> None:
    """The part of `drop` beside the daemon."""
    before = rules()
    assert ":FORWARD DROP" in before.partition("*nat")[0]
    lab = lab_up(topology("two-node.yaml"))
    pods: Sequence[str] = [pod.name for pod in lab.cluster.pods]
    assert all(lab.pings(pod, lab.ip(other)) for pod in pods for other in pods)
    assert rules() == before
    agent.down(lab.name)
    assert rules() == before


if __name__ == "__main__":
    CASES = {case.__name__: case for case in (leavings, foreign, settings, signals, terminal, drop)}
    {**CASES, "beside_drop": beside_drop}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
