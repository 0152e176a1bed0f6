"""Lab files that are Jinja2 templates (`*.j2`), with the values of `--set`.

A template sees nothing but those values: no file, no environment, no clock and no chance, so that
it gives the same text every time. What would make it run or grow without an end is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from labnet.errors import InputError, Problem, Problems
from labnet.parse.compose import MAX_BYTES
from labnet.parse.findings import did_you_mean
from labnet.parse.scalars import boolean_of, integer_of, scalar_kind
from labnet.parse.tree import shorten


if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


Value = str | int | float | bool | None

MAX_STEPS: Final = 1_000_000  # of all `range()` of a template together
_UNDEFINED: Final = re.compile(r"'(\w+)' is undefined")
_WIDE_FORMAT: Final = re.compile(r"%[^a-zA-Z%]*[0-9]{5}")


def setting_value(word: str) -> Value:
    """The value of `--set NAME=word`, as YAML has it: `20` is a number, `"20"` is text."""
    match scalar_kind(word):
        case "int":
            return integer_of(word)
        case "bool":
            return boolean_of(word)
        case "float":
            return float(word.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        case "null":
            return None
        case _:
            quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
            return word[1:-1] if quoted else word


def setting_values(settings: Mapping[str, str]) -> dict[str, Value]:
    """All values; raises `InputError` for a name that no template can use."""
    for name in settings:
        if not (name.isidentifier() and name.isascii()):
            shown = shorten(name)
            raise InputError(f"--set {shown}: a name has letters, digits and _, and no digit first")
    return {name: setting_value(word) for name, word in settings.items()}


def check_used(settings: Mapping[str, str], used: Mapping[str, frozenset[str]]) -> None:
    """Every setting is used by a template; `used` are the variables of each by its file's name."""
    variables = sorted(frozenset().union(*used.values()))
    for name in settings:
        if not used:
            raise InputError(f"--set {name}: no file is a template, which has a name *.j2")
        if name not in variables:
            near = did_you_mean(name, variables)
            known = f"the templates use {', '.join(variables) or 'none'}"
            raise InputError(f"--set {name}: no template uses it; {near or known}")


def variables_of(name: str, text: str) -> frozenset[str]:
    """The settings that a template may look at."""
    from jinja2 import meta  # noqa: PLC0415 - 54 ms that only a template should cost

    try:
        return frozenset(meta.find_undeclared_variables(_environment().parse(text)))
    except Exception as error:
        raise Problems([_problem(name, error)]) from error


def render(name: str, text: str, values: Mapping[str, Value]) -> str:
    """The text of a template; raises `Problems` with the line of the template."""
    environment = _environment()
    try:
        code = environment.compile(text, name=name, filename=name)
        template = environment.template_class.from_code(environment, code, environment.globals)
        return _bounded(template.generate(values))
    except Exception as error:
        # A template is a program: whatever it raises is the input's fault.
        raise Problems([_problem(name, error)]) from error


def _bounded(chunks: Iterable[str]) -> str:
    """The chunks together, and an error as soon as they are too long."""
    text: list[str] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise OverflowError(f"it renders more than {MAX_BYTES >> 20} MiB")
        text.append(chunk)
    return "".join(text)


def _problem(name: str, error: Exception) -> Problem:
    said = " ".join(str(error).split()) or type(error).__name__
    line = getattr(error, "lineno", None) or _line(error.__traceback__, name)
    undefined = _UNDEFINED.fullmatch(said)
    if undefined:
        what = f"{undefined[0]}"
        return Problem(name, line, "", what, f"give it a value: --set {undefined[1]}=VALUE")
    return Problem(name, line, "", f"the template cannot be rendered: {shorten(said, 200)}")


def _line(traceback: TracebackType | None, name: str) -> int:
    """The innermost line of the template that a traceback goes through."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == name:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - see variables_of
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - likewise

    class Undefined(StrictUndefined):
        """A value that was not given; it fails as a number too, with its own name."""

        __index__ = StrictUndefined.__int__

    class Bounded(SandboxedEnvironment):
        """A sandbox in which no single operation makes something huge."""

        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _check_operation(operator, left, right)
            return super().call_binop(context, operator, left, right)

    environment = Bounded(
        undefined=Undefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["range"] = _Steps().range
    del environment.globals["lipsum"]  # chance
    del environment.filters["random"]
    return environment


class _Steps:
    """How many steps are left to all loops over a `range`."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def range(self, *bounds: int) -> Sequence[int]:
        """Python's, while there are steps left."""
        steps = range(*bounds)
        self.left -= min(abs(steps.stop - steps.start) // abs(steps.step) + 1, MAX_STEPS + 1)
        if self.left < 0:
            raise OverflowError(f"its loops have more than {MAX_STEPS:,} steps")
        return steps


def _check_operation(operator: str, left: Any, right: Any) -> None:
    too_large = False
    if operator == "%":
        too_large = isinstance(left, str) and _WIDE_FORMAT.search(left) is not None
    elif operator == "**":
        both = isinstance(left, int) and isinstance(right, int)
        too_large = both and left.bit_length() * abs(right) > MAX_BYTES
    elif isinstance(left, int) and isinstance(right, int):
        too_large = left.bit_length() + right.bit_length() > MAX_BYTES
    elif isinstance(right, int) and hasattr(left, "__len__"):
        too_large = len(left) * right > MAX_BYTES
    elif isinstance(left, int) and hasattr(right, "__len__"):
        too_large = len(right) * left > MAX_BYTES
    if too_large:
        raise OverflowError(f"the result of {operator} is too large")
