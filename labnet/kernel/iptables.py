"""iptables tables of namespaces, through iptables-save and iptables-restore.

Both are processes, so they are only started where there is something to read or write, and run
beside each other. A child is in the namespace that the thread is in when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from labnet.errors import Failed, MachineError
from labnet.kernel import netns
from labnet.kernel.nft import table_names
from labnet.plan import Op, Verb
from labnet.state import BUILTIN, Ruleset, parse_rulesets


if TYPE_CHECKING:
    import subprocess


_LEGACY: dict[Literal[4, 6], Path] = {
    4: Path("/proc/thread-self/net/ip_tables_names"),
    6: Path("/proc/thread-self/net/ip6_tables_names"),
}
_TOOL: dict[Literal[4, 6], str] = {4: "iptables", 6: "ip6tables"}
_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
_LOCK_SECONDS = "30"  # for whoever else changes rules in that namespace
_AT_ONCE = 8  # processes; a few more than there are cores on a small machine


def observe_rules(names: Iterable[str], thread: netns.Thread) -> list[Ruleset]:
    """The tables of these namespaces that somebody has put rules into."""
    todo: list[tuple[str, Literal[4, 6]]] = []
    for name in names:
        thread.enter(name)
        todo += [(name, family) for family in _families_in_use()]
    outputs = _run(thread, [_Job(name, (f"{_TOOL[family]}-save",)) for name, family in todo])
    rulesets: list[Ruleset] = []
    for (name, family), output in zip(todo, outputs, strict=True):
        rulesets += parse_rulesets(name, family, output)
    return rulesets


def apply_rules(ops: Iterable[Op], thread: netns.Thread) -> None:
    """Make these tables what they shall be: one process for each namespace and family.

    A table is swapped at once. Where that is shorter, iptables-restore reads only the chains that
    change, of all tables of its run: it either empties every table first or none.
    """
    groups: dict[tuple[str, Literal[4, 6]], list[_Swap]] = {}
    for op in ops:
        swap = _swap(op)
        groups.setdefault((swap.new.netns, swap.new.family), []).append(swap)
    jobs = []
    for (name, family), swaps in groups.items():
        options, text = _restore(swaps)
        jobs.append(_Job(name, (f"{_TOOL[family]}-restore", "-w", _LOCK_SECONDS, *options), text))
    _run(thread, jobs)


class _Swap(NamedTuple):
    """A table as it shall be, and as it is; `is_there` if anybody has ever touched it."""

    new: Ruleset
    old: Ruleset
    is_there: bool = True


def _swap(op: Op) -> _Swap:
    item = op.object
    assert isinstance(item, Ruleset), "others have their own ways"
    if op.verb is Verb.DELETE:
        return _Swap(item.empty(), item)
    if isinstance(op.old, Ruleset):
        return _Swap(item, op.old)
    return _Swap(item, item.empty(), is_there=False)


def _restore(swaps: Sequence[_Swap]) -> tuple[tuple[str, ...], str]:
    """Options of iptables-restore, and what it reads."""
    if any(swap.is_there for swap in swaps):
        parts = [swap.new.delta(swap.old) for swap in swaps]
        if sum(map(len, parts)) < sum(swap.new.size for swap in swaps):
            return ("--noflush",), "".join(parts)
    return (), "".join(swap.new.text() for swap in swaps)


def _families_in_use() -> list[Literal[4, 6]]:
    """The families for which this namespace has a table of iptables, of either kind."""
    used = {table.family for table in table_names() if table.name in BUILTIN}
    return [family for family in _LEGACY if family in used or _legacy_tables(family)]


def _legacy_tables(family: Literal[4, 6]) -> bool:
    try:
        return bool(_LEGACY[family].read_bytes())
    except OSError:
        return False


class _Job(NamedTuple):
    """A command in a namespace, and what it reads."""

    netns: str
    command: tuple[str, ...]
    text: str = ""


def _run(thread: netns.Thread, jobs: Sequence[_Job]) -> list[str]:
    """What each prints; raises Failed with the words of all that failed, when all have ended."""
    outputs: list[str] = []
    errors: list[str] = []
    for start in range(0, len(jobs), _AT_ONCE):
        some = jobs[start : start + _AT_ONCE]
        for job, process in zip(some, [_start(thread, job) for job in some], strict=True):
            out, err = process.communicate(job.text)
            outputs.append(out)
            if process.returncode:
                errors.append(f"{job.command[0]} in {job.netns} failed: {' '.join(err.split())}")
    if errors:
        raise Failed("\n".join(errors))
    return outputs


def _start(thread: netns.Thread, job: _Job) -> subprocess.Popen[str]:
    """Start a command in a namespace; raises MachineError if there is no such tool."""
    import subprocess  # noqa: PLC0415  # its import costs more than all else that `down` does

    thread.enter(job.netns)
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(job.command, stdin=pipe, stdout=pipe, stderr=pipe, **_TEXT)
    except FileNotFoundError as error:
        raise MachineError(missing_tool(job.command[0])) from error


def missing_tool(name: str) -> str:
    """What to tell of a tool that is not there."""
    return f"{name} is not installed: apt-get install iptables"
