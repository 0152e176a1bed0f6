"""Whole-process times of `labnet` against the limit and the peers, as a table.

    scripts/bench                     everything, two to three minutes
    scripts/bench help two-node 100   some of it
    scripts/bench --full 1000         Mininet with 1,000 hosts too, which takes a minute more

Each round runs the rivals in turn, so that a busy moment of the machine meets all of them, and
waits in between until the kernel has cleaned up. Medians count; lowest and highest are shown.
Exit status 1 if a command fails; a target that is missed is shown, and is no failure.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import reference


HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LABNET = str(ROOT / "scripts" / "labnet")
SCALE = str(ROOT / "topologies" / "scale.yaml.j2")
TWO_NODE = str(ROOT / "topologies" / "two-node.yaml")
LABS = ("two-node", "scale")  # what the labs of the two files are called
SYSTEM_PYTHON = "/usr/bin/python3"
NODES = {10: 2, 100: 5, 1000: 20}
"""The number of nodes for each number of pods."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what was timed, against what, and what is aimed at.

    `limit` is seconds, or what `seconds` may be of the `rival`'s.
    """

    what: str
    seconds: Sequence[float]
    rival: Sequence[float] = field(default=())
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the rival's seconds."""
        return (
            statistics.median(self.seconds) / statistics.median(self.rival) if self.rival else None
        )

    @property
    def verdict(self) -> str:
        """`ok` or `over`; nothing without a target."""
        if self.limit is None:
            return ""
        measured = statistics.median(self.seconds) if self.ratio is None else self.ratio
        return "ok" if measured <= self.limit else "over"

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (
            self.what,
            duration(statistics.median(self.seconds)),
            f"{duration(min(self.seconds))} - {duration(max(self.seconds))}",
            "" if self.ratio is None else f"{self.ratio:.2f}x",
            self.target,
            self.verdict,
        )

    @property
    def target(self) -> str:
        """What is aimed at, if anything: `≤ 1.5x`, `≤ 400 ms`."""
        if self.limit is None:
            return ""
        return f"≤ {self.limit:.3g}x" if self.rival else f"≤ {duration(self.limit)}"


def duration(seconds: float) -> str:
    """A time in three digits or so: `412 ms`, `0.55 ms`, `31 µs`."""
    if seconds >= 0.1:
        return f"{seconds * 1e3:,.0f} ms"
    if seconds >= 0.0001:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.0f} µs"


Times = Mapping[str, list[float]]


def rounds(count: int, steps: Mapping[str, Callable[[], float]]) -> Times:
    """The seconds of each step, all steps in turn and that `count` times."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(count):
        for name, step in steps.items():
            progress(f"round {number + 1} of {count}: {name}")
            times[name].append(step())
    progress("")
    return times


def progress(text: str) -> None:
    """Show on a terminal what is going on."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def seconds(*command: str) -> float:
    """How long a command takes; raises CalledProcessError, with what it said, if it fails."""
    start = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return time.perf_counter() - start


def then_clean(*command: str) -> Callable[[], float]:
    """A step that waits, after its time was taken, until the kernel has cleaned up."""

    def step() -> float:
        """Time the command."""
        taken = seconds(*command)
        reference.wait_until_clean()
        return taken

    return step


def timed(*command: str) -> Callable[[], float]:
    """A step that is one command."""
    return lambda: seconds(*command)


def lab(pods: int, count: int, *, mininet: bool) -> Iterator[Row]:
    """`up`, `up` again and `down` of a lab of so many pods."""
    size = ("--nodes", str(NODES[pods]), "--pods", str(pods))
    built = (SYSTEM_PYTHON, "-I", str(HERE / "reference.py"), *size)
    up = (LABNET, "up", SCALE, "--set", f"nodes={NODES[pods]}", "--set", f"pods={pods}")
    times = rounds(
        count,
        {
            "reference up": timed(*built, "up"),
            "reference down": then_clean(*built, "down"),
            "labnet up": timed(*up),
            "labnet up again": timed(*up),
            "labnet down": then_clean(LABNET, "down", "scale"),
        },
    )
    is_large = pods == 1000
    yield Row(f"reference up {pods:,}", times["reference up"])
    yield Row(f"reference down {pods:,}", times["reference down"])
    yield Row(
        f"up {pods:,} : reference",
        times["labnet up"],
        times["reference up"],
        2.0 if is_large else None,
    )
    yield Row(f"down {pods:,} : reference", times["labnet down"], times["reference down"])
    yield Row(
        f"down {pods:,} : up", times["labnet down"], times["labnet up"], 1.0 if is_large else None
    )
    yield Row(f"up {pods:,} again", times["labnet up again"], limit=1.0 if is_large else None)
    if mininet:
        up_, down = mininet_times(size, 1 if is_large else count)
        yield Row(f"up {pods:,} : Mininet", times["labnet up"], up_, 1 / 6 if is_large else None)
        yield Row(f"down {pods:,} : Mininet", times["labnet down"], down)


def mininet_times(size: Sequence[str], count: int) -> tuple[list[float], list[float]]:
    """Mininet's seconds of building and of stopping."""
    command = ("unshare", "--net", SYSTEM_PYTHON, str(HERE / "mininet_hosts.py"), *size)
    pairs = []
    for number in range(count):
        progress(f"round {number + 1} of {count}: Mininet {' '.join(size)}")
        result = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
        pairs.append([float(word) for word in result.stdout.split()[-2:]])
        reference.wait_until_clean()
    progress("")
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def two_node(count: int) -> Iterator[Row]:
    """The lab that the README begins with."""
    down = then_clean(LABNET, "down", "two-node")
    times = rounds(count, {"two-node up": timed(LABNET, "up", TWO_NODE), "two-node down": down})
    yield Row("up two-node", times["two-node up"], limit=0.4)
    yield Row("down two-node", times["two-node down"])


def help_(count: int) -> Iterator[Row]:
    """What every command pays."""
    bare = timed(SYSTEM_PYTHON, "-I", "-c", "pass")
    times = rounds(count, {"help": timed(LABNET, "--help"), "bare Python": bare})
    yield Row("python3 -I -c pass", times["bare Python"])
    yield Row("labnet --help : python3", times["help"], times["bare Python"], 6)


def has_mininet() -> bool:
    """Whether the system's Python has Mininet, and Mininet what it needs."""
    command = (
        SYSTEM_PYTHON,
        "-c",
        "import mininet.net; import shutil; assert shutil.which('brctl')",
    )
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


HEADER = ("", "median", "min-max", "ratio", "target", "")


def show(rows: Sequence[Row]) -> None:
    """Print the table, and below it what can be said of the machine."""
    table = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADER))]
    for line in table:
        left, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([left.strip().ljust(widths[0]), *others]).rstrip())
    release = os.uname().release
    print(f"\nLinux {release}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")


def measured(arguments: argparse.Namespace, *, mininet: bool) -> Iterator[Row]:
    """The rows that were asked for, as they are measured."""
    for name in arguments.names or ["help", "two-node", *map(str, NODES)]:
        if name == "help":
            yield from help_(arguments.rounds * 6)
        elif name == "two-node":
            yield from two_node(arguments.rounds * 2)
        else:
            pods = int(name)
            peers = mininet and (pods < 1000 or arguments.full)
            yield from lab(pods, arguments.rounds, mininet=peers)


def main() -> None:
    """Measure what the command line asks for and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = ["help", "two-node", *map(str, NODES)]
    parser.add_argument("names", nargs="*", choices=[*choices, []], metavar="|".join(choices))
    parser.add_argument("--rounds", type=int, default=5, help="how often (5)")
    parser.add_argument("--full", action="store_true", help="Mininet with 1,000 hosts too")
    arguments = parser.parse_args()
    if os.geteuid():
        sys.exit("scripts/bench: needs root: `sudo scripts/bench`")
    if running := [name for name in LABS if Path("/run/labnet", name).exists()]:
        sys.exit(f"scripts/bench: take {' and '.join(running)} down first: `labnet down`")
    mininet = has_mininet()
    try:
        show(list(measured(arguments, mininet=mininet)))
    except subprocess.CalledProcessError as error:
        said = error.stderr if isinstance(error.stderr, str) else error.stderr.decode()
        sys.exit(f"\n{' '.join(map(str, error.cmd))}: exit status {error.returncode}\n{said}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        subprocess.run([LABNET, "down", *LABS], check=False, capture_output=True)
        reference.down()
    if not mininet:
        print("without Mininet: `apt-get install mininet bridge-utils` adds it")


if __name__ == "__main__":
    main()
