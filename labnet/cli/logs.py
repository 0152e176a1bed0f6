"""`labnet logs`."""

from __future__ import annotations

import sys

import click

from labnet import agent
from labnet.cli import labs
from labnet.cli.failures import INTERRUPTED
from labnet.cli.options import container_option, lab_option, namespace_option
from labnet.cli.privilege import require_root
from labnet.cli.targets import find_target
from labnet.errors import InputError
from labnet.kernel.runtime.journal import LogOptions, read_logs


@click.command()
@click.argument("pod")
@container_option
@namespace_option
@lab_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the container ends.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("-p", "--previous", is_flag=True, help="Of the run before this one.")
@click.option("--timestamps", is_flag=True, help="Say when each line was written.")
def logs(  # noqa: PLR0913  # one for each option
    pod: str,
    container: str,
    namespace: str,
    lab: str,
    tail: int | None,
    *,
    follow: bool,
    previous: bool,
    timestamps: bool,
) -> int:
    """Print what a container of POD has printed.

    POD is what `labnet exec` takes, but no machine: web-1, kube-system/dns, container/db.
    """
    require_root("logs")
    cluster = labs.load(lab).cluster
    target = find_target(cluster, pod, namespace)
    chosen = target.container(container)
    if chosen is None:
        raise InputError(f"{pod} is a machine, which has no log")
    if not chosen.argv and not chosen.builtin:
        raise InputError(f"container {chosen.name} of {target.label} runs nothing, so has no log")
    options = LogOptions(follow, tail, timestamps, previous)
    try:
        for line in read_logs(agent.LabFolder(target.lab).path, target.key, chosen.name, options):
            sys.stdout.buffer.write(line)
            if follow:
                sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        return INTERRUPTED  # as one ends what follows
    return 0
