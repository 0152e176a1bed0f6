"""Every lab file given: up, all that it promises tried, down, and the machine compared.

    python3 -m vm.topologies FILE…

A line for each file, and one for each promise that was broken or thing that was left. The exit
status is 1 if there was any. Labs are brought up as a person does it, by the `labnet` in PATH.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from census import census, difference
from labnet import agent
from promises import Promise, promises


SETTINGS = {"scale.yaml.j2": ("--set", "nodes=3", "--set", "pods=12")}
AT_ONCE = 4  # commands in labs; more only wait for CPUs
PATIENCE = 10  # seconds for an answer that must come, in a VM without KVM
DOUBT = 2  # seconds after which none will come
LIMIT = 300  # seconds for a command of labnet's


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a lab file: how much was tried, and a line for all that is wrong."""

    counts: Counter[str]
    seconds: float
    wrong: tuple[str, ...]


def command(promise: Promise) -> tuple[list[str], bytes]:
    """What tries a promise, and what it reads."""
    seconds = str(PATIENCE if promise.answers else DOUBT)
    inside = ["ip", "netns", "exec", promise.netns]
    address = str(promise.address)
    if promise.kind == "ping":
        return [*inside, "ping", "-n", "-c", "1", "-W", seconds, address], b""
    if promise.kind == "udp":
        return [*inside, "nc", "-u", "-w", "1", address, str(promise.port)], b"hostname"
    host = f"[{address}]" if promise.address.version == 6 else address
    url = f"http://{host}:{promise.port}/"
    return [*inside, "curl", "-sS", "-g", "-f", "-o", "/dev/null", "-m", seconds, url], b""


def broken(promise: Promise) -> str:
    """What is to be said of a promise that was not kept; nothing if it was."""
    argv, stdin = command(promise)
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=LIMIT, check=False)
    answered = bool(done.stdout) if promise.kind == "udp" else done.returncode == 0
    if answered == promise.answers:
        return ""
    said = "no answer" if promise.answers else "an answer that nobody promised"
    return f"{promise}: {said} {done.stderr.decode(errors='replace').strip()}".rstrip()


def labnet(*words: str) -> str:
    """Run a command of labnet's; what it said, if it failed."""
    done = subprocess.run(
        ["labnet", *words], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode == 0:
        return ""
    return f"labnet {' '.join(words)} exits with {done.returncode}: {done.stderr.strip()}"


def tried(path: Path) -> Tried:
    """Bring a lab up, try what it promises, and remove it, also if it did not come up."""
    begun = time.monotonic()
    before = census()
    wrong = [labnet("up", str(path), *SETTINGS.get(path.name, ()))]
    counts: Counter[str] = Counter()
    labs = agent.lab_names()
    if not any(wrong):
        for lab in labs:
            found = tuple(promises(agent.load(lab).cluster))
            counts.update(
                "refused or dropped" if not promise.answers else promise.kind for promise in found
            )
            counts.update(
                promise.reason for promise in found if promise.answers and promise.reason != "pod"
            )
            with ThreadPoolExecutor(AT_ONCE) as pool:
                wrong += pool.map(broken, found)
    wrong.append(labnet("down", *labs) if labs else "")
    wrong += difference(before, census())
    return Tried(counts, time.monotonic() - begun, tuple(filter(None, wrong)))


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
    for path in (Path(file) for file in files):
        result = tried(path)
        failed += bool(result.wrong)
        show(row(path.name, result))
    show([f"{len(files)} topologies, {failed} failed"])
    return 1 if failed else 0


def show(lines: Iterable[str]) -> None:
    """Print lines at once, for somebody who watches."""
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
