"""`labnet ls`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import click

from labnet import agent
from labnet.cli.kube.age import age
from labnet.cli.kube.output import table
from labnet.cli.kube.view import Json, seconds_of, timestamp
from labnet.cli.options import output_option
from labnet.cli.privilege import require_root
from labnet.errors import LabnetError


@click.command()
@output_option("json", "name")
def ls(output: str) -> int:
    """List the running labs."""
    require_root("ls")
    names = agent.lab_names()
    if output == "name":
        click.echo("".join(f"{name}\n" for name in names), nl=False)
        return 0
    labs = [describe_lab(name) for name in names]
    if output == "json":
        click.echo(json.dumps(labs, indent=4, ensure_ascii=False))
    elif labs:
        click.echo(labs_table(labs, time.time()), nl=False)
    else:
        click.echo("No labs are running.", err=True)
    return 0


def describe_lab(name: str) -> Json:
    """A lab in numbers; one whose `up` never came far, or that is damaged, has none."""
    made = agent.LabFolder(name).path.stat().st_mtime
    about = {"name": name, "status": "Up", "since": timestamp(made)}
    try:
        loaded = agent.load(name)
    except LabnetError as error:
        return {**about, "status": "Broken", "message": str(error)}
    cluster = loaded.cluster
    kinds = [pod.kind for pod in cluster.pods]
    counts = {
        "nodes": len(cluster.nodes),
        "hosts": len(cluster.hosts),
        "pods": kinds.count("Pod"),
        "containers": kinds.count("Container"),
    }
    return {**about, **counts, "files": [source.name for source in loaded.saved.sources]}


def labs_table(labs: Sequence[Json], now: float) -> str:
    """One line for each lab."""
    counts = ("nodes", "hosts", "pods", "containers")
    rows = [
        [
            lab["name"],
            lab["status"],
            *(str(lab.get(count, "-")) for count in counts),
            age(now - seconds_of(lab["since"])),
            ",".join(lab.get("files", [])) or lab.get("message", ""),
        ]
        for lab in labs
    ]
    headings = ["NAME", "STATUS", *(count.upper() for count in counts), "AGE", "FILES"]
    return table(headings, rows)
