"""`labnet doctor`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from labnet.cli.options import output_option
from labnet.errors import MachineError
from labnet.kernel.abilities import examine
from labnet.kernel.probes import OK, Finding


_MARKS = {"ok": "green", "warn": "yellow", "missing": "red"}


@click.command()
@output_option("json")
def doctor(output: str) -> int:
    """Say whether this machine is able to run labs, check by check, and what would help.

    It changes nothing. The exit status is 0 if labs can run, 3 if something is missing that they
    need; `warn` is what only some labs or some looking around needs.
    """
    findings = list(examine())
    fatal = any(finding.is_fatal for finding in findings)
    if output == "json":
        click.echo(json.dumps(verdict(findings), indent=4, ensure_ascii=False))
    else:
        for line in report(findings):
            click.echo(line)
    return MachineError.exit_status if fatal else 0


def verdict(findings: Sequence[Finding]) -> dict[str, object]:
    """The same for a program."""
    return {
        "able": not any(finding.is_fatal for finding in findings),
        "checks": [finding._asdict() for finding in findings],
    }


def report(findings: Sequence[Finding]) -> list[str]:
    """A line for each check with what helps below it, and the verdict."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        mark = click.style(finding.verdict.ljust(7), fg=_MARKS[finding.verdict])
        lines.append(f"{mark}  {finding.name.ljust(width)}  {finding.detail}".rstrip())
        if finding.verdict != OK and finding.remedy:
            lines.append(f"{' ' * (9 + width)}  → {finding.remedy}")
    missing = [finding.name for finding in findings if finding.is_fatal]
    if missing:
        return [*lines, f"This machine cannot run labs yet; missing: {', '.join(missing)}"]
    return [*lines, "This machine can run labs."]
