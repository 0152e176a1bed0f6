"""A command line that ends with another command's words."""

from __future__ import annotations

import click


class WordsCommand(click.Command):
    """`labnet exec [OPTIONS] TARGET [OPTIONS] [--] CMD…`: what begins with CMD is not ours.

    click would take the options in CMD for its own unless a `--` stands before it; kubectl and
    docker do without, and so does this.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the `--` where the second word that is no option stands."""
        at = self._end_of_options(ctx, args)
        return super().parse_args(ctx, [*args[:at], "--", *args[at:]])

    def _end_of_options(self, ctx: click.Context, args: list[str]) -> int:
        """Where the command begins; a `--` before it is dropped."""
        with_value = {
            name
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        words, at = 0, 0
        while at < len(args):
            word = args[at]
            if word == "--":
                del args[at]
                return at
            if not word.startswith("-") or word == "-":
                words += 1
                if words > 1:
                    return at
            elif _takes_next(word, with_value):
                at += 1
            at += 1
        return len(args)


def _takes_next(word: str, with_value: set[str]) -> bool:
    """Whether the value of an option is the next word: `-c`, `--container`, and the c of `-itc`."""
    if word.startswith("--"):
        return word in with_value
    letters = word[1:]
    first = next((at for at, letter in enumerate(letters) if f"-{letter}" in with_value), None)
    return first is not None and first == len(letters) - 1
