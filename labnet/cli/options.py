"""Options and arguments that several commands have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from labnet.names import SEGMENT


F = TypeVar("F", bound=Callable[..., Any])
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration(text: str) -> float:
    """Seconds of a time as Go writes it (`500ms`, `60s`, `1m30s`), or of a bare number."""
    if text.isdecimal():
        return float(text)
    if not _DURATION.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no duration like 500ms, 60s or 2m.")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def parse_setting(text: str) -> tuple[str, str]:
    """The two parts of `KEY=VALUE`, a variable of a template."""
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise click.BadParameter(f"{text!r} is not KEY=VALUE.")
    return key, value


def examples(*lines: str) -> str:
    """The end of a command's help: what one types."""
    return "\b\n" + "\n".join(["Examples:", *(f"  labnet {line}" for line in lines)])


def lab_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The labs that a shell may complete to, as anybody can see them in /run/netns."""
    del ctx, param
    end = f".{SEGMENT}"
    names = Path("/run/netns").iterdir() if Path("/run/netns").is_dir() else ()
    labs = [path.name.removesuffix(end) for path in names if path.name.endswith(end)]
    return sorted(lab for lab in labs if lab.startswith(incomplete))


lab_option = click.option(
    "-l",
    "--lab",
    metavar="LAB",
    shell_complete=lab_words,
    envvar="LABNET_LAB",
    default="",
    help="The lab; not needed when only one is running.",
)
namespace_option = click.option(
    "-n", "--namespace", metavar="NS", default="", help="The Kubernetes namespace."
)
container_option = click.option(
    "-c",
    "--container",
    metavar="NAME",
    default="",
    help="The container; the first one if not said.",
)


def files_argument(function: F) -> F:
    """FILE…: lab files and manifests, folders and templates."""
    files = click.argument("files", metavar="FILE...", nargs=-1, required=True)
    settings = click.option(
        "--set",
        "settings",
        type=parse_setting,
        metavar="KEY=VALUE",
        multiple=True,
        help="A variable of the *.j2 templates among the files; can be repeated.",
    )
    return files(settings(function))


def output_option(*formats: str, text: str = "text") -> Callable[[F], F]:
    """`-o FORMAT`; `text` names the one that is used without it."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice([text, *formats]),
        default=text,
        show_default=True,
        help="How to print it.",
    )
