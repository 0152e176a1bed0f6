"""scripts/vagrant-ci when something fails, or somebody ends it: the VM goes, and it says so.

The namespaces, signals and processes are real; Vagrant, libvirt and the VM are played, since a real
one takes minutes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from labs import SLOW
from source import ROOT


pytestmark = [pytest.mark.kernel, pytest.mark.root]

ACTOR = ROOT / "tests" / "vm" / "actor"
PLAYED = (
    *("dnsmasq", "libvirtd", "qemu-img", "qemu-system-x86_64"),
    *("rsync", "ssh", "uname", "vagrant", "virsh"),
)
PATIENCE = 60 * SLOW  # seconds

_INSTALLED = """
layers=$STAGE/layers
mkdir -p "$layers"
mount -t tmpfs tmpfs "$layers"
for folder in etc var; do
    mkdir -p "$layers/$folder/"{work,upper/{,lib,cache,log}/libvirt}
    options=lowerdir=/$folder,upperdir=$layers/$folder/upper,workdir=$layers/$folder/work
    mount -t overlay -o "$options" overlay "/$folder"
done
exec "$0" "$@"
"""
"""Runs a command on a machine that has the folders which libvirt's packages bring."""


@dataclass(frozen=True)
class Stage:
    """A machine whose Vagrant is played, and the folder with all that is of the play."""

    folder: Path

    @contextmanager
    def running(self, *words: str, **scene: str) -> Iterator[subprocess.Popen[str]]:
        """The script, as the leader of a process group as a terminal makes it."""
        script = ROOT / "scripts" / "vagrant-ci"
        command = ["unshare", "--mount", "bash", "-euc", _INSTALLED, str(script), *words]
        env = {
            **os.environ,
            **{name.upper(): text for name, text in scene.items()},
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "STAGE": str(self.folder),
            "LABNET_BOX": "",
            "VAGRANT_HOME": str(self.folder / "home"),
        }
        with subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def ended(self, *words: str, **scene: str) -> tuple[int, str]:
        """The status of a run that nobody ends, and what it said."""
        with self.running(*words, **scene) as process:
            output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def log(self) -> list[str]:
        """What was played until now."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def await_log(self, line: str) -> None:
        """Wait until something is played."""
        deadline = time.monotonic() + PATIENCE
        while line not in self.log():
            assert time.monotonic() < deadline, f"no {line}: {self.log()}"
            time.sleep(0.01)

    def players(self) -> dict[int, str]:
        """The processes that play, each with its command."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(FileNotFoundError, ProcessLookupError):
                text = path.read_text(encoding="utf-8", errors="replace").replace("\0", " ")
                if f"{self.folder}/bin/" in text:
                    found[int(path.parent.name)] = text
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """All programs, and a box."""
    (tmp_path / "bin").mkdir()
    for name in PLAYED:
        (tmp_path / "bin" / name).symlink_to(ACTOR)
    (tmp_path / "home/boxes/labnet-VAGRANTSLASH-bookworm64/0/libvirt").mkdir(parents=True)
    os.mkfifo(tmp_path / "nothing")
    return Stage(tmp_path)


@pytest.mark.parametrize("library", ["", ", libbpf 1.1.2"])
def test_all_is_well(stage: Stage, library: str) -> None:
    """Topologies, tests, the end of the VM, and a summary of all that."""
    status, output = stage.ended(library=library)
    assert (status, stage.log()) == (0, ["up", "topologies", "tests", "destroy"]), output
    *_, summary = output.partition("\n\n")
    for line in (
        "the VM +Debian, Linux 6.1.0, 2 CPUs",
        "its tools +Python 3.11.2, iproute2-6.1.0, nft 1",
        "by +Vagrant 2.3.4, libvirt 9.0.0, qemu 7.2.22, without KVM",
        "topologies +ok, .*\n    1 topologies, 0 failed",
        "kernel tests +ok, .*\n    7 passed in 3s",
        "vagrant destroy +ok, ",
    ):
        assert re.search(f"^{line}", summary, re.MULTILINE), output


@pytest.mark.parametrize(
    ("scene", "log"),
    [
        ("up", ["up", "destroy"]),
        ("look", ["up", "destroy"]),
        ("topologies", ["up", "topologies", "tests", "destroy"]),
        ("tests", ["up", "topologies", "tests", "destroy"]),
        ("destroy", ["up", "topologies", "tests", "destroy"]),
    ],
)
def test_a_failure_is_the_status(stage: Stage, scene: str, log: list[str]) -> None:
    """What does not depend on what failed is done, and the VM goes in any case."""
    status, output = stage.ended(fails=scene)
    assert (status, stage.log()) == (1, log), output
    names = {
        "up": "vagrant up",
        "look": "the VM",
        "tests": "kernel tests",
        "destroy": "vagrant destroy",
    }
    assert re.search(f"^{names.get(scene, scene)} +FAILED with ", output, re.MULTILINE), output
    assert "interrupted" not in output
    assert not stage.players()


@pytest.fixture
def hidden() -> Iterator[Path]:
    """A folder in /run, where the script mounts something of its own."""
    with TemporaryDirectory(dir="/run") as folder:
        yield Path(folder)


def test_a_topology_from_anywhere_is_the_one_that_is_tried(
    stage: Stage, tmp_path: Path, hidden: Path
) -> None:
    """Also two of one name, and without the tests if one likes."""
    files = [tmp_path / "one" / "lab.yaml", hidden / "two" / "lab.yaml"]
    for path in files:
        path.parent.mkdir()
        path.write_text(path.parent.name, encoding="utf-8")
    words = [word for path in files for word in ("--topology", str(path))]
    status, output = stage.ended(*words, "--no-tests")
    assert (status, stage.log()) == (0, ["up", "topologies", "destroy"]), output
    with tarfile.open(stage.folder / "topologies.tar") as archive:
        sent = [archive.extractfile(one) for one in archive if one.isfile()]
        assert sorted(file.read() for file in sent if file) == [b"one", b"two"]


def test_vagrant_without_its_provider_is_3(stage: Stage) -> None:
    """It would be found out by `vagrant up`, in many lines."""
    status, output = stage.ended(fails="provider")
    assert (status, stage.log()) == (3, [])
    assert "please install vagrant-libvirt" in output.splitlines()[-1]


@pytest.mark.parametrize("scene", ["up", "topologies", "tests"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_whoever_ends_it_ends_the_vm(stage: Stage, scene: str, name: str) -> None:
    """At once, not when what runs in it has ended; a terminal tells every process of it."""
    number = signal.Signals[name]
    with stage.running(hangs=scene) as process:
        stage.await_log(scene)
        if name == "SIGTERM":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == (130 if name == "SIGINT" else 143), output
    assert (stage.log()[-2:], (stage.folder / "domain").exists()) == ([scene, "destroy"], False), (
        output
    )
    assert re.search("^interrupted +by signal 15", output, re.MULTILINE), output
    assert not stage.players()


def test_a_signal_at_any_instant_is_heeded(stage: Stage) -> None:
    """Also before the first process of the namespaces has begun to listen."""
    for hundredths in range(0, 60, 3):
        with stage.running(hangs="up") as process:
            time.sleep(hundredths / 100)  # the instant is what is tested
            process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode in {143, -signal.SIGTERM}, output
        assert not (stage.folder / "domain").exists()
        assert not stage.players()


@pytest.mark.parametrize("scene", ["up", "topologies"])
def test_nothing_survives_kill_9(stage: Stage, scene: str) -> None:
    """The kernel ends what is in the namespaces, the VM too."""
    with stage.running(hangs=scene) as process:
        stage.await_log(scene)
        process.kill()
        process.communicate(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while stage.players():
        assert time.monotonic() < deadline, stage.players()
        time.sleep(0.01)


def test_what_is_killed_in_it_has_failed(stage: Stage) -> None:
    """As when the machine has no memory left for Vagrant."""
    with stage.running(hangs="up") as process:
        stage.await_log("up")
        (pid,) = [pid for pid, line in stage.players().items() if "bin/vagrant --no-tty up" in line]
        os.kill(pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stage.log()) == (1, ["up", "destroy"]), output
    assert "interrupted" not in output
