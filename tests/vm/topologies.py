"""Every lab file given: up, all that it promises tried, down, and the machine compared.

    python3 -m vm.topologies FILE…

A line for each file, and one for each promise that was broken or thing that was left. The exit
status is 1 if there was any, or nothing to try. Labs are brought up as a person does it, by the
`labnet` in PATH.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from census import census, difference
from labnet import agent
from promises.lab import promises
from promises.promise import Promise
from vm import attempts


SETTINGS = {"scale.yaml.j2": ("--set", "nodes=3", "--set", "pods=12")}
NOTHING = "Nothing to do"
"""What `labnet plan` says of a lab that is as its files are."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a lab file: how much was tried, and a line for all that is wrong."""

    counts: Counter[str]
    seconds: float
    wrong: tuple[str, ...]


def counted(found: Iterable[Promise]) -> Counter[str]:
    """How much there is to try: of each kind and, of what is no pod's own, for each reason."""
    counts: Counter[str] = Counter()
    for promise in found:
        counts[promise.kind if promise.answers else "refused or dropped"] += 1
        if promise.answers and promise.reason != "pod":
            counts[promise.reason] += 1
    return counts


def labnet(*words: str) -> Iterator[str]:
    """Run a command of labnet's; what is to be said of it, if it failed or did not end."""
    done = attempts.run("labnet", *words)
    if done.error:
        yield f"labnet {' '.join(words)}: {done.error}"
    elif done.status:
        yield f"labnet {' '.join(words)} exits with {done.status}: {done.stderr}"


def arguments(path: Path) -> tuple[str, ...]:
    """A file and its settings, for labnet."""
    return str(path), *SETTINGS.get(path.name, ())


def changed(path: Path) -> Iterator[str]:
    """What is not as the file says when all has been tried: a container that has ended, say."""
    done = attempts.run("labnet", "plan", *arguments(path))
    if done.error or done.status or not done.stdout.startswith(NOTHING):
        yield f"labnet plan {path}, when all was tried:"
        yield from (done.error or done.stderr or done.stdout).splitlines()


def tried(path: Path) -> Tried:
    """Bring a lab up, try what it promises, and remove it, also if it did not come up."""
    begun = time.monotonic()
    before, others = census(), agent.lab_names()
    found: list[Promise] = []
    wrong: list[str] = []
    try:
        wrong += labnet("up", *arguments(path))
        if not wrong:
            for lab in set(agent.lab_names()).difference(others):
                found += promises(agent.load(lab).cluster)
            wrong += attempts.broken(found) if found else ["it promises nothing that can be tried"]
            wrong += changed(path)
    finally:
        for lab in set(agent.lab_names()).difference(others):
            wrong += labnet("down", lab)
    wrong += difference(before, census())
    return Tried(counted(found), time.monotonic() - begun, tuple(wrong))


def row(name: str, result: Tried) -> Iterator[str]:
    """The line of a lab file, and below it what is wrong."""
    counts = ", ".join(f"{number} {what}" for what, number in result.counts.items())
    verdict = "FAILED" if result.wrong else "ok"
    yield f"{name:<21} {verdict:<6} {result.seconds:4.0f} s  {counts or 'nothing tried'}"
    for line in result.wrong:
        yield f"    {line}"


def main(files: Sequence[str]) -> int:
    """Try each file; 1 if anything is wrong, 2 without a file."""
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    paths = [Path(file) for file in files]
    names = Counter(path.name for path in paths)
    for path in paths:
        result = tried(path)
        failed += bool(result.wrong)
        name = path.name if names[path.name] == 1 else f"{path.parent.name}/{path.name}"
        show(row(name, result))
    show([f"{len(files)} topologies, {failed} failed"])
    return 1 if failed else 0


def show(lines: Iterable[str]) -> None:
    """Print lines at once, for somebody who watches."""
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
