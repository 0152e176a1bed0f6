"""The command line as such: help, exit statuses, and what is said when something goes wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from labnet import __version__
from labnet.cli.failures import explanation, run
from labnet.cli.root import COMMANDS, root
from labnet.errors import Failed, InputError, MachineError, Problem, Problems


HEAVY = {"asyncio", "jinja2", "labnet.agent", "labnet.kernel", "labnet.model", "pyroute2", "yaml"}


def labnet(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A whole process."""
    command = [sys.executable, "-m", "labnet", *words]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize("words", ["", "up", "get", "rules", "exec"])
def test_help_is_what_it_was(golden: Callable[[str, str], None], words: str) -> None:
    """People read it, so a change is made on purpose."""
    result = CliRunner(env={"COLUMNS": "80"}).invoke(
        root, [*words.split(), "--help"], prog_name="labnet"
    )
    assert result.exit_code == 0
    golden(f"help-{words or 'labnet'}.txt", result.output)


def test_every_command_is_where_the_table_says() -> None:
    """Each entry can be imported, and its name and help are the table's."""
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_help_imports_next_to_nothing() -> None:
    """`labnet --help` pays for click and for no room but its own."""
    code = (
        "import sys; sys.argv = ['labnet', '--help']\n"
        "from labnet.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "labnet.cli.root" in loaded
    assert not loaded & HEAVY


def test_the_version_is_the_packages() -> None:
    """And nothing else is printed."""
    assert labnet("--version").stdout == f"labnet {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Usage: labnet"),
        ("gett pods", "No such command 'gett'. Did you mean get?"),
        ("up", "Missing argument 'FILE...'"),
        ("up x.yaml --timeout soon", "'soon' is no duration like 500ms, 60s or 2m."),
        ("plan x.yaml --set nodes", "'nodes' is not KEY=VALUE."),
        ("plan x.yaml -o xml", "'xml' is not one of"),
        ("get", "Missing argument"),
        ("exec web-1", "Missing argument 'CMD...'"),
        ("completion tcsh", "'tcsh' is not one of"),
    ],
)
def test_wrong_usage_is_2(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With a line that says what is wrong, on standard error."""
    assert run(words.split()) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_command_that_nobody_meant_is_only_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Far from any name there is no guess."""
    assert run(["zzzzzz"]) == 2
    assert "Did you mean" not in capsys.readouterr().err


PROBLEM = Problem("lab.yaml", 3, "spec.nodes", "is missing")


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Failed("iptables-restore failed"), 1, "labnet: iptables-restore failed"),
        (InputError("no lab x is running"), 2, "labnet: no lab x is running"),
        (MachineError("no nginx"), 3, "labnet: no nginx"),
        (
            Problems([PROBLEM]),
            2,
            "lab.yaml:3: spec.nodes: is missing\n1 problem; nothing was touched",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "/run/labnet/x"),
            3,
            "labnet: /run/labnet/x: No space left on device; make room",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/run/x"),
            3,
            "labnet: /run/x: Permission denied; root is needed",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            3,
            "labnet: Too many open files; raise the limit: `ulimit -n 1048576`",
        ),
        (OSError(errno.EIO, "Input/output error", "f"), 1, "labnet: f: Input/output error"),
        (MemoryError(), 3, "labnet: this machine has no memory left for it"),
        (
            KeyError(),
            1,
            "labnet: internal error: KeyError: (please report; LABNET_DEBUG=1 shows the traceback)",
        ),
    ],
)
def test_what_went_wrong_is_said(error: Exception, status: int, text: str) -> None:
    """Each class of error has its status and its words."""
    assert explanation(error) == (status, text)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """`broken(error)`: every command raises it."""

    def breaks(error: BaseException) -> None:
        """Raise it instead of running."""

        def main(*_: object, **__: object) -> None:
            """What click would call."""
            raise error

        monkeypatch.setattr(root, "main", main)

    return breaks


def test_a_bug_shows_no_traceback(
    broken: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless it is asked for."""
    broken(ZeroDivisionError("by zero"))
    monkeypatch.delenv("LABNET_DEBUG", raising=False)
    assert run([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("labnet: internal error: ZeroDivisionError: by zero (")
    assert said.count("\n") == 1
    monkeypatch.setenv("LABNET_DEBUG", "1")
    assert run([]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interrupt_is_130(
    broken: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a line and no traceback."""
    broken(KeyboardInterrupt())
    assert run([]) == 130
    assert capsys.readouterr().err == "labnet: interrupted\n"


def test_nobody_listening_is_no_error() -> None:
    """`labnet … | head` is quiet when head has seen enough."""
    code = "import sys; from labnet.cli import main; sys.argv = ['labnet', '--help']; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_a_message_says_to_type_is_how_it_was_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a checkout it is scripts/labnet, relative to where one is."""
    from labnet.cli.program import program_name, to_type  # noqa: PLC0415  # beside what it tests

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/labnet"), "ls"])
    monkeypatch.setenv("SUDO_USER", "me")
    assert program_name() == "scripts/labnet"
    assert to_type("get", "pods") == "sudo scripts/labnet get pods"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/labnet"])
    monkeypatch.delenv("SUDO_USER")
    assert to_type("ls") == "labnet ls"


def test_a_launcher_in_path_is_called_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the VM a link leads to the checkout's; a labnet of somebody else's does not."""
    from labnet.cli.program import program_name  # noqa: PLC0415  # beside what it tests

    launcher = tmp_path / "scripts/labnet"
    launcher.parent.mkdir()
    launcher.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/labnet"), "ls"])
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin/labnet").symlink_to(launcher)
    assert program_name() == "labnet"
    (tmp_path / "bin/labnet").unlink()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/labnet").touch(mode=0o755)
    (tmp_path / "bin/labnet").symlink_to(tmp_path / ".venv/bin/labnet")
    assert program_name() == "labnet"
    (tmp_path / "bin/labnet").unlink()
    (tmp_path / "bin/labnet").touch(mode=0o755)
    assert program_name() == str(launcher)
