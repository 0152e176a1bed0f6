"""A plan as text, as JSON, and as a script that a person can run instead of labnet."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

from labnet.plan.difference import rule_difference
from labnet.plan.op import Plan, Verb
from labnet.state import Command, Operator, Process, Stdin, printable


_MOST_LINES = 60
_LONGEST_LINE = 400
_HEAD = """\
#!/bin/sh
# Builds the network of lab {lab} by hand. Run it as root; `labnet down {lab}` removes it again.
# The containers' processes are left out: they need files and namespaces of their own. What comes
# nearest to each stands at the end as a comment.
set -eu
"""


def plan_text(plan: Plan) -> str:
    """An operation with its reason, and below it the commands that it stands for.

    Of rules that change, those that go and come stand there instead. What is too long to be read
    is cut; the script has all of it.
    """
    lines = []
    for op in plan:
        lines.append(str(op))
        details = rule_difference(op.object, op.old) if op.old else []
        details = details or [line for command in op.commands() for line in _shell(command)]
        lines += [f"    {line}" for line in _readable(details)]
    return "\n".join([*lines, _summary(plan)]) + "\n"


def _readable(lines: list[str]) -> list[str]:
    """The lines, or as much of them as anybody reads."""
    short = [_shortened(line) for line in lines[:_MOST_LINES]]
    left = len(lines) - len(short)
    return [*short, f"… {left} more lines: -o sh has them all"] if left else short


def _shortened(line: str) -> str:
    """A line without its middle if that is too long: the environment of a container, say."""
    if len(line) <= _LONGEST_LINE:
        return line
    half = _LONGEST_LINE // 2
    return f"{line[:half]} … {line[-half:]}"


def _summary(plan: Plan) -> str:
    """`Plan: 3 to add, 1 to change, 0 to delete.`."""
    if not plan:
        return "Nothing to do: the machine is as the files say."
    count = Counter(op.verb for op in plan)
    words = {Verb.ADD: "add", Verb.CHANGE: "change", Verb.DELETE: "delete"}
    return "Plan: " + ", ".join(f"{count[verb]} to {word}" for verb, word in words.items()) + "."


def plan_json(plan: Plan) -> list[dict[str, Any]]:
    """One object for each operation, with stable keys."""
    return [
        {
            "verb": op.verb.value,
            "kind": op.object.key[0],
            "key": [printable(word) for word in op.object.key[1:]],
            "why": op.why,
            "commands": ["\n".join(_shell(command)) for command in op.commands()],
        }
        for op in plan
    ]


def plan_script(lab: str, plan: Plan) -> str:
    """A POSIX shell script of the same operations."""
    lines = [_HEAD.format(lab=lab)]
    for op in plan:
        lines.append("# " + " ".join(str(op).split()))
        comment = "#   " if isinstance(op.object, Process) else ""
        lines += [comment + line for command in op.commands() for line in _shell(command)]
    return "\n".join(lines) + "\n"


def _shell(command: Command) -> list[str]:
    """A command in the shell's words, in several lines if it reads something."""
    *words, last = (type(word)(printable(word)) for word in command)
    if isinstance(last, Stdin):
        return [f"{shlex.join(words)} <<'EOF'", *last.rstrip("\n").split("\n"), "EOF"]
    words = [word if isinstance(word, Operator) else shlex.quote(word) for word in (*words, last)]
    return [" ".join(words).replace("\n", "\\n")]
