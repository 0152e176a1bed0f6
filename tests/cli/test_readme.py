"""README says what there is: its commands, formats, kinds and files."""

from __future__ import annotations

import re

import click

from labnet.cli.kube.kinds import KINDS
from labnet.cli.root import COMMANDS, root
from labnet.model.images import KNOWN_IMAGES
from labs import TOPOLOGIES


README = (TOPOLOGIES.parent / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `labnet (\w+)([^|]*)` \|(.*)\|([^|]*)\|$", re.MULTILINE)
ROWS = {row[0]: row for row in ROW.findall(README)}


def test_the_first_commands_are_the_two_that_set_up() -> None:
    """A newcomer needs no other."""
    block = README.partition("```sh\n")[2].partition("```")[0]
    assert [line.partition("  ")[0] for line in block.splitlines()] == [
        "sudo scripts/labnet up topologies/two-node.yaml",
        "scripts/test",
    ]


def test_every_command_is_in_the_table_and_no_other_anywhere() -> None:
    """What is not there yet is not mentioned."""
    assert set(ROWS) == set(COMMANDS)
    mentioned = set(re.findall(r"`(?:sudo )?labnet (\w+)", README))
    assert mentioned <= set(COMMANDS)


def test_the_options_and_formats_are_those_of_the_commands() -> None:
    """Each that the table names is one, and every format is named."""
    context = click.Context(root, **root.context_settings)
    for name, (_, _, text, formats) in ROWS.items():
        command = root.get_command(context, name)
        assert command is not None
        options = {word: one for one in command.get_params(context) for word in one.opts}
        for option in re.findall(r"`(--?[a-zA-Z-]+)", text):
            assert option in options, f"labnet {name} {option}"
        if name == "plan":
            assert re.findall(r"`(\w+)`", formats) == ["text", "json", "sh"]
        elif "-o" in options:
            kind = options["-o"].type
            assert isinstance(kind, click.Choice)
            assert re.findall(r"`([\w-]+)`", formats) == list(kind.choices)[1:]


def test_kinds_images_and_files_are_all_named() -> None:
    """What can be asked for, and what there is to look at."""
    for kind in KINDS:
        assert kind.plural in ROWS["get"][2]
    images = README.partition("## Images")[2].partition("## Commands")[0]
    assert all(f"`{image}`" in images for image in KNOWN_IMAGES)
    assert all(f"`{path.name}`" in README for path in TOPOLOGIES.iterdir())
