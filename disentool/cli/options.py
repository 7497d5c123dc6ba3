"""Options that several commands share, each declared once, and the forms of text that several options take."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import click
from click.shell_completion import CompletionItem

from disentool.arguments.bounds import DEVICES, PRECISIONS, SEED, Bounds, CodesFrom, Part, Side
from disentool.cli.help import option
from disentool.datasets import DATASETS
from disentool.errors import MissingFile, WrongUsage


def not_empty(ctx: click.Context | None, param: click.Parameter | None, value: Any) -> Any:
    """The value of an option or argument that names a file; MissingFile for the empty word."""
    if value == "":
        flag = f"{param.opts[0]} " if isinstance(param, click.Option) else ""
        raise MissingFile(f"{flag}'': is no path; name a file")
    return value


class _FilePath(click.Path):
    """A path, which the empty word is not: it would mean the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to a path; MissingFile for the empty one."""
        return super().convert(not_empty(ctx, param, value), param, ctx)


path = _FilePath(path_type=Path)


def whole(bounds: Bounds) -> click.IntRange:
    """The type of an option for whole numbers."""
    return click.IntRange(int(bounds.low), None if bounds.high == math.inf else int(bounds.high))


def complete_from(
    names: Callable[[], Iterable[str]], *, files: bool = False, listed: bool = False
) -> Callable[..., list[CompletionItem]]:
    """Shell completion of a value: the names that begin like it.

    ``files``: else the shell's own files. ``listed``: the value is a list; what follows its last comma is completed.
    """

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        if listed:
            return completions_of_list(names(), incomplete)
        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found + ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def completions_of_list(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """What a list such as ``mig,sa`` may become: the names that begin like its last one, and are not in it yet."""
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(last) and name not in given]


# ---- what is read

data = option(
    "--data",
    group="Data",
    metavar="FILE|NAME",
    callback=not_empty,
    shell_complete=complete_from(lambda: DATASETS, files=True),
    help="The data set: a .h5 file, or a name; a named data set is rendered once."
    "  [default: the data set that the checkpoint was trained on]",
)
pictures = option(
    "--image",
    "image_files",
    group="Data",
    metavar="FILE|FOLDER",
    type=path,
    multiple=True,
    help="This picture, or all below this folder, instead of a data set: cropped about its centre and resized to the"
    " model's images where it is of another size. Repeatable.",
)
rows = option(
    "--rows",
    group="Data",
    type=click.Choice(get_args(Part)),
    default="all",
    show_default=True,
    help="The rows of the data to use, by its split (see prepare --split).",
)
codes = option(
    "--codes",
    group="Data",
    type=click.Choice(get_args(CodesFrom)),
    default="auto",
    show_default=True,
    help="For a model that optimises codes (LORD). encoder: the codes that its encoders give. latent: the codes that"
    " were optimised for its training images. auto: encoder, once the encoders are trained.",
)
directions = option(
    "--direction",
    "directions",
    group="Directions",
    metavar="FILE[:NAME]",
    multiple=True,
    help="Move images along this direction, such as dirs.h5:shift-x. Repeatable.",
)
force = option("--force", group="Directions", is_flag=True, help="Use directions that were found in another generator.")


def lpips(group: str, purpose: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option that names LPIPS's weights, in this group of the help; ``purpose`` begins its text."""
    return option(
        "--lpips",
        group=group,
        type=path,
        multiple=True,
        metavar="FILE",
        help=f"{purpose} the weights of LPIPS. Give torchvision's alexnet or vgg16 (.pth), and with a second --lpips"
        " the linear layers of the lpips package (its weights/v0.1/alex.pth or vgg.pth).",
    )


classes = option(
    "--class",
    "classes",
    group="Generator",
    metavar="N,...",
    help="Classes of a generator that has classes, such as 14,136.",
)
space = option(
    "--space",
    group="Generator",
    type=click.Choice([*get_args(Side), "all"]),
    help="The codes of a class-and-content method to work with.  [default: content]",
)
truncation = option(
    "--truncation",
    group="Generator",
    metavar="X",
    type=float,
    help="The truncation of a BigGAN: 1 or 0.4.  [default: 1]",
)

# ---- how it is run, and what is written

seed = option(
    "--seed",
    group="Run",
    metavar="N",
    type=whole(SEED),
    default=0,
    show_default=True,
    help="The seed of all random draws.",
)
device = option(
    "--device",
    group="Run",
    type=click.Choice(DEVICES),
    default="auto",
    show_default=True,
    help="Where to compute.",
)
precision = option(
    "--precision",
    group="Run",
    type=click.Choice(PRECISIONS),
    default="auto",
    show_default=True,
    help="What the networks compute in. auto: fp32, whose bits are the same every time. tf32: on CUDA, else fp32.",
)
trust = option(
    "--trust",
    group="Run",
    is_flag=True,
    help="Allow code to run: your own (module:name), or the code in a generator's file.",
)
quiet = option("-q", "--quiet", group="Run", is_flag=True, help="Print nothing on stderr but errors.")
overwrite = option("--overwrite", group="Output", is_flag=True, help="Replace outputs that exist already.")
records_format = option(
    "--format",
    "form",
    group="Output",
    type=click.Choice(["table", "jsonl", "tsv"]),
    help="How to print the results.  [default: table on a terminal, jsonl elsewhere]",
)
gif = option(
    "--gif",
    "gifs",
    group="Output",
    metavar="FILE",
    type=path,
    multiple=True,
    help="A GIF to write; the same as -o FILE.gif. Repeatable.",
)
width = option(
    "--width",
    group="Output",
    metavar="MM",
    type=float,
    help="The width of a picture on paper, which may be less where its height is the limit."
    "  [default: what --size needs; at most 174]",
)
height = option(
    "--height",
    group="Output",
    metavar="MM",
    type=float,
    help="The greatest height of a picture on paper.  [default: a page, 247]",
)


def artefacts(metavar: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An argument of any number of paths: none means ./ckpt.pt, "-" reads them from stdin, one a line."""
    return click.argument("artefacts", nargs=-1, metavar=metavar)


def stream(given: tuple[str, ...]) -> list[str] | Iterator[str]:
    """The paths that an :func:`artefacts` argument means; those from stdin come as they arrive."""
    if "" in given:
        raise MissingFile("'': is no path; name a file")
    if "-" not in given:
        return list(given) or ["ckpt.pt"]
    if len(given) > 1:
        raise WrongUsage('"-" reads every path from stdin; give it alone')
    return (line.rstrip("\r\n") for line in iter(sys.stdin.readline, "") if line.strip())


# ---- forms of text


def ranges(text: str, flag: str = "--seeds") -> list[int]:
    """``0-4`` or ``0,3,7-9`` as whole numbers; WrongUsage says what was expected."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise WrongUsage(f"{flag} {text}: expected numbers and ranges, such as 0-4 or 0,3,7-9")
        if dash and int(last) - int(first) >= 10_000:
            raise WrongUsage(f"{flag} {text}: more than 10,000 numbers in one range")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def class_numbers(text: str | None) -> list[int]:
    """The classes that ``--class`` names, none if it is not given."""
    return ranges(text, "--class") if text else []


def require_suffix(paths: Sequence[Path], suffix: str, flag: str) -> None:
    """WrongUsage for a path of ``flag`` with another suffix than its kind of file has."""
    for each in paths:
        if each.suffix.lower() != suffix:
            raise WrongUsage(f"{flag} {each}: expected a name ending in {suffix}; use -o for other kinds of file")


def require_no_directions(*given: tuple[str, object]) -> None:
    """WrongUsage for an option that means something to directions only, where no direction is named."""
    for flag, value in given:
        if value:
            raise WrongUsage(f"{flag} needs a direction; name one with --direction FILE:NAME")
