"""`labnet` itself: the table of its commands, each imported only when it runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from labnet import __version__


class Entry(NamedTuple):
    """Where a command is, and its line in `labnet --help`."""

    module: str
    attribute: str
    summary: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Labs": {
        "up": Entry("up", "up", "Create a lab, or bring a running one to what its files say"),
        "plan": Entry("up", "plan", "Show what `up` would do now, and why, without doing it"),
        "down": Entry("down", "down", "Remove labs"),
        "ls": Entry("ls", "ls", "List the running labs"),
    },
    "Looking at a lab": {
        "get": Entry("get", "get", "List nodes, pods and the rest, as kubectl does"),
        "describe": Entry("describe", "describe", "Show an object and what it is in the kernel"),
        "rules": Entry("rules", "rules", "Show a node's rules as a packet meets them, in words"),
        "logs": Entry("logs", "logs", "Print what a container has printed"),
    },
    "Being in a lab": {
        "exec": Entry("inside", "execute", "Run a command in a pod, node, host or container"),
        "shell": Entry("inside", "shell", "Be there, with a prompt that says where"),
    },
    "Before there is one": {
        "validate": Entry("validate", "validate", "Say whether lab files are right"),
        "doctor": Entry("doctor", "doctor", "Say whether this machine is able"),
        "completion": Entry("completion", "completion", "Print completion for a shell"),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Root(click.Group):
    """A group that knows its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(f"labnet.cli.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415  # nobody else pays for it

            near = get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections of the table."""
        del ctx
        width = max(map(len, COMMANDS))
        for title, section in SECTIONS.items():
            with formatter.section(title):
                rows = [(name.ljust(width), entry.summary) for name, entry in section.items()]
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, without importing them all."""
        del ctx
        return [
            CompletionItem(name, help=entry.summary)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]


def _version(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    del param
    if value and not ctx.resilient_parsing:
        click.echo(f"labnet {__version__}")
        ctx.exit()


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version and exit.",
)
def root() -> None:
    """Real Kubernetes networks out of nothing but the Linux kernel."""
