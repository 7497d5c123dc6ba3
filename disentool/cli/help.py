"""How help reads: options under headings, names as lists, and examples that run. click's own formatter prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from disentool.cli.meanings import with_meanings
from disentool.errors import nearest

if TYPE_CHECKING:
    from click.types import OptionHelpExtra  # click 8.1 has none

Names = Mapping[str, Sequence[tuple[str, str]]]  # heading -> names that an option takes, each with its one line

_ALIKE = 0.65  # how alike an option must be that is suggested: there are many, and some are alike by chance
_FIRST_COLUMN = 30  # characters of an option and its value; a longer one stands on a line of its own


class Option(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *args: Any, group: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.group = group

    def get_help_extra(self, ctx: click.Context) -> OptionHelpExtra:
        """As click's, without the range of a number: a value outside it is refused with the range."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Command(click.Command):
    """A command whose help has options under headings, then lists of names, then examples.

    Headings stand in the order in which options name them first; options stand in their own order below each.
    ``words_of``: the command whose options' meanings it has, where that is not its own name: ``train`` of a method.
    """

    def __init__(
        self,
        *args: Any,
        examples: Sequence[str],
        names: Names | None = None,
        words_of: str | None = None,
        **kwargs: Any,
    ):
        kwargs["epilog"] = epilog(examples)
        super().__init__(*args, **kwargs)
        self.examples, self.names = tuple(examples), names or {}
        for parameter in self.params:
            if isinstance(parameter, Option) and parameter.help is not None:
                parameter.help = with_meanings(parameter.help, parameter.opts[-1], words_of or str(self.name))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, but an option for one value, given twice, is wrong usage: which of them is meant?"""
        if not ctx.resilient_parsing:  # which is how the shell's completion asks
            try:
                *_, given = self.make_parser(ctx).parse_args(list(args))
            except click.NoSuchOption as error:
                raise click.UsageError(self._unknown(error.option_name, ctx), ctx) from None
            one_value = [each for each in given if isinstance(each, Option) and not each.multiple]
            for each in one_value:
                if one_value.count(each) > 1 and (not each.is_flag or each.secondary_opts):
                    flags = "/".join([each.opts[-1], *each.secondary_opts])
                    raise click.UsageError(f"{flags}: given twice; give it once", ctx)
        return super().parse_args(ctx, args)

    def _unknown(self, name: str, ctx: click.Context) -> str:
        """What to say of an option that the command does not have."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        flags = [flag for each in options for flag in (*each.opts, *each.secondary_opts)]
        if name in ("-o", "--output", "--out") and "-o" not in flags:
            return f"{name}: no such option; {ctx.command_path} prints its results to stdout: write `> FILE`"
        close = nearest(name, [flag for flag in flags if flag.startswith("--")], _ALIKE) if len(name) > 2 else []
        return f"{name}: no such option{'; did you mean ' + ' or '.join(close) + '?' if close else ''}"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings, all text in one column, and the lists of names."""
        sections: dict[str, list[tuple[str, str]]] = {}
        heading = "Options"
        for parameter in self.get_params(ctx):
            if isinstance(parameter, Option):
                heading = parameter.group
            record = parameter.get_help_record(ctx)  # --help comes last, below the last heading
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(heading, []).append(record)
        sections |= {heading: list(rows) for heading, rows in self.names.items() if rows}
        width = min(_FIRST_COLUMN, max(len(first) for rows in sections.values() for first, _ in rows))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(first.ljust(width), text) for first, text in rows], col_max=_FIRST_COLUMN)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, a line each."""
        write_epilog(self, formatter)


def epilog(examples: Sequence[str]) -> str:
    """The examples as help ends with them."""
    return "\n".join(["Examples:", *(f"  {example}" for example in examples)])


def write_epilog(command: click.Command, formatter: click.HelpFormatter) -> None:
    """Write a command's epilog as it is: a command line that is broken anywhere cannot be copied."""
    formatter.write_paragraph()
    formatter.write(f"{command.epilog}\n")


def command(
    name: str | None = None,
    *,
    examples: Sequence[str],
    names: Names | None = None,
    words_of: str | None = None,
    help: str | None = None,
) -> Callable[[Callable[..., Any]], Command]:
    """Decorator that makes a :class:`Command` of a function, whose docstring is its help unless ``help`` is given."""
    more = {} if help is None else {"help": help}
    return click.command(name, cls=Command, examples=examples, names=names, words_of=words_of, **more)


def option(*declarations: str, group: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator that adds an :class:`Option`, as :func:`click.option` does, under the heading ``group``."""
    return click.option(*declarations, cls=Option, group=group, **attributes)
