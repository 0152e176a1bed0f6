"""Everything that labnet raises on purpose, and the exit status that it stands for.

    LabnetError ............ 1  it was tried and did not work
    ├── Failed ............. 1  an operation, a command or a check failed
    │   └── ForeignNetns ... 1  a namespace of that name exists and is not the lab's
    ├── InputError ......... 2  the input or the usage is wrong; nothing was touched
    │   └── Problems ....... 2  all that is wrong with the lab files, with their lines
    └── MachineError ....... 3  this machine cannot: no privilege, no tool, no kernel feature

A message is one line that says what is wrong and what to do about it; `Problems` has a line each.
Anything else that escapes is a bug of labnet's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar


if TYPE_CHECKING:
    from collections.abc import Sequence


class LabnetError(Exception):
    """The base of all: `str(error)` is what a person reads."""

    exit_status: ClassVar[int] = 1


class Failed(LabnetError):
    """It was tried and did not work."""


class ForeignNetns(Failed):
    """A network namespace has a name that the lab needs, and the lab did not make it."""


class InputError(LabnetError):
    """The input or the usage is wrong; nothing was touched."""

    exit_status = 2


class MachineError(LabnetError):
    """No privilege, no tool or no kernel feature; the message says how to get it."""

    exit_status = 3


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong (or, as a warning, not acted on) in a lab file.

    `path` is the field in Kubernetes' notation (`spec.ports[0].port`), empty for the file as a
    whole, as is line 0; `hint` is what is near it or was meant, printed on a line of its own.
    """

    file: str
    line: int
    path: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """`FILE:LINE: PATH: what`, and the hint indented below."""
        file = f"{self.file}:{self.line}" if self.line else self.file
        where = f"{file}: {self.path}" if self.path else file
        text = f"{where}: {self.what}"
        return f"{text}\n    {self.hint}" if self.hint else text


class Problems(InputError):
    """All that is wrong with the lab files, sorted by file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep `problems` sorted and without repetitions."""
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        lines = [*map(str, self.problems), f"{count} {noun}; nothing was touched"]
        super().__init__("\n".join(lines))
