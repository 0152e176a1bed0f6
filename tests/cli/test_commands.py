"""Commands that need no kernel, and what the others print."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import click
import pytest

from cli.views import BORN, LAB, view
from labnet.agent import Outcome
from labnet.cli import doctor
from labnet.cli.failures import run
from labnet.cli.ls import labs_table
from labnet.cli.progress import Progress
from labnet.cli.summary import contents, first_steps, is_new, up_line
from labnet.compile import compile_state
from labnet.errors import Problem
from labnet.kernel.probes import Finding
from labnet.plan import Op, Plan, Verb, plan
from labnet.state import Netns, State


NODES = "spec: {nodes: [{name: n1}]}\n"
MINIMAL = "apiVersion: labnet.dev/v1\nkind: Lab\nmetadata: {name: tiny}\n" + NODES


@pytest.fixture
def lab_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab file in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lab.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path


def test_a_right_file_is_valid(lab_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is in it."""
    assert run(["validate", lab_file.name]) == 0
    assert capsys.readouterr().out == "lab.yaml is valid: 1 node\n"


def test_a_wrong_file_says_all_that_is_wrong(
    lab_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, the lines as they are, and nothing on standard output."""
    lab_file.write_text(MINIMAL.replace("n1", "N1").replace("tiny", "Tiny"), encoding="utf-8")
    assert run(["validate", "lab.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "lab.yaml:3: metadata.name: 'Tiny'" in printed.err
    assert "lab.yaml:4: spec.nodes[0].name: 'N1'" in printed.err
    assert printed.err.endswith("2 problems; nothing was touched\n")


def test_a_verdict_for_programs(lab_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON, with the same statuses."""
    assert run(["validate", "lab.yaml", "-o", "json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict == {"valid": True, "lab": "tiny", "problems": [], "warnings": []}
    lab_file.write_text(MINIMAL.replace("n1", "N1"), encoding="utf-8")
    assert run(["validate", "lab.yaml", "-o", "json"]) == 2
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["valid"], verdict["lab"]) == (False, None)
    (problem,) = verdict["problems"]
    assert (problem["file"], problem["line"], problem["path"]) == (
        "lab.yaml",
        4,
        "spec.nodes[0].name",
    )


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Is input that is wrong, whatever the command."""
    for command in ("validate", "plan"):
        assert run([command, "/nowhere/lab.yaml"]) == 2
        assert "/nowhere/lab.yaml" in capsys.readouterr().err


def test_warnings_go_to_standard_error(lab_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What labnet does not act on is named, and does not make the file wrong."""
    pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  priority: 1\n"
    text = f"{MINIMAL}{pod}  containers: [{{name: c, image: pause}}]\n"
    lab_file.write_text(text, encoding="utf-8")
    assert run(["validate", "lab.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "lab.yaml is valid: 1 node, 1 pod\n"
    assert printed.err.startswith("warning: lab.yaml:10: spec.priority")


def test_a_plan_in_three_formats(lab_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text for a person, JSON for a program, sh for a shell; none needs the lab to be up."""
    assert run(["plan", lab_file.name]) == 0
    text = capsys.readouterr().out
    assert text.startswith("+ netns tiny._segment  # Lab tiny (lab.yaml:1)\n")
    assert run(["plan", "lab.yaml", "-o", "json"]) == 0
    operations = json.loads(capsys.readouterr().out)
    assert operations[0]["key"] == ["tiny._segment"]
    assert f"Plan: {len(operations)} to add" in text
    assert run(["plan", "lab.yaml", "-o", "sh"]) == 0
    script = capsys.readouterr().out
    assert script.startswith("#!/bin/sh\n")
    assert "\nip netns add tiny._segment\n" in script


def test_completion_is_clicks(capsys: pytest.CaptureFixture[str]) -> None:
    """A script for each of the three shells."""
    for shell in ("zsh", "fish"):
        assert run(["completion", shell]) == 0
        assert "_LABNET_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "labnet ",
            ["up", "plan", "down", "ls", "get", "describe", "rules", "logs", "exec", "shell"],
        ),
        ("labnet v", ["validate"]),
        ("labnet get po", ["pods"]),
        ("labnet describe s", ["services", "statefulsets", "secrets"]),
        ("labnet get pods -o y", ["yaml"]),
    ],
)
def test_completion_completes(
    line: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands, kinds and formats, in the order of their tables."""
    typed = line.split(" ")
    monkeypatch.setenv("_LABNET_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(filter(None, typed)))
    monkeypatch.setenv("COMP_CWORD", str(len(typed) - 1))
    with pytest.raises(SystemExit):
        run([])
    offered = [word.partition(",")[2] for word in capsys.readouterr().out.split()]
    assert offered[: len(words)] == words


def outcome(changes: Plan, seconds: float = 0.214) -> Outcome:
    """What `up` has done to the lab of these tests."""
    return Outcome("show", changes, (), view().cluster, seconds)


def test_the_summary_counts_what_is_there() -> None:
    """Singular and plural, and nothing that there is none of."""
    cluster = view().cluster
    assert contents(cluster) == "2 nodes, 1 host, 6 pods, 1 container"
    one = (Op(Verb.ADD, Netns("show.x", "pod/default/x"), "why"),)
    assert up_line(outcome(one)) == f"show is up: {contents(cluster)} (1 operation, 0.21 s)"
    assert up_line(outcome(())) == "show is already as the files say (0.21 s)"


def test_first_steps_are_for_new_labs() -> None:
    """Commands that work as they stand: a pod, and one on another node to ping."""
    cluster = view().cluster
    changes = plan(compile_state(cluster), State())
    assert is_new(outcome(changes))
    assert not is_new(outcome(changes[-1:]))
    steps = first_steps(outcome(changes)).splitlines()
    assert steps[0] == "Try:"
    assert all(step.startswith(("  labnet ", "  sudo ")) for step in steps[1:])
    assert steps[-1].endswith("down show")
    (ping,) = [step for step in steps if " ping " in step]
    name = ping.split("exec ")[1].split()[0].removeprefix("container/")
    here = next(pod for pod in cluster.pods if pod.name == name)
    there = next(pod for pod in cluster.pods if str(pod.ips[0]) == ping.split()[-1])
    assert here.node != there.node


def test_labs_in_a_table() -> None:
    """One that is broken has no numbers, but says why."""
    whole = {
        "name": "a",
        "status": "Up",
        "since": "2023-11-14T22:13:20Z",
        "nodes": 2,
        "hosts": 0,
        "pods": 3,
        "containers": 0,
        "files": ["a.yaml"],
    }
    broken = {"name": "b", "status": "Broken", "since": whole["since"], "message": "is damaged"}
    assert labs_table([whole, broken], BORN + 10) == (
        "NAME   STATUS   NODES   HOSTS   PODS   CONTAINERS   AGE   FILES\n"
        "a      Up       2       0       3      0            10s   a.yaml\n"
        "b      Broken   -       -       -      -            10s   is damaged\n"
    )


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It does."""
        return True


OP = Op(Verb.ADD, Netns("show.web-1", "pod/default/web-1"), "why")


def progress_of(stream: io.StringIO, seconds: list[float]) -> str:
    """What is printed when operations are done at these times after the start."""
    times = iter([0.0, *seconds])
    progress = Progress("show", stream, lambda: next(times))
    progress.planned((OP,) * 4)
    for _ in seconds:
        progress.advance(OP)
    progress.close()
    return stream.getvalue()


def test_short_work_shows_no_progress() -> None:
    """Half a second is no time."""
    assert progress_of(Terminal(), [0.1, 0.2, 0.3, 0.49]) == ""
    assert progress_of(io.StringIO(), [0.1, 0.2, 0.3, 0.49]) == ""


def test_long_work_shows_a_bar_on_a_terminal() -> None:
    """It is drawn in place and gone at the end."""
    text = progress_of(Terminal(), [0.1, 0.6, 0.61, 0.8])
    frames = text.split("\r\x1b[K")
    assert frames == [
        "",
        "show [############............] 2/4 netns show.web-1",
        "show [########################] 4/4 netns show.web-1",
        "",
    ]


def test_long_work_says_so_elsewhere() -> None:
    """A line a second at most."""
    text = progress_of(io.StringIO(), [0.6, 1.0, 1.5, 1.7])
    assert text == "labnet: show: 1/4 operations\nlabnet: show: 4/4 operations\n"


def test_waiting_for_another_is_said() -> None:
    """At once, on any stream."""
    stream = io.StringIO()
    Progress("show", stream).waiting()
    assert stream.getvalue() == "labnet: show: another labnet is changing it; waiting\n"


FINDINGS = [
    Finding("veth", "ok"),
    Finding("vxlan", "warn", "Operation not supported", "modprobe vxlan"),
    Finding("iptables", "missing", "not installed", "apt-get install iptables"),
]


@pytest.mark.parametrize(("count", "status"), [(2, 0), (3, 3)])
def test_doctor_says_whether_labs_can_run(
    count: int,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning does not keep them from it; what is missing does, and is 3."""
    monkeypatch.setattr(doctor, "examine", lambda: FINDINGS[:count])
    assert run(["doctor"]) == status
    text = capsys.readouterr().out
    assert "warn     vxlan" in text
    assert "→ modprobe vxlan\n" in text
    assert ("cannot run labs yet; missing: iptables" in text) == bool(status)
    assert run(["doctor", "-o", "json"]) == status
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["able"] == (not status)
    assert verdict["checks"][1] == {
        "name": "vxlan",
        "verdict": "warn",
        "detail": "Operation not supported",
        "remedy": "modprobe vxlan",
    }


def test_a_report_lines_up() -> None:
    """Names below each other, and what helps below the detail."""
    lines = [click.unstyle(line) for line in doctor.report(FINDINGS[:2])]
    assert lines == [
        "ok       veth",
        "warn     vxlan  Operation not supported",
        "                → modprobe vxlan",
        "This machine can run labs.",
    ]


def test_the_lab_of_these_tests_has_no_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that what the formatters show is all of it."""
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    assert run(["validate", str(tmp_path / "lab.yaml")]) == 0
    assert capsys.readouterr().err == ""
    assert str(Problem("f", 1, "", "x")) == "f:1: x"


def test_the_first_steps_lead_where_one_can_go() -> None:
    """From a pod to another pod: nobody reaches the docker0 of another node."""
    cluster = view().cluster
    steps = first_steps(Outcome("show", (), cluster=cluster))
    assert "ping -c 1 172.17." not in steps
    assert "ping -c 1 10.244." in steps
    one = replace(cluster, pods=tuple(pod for pod in cluster.pods if pod.kind == "Container"))
    assert "exec container/cache -- ip addr" in first_steps(Outcome("show", (), cluster=one))
