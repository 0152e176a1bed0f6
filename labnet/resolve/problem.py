"""What resolve finds wrong, kept until all of it is known."""

from __future__ import annotations

from labnet.errors import Problem, Problems
from labnet.model import Source


class Findings:
    """A growing list of problems; one look at the files is to tell all of them."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._problems: list[Problem] = []

    def add(self, source: Source, path: str, what: str, hint: str = "") -> None:
        """Note a problem of the object at `source`; `path` is the field in Kubernetes' notation."""
        self._problems.append(Problem(source.file, source.line, path, what, hint))

    def stop(self) -> None:
        """Raise `Problems` if there are any: what comes next would build on what is wrong."""
        if self._problems:
            raise Problems(self._problems)
