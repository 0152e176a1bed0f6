"""Flags, usage and help, and what the program says to a wrong command line."""

from __future__ import annotations

import pytest

from forked import Forked
from labnet.images.agnhost import COMMANDS
from labnet.images.agnhost.command import Command, Flag, UsageError


COMMAND = Command(
    "do",
    "Does it",
    lambda _flags, _arguments: 0,
    (
        Flag("port", 80, "the port", "int", "p"),
        Flag("fast", default=False, help="hurry", kind="bool"),
        Flag("wait", 1_500_000_000, "how long", "duration"),
        Flag("name", "x", "the name"),
    ),
    arguments=None,
)


@pytest.mark.parametrize(
    "argv",
    [
        ["--port=81", "a", "--fast", "--", "--b"],
        ["a", "--port", "81", "--fast=true", "--", "--b"],
        ["-p81", "--fast=1", "a", "--", "--b"],
        ["-p", "0x51", "--fast", "a", "--v=2", "--logtostderr", "--", "--b"],
    ],
)
def test_flags_have_pflags_notations(argv: list[str]) -> None:
    """With or without `=`, long or short, before or after arguments, klog's among them."""
    flags, arguments = COMMAND.parse(argv)
    assert (flags.number("port"), flags.on("fast"), arguments) == (81, True, ["a", "--b"])
    assert (flags.number("wait"), flags.text("name")) == (1_500_000_000, "x")


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--prot=1"], "unknown flag: --prot"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--port"], "flag needs an argument: --port"),
        (["--port=abc"], 'invalid argument "abc" for "--port=abc" flag'),
        (["--wait=5"], "missing unit"),
        (["--fast=maybe"], "ParseBool"),
    ],
)
def test_wrong_flags_are_refused(argv: list[str], why: str) -> None:
    """The message names the flag and what is wrong with it."""
    with pytest.raises(UsageError, match=why.replace("(", r"\(")):
        COMMAND.parse(argv)


def test_help_shows_flags_with_kinds_and_defaults() -> None:
    """One line each, aligned, sorted."""
    assert COMMAND.help().partition("Flags:\n")[2] == (
        "      --fast            hurry\n"
        "  -h, --help            print this\n"
        '      --name string     the name (default "x")\n'
        "  -p, --port int        the port (default 80)\n"
        "      --wait duration   how long (default 1.5s)\n"
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_subcommand_has_help(name: str) -> None:
    """`--help` and `help NAME` print the same to standard output, and end with status 0."""
    with Forked([name, "--help"]) as flag, Forked(["help", name]) as word:
        assert (flag.status, word.status) == (0, 0)
        assert f"agnhost {name}" in flag.out
        assert flag.out == word.out


@pytest.mark.parametrize("argv", [[], ["help"], ["--help"], ["-h"]])
def test_the_program_lists_its_subcommands(argv: list[str]) -> None:
    """Without a subcommand, all of them are listed."""
    with Forked(argv) as child:
        assert child.status == 0
        assert all(name in child.out for name in COMMANDS)


def test_a_subcommand_that_is_not_there_names_those_that_are() -> None:
    """fake-gitserver exists in the original only."""
    with Forked(["fake-gitserver"]) as child:
        assert child.status == 1
        assert 'unknown command "fake-gitserver"; there are: connect, ' in child.err


def test_a_wrong_flag_fails_with_usage() -> None:
    """The reason, then the help, on standard error; nothing starts."""
    with Forked(["netexec", "--htpp-port=80"]) as child:
        assert child.status == 1
        assert child.err.startswith("Error: unknown flag: --htpp-port\n")
        assert "--http-port int" in child.err


def test_too_many_arguments_fail() -> None:
    """A server takes no arguments, `connect` takes one."""
    with Forked(["netexec", "x"]) as server, Forked(["connect"]) as client:
        assert (server.status, client.status) == (1, 1)


def test_the_version_is_printed() -> None:
    """`--version` says which agnhost this is like."""
    with Forked(["--version"]) as child:
        assert child.status == 0
        assert child.out == "agnhost version 2.57\n"
