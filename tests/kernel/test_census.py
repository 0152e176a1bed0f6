"""The census finds what a lab could leave behind: nothing is proved by one that finds nothing."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from census import Census, census, difference


pytestmark = pytest.mark.kernel


CASES = {
    "link": (["ip link add census0 type bridge"], ["ip link delete census0"]),
    "address": (["ip address add 127.9.9.9/32 dev lo"], ["ip address delete 127.9.9.9/32 dev lo"]),
    "IPv4 route": (
        ["ip route add blackhole 203.0.113.0/24"],
        ["ip route delete blackhole 203.0.113.0/24"],
    ),
    "IPv6 route": (
        ["ip -6 route add blackhole 2001:db8:9::/48"],
        ["ip -6 route delete blackhole 2001:db8:9::/48"],
    ),
    "sysctl": (
        ["sysctl net.ipv4.conf.lo.accept_local=1"],
        ["sysctl net.ipv4.conf.lo.accept_local=0"],
    ),
    "IPv4 rule": (["ip rule add pref 99 to 203.0.113.1"], ["ip rule delete pref 99"]),
    "neighbour": (
        [
            "ip link add census0 type bridge",
            "ip neighbour add 203.0.113.1 lladdr 02:00:00:00:00:01 nud permanent dev census0",
        ],
        ["ip link delete census0"],
    ),
    "iptables": (
        ["iptables -t mangle -N CENSUS"],
        ["iptables -t mangle -X CENSUS", "nft flush ruleset"],
    ),
    "nftables": (["nft add table inet census"], ["nft delete table inet census"]),
    "named network namespace": (
        ["ip netns add census"],
        ["ip netns delete census", "umount /run/netns"],
    ),
    "mount": (["mount -t tmpfs census /mnt"], ["umount /mnt"]),
    "scratch file": (["mkdir /tmp/labnet-census"], ["rmdir /tmp/labnet-census"]),
    "file": (
        ["mkdir -p /run/labnet/census"],
        ["rmdir /run/labnet/census", "rmdir --ignore-fail-on-non-empty /run/labnet"],
    ),
}


IN_A_NAMESPACE = """
import json, subprocess, sys
from census import census, difference

def run(lines):
    for line in lines:
        subprocess.run(line.split(), check=True, stdout=subprocess.DEVNULL)
    return census()

make, unmake = json.load(sys.stdin)
before, during, after = census(), run(make), run(unmake)
pairs = (before, during), (during, after), (before, after)
json.dump([difference(*pair) for pair in pairs], sys.stdout)
"""


@pytest.mark.parametrize("kind", CASES)
def test_finds(kind: str) -> None:
    """Each kind of thing is found when it appears, and nothing is left to say when it is gone.

    It happens in namespaces of its own: the machine is not to be touched, and whatever else starts
    on it is not to be seen.
    """
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"]
    result = subprocess.run(
        [*unshare, sys.executable, "-c", IN_A_NAMESPACE],
        cwd=Path(__file__).parent.parent,
        input=json.dumps(CASES[kind]),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    appeared, vanished, left = (
        {line.split(": ", 1)[0] for line in lines} for lines in json.loads(result.stdout)
    )
    assert appeared & {f"{kind} appeared", f"{kind} changed"}
    assert vanished & {f"{kind} vanished", f"{kind} changed"}
    assert not left


@pytest.mark.parametrize("namespace", ["--net", "--pid"])
def test_finds_a_process_in_a_namespace(namespace: str) -> None:
    """A process in a namespace of its own counts, whoever its parent is."""
    before = census()
    command = ["unshare", "--fork", namespace, "--kill-child", "sh", "-c", "echo ready; exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        during = census()
        process.communicate()
    assert any(" appeared: " in line and " cat " in line for line in difference(before, during))
    assert difference(before, census()) == []


ORPHAN = (
    "import os, sys; os.fork() and os._exit(0); print(os.getpid(), flush=True); sys.stdin.read()"
)


def test_finds_an_orphan_of_a_test() -> None:
    """A process that lost its parent is found by the mark that it inherited from the test."""
    before = census()
    command = [sys.executable, "-I", "-c", ORPHAN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.wait()
        during = census()
        exit_ = os.pidfd_open(pid)
        process.communicate()
        select.select([exit_], [], [], 10)
        os.close(exit_)
    assert any(f"process appeared: {pid} " in line for line in difference(before, during))
    assert difference(before, census()) == []


def test_a_child_of_the_test_is_its_own_affair() -> None:
    """A process that the test still holds, and that shares its namespaces, is no difference."""
    before = census()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        during = census()
        process.communicate()
    assert difference(before, during) == []


def test_a_module_brings_its_sysctls() -> None:
    """Sysctls that came with a kernel module are not held against a test; changed ones are."""
    before = Census({"sysctl": {"net/a": "0"}}, frozenset())
    after = Census({"sysctl": {"net/a": "1", "net/b": "0"}}, frozenset({"b"}))
    assert difference(before, after) == ["sysctl changed: net/a: 0 -> 1"]
    log = "net/netfilter/nf_log/"
    nobody = Census({"sysctl": {f"{log}2": "NONE", f"{log}3": "one"}}, frozenset())
    loggers = Census({"sysctl": {f"{log}2": "nf_log_ipv4", f"{log}3": "two"}}, frozenset({"b"}))
    assert difference(nobody, loggers) == [f"sysctl changed: {log}3: one -> two"]
    unexplained = Census(after.things, frozenset())
    assert "sysctl appeared: net/b 0" in difference(before, unexplained)


def test_a_file_that_is_often_written_anew_has_to_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A renewed lease is the machine's own affair; another name server is not."""
    file = tmp_path / "labnet-resolv.conf"
    file.write_text("nameserver 192.0.2.1", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("census._RENEWED", (str(file),))
        before = census([str(tmp_path)])
        file.write_text("nameserver 192.0.2.1", encoding="utf-8")
        assert difference(before, census([str(tmp_path)])) == []
        file.write_text("nameserver 192.0.2.2", encoding="utf-8")
        (line,) = difference(before, census([str(tmp_path)]))
    assert "192.0.2.1' -> " in line
    assert line.endswith("192.0.2.2'")
