"""What `parse` finds on its way: problems, warnings, and fields that labnet does not act on.

Every reader gets the same `Findings`, adds to it and goes on, so that one run says all that is
wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from labnet.errors import Problem
from labnet.parse.tree import Fields, Tree, descend, render_path


Keys = tuple[str | int, ...]
RENDERED_SUFFIX: Final = ".j2"
MANY: Final = 1_000  # problems, after which nobody reads hints, and they take long to find
_LONGEST_TYPO: Final = 100


class Findings:
    """All that is wrong or not acted on, in the order in which it was found.

    `complete` is false once a document could not be read at all: then something that another one
    names may well be in there, and that it is missing is no news.
    """

    def __init__(self) -> None:
        """Nothing found yet."""
        self.problems: list[Problem] = []
        self.complete = True
        self._warnings: list[Problem] = []
        self._ignored: dict[tuple[str, str], _Ignored] = {}

    @property
    def are_many(self) -> bool:
        """Whether there are so many problems that guessing what was meant is no help."""
        return len(self.problems) > MANY

    def error(self, tree: Tree, what: str, hint: str = "", *, below: Keys = ()) -> None:
        """Something is wrong with `tree`, or with what is (or should be) at `below` in it."""
        place = descend(tree, below)
        path = render_path((*tree.keys, *below))
        self.problems.append(Problem(tree.file, place.line, path, what, hint))

    def unreadable(self, file: str, line: int, what: str, hint: str = "") -> None:
        """A text or a document that cannot be read; what is in it stays unknown."""
        self.complete = False
        self.problems.append(Problem(file, line, "", what, hint))

    def warning(self, tree: Tree, what: str, hint: str = "", *, below: Keys = ()) -> None:
        """Something that is taken, but likely not meant."""
        place = descend(tree, below)
        path = render_path((*tree.keys, *below))
        self._warnings.append(Problem(tree.file, place.line, path, what, hint))

    def ignored(self, tree: Tree, what: str, hint: str = "") -> None:
        """`what` labnet does not act on, at `tree`: one warning for each kind and field."""
        place = (_kind_of(tree), _pattern(tree))
        if place in self._ignored:
            self._ignored[place].count += 1
        else:
            self._ignored[place] = _Ignored(tree, what, hint)

    def warnings(self) -> tuple[Problem, ...]:
        """All warnings, sorted by file and line, each kind and field once."""
        ignored = (entry.problem() for entry in self._ignored.values())
        return tuple(sorted({*self._warnings, *ignored}))


class _Ignored:
    """The first place of a thing that labnet does not act on, and how many there are."""

    def __init__(self, tree: Tree, what: str, hint: str) -> None:
        self.tree = tree
        self.what = what
        self.hint = hint
        self.count = 1

    def problem(self) -> Problem:
        more = f" (the first of {self.count})" if self.count > 1 else ""
        tree = self.tree
        return Problem(tree.file, tree.line, tree.path, f"{self.what}{more}", self.hint)


def _object_of(tree: Tree) -> Fields | None:
    """The manifest that `tree` is in: the outermost mapping with a kind that is no List."""
    found: Fields | None = None
    place: Tree | None = tree
    while place is not None:
        if isinstance(place, Fields) and "kind" in place.fields and "items" not in place.fields:
            found = place
        place = place.parent
    return found


def _kind_of(tree: Tree) -> str:
    manifest = _object_of(tree)
    return manifest.text("kind") if manifest is not None else ""


def _pattern(tree: Tree) -> str:
    """The path within the manifest, one for all indexes."""
    manifest = _object_of(tree)
    start = len(manifest.keys) if manifest is not None else 0
    return render_path(tuple(0 if isinstance(key, int) else key for key in tree.keys[start:]))


def near_word(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """What is nearest to `word`, or nothing; case does not count."""
    if len(word) > _LONGEST_TYPO:
        return ""
    from difflib import get_close_matches  # noqa: PLC0415 - only who errs should wait for it

    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1, cutoff=cutoff)
    return by_fold[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The hint `did you mean X?` for what is nearest to `word`, or nothing."""
    near = near_word(word, known, cutoff)
    return f"did you mean {near}?" if near else ""


def place(tree: Tree, beside: Tree) -> str:
    """Where `tree` stands, for a message about `beside`: with the file if it is another one."""
    return f"line {tree.line}" if tree.file == beside.file else f"{tree.file}:{tree.line}"


def count(number: int, noun: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def choices(known: Sequence[str], limit: int = 12) -> str:
    """`a, b and c`, with at most `limit` of them."""
    if len(known) > limit:
        return f"{', '.join(known[:limit])}, and {len(known) - limit} more"
    *most, last = known
    return f"{', '.join(most)} and {last}" if most else last


def is_rendered(file: str) -> bool:
    """Whether the lines of `file` are those of a template's result."""
    return file.endswith(RENDERED_SUFFIX)


def with_rendered_lines(
    problems: Iterable[Problem], lines: Mapping[str, Sequence[str]]
) -> list[Problem]:
    """The problems, those in a template's result with the line that it rendered.

    The number of such a line is not that of the template, so the line itself is what helps.
    """
    return [_with_rendered_line(problem, lines.get(problem.file, ())) for problem in problems]


def _with_rendered_line(problem: Problem, lines: Sequence[str]) -> Problem:
    if not 0 < problem.line <= len(lines):
        return problem
    rendered = (
        f"line {problem.line} of what the template renders is: {lines[problem.line - 1].strip()}"
    )
    hint = "\n    ".join(filter(None, (problem.hint, rendered)))
    return Problem(problem.file, problem.line, problem.path, problem.what, hint)
