"""What all objects of the kernel have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self


Key = tuple[str, ...]
Command = tuple[str, ...]
"""The words of one command, some of which may be of the two types below."""


class Operator(str):
    """A word that is the shell's own, and so is not to be quoted."""

    __slots__ = ()


class Stdin(str):
    """What a command reads; always its last word."""

    __slots__ = ()


class Object:
    """One thing that the kernel holds in one network namespace of a lab.

    `rank` orders objects within a namespace: what a thing needs has a lower one.
    """

    __slots__ = ()
    rank: ClassVar[int]

    @property
    def key(self) -> Key:
        """The identity: the type's word, the namespace, and what distinguishes it there."""
        raise NotImplementedError

    @property
    def sort_key(self) -> tuple[int, str]:
        """What sorts the objects of one home: what a thing needs comes before it."""
        return self.rank, " ".join(self.key)

    @property
    def home(self) -> str:
        """The namespace that must be there first, and that takes the object along when it goes."""
        return self.key[1]

    def add(self) -> list[Command]:
        """The commands that make it."""
        raise NotImplementedError

    def change(self, old: Self) -> list[Command]:
        """The commands that make it of `old`, which has the same key; delete and add by default."""
        return [*old.delete(), *self.add()]

    def delete(self) -> list[Command]:
        """The commands that remove it."""
        raise NotImplementedError

    def replaces(self, old: Self) -> bool:
        """Whether `change` has to remove `old`, and all that hangs on it, to make this."""
        del old
        return False

    def difference(self, old: Self) -> str:
        """What is wrong with `old` in a few words: `mtu 1400, should be 1450`."""
        words = []
        for item in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            is_, should = getattr(old, item.name), getattr(self, item.name)
            if is_ != should:
                words.append(_difference(item.name, is_, should))
        return "; ".join(words)

    def __str__(self) -> str:
        """The key in a line: `route two-node.node1 10.244.2.0/24`."""
        return printable(" ".join(self.key))


def _difference(name: str, is_: Any, should: Any) -> str:
    """One attribute's share of `Object.difference`; long values are only named."""
    if isinstance(is_, bool):
        return f"is {'' if is_ else 'not '}{name}"
    if isinstance(is_, tuple | Mapping):
        return f"{name} differ"
    return f"{name} is {is_ or 'unset'}, should be {should or 'unset'}"


@dataclass(frozen=True, slots=True)
class State:
    """A set of objects by key, desired or observed.

    `notes` says of a key in a desired State which manifest it comes from (`Pod web-1
    (lab.yaml:12)`), and in an observed one why an object is missing (`exit status 137`).
    """

    objects: Mapping[Key, Object] = field(default_factory=dict)
    notes: Mapping[Key, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, *objects: Object) -> Self:
        """A State of these objects; a key that occurs twice is a bug of the caller's."""
        state = {item.key: item for item in objects}
        assert len(state) == len(objects), "two objects with one key"
        return cls(state)

    def __iter__(self) -> Iterator[Object]:
        """Every object, in no particular order."""
        return iter(self.objects.values())

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self.objects)


def printable(text: str) -> str:
    """Text without bytes that are no UTF-8, which a link's name may have and no terminal prints."""
    return text.encode("utf-8", "backslashreplace").decode()


def sysctl_path(key: str) -> str:
    """The file of a sysctl: dots part the words, and a slash in a word stands for a dot."""
    return "/proc/sys/" + key.replace(".", "\0").replace("/", ".").replace("\0", "/")
