"""What a lab was asked for and what it was given, in a file of its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from labnet.agent.folder import LabFolder
from labnet.errors import Failed
from labnet.parse import SourceText
from labnet.resolve import Facts


_OBJECTS = "lab.json"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a lab was asked for, and what it was given."""

    sources: tuple[SourceText, ...]
    facts: Facts = field(default_factory=Facts)


def read_saved(folder: LabFolder) -> Saved | None:
    """What was saved, or None; raises Failed if it cannot be understood."""
    try:
        text = (folder.path / _OBJECTS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        data = json.loads(text)
        sources = tuple(SourceText(item["name"], item["text"]) for item in data["sources"])
        return Saved(sources, Facts.from_json(data["facts"]))
    except (ValueError, KeyError, TypeError) as error:
        path = folder.path / _OBJECTS
        raise Failed(f"{path} is damaged: `labnet down {folder.lab}`, then `up` again") from error


def write_saved(folder: LabFolder, saved: Saved) -> None:
    """Save, all or nothing."""
    sources = [{"name": item.name, "text": item.text} for item in saved.sources]
    text = json.dumps({"sources": sources, "facts": saved.facts.to_json()})
    target, partial = folder.path / _OBJECTS, folder.path / f"{_OBJECTS}.new"
    try:
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise Failed(f"cannot write {target}: {error.strerror}") from error
