"""`labnet up` and `labnet plan`."""

from __future__ import annotations

import json

import click

from labnet import agent, parse
from labnet.cli.failures import INTERRUPTED
from labnet.cli.options import examples, files_argument, output_option, parse_duration
from labnet.cli.privilege import require_root
from labnet.cli.progress import Progress
from labnet.cli.summary import first_steps, is_new, print_warnings, up_line
from labnet.errors import MachineError
from labnet.plan import plan_json, plan_script, plan_text


@click.command(
    epilog=examples(
        "up topologies/two-node.yaml",
        "up lab.yaml app/",
        "up topologies/scale.yaml.j2 --set nodes=20 --set pods=1000",
    )
)
@files_argument
@click.option("--no-wait", is_flag=True, help="Return before every container runs.")
@click.option(
    "--timeout",
    type=parse_duration,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long to wait for the containers: 500ms, 60s, 2m.",
)
def up(
    files: tuple[str, ...], settings: tuple[tuple[str, str], ...], timeout: float, *, no_wait: bool
) -> int:
    """Create a lab, or bring a running one to what its FILEs say.

    FILEs are lab files and Kubernetes manifests, folders of them, and templates (*.j2). Only what
    differs is touched: an `up` that follows an `up` does nothing. It returns when every container
    runs and every init container has ended.
    """
    require_root("up")
    sources = parse.read(files, dict(settings))
    progress = Progress("up")
    listener = agent.Listener(progress.planned, progress.advance, progress.waiting)
    try:
        outcome = agent.up(sources, wait=not no_wait, timeout=timeout, listener=listener)
    except KeyboardInterrupt:
        progress.say("interrupted; the lab is built in part: `up` again goes on, `down` removes it")
        return INTERRUPTED
    finally:
        progress.close()
    print_warnings(outcome.warnings)
    for note in outcome.notes:
        click.echo(f"warning: {note}", err=True)
    click.echo(up_line(outcome))
    if is_new(outcome):
        click.echo(first_steps(outcome), err=True)
    return 0


@click.command()
@files_argument
@output_option("json", "sh")
def plan(files: tuple[str, ...], settings: tuple[tuple[str, str], ...], output: str) -> int:
    """Show what `up` would do now, and why, without doing it.

    It needs root only to look at a lab that is up. With `-o sh` it is a script that builds the same
    network by hand, with ip, iptables-restore and so on.
    """
    sources = parse.read(files, dict(settings))
    try:
        preview = agent.preview(sources)
    except MachineError:
        require_root("plan")  # which says better what is missing, if that is it
        raise
    print_warnings(preview.warnings)
    if output == "json":
        click.echo(json.dumps(plan_json(preview.plan), indent=2, ensure_ascii=False))
    elif output == "sh":
        click.echo(plan_script(preview.lab, preview.plan), nl=False)
    else:
        click.echo(plan_text(preview.plan), nl=False)
    return 0
