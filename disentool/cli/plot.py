"""``disentool plot``."""

import sys
from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.plots import PLOTS


class _Kinds(click.Command):
    """A command whose help lists the kinds of plots."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The kinds, then the options."""
        with formatter.section("Kinds"):
            formatter.write_dl([(name, summary) for name, (_, summary) in PLOTS.items()])
        super().format_options(ctx, formatter)


@click.command(
    cls=_Kinds,
    epilog="Example: disentool score --metric factor,reconstruction runs/*.pt --format jsonl"
    " | disentool plot tradeoff - -o fig.pdf",
)
@click.argument("kind", shell_complete=options.complete_from(lambda: PLOTS))
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...|-")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=options.path,
    multiple=True,
    required=True,
    help="The figure to write (.png .pdf .svg); may be given several times.",
)
@click.option(
    "--metrics",
    multiple=True,
    metavar="NAME,NAME",
    help="Which metrics; name@protocol where the records hold several protocols.",
)
@click.option("--term", "terms", multiple=True, metavar="NAME,NAME", help="history: which terms.  [default: all]")
@click.option("--log", is_flag=True, help="history: logarithmic, where all values are positive.")
@click.option("--width", type=float, metavar="MM", help="Width in mm.  [default: 84, a column; several panels 174]")
@click.option("--height", type=float, metavar="MM", help="Height in mm.  [default: what the plot needs]")
@click.option("--dpi", type=int, default=300, show_default=True, help="Dots per inch of a .png.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Inks.")
@options.overwrite
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
    """Draw records as a figure, and print its path.

    RECORDS are files of what `score`, `correlate` or `train` write; "-" reads them from stdin.
    """
    from disentool.commands.plot import plot as stage
    from disentool.plots.style import Options

    sources = [sys.stdin.buffer if path == "-" else path for path in records]
    asked = Options(metrics=metrics, terms=terms, log=log, width=width, height=height, theme=theme)
    for path in stage(kind, sources, outputs, asked, dpi=dpi, overwrite=overwrite, report=reporter(quiet)):
        print(path, flush=True)
