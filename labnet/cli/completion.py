"""`labnet completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from labnet.cli.options import examples
from labnet.cli.root import root


_VARIABLE = "_LABNET_COMPLETE"


@click.command(
    epilog=examples(
        "completion bash > /etc/bash_completion.d/labnet",
        "completion zsh > ~/.zfunc/_labnet",
        "completion fish > ~/.config/fish/completions/labnet.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print completion for a SHELL."""
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these three"
    click.echo(kind(root, {}, "labnet", _VARIABLE).source())
    return 0
