"""`labnet down`."""

from __future__ import annotations

import re

import click

from labnet import agent
from labnet.cli.failures import INTERRUPTED
from labnet.cli.options import lab_words
from labnet.cli.privilege import require_root
from labnet.cli.progress import Progress
from labnet.errors import InputError


_LAB_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


@click.command()
@click.argument("labs", metavar="[LAB]...", nargs=-1, shell_complete=lab_words)
@click.option("--all", "everything", is_flag=True, help="Remove every lab.")
@click.option("--no-wait", is_flag=True, help="Return before the kernel has cleaned up.")
@click.option("-l", "--lab", "wanted", envvar="LABNET_LAB", metavar="LAB", hidden=True)
def down(labs: tuple[str, ...], wanted: str | None, *, everything: bool, no_wait: bool) -> int:
    """Remove LABs: their processes, namespaces and files.

    Without a name it removes the only lab that is running. Removing one that is not there is fine.
    """
    if everything and labs:
        raise InputError("--all and the names of labs exclude each other")
    require_root("down")
    names = agent.lab_names() if everything else _names(labs, wanted)
    if not names:
        click.echo("no lab is running")
    for name in names:
        if not _LAB_NAME.fullmatch(name):  # it is about to be a part of paths that are removed
            raise InputError(f"{name!r} is no name of a lab")
    for name in dict.fromkeys(names):
        progress = Progress(f"down {name}")
        try:
            _down(name, progress, wait=not no_wait)
        except KeyboardInterrupt:
            progress.say(f"interrupted; {name} is removed in part: `labnet down {name}` goes on")
            return INTERRUPTED
        finally:
            progress.close()
    return 0


def _names(labs: tuple[str, ...], wanted: str | None) -> list[str]:
    """The labs that are meant; raises InputError if it could be several."""
    if labs or wanted:
        return [*labs] or [wanted or ""]
    names = agent.lab_names()
    if len(names) > 1:
        several = ", ".join(names)
        raise InputError(f"several labs are running ({several}): say which, or --all")
    return names


def _down(lab: str, progress: Progress, *, wait: bool) -> None:
    listener = agent.Listener(progress.planned, progress.advance, progress.waiting)
    outcome = agent.down(lab, wait=wait, listener=listener)
    progress.close()
    if outcome.plan:
        click.echo(f"{lab} is down ({outcome.seconds:.2f} s)")
    else:
        click.echo(f"{lab} is not up")
    for note in outcome.notes:
        click.echo(f"warning: {note}", err=True)
