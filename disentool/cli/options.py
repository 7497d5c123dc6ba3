"""Options that several commands share, each declared once; and options made from a configuration's fields."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from disentool.config import Option
from disentool.datasets import DATASETS
from disentool.errors import WrongUsage

overwrite = click.option("--overwrite", is_flag=True, help="Replace outputs that are already there.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
device = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where to compute."
)


def complete_from(names: Callable[[], Iterable[str]], *, files: bool = False) -> Callable:
    """Shell completion of a value: the names that begin like it; ``files``: else the shell's own files."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found + ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


data = click.option(
    "--data",
    metavar="FILE|NAME",
    shell_complete=complete_from(lambda: DATASETS, files=True),
    help="Data set: a .h5 file, or a name that is rendered once. [default: what the checkpoint was trained on]",
)
rows = click.option(
    "--rows",
    type=click.Choice(["train", "test", "all"]),
    default="all",
    show_default=True,
    help="Which rows of the data, by its split (prepare --split).",
)
codes = click.option(
    "--codes",
    type=click.Choice(["auto", "encoder", "latent"]),
    default="auto",
    show_default=True,
    help="Codes of a model that optimises them: its encoders', or those optimised for the images it was trained on."
    " auto: the encoders' once they are trained.",
)
trust = click.option(
    "--trust",
    is_flag=True,
    help="Run code: your own (module:name), or what a generator's file holds.",
)
force = click.option("--force", is_flag=True, help="Use directions that were found in another generator.")
seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all draws."
)
classes = click.option(
    "--class", "classes", metavar="N,N", help="Classes to work with, of a generator that has some, such as 14,136."
)
space = click.option(
    "--space",
    type=click.Choice(["content", "class", "all"]),
    help="Of a class-and-content method's codes, those to work with.  [default: content]",
)
truncation = click.option("--truncation", type=float, help="Of a BigGAN, 1 or 0.4.  [default: 1]")
directions = click.option(
    "--direction",
    "directions",
    metavar="FILE[:NAME]",
    multiple=True,
    help="Move along this direction, such as dirs.h5:shift-x; may be given several times.",
)
path = click.Path(path_type=Path)


def artefacts(metavar: str) -> Callable:
    """An argument of any number of paths: none means ./ckpt.pt, "-" reads them from stdin, one a line."""
    return click.argument("artefacts", nargs=-1, metavar=metavar)


def stream(given: tuple[str, ...]) -> list[str] | Iterator[str]:
    """The paths that an :func:`artefacts` argument means; those from stdin come as they arrive."""
    if "-" not in given:
        return list(given) or ["ckpt.pt"]
    if len(given) > 1:
        raise WrongUsage('"-" reads every path from stdin; give it alone')
    return (line.rstrip("\r\n") for line in iter(sys.stdin.readline, "") if line.strip())


class Listed(click.ParamType):
    """A configuration field's value, or a comma-separated list of them."""

    def __init__(self, option: Option):
        self.option = option
        self.name = "|".join(option.choices) if option.choices else {int: "n", float: "x", str: "text"}[option.kind]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """How the help shows a value."""
        return f"[{self.name}]" if self.option.choices else self.name.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The choices that begin like what is typed."""
        return [CompletionItem(name) for name in self.option.choices or () if name.startswith(incomplete)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to one value or a list."""
        if not isinstance(value, str):
            return value
        values = [self.option.parse(part.strip()) for part in value.split(",")]
        return values if len(values) > 1 else values[0]


def from_config(known: dict[str, Option], *, listed: bool) -> Callable:
    """Click options for configuration fields. Options not given are absent from the values, so that layers can merge.

    ``listed``: a comma-separated list is a value too.
    """

    def decorate(function: Callable) -> Callable:
        for option in reversed(known.values()):
            default = "" if option.default is None else f" [default: {plain(option.default)}]"
            if option.kind is bool:
                declaration = f"{option.flag}/--no-{option.flag[2:]}"
                function = click.option(declaration, option.name, default=None, help=option.help)(function)
            else:
                kind = Listed(option) if listed else _Single(option)
                more = {"shell_complete": complete_from(lambda: DATASETS, files=True)} if option.name == "data" else {}
                function = click.option(option.flag, option.name, type=kind, help=option.help + default, **more)(
                    function
                )
        return function

    return decorate


class _Single(Listed):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to one value."""
        return self.option.parse(value) if isinstance(value, str) else value


def plain(value: Any) -> str:
    """A default as people write it."""
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def ranges(text: str, flag: str = "--seeds") -> list[int]:
    """``0-4`` or ``0,3,7-9`` as whole numbers; WrongUsage says what was expected."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise WrongUsage(f"{flag} {text}: expected numbers and ranges, such as 0-4 or 0,3,7-9")
        if dash and int(last) - int(first) >= 10_000:
            raise WrongUsage(f"{flag} {text}: more than 10,000 in one range")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
