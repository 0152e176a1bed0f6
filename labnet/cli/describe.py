"""`labnet describe`."""

from __future__ import annotations

import click

from labnet import agent
from labnet.cli import labs
from labnet.cli.get import objects, parse_request, select
from labnet.cli.kube.became import belongs_to, differing_lines, kernel_lines
from labnet.cli.kube.became_service import service_differing_lines, service_kernel_lines
from labnet.cli.kube.describe import described_lines
from labnet.cli.kube.kinds import kind_words
from labnet.cli.kube.tabs import aligned
from labnet.cli.kube.view import Json, View
from labnet.cli.options import examples, lab_option, namespace_option
from labnet.cli.privilege import require_root
from labnet.names import DEFAULT_NAMESPACE


@click.command(epilog=examples("describe pod web-1", "describe node node1", "describe svc/web"))
@click.argument("kind", metavar="KIND[/NAME]", shell_complete=kind_words)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@namespace_option
@lab_option
def describe(kind: str, names: tuple[str, ...], namespace: str, lab: str) -> int:
    """Show objects of a KIND, what they became in the kernel, and what differs now.

    The first part is kubectl's. `Kernel` has the commands that one would type for the same
    interfaces, addresses, routes and rules, and of a Service its chains on each node; `Differs`
    what `labnet up` would mend.
    """
    require_root("describe")
    asked = parse_request(kind, names)
    loaded = labs.load(lab)
    view = labs.look(loaded)
    preview = agent.preview_again(loaded)
    found = [
        item
        for one, name in asked
        for item in select(one, objects(one, view), namespace or DEFAULT_NAMESPACE, name)
    ]
    texts = [described(item, view, preview) for item in found]
    click.echo("\n\n".join(texts), nl=False)
    return 0


def described(item: Json, view: View, preview: agent.Preview) -> str:
    """One object."""
    lines = list(described_lines(view, item))
    if item["kind"] == "Service":
        lines += service_kernel_lines(view, item, preview.desired)
        lines += service_differing_lines(view, item, preview.plan)
        return aligned(lines)
    belongs = belongs_to(view, item)
    if belongs is not None:
        lines += kernel_lines(preview.desired, belongs)
        lines += differing_lines(preview.plan, belongs)
    return aligned(lines)
