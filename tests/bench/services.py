"""Thousands of Services: what labnet takes to load and change their rules, and packets to pass.

    scripts/bench services                       100, 1,000 and 5,000, in both modes; two minutes
    scripts/bench services 1000 --rounds 5       one of them, more exactly

A lab of two nodes is up. The rules of Services that are made in Python are loaded on its first
node by the code that `labnet up` runs, and by hand: the same text through `iptables-restore` or
`nft -f`. A change is one endpoint of one Service. With nftables it is shown in parts as well: all
of the table is compared, and libnftables told what differs; what remains is the kernel's clean-up,
which packets do not wait for. Connections go from a pod through the last Service to pods of the
same node. kube-proxy's chains are those of its own nftables mode.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from bench.bench import LABNET, Row, progress, show
from bench.service_lab import (
    CLIENT,
    FAR,
    FAR_AWAY,
    LAB,
    LAST,
    NEAR,
    NODE,
    PORT,
    SERVERS,
    Bench,
    Mode,
    Rules,
    kube_proxy_chains,
    lab_file,
    rules,
)
from bench.traffic import connect_times, send_time, servers
from labnet.kernel.loading import Loading
from labnet.kernel.netns import Thread
from labnet.kernel.nft import Nft
from labnet.names import netns_name
from labnet.plan import Op, Verb
from labnet.state import NftTable, Ruleset, Stdin


SIZES = (100, 1000, 5000)
OVERHEAD = 1.5  # what labnet may take of the bare tool's time
_CONNECTIONS = 500
_SMALL = 5  # changes that take next to nothing
_BYTES = 256 << 20
_KINDS: dict[Mode, type[Rules]] = {"iptables": Ruleset, "nftables": NftTable}
_KEPT = "add table ip kube-proxy\ndelete table ip kube-proxy\n"


@dataclass
class Times:
    """What was measured of a mode and a number of Services, in seconds."""

    load: list[float] = field(default_factory=list)
    load_by_hand: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    change_by_hand: list[float] = field(default_factory=list)
    find: list[float] = field(default_factory=list)
    in_force: list[float] = field(default_factory=list)
    connect: list[list[float]] = field(default_factory=list)
    connect_by_hand: list[list[float]] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)


def run(command: Sequence[str], text: str) -> float:
    """The seconds that a command takes on the first node, reading a text."""
    with Thread() as thread:
        thread.enter(NODE)
        start = time.perf_counter()
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)
        return time.perf_counter() - start


def by_hand(changes: Sequence[Op]) -> float:
    """What one process takes that does the same as these operations, as `plan -o sh` prints it."""
    commands = [op.commands() for op in changes]
    words = {tuple(command[4:-1]) for some in commands for command in some}
    text = "".join(command[-1] for some in commands for command in some)
    (command,) = words
    assert all(isinstance(some[-1][-1], Stdin) for some in commands)
    return run(command, text)


def through_labnet(changes: Sequence[Op]) -> float:
    """What it takes as `labnet up` does it, the kernel's clean-up included."""
    start = time.perf_counter()
    Loading(changes).finish()
    return time.perf_counter() - start


def in_parts(changes: Sequence[Op], times: Times) -> None:
    """The same, finding out what to tell nft apart from telling it, and without the clean-up."""
    with Thread() as thread, Nft() as nft:
        thread.enter(NODE)
        start = time.perf_counter()
        texts = [op.commands()[0][-1] for op in changes]
        found = time.perf_counter()
        for text in texts:
            nft.run(text)
        times.in_force.append(time.perf_counter() - found)
        times.find.append(found - start)


def clear(tables: Sequence[Rules]) -> None:
    """Leave no rule on the first node."""
    empty = "".join(table.empty().text() for table in tables if isinstance(table, Ruleset))
    if empty:
        run(["iptables-restore"], empty)
    run(["nft", "-f", "-"], _KEPT)


def measure(mode: Mode, count: int, rounds: int) -> Iterator[Row]:
    """The rows of a mode and a number of Services."""
    bench = Bench.of(mode)
    what = f"{mode} {count:,}:"
    clusters = [bench.with_services(count, changed=changed) for changed in (False, True)]
    start = time.perf_counter()
    compiled = rules(clusters[0])
    seconds = (time.perf_counter() - start) / len(clusters[0].nodes)
    yield Row(f"{what} compile a node", [seconds])
    old = [table for table in compiled if isinstance(table, _KINDS[mode])]
    new = [table for table in rules(clusters[1]) if isinstance(table, _KINDS[mode])]
    times = Times()
    for number in range(rounds):
        progress(f"{what} round {number + 1} of {rounds}")
        load(old, times)
        for _ in range(2):
            change(old, new, times)
        if mode == "nftables" and (count < max(SIZES) or not times.peer):
            clear(old)
            times.peer.append(run(["nft", "-f", "-"], kube_proxy_chains(clusters[0])))
    yield from rows(what, times)
    clear(old)
    through_labnet([Op(Verb.ADD, table, "") for table in old])
    if count == max(SIZES):
        yield from throughput(what, bench, rounds)
    clear(old)


def load(tables: Sequence[Rules], times: Times) -> None:
    """Load the rules in both ways, and connect after each."""
    client = netns_name(LAB, CLIENT)
    adds = [Op(Verb.ADD, table, "") for table in tables]
    clear(tables)
    times.load_by_hand.append(by_hand(adds))
    times.connect_by_hand.append(connect_times(client, LAST, 80, _CONNECTIONS))
    clear(tables)
    times.load.append(through_labnet(adds))
    times.connect.append(connect_times(client, LAST, 80, _CONNECTIONS))


def change(old: Sequence[Rules], new: Sequence[Rules], times: Times) -> None:
    """Change one endpoint and change it back, in both ways."""
    there = [Op(Verb.CHANGE, b, "", a) for a, b in zip(old, new, strict=True) if a != b]
    back = [Op(Verb.CHANGE, a, "", b) for a, b in zip(old, new, strict=True) if a != b]
    times.change.append(through_labnet(there))
    times.change_by_hand.append(by_hand(back))
    times.change_by_hand.append(by_hand(there))
    times.change.append(through_labnet(back))
    if isinstance(old[0], NftTable):
        for _ in range(_SMALL):
            in_parts(there, times)
            in_parts(back, times)


def rows(what: str, times: Times) -> Iterator[Row]:
    """What was measured, each against the same by hand."""
    yield Row(f"{what} load : by hand", times.load, times.load_by_hand, OVERHEAD)
    yield Row(f"{what} change : by hand", times.change, times.change_by_hand, OVERHEAD)
    if times.in_force:
        yield Row(f"{what} change, find what differs", times.find)
        yield Row(f"{what} change, in the kernel", times.in_force, limit=0.001)
    for name, part in (("p50", 50), ("p99", 99)):
        mine = [percentile(some, part) for some in times.connect]
        others = [percentile(some, part) for some in times.connect_by_hand]
        yield Row(f"{what} connect {name} : by hand", mine, others, OVERHEAD)
    if times.peer:
        limit = 0.1 if len(times.peer) < len(times.load) else None  # of the largest
        yield Row(f"{what} load : kube-proxy's chains", times.load, times.peer, limit)


def percentile(times: Sequence[float], part: int) -> float:
    """The time below which so many of a hundred are."""
    return statistics.quantiles(times, n=100)[part - 1]


def throughput(what: str, bench: Bench, rounds: int) -> Iterator[Row]:
    """Bytes from pod to pod by a ClusterIP against the pod's own address."""
    client = netns_name(LAB, CLIENT)
    for where, pod, address in (("one node", SERVERS[0], NEAR), ("two nodes", FAR, FAR_AWAY)):
        direct, translated = [], []
        for _ in range(rounds + 2):
            progress(f"{what} bytes on {where}")
            direct.append(send_time(client, bench.ip(pod), PORT, _BYTES))
            translated.append(send_time(client, address, 80, _BYTES))
        yield Row(f"{what} 256 MiB : to the pod, {where}", translated, direct, 1.1)


def measured(arguments: argparse.Namespace) -> Iterator[Row]:
    """All rows that were asked for, in a lab that is up meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bench-services.yaml")
        file.write_text(lab_file("iptables"), encoding="utf-8")
        subprocess.run([LABNET, "up", str(file)], check=True, capture_output=True, text=True)
    places = [(netns_name(LAB, pod), PORT) for pod in (*SERVERS, FAR)]
    with servers(places):
        for mode in get_args(Mode):
            for count in arguments.sizes or SIZES:
                yield from measure(mode, count, arguments.rounds)


def main() -> None:
    """Measure what the command line asks for and print the table."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench services",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sizes", nargs="*", type=int, help="how many Services (100 1000 5000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often (3)")
    arguments = parser.parse_args()
    if os.geteuid():
        sys.exit("scripts/bench: needs root: `sudo scripts/bench services`")
    if Path("/run/labnet", LAB).exists():
        sys.exit(f"scripts/bench: take {LAB} down first: `labnet down {LAB}`")
    try:
        show(list(measured(arguments)))
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"\n{' '.join(map(str, error.cmd))}: exit status {error.returncode}\n{error.stderr}"
        )
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        progress("")
        subprocess.run([LABNET, "down", LAB], check=False, capture_output=True)


if __name__ == "__main__":
    main()
