"""What commands make of their arguments: words, durations, settings, targets, privilege."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import pytest

from cli.views import LAB, view
from labnet import agent
from labnet.cli import labs, privilege
from labnet.cli.failures import run
from labnet.cli.inside import execute, process_of, shell_words
from labnet.cli.options import parse_duration, parse_setting
from labnet.cli.root import root
from labnet.cli.targets import find_target, target_words
from labnet.errors import InputError, MachineError


@pytest.mark.parametrize(
    ("line", "target", "command", "rest"),
    [
        ("web ls", "web", "ls", {}),
        ("web -- ls -l", "web", "ls -l", {}),
        ("web ls -l", "web", "ls -l", {}),
        ("web ls -l -- -n x", "web", "ls -l -- -n x", {}),
        ("web -c http -- ls -c x", "web", "ls -c x", {"container": "http"}),
        ("-c http web ls", "web", "ls", {"container": "http"}),
        ("web -chttp ls -chttp", "web", "ls -chttp", {"container": "http"}),
        ("--container=http web ls", "web", "ls", {"container": "http"}),
        ("--container http web ls", "web", "ls", {"container": "http"}),
        ("-it web sh", "web", "sh", {"stdin": True, "tty": True}),
        ("-itc http web sh", "web", "sh", {"container": "http", "tty": True}),
        ("-n shop -l lab web -- sh", "web", "sh", {"namespace": "shop", "lab": "lab"}),
        ("-- web ls -l", "web", "ls -l", {}),
        ("web - x", "web", "- x", {}),
        ("web -- --help", "web", "--help", {}),
    ],
)
def test_a_command_keeps_its_own_options(
    line: str, target: str, command: str, rest: dict[str, object]
) -> None:
    """Whether or not there is a `--`, as with kubectl and docker."""
    params = execute.make_context("exec", line.split(), **root.context_settings).params
    assert params["target"] == target
    assert " ".join(params["command"]) == command
    assert {key: params[key] for key in rest} == rest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("60s", 60), ("2m", 120), ("1m30s", 90), ("1.5h", 5400), ("7", 7)],
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    """And a bare number is seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "1d", "1s2", "ten"])
def test_other_durations_are_refused(text: str) -> None:
    """With examples of what is one."""
    with pytest.raises(click.BadParameter, match="no duration like"):
        parse_duration(text)


def test_settings_have_a_name_and_a_value() -> None:
    """The value may be empty and have an equals sign."""
    assert parse_setting("a=") == ("a", "")
    assert parse_setting("a_1=b=c") == ("a_1", "b=c")
    for text in ("a", "=b", "a-b=c", "1=2"):
        with pytest.raises(click.BadParameter):
            parse_setting(text)


@pytest.mark.parametrize(
    ("text", "namespace", "label"),
    [
        ("web-1", "", "web-1"),
        ("pod/web-1", "", "web-1"),
        ("po/web-1", "", "web-1"),
        ("default/web-1", "", "web-1"),
        ("node/node1", "", "node1"),
        ("no/node1", "", "node1"),
        ("host/client", "", "client"),
        ("container/cache", "", "cache"),
        ("statefulset/db", "", "db-0"),
        ("sts/db", "", "db-0"),
        ("deployment/shop", "shop", "shop/shop-6cd88d6699-678gk"),
        ("deploy/shop", "shop", "shop/shop-6cd88d6699-678gk"),
        ("shop/deployment/shop", "", "shop/shop-6cd88d6699-678gk"),
        ("rs/shop-6cd88d6699", "shop", "shop/shop-6cd88d6699-678gk"),
        ("deployment.apps/shop", "shop", "shop/shop-6cd88d6699-678gk"),
    ],
)
def test_targets_are_found(text: str, namespace: str, label: str) -> None:
    """In every way that the contract and kubectl have to say it."""
    assert find_target(view().cluster, text, namespace).label == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web-2", "lab show has no web-2; did you mean web-1?"),
        ("node1", "lab show has no node1; did you mean node/node1?"),
        ("client", "did you mean host/client?"),
        ("cache", "did you mean container/cache?"),
        ("node/node3", "did you mean node/node"),
        ("deployment/shop", "lab show has no deployment/shop"),
        ("configmap/settings", "lab show has no configmap/settings"),
        ("nowhere/web-1", "did you mean web-1?"),
        ("zzzzzzzz", "there are agent-kd884, agent-xbbdq, container/cache, "),
        ("", "lab show has no "),
        ("/", "lab show has no /"),
    ],
)
def test_what_is_nowhere_has_neighbours(text: str, said: str) -> None:
    """The message has what was meant, or what there is."""
    with pytest.raises(InputError) as caught:
        find_target(view().cluster, text)
    assert said in str(caught.value)


def test_every_target_that_is_offered_is_one() -> None:
    """What an error lists can be typed."""
    cluster = view().cluster
    for word in target_words(cluster):
        assert find_target(cluster, word).netns


def test_a_container_is_picked_by_name_or_as_the_first() -> None:
    """Not an init container, unless it is asked for."""
    target = find_target(view().cluster, "web-1")
    assert [target.container(name).name for name in ("", "idle", "wait")] == [  # type: ignore[union-attr]  # it is a pod
        "http",
        "idle",
        "wait",
    ]
    with pytest.raises(InputError, match="has no container x; it has wait, http, idle"):
        target.container("x")
    node = find_target(view().cluster, "node/node1")
    assert node.container() is None
    with pytest.raises(InputError, match="is a machine and has no containers"):
        node.container("x")


def test_a_process_is_what_compile_made() -> None:
    """`exec` knows a container by the key that the runtime was given."""
    cluster = view().cluster
    target = find_target(cluster, "web-1")
    http, idle = target.container("http"), target.container("idle")
    assert http is not None
    assert idle is not None
    process = process_of(cluster, target, http)
    assert process.key == ("process", "show.web-1", "pod/default/web-1", "http")
    assert process.argv == http.argv
    assert process_of(cluster, target, idle).argv == ("pause",)


def test_a_shell_leaves_the_prompt_alone() -> None:
    """Bash would take PS1 from its files, if it read them."""
    assert shell_words()[:3] == ("bash", "--noprofile", "--norc")


def capabilities(missing: list[str], uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a process with a user and without some capabilities."""
    monkeypatch.setattr(privilege, "missing_capabilities", lambda: missing)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/labnet", "up", "my lab.yaml"])


def test_root_is_asked_for_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command to type."""
    capabilities(["CAP_SYS_ADMIN"], 1000, monkeypatch)
    with pytest.raises(MachineError) as caught:
        privilege.require_root("up")
    assert str(caught.value) == "labnet up needs root: run `sudo labnet up 'my lab.yaml'`"


def test_a_root_without_capabilities_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container; sudo would not help."""
    capabilities(["CAP_NET_ADMIN", "CAP_SYS_ADMIN"], 0, monkeypatch)
    with pytest.raises(MachineError, match="CAP_NET_ADMIN and CAP_SYS_ADMIN, which this root has"):
        privilege.require_root("up")
    capabilities([], 1000, monkeypatch)
    privilege.require_root("up")


@pytest.mark.parametrize(
    "line",
    [
        "up lab.yaml",
        "down",
        "ls",
        "get pods",
        "describe pod x",
        "exec x -- y",
        "shell x",
        "logs x",
    ],
)
def test_without_root_it_is_3(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read or touched."""
    capabilities(["CAP_SYS_ADMIN"], 1000, monkeypatch)
    monkeypatch.setattr(agent, "lab_names", None)
    assert run(line.split()) == 3
    said = capsys.readouterr().err
    assert said.startswith(
        f"labnet: labnet {line.split(maxsplit=1)[0]} needs root: run `sudo labnet "
    )
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("running", "wanted", "found"),
    [(["a"], "", "a"), (["a", "b"], "b", "b")],
)
def test_the_only_lab_needs_no_name(
    running: list[str], wanted: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one running it is that one."""
    monkeypatch.setattr(agent, "lab_names", lambda: running)
    assert labs.pick_lab(wanted) == found


@pytest.mark.parametrize(
    ("running", "wanted", "said"),
    [
        ([], "", "no lab is running; `labnet up FILE` makes one"),
        (["a", "b"], "", "several labs are running (a, b): say which with -l or LABNET_LAB"),
        (["a", "b"], "c", "no lab c is running; running: a, b"),
        ([], "c", "no lab c is running; none is"),
        (["a"], "../a", "no lab ../a is running; running: a"),
    ],
)
def test_which_lab_must_be_clear(
    running: list[str], wanted: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the message lists those that are running."""
    monkeypatch.setattr(agent, "lab_names", lambda: running)
    with pytest.raises(InputError) as caught:
        labs.pick_lab(wanted)
    assert str(caught.value) == said


@pytest.mark.parametrize("name", ["../etc", "/", "..", "a/b", "A", "", "a.b", "-x" * 40])
def test_down_takes_no_path_for_a_lab(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name becomes a part of paths that are removed."""
    capabilities([], 0, monkeypatch)
    monkeypatch.setattr(agent, "down", None)
    assert run(["down", "--", name]) == 2
    assert "is no name of a lab" in capsys.readouterr().err


def test_down_has_to_know_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With several labs it removes none of them by chance; with none, all is well."""
    capabilities([], 0, monkeypatch)
    monkeypatch.setattr(agent, "down", None)
    monkeypatch.setattr(agent, "lab_names", lambda: ["a", "b"])
    monkeypatch.delenv("LABNET_LAB", raising=False)
    assert run(["down"]) == 2
    assert "several labs are running (a, b): say which, or --all" in capsys.readouterr().err
    assert run(["down", "--all", "a"]) == 2
    monkeypatch.setattr(agent, "lab_names", list)
    assert run(["down"]) == 0


def test_the_lab_of_these_tests_can_be_saved(tmp_path: Path) -> None:
    """It is a lab file like any other."""
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    assert run(["validate", str(tmp_path)]) == 0
