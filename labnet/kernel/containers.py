"""A lab's containers as objects of its State, through its container runtime."""

from __future__ import annotations

from pathlib import Path


class Containers:
    """The containers of one lab; `folder` is the lab's."""

    def __init__(self, lab: str, folder: Path) -> None:
        """Nothing is asked or started yet."""
        self._lab = lab
        self._folder = folder
