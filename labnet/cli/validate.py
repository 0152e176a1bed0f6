"""`labnet validate`."""

from __future__ import annotations

import json

import click

from labnet import parse
from labnet.cli.kube.view import Json
from labnet.cli.options import files_argument, output_option
from labnet.cli.summary import contents, print_warnings
from labnet.errors import Problem, Problems
from labnet.model import Cluster
from labnet.resolve import resolve


@click.command()
@files_argument
@output_option("json")
def validate(files: tuple[str, ...], settings: tuple[tuple[str, str], ...], output: str) -> int:
    """Say whether lab FILEs are right: all that is wrong with them, each with its line.

    It needs no root, and asks the machine nothing.
    """
    try:
        parsed = parse.parse(parse.read(files, dict(settings)))
        cluster = resolve(parsed.topology)
    except Problems as error:
        if output != "json":
            raise
        click.echo(_json(None, error.problems, ()), nl=False)
        return error.exit_status
    if output == "json":
        click.echo(_json(cluster, (), parsed.warnings), nl=False)
        return 0
    print_warnings(parsed.warnings)
    click.echo(f"{', '.join(files)} is valid: {contents(cluster)}")
    return 0


def _json(
    cluster: Cluster | None, problems: tuple[Problem, ...], warnings: tuple[Problem, ...]
) -> str:
    """The verdict for a program: `lab` is null if there is something wrong."""
    verdict = {
        "valid": cluster is not None,
        "lab": cluster.name if cluster else None,
        "problems": [_problem(one) for one in problems],
        "warnings": [_problem(one) for one in warnings],
    }
    return json.dumps(verdict, indent=4, ensure_ascii=False) + "\n"


def _problem(problem: Problem) -> Json:
    return {
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "what": problem.what,
        "hint": problem.hint,
    }
