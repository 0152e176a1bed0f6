"""Subcommands and their flags, as cobra and pflag read and print them.

`--name=value`, `--name value`, `--switch`, `--switch=false`, `-t 10`, `-t10`, flags and arguments
in any order, `--` before arguments that begin with a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from labnet.images.agnhost.golang import duration, parse_duration


PROGRAM = "agnhost"
TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

Value = bool | int | str
Kind = Literal["bool", "int", "string", "duration"]


class UsageError(Exception):
    """The command line is wrong; the message says how."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of a subcommand; a duration's default is in nanoseconds."""

    name: str
    default: Value
    help: str
    kind: Kind = "string"
    short: str = ""

    def parse(self, text: str) -> Value:
        """The value that `text` stands for; raises ValueError."""
        if self.kind == "bool":
            if text not in TRUE | FALSE:
                raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
            return text in TRUE
        if self.kind == "int":
            return _integer(text)
        return parse_duration(text) if self.kind == "duration" else text

    def __str__(self) -> str:
        """The two columns of the help, joined by a tab."""
        short = f"-{self.short}, " if self.short else "    "
        kind = "" if self.kind == "bool" else f" {self.kind}"
        return f"  {short}--{self.name}{kind}\t{self.help}{self._default()}"

    def _default(self) -> str:
        if not self.default:
            return ""
        if self.kind == "duration":
            return f" (default {duration(int(self.default))})"
        text = str(self.default).lower() if self.kind == "bool" else str(self.default)
        return f' (default "{text}")' if self.kind == "string" else f" (default {text})"


# klog's, taken everywhere because tests pass them, and without effect, as most have in the
# original too, where the log always goes to standard error.
LOGGING_FLAGS = (
    Flag("add_dir_header", default=False, help="no effect", kind="bool"),
    Flag("alsologtostderr", default=False, help="no effect", kind="bool"),
    Flag("legacy_stderr_threshold_behavior", default=True, help="no effect", kind="bool"),
    Flag("log_backtrace_at", ":0", "no effect"),
    Flag("log_dir", "", "no effect"),
    Flag("log_file", "", "no effect"),
    Flag("log_file_max_size", 1800, "no effect", "int"),
    Flag("logtostderr", default=True, help="no effect", kind="bool"),
    Flag("one_output", default=False, help="no effect", kind="bool"),
    Flag("skip_headers", default=False, help="no effect", kind="bool"),
    Flag("skip_log_headers", default=False, help="no effect", kind="bool"),
    Flag("stderrthreshold", "2", "no effect"),
    Flag("v", 0, "no effect", "int", "v"),
    Flag("vmodule", "", "no effect"),
)
HELP = Flag("help", default=False, help="print this", kind="bool", short="h")


class Flags:
    """The values of a subcommand's flags; the three readers check that the flag is of that kind."""

    def __init__(self, values: dict[str, Value]) -> None:
        """`values` has every flag of the subcommand by its name."""
        self._values = values

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        value = self._values[name]
        assert isinstance(value, bool)
        return value

    def number(self, name: str) -> int:
        """A number, or the nanoseconds of a duration."""
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """A text."""
        value = self._values[name]
        assert isinstance(value, str)
        return value


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: `run` gets its flags and arguments and returns the exit status.

    `arguments` is how many it takes, None for any number.
    """

    name: str
    short: str
    run: Callable[[Flags, Sequence[str]], int]
    flags: Sequence[Flag] = ()
    long: str = ""
    arguments: int | None = 0
    operands: str = ""

    def parse(self, argv: Sequence[str]) -> tuple[Flags, list[str]]:
        """The flags and the arguments in `argv`; raises UsageError."""
        known = {flag.name: flag for flag in (*LOGGING_FLAGS, HELP, *self.flags)}
        values, arguments = _parse(known, argv)
        flags = Flags({name: flag.default for name, flag in known.items()} | values)
        wanted = self.arguments
        if not flags.on("help") and wanted is not None and len(arguments) != wanted:
            raise UsageError(f"{self.name} takes {wanted} arguments, and got {len(arguments)}")
        return flags, arguments

    def help(self) -> str:
        """What `--help` prints."""
        usage = f"  {PROGRAM} {self.name} {self.operands}".rstrip() + " [flags]"
        flags = _columns(map(str, sorted((HELP, *self.flags), key=lambda flag: flag.name)))
        return f"{self.long or self.short}\n\nUsage:\n{usage}\n\nFlags:\n{flags}"


def program_help(commands: Sequence[Command]) -> str:
    """What the program prints when it is given no subcommand."""
    names = _columns(f"  {command.name}\t{command.short}" for command in commands)
    return (
        f"Usage:\n  {PROGRAM} [command]\n\nAvailable Commands:\n{names}\n"
        f'Use "{PROGRAM} [command] --help" for more about a command.\n'
    )


def _columns(rows: Iterable[str]) -> str:
    """Rows of two columns, the second ones aligned."""
    pairs = [row.partition("\t") for row in rows]
    width = max(len(first) for first, _, _ in pairs)
    return "".join(f"{first:{width}}   {second}\n" for first, _, second in pairs)


def _parse(known: dict[str, Flag], argv: Sequence[str]) -> tuple[dict[str, Value], list[str]]:
    values: dict[str, Value] = {}
    arguments: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return values, arguments + rest
        if len(word) < 2 or word[0] != "-":
            arguments.append(word)
            continue
        flag, text = _flag(known, word)
        if text is None:
            text = "true" if flag.kind == "bool" else _next(rest, word)
        try:
            values[flag.name] = flag.parse(text)
        except ValueError as error:
            raise UsageError(f'invalid argument "{text}" for "{word}" flag: {error}') from None
    return values, arguments


def _flag(known: dict[str, Flag], word: str) -> tuple[Flag, str | None]:
    """The flag that a word names, and the value in the same word, if it has one."""
    if word.startswith("--"):
        name, equals, text = word[2:].partition("=")
        if name not in known:
            raise UsageError(f"unknown flag: --{name}")
        return known[name], text if equals else None
    for flag in known.values():
        if flag.short == word[1]:
            return flag, word[2:].removeprefix("=") or None
    raise UsageError(f"unknown shorthand flag: '{word[1]}' in {word}")


def _next(rest: list[str], word: str) -> str:
    if not rest:
        raise UsageError(f"flag needs an argument: {word}")
    return rest.pop(0)


def _integer(text: str) -> int:
    """A number in any of Go's notations: 80, 0x50, 0b101, 0o17."""
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
