"""``disentool runs``."""

from typing import Any

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_json, print_row
from disentool.cli.text_table import print_table
from disentool.errors import DisentoolError, counted

FORMATS = ("table", "tsv", "jsonl")
_NAMES = ("file", "method")  # columns whose text may be broken over lines


@command(
    examples=(
        "disentool runs runs --where method=factorvae --sort gamma,seed",
        "disentool runs runs --where 'step<300000' --format tsv > unfinished.tsv",
    )
)
@click.argument("sources", nargs=-1, metavar="[FOLDER...|CKPT...|-]")
@option(
    "--where",
    group="Table",
    multiple=True,
    metavar="CONDITION",
    help="Only runs that fulfil this: a key, one of = != < <= > >=, and a value, such as beta=4 or factor>0.6. The "
    "key is an option of the method, a metric, or file, method, seed, step, steps, loss, data or snapshots. All of "
    "several conditions have to hold.",
)
@option(
    "--sort",
    group="Table",
    multiple=True,
    metavar="KEY,...",
    help="Order by these keys. A minus before a key puts the greatest first.  [default: by method, options and seed]",
)
@option(
    "--format",
    "form",
    group="Output",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="tsv and jsonl have full precision; jsonl has all options.",
)
@options.quiet
def runs(sources: tuple[str, ...], where: tuple[str, ...], sort: tuple[str, ...], form: str, quiet: bool) -> None:
    """List the runs below a folder (default: the current one): what they are, how far they are, what they score.

    A run is its last checkpoint; snapshots of earlier steps are counted. The options shown are those that differ. The
    loss is that of the last line of the history. Scores are those of the records in the same folders (`disentool score
    --format jsonl`).
    """
    from disentool.commands import runs as tool

    keys = [key for given in sort for key in given.split(",") if key]
    paths = options.stream(sources) if sources else ["."]
    found = tool.runs(paths, where=where, sort=keys, report=reporter(quiet))
    if form == "jsonl":
        for row in found.rows:
            print_json(row)
    elif form == "tsv":
        print_row(found.columns)
        for row in found.rows:
            print_row(_cell(row.get(name), precise=True) for name in found.columns)
    else:
        ordered = sorted(found.columns, key=lambda name: name not in (*_NAMES, "data"))
        names = sum(name in (*_NAMES, "data") for name in ordered)
        heads = [name.partition("@")[0] if _alone(name, ordered) else name for name in ordered]
        print_table(heads, [[_cell(row.get(name)) for name in ordered] for row in found.rows], names)
    if found.failed:
        raise DisentoolError(f"the list is without {counted(found.failed, 'file')} that could not be read")


def _alone(column: str, columns: list[str]) -> bool:
    """Whether no other column is of the same metric by another protocol."""
    metric = column.partition("@")[0]
    return [name.partition("@")[0] for name in columns].count(metric) == 1


def _cell(value: Any, precise: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value) if precise else f"{value:.4g}"
    return str(value)
