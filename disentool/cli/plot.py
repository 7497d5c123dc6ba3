"""``disentool plot``."""

import sys
from pathlib import Path

import click

from disentool.arguments.defaults import DPI
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path
from disentool.errors import WrongUsage
from disentool.metrics import METRICS
from disentool.plots import PLOTS


@command(
    examples=(
        "disentool plot history ckpt.pt -o history.pdf",
        "disentool plot tradeoff scores.jsonl --metrics factor,mig -o tradeoff.pdf",
    ),
    names={"Kinds": [(name, summary) for name, (_, summary) in PLOTS.items()]},
)
@click.argument("kind", shell_complete=options.complete_from(lambda: PLOTS))
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...|-")
@option(
    "-o",
    "--output",
    "outputs",
    group="Output",
    metavar="FILE",
    type=options.path,
    multiple=True,
    required=True,
    help="The figure to write (.png .pdf .svg). Repeatable.",
)
@options.overwrite
@option(
    "--metrics",
    group="Content",
    multiple=True,
    metavar="NAME,...",
    shell_complete=options.complete_from(lambda: METRICS, listed=True),
    help="The metrics to draw; name@protocol where the records hold several protocols.",
)
@option(
    "--term",
    "terms",
    group="Content",
    multiple=True,
    metavar="NAME,...",
    help="For history: the terms of the loss to draw.  [default: all]",
)
@option("--log", group="Content", is_flag=True, help="For history: a logarithmic axis for terms that are positive.")
@option(
    "--xlim",
    group="Content",
    metavar="LOW:HIGH",
    help="The ends of the x axis; either may be left out. Marks beyond them are not drawn; the caption counts them.",
)
@option("--ylim", group="Content", metavar="LOW:HIGH", help="The ends of the y axis.")
@option(
    "--width",
    group="Figure",
    type=float,
    metavar="MM",
    help="The width of the figure.  [default: 84, one column; 174 for several panels]",
)
@option("--height", group="Figure", type=float, metavar="MM", help="The height.  [default: what the plot needs]")
@option(
    "--dpi",
    group="Figure",
    type=int,
    metavar="DOTS/INCH",
    default=DPI,
    show_default=True,
    help="The resolution of a .png.",
)
@option(
    "--theme",
    group="Figure",
    type=click.Choice(["light", "dark"]),
    default="light",
    show_default=True,
    help="Inks for a light or a dark background.",
)
@option(
    "--font",
    group="Figure",
    metavar="NAME[:POINTS]",
    help="The typeface: sans, serif, mono or one that is installed; and the size of labels.  [default: sans:7]",
)
@option("--title", group="Words", metavar="TEXT", help="A title above the figure.")
@option(
    "--label",
    "labels",
    group="Words",
    multiple=True,
    metavar="NAME=TEXT",
    help="Call a method, metric, option or term otherwise, such as factorvae=Ours or gamma=γ. Repeatable.",
)
@option("--no-caption", group="Words", is_flag=True, help="Leave the caption out; a .tex file has its own.")
@options.quiet
def plot(
    kind: str,
    records: tuple[str, ...],
    outputs: tuple[Path, ...],
    metrics: tuple[str, ...],
    terms: tuple[str, ...],
    log: bool,
    xlim: str | None,
    ylim: str | None,
    width: float | None,
    height: float | None,
    dpi: int,
    theme: str,
    font: str | None,
    title: str | None,
    labels: tuple[str, ...],
    no_caption: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw records as a figure of one KIND, and print its path.

    RECORDS are files that `score`, `correlate` or `train` write. "-" reads records from stdin. Of several files, those
    of another kind are passed over. Seeds of one setting are drawn as their mean with its interval.
    """
    from disentool.commands import plot as tool
    from disentool.plots.style import TEXT, Options
    from disentool.results.labels import Names

    family, points = _font(font, TEXT)
    sources = [sys.stdin.buffer if path == "-" else path for path in records]
    asked = Options(
        metrics=metrics,
        terms=terms,
        log=log,
        width=width,
        height=height,
        theme=theme,
        captioned=not no_caption,
        title=title or "",
        names=Names(dict(map(_label, labels))),
        xlim=_ends("--xlim", xlim),
        ylim=_ends("--ylim", ylim),
        font=family,
        points=points,
    )
    for path in tool.plot(kind, sources, outputs, asked, dpi=dpi, overwrite=overwrite, report=reporter(quiet)):
        print_path(path)


def _ends(flag: str, given: str | None) -> tuple[float | None, float | None]:
    """``LOW:HIGH``, of which either may be left out."""
    low, colon, high = (given or ":").partition(":")
    if not colon:
        raise WrongUsage(f"{flag} {given}: expected LOW:HIGH, such as 0:1, 0: or :1")
    return _number(flag, low), _number(flag, high)


def _number(flag: str, text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise WrongUsage(f"{flag} {text}: expected a number") from None


def _font(given: str | None, usual: float) -> tuple[str, float]:
    """``NAME``, ``NAME:POINTS`` or ``:POINTS``."""
    name, _, points = (given or "").partition(":")
    return name.strip() or "sans", _number("--font", points) or usual


def _label(given: str) -> tuple[str, str]:
    name, equals, text = given.partition("=")
    if not (equals and name.strip() and text.strip()):
        raise WrongUsage(f"--label {given}: expected NAME=TEXT, such as factorvae=Ours")
    return name.strip(), text.strip()
