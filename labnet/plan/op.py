"""A step of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labnet.state import Command, Object


class Verb(StrEnum):
    """What is done to an object; the value is how it is printed, as in Terraform."""

    ADD = "+"
    CHANGE = "~"
    DELETE = "-"


@dataclass(frozen=True, slots=True)
class Op:
    """A verb, the object as it shall be (as it is, to delete it), and why.

    `old` is the object as it is, for a change.
    """

    verb: Verb
    object: Object
    why: str
    old: Object | None = None

    def commands(self) -> list[Command]:
        """The commands that an engineer would type."""
        if self.verb is Verb.ADD:
            return self.object.add()
        if self.verb is Verb.DELETE:
            return self.object.delete()
        assert self.old is not None, "a change has something to change"
        return self.object.change(self.old)

    def __str__(self) -> str:
        """`+ route two-node.node1 10.244.1.0/24  # why`."""
        return f"{self.verb} {self.object}  # {self.why}"


Plan = tuple[Op, ...]
