"""``disentool plot``."""

import sys
from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.plots import PLOTS


@command(
    examples=(
        "disentool plot history ckpt.pt -o history.pdf",
        "disentool plot tradeoff scores.jsonl --metrics factor,reconstruction -o tradeoff.pdf",
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
    default=300,
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
@options.quiet
def plot(
    kind: str,
    records: tuple[str, ...],
    outputs: tuple[Path, ...],
    metrics: tuple[str, ...],
    terms: tuple[str, ...],
    log: bool,
    width: float | None,
    height: float | None,
    dpi: int,
    theme: str,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw records as a figure of one KIND, and print its path.

    RECORDS are files that `score`, `correlate` or `train` write. "-" reads records from stdin.
    """
    from disentool.commands import plot as tool
    from disentool.plots.style import Options

    sources = [sys.stdin.buffer if path == "-" else path for path in records]
    asked = Options(metrics=metrics, terms=terms, log=log, width=width, height=height, theme=theme)
    for path in tool.plot(kind, sources, outputs, asked, dpi=dpi, overwrite=overwrite, report=reporter(quiet)):
        print(path, flush=True)
