"""``disentool table``."""

import sys

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_lines
from disentool.io.score_records import split
from disentool.metrics import METRICS
from disentool.results.pivot import FIELDS
from disentool.results.table_formats import FORMATS


@command(
    examples=(
        "disentool table scores.jsonl --format latex > table.tex",
        "disentool table scores.jsonl --rows metric --columns method,seed --format tsv",
    )
)
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...|-")
@option(
    "--rows",
    group="Table",
    multiple=True,
    metavar="KEY,...",
    shell_complete=options.complete_from(lambda: FIELDS, listed=True),
    help="What the rows are by: method, data, split, seed, step, metric, or an option such as beta. method is added "
    "where not every method has the option.  [default: method; data, split and every option, if they differ]",
)
@option(
    "--columns",
    group="Table",
    multiple=True,
    metavar="KEY,...",
    shell_complete=options.complete_from(lambda: FIELDS, listed=True),
    help="What the columns are by.  [default: metric]",
)
@option(
    "--metrics",
    group="Table",
    multiple=True,
    metavar="NAME,...",
    shell_complete=options.complete_from(lambda: METRICS, listed=True),
    help="The metrics, in this order; name@protocol where the records hold several protocols."
    "  [default: all in the records]",
)
@option(
    "--format",
    "form",
    group="Output",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="latex needs the package booktabs; tsv has full precision, and columns of standard deviations and n. In tsv "
    "an option that has the name of a metric is called config.NAME.",
)
@options.quiet
def table(
    records: tuple[str, ...],
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    metrics: tuple[str, ...],
    form: str,
    quiet: bool,
) -> None:
    """Print score records as a table: mean ± standard deviation over seeds, the best in bold, and n.

    RECORDS are files of the JSON lines that `disentool score` prints. "-" reads them from stdin. A run counts once,
    with its last step.
    """
    from disentool.commands import table as tool

    sources = [sys.stdin.buffer if path == "-" else path for path in records]
    keys = split(columns) or ["metric"]
    print_lines(tool.table(sources, split(rows), keys, form, metrics=metrics, report=reporter(quiet)))
