"""Command-line options made from the fields of a configuration."""

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from disentool.cli.help import option
from disentool.cli.options import complete_from, completions_of_list
from disentool.config import Option
from disentool.datasets import DATASETS

Value = int | float | bool | str | list[int | float | str | None] | None  # of a field, or a list of values


class Field(click.ParamType):
    """A configuration field's value."""

    def __init__(self, field: Option):
        self.field = field
        self.name = "|".join(field.choices) if field.choices else {int: "n", float: "x", str: "text"}[field.kind]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """How the help shows a value."""
        return f"[{self.name}]" if self.field.choices else self.field.placeholder or self.name.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The choices that begin like what is typed."""
        return [CompletionItem(name) for name in self.field.choices or () if name.startswith(incomplete)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to a value."""
        return self.field.parse(value) if isinstance(value, str) else value


class ListedField(Field):
    """A configuration field's value, or a comma-separated list of them."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """How the help shows that a list is a value too."""
        return f"{super().get_metavar(param, ctx)},..."

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The choices that begin like what is typed after the last comma."""
        return completions_of_list(self.field.choices or (), incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to one value or a list."""
        if not isinstance(value, str):
            return value
        values = [self.field.parse(part.strip()) for part in value.split(",")]
        return values if len(values) > 1 else values[0]


def from_config(fields: Iterable[Option], *, listed: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator that adds an option for each field; ``listed``: a comma-separated list is a value too.

    None stands for an option that is not given, so that a preset or a file can decide it.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(list(fields)):
            function = _option(field, listed)(function)
        return function

    return decorate


def _option(field: Option, listed: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    if field.kind is bool:
        flags = f"{field.flag}/--no-{field.flag[2:]}"
        return option(flags, field.name, group=field.group, default=None, help=_help(field))
    return option(
        field.flag,
        field.name,
        group=field.group,
        type=ListedField(field) if listed else Field(field),
        help=_help(field),
        shell_complete=complete_from(lambda: DATASETS, files=True) if field.name == "data" else None,
    )


def _help(field: Option) -> str:
    """The field's help as a sentence, and its default, which the help may state itself where the value is none."""
    text, _, stated = field.help.partition(" [default: ")
    default = stated.rstrip("]")
    if field.kind is bool:
        default = field.name.replace("_", "-") if field.default else ""
    elif field.default is not None:
        default = plain(field.default)
    shown = f"  [default: {default}]" if default else ""
    return f"{text[0].upper()}{text[1:].rstrip('.')}.{shown}"


def plain(value: Any) -> str:
    """A default as people write it."""
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
