"""``disentool correlate``."""

import sys
from typing import Any

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_json, print_row
from disentool.cli.text_table import laid_out, print_table, terminal_width
from disentool.io import score_records
from disentool.metrics import METRICS
from disentool.reporting import Reporter

_TESTS = ("pearson", "kendall", "spearman")


@command(
    examples=(
        "disentool score runs/*.pt --metric factor,mig --format jsonl | disentool correlate -",
        "disentool correlate scores.jsonl --metrics factor,mig --format tsv",
    )
)
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...|-")
@option(
    "--metrics",
    group="Metrics",
    multiple=True,
    metavar="NAME,...",
    shell_complete=options.complete_from(lambda: METRICS, listed=True),
    help="The metrics to correlate. Write name@protocol if the records hold several protocols."
    "  [default: all in the records]",
)
@options.records_format
@options.quiet
def correlate(records: tuple[str, ...], metrics: tuple[str, ...], form: str | None, quiet: bool) -> None:
    """Correlate metrics over models: Pearson, Kendall and Spearman coefficients with p values.

    RECORDS are files of the JSON lines that `disentool score` prints. "-" reads them from stdin.
    """
    from disentool.commands import correlate as tool

    found = tool.correlate([sys.stdin.buffer if path == "-" else path for path in records], metrics)
    _tell(found, reporter(quiet))
    form = form or ("table" if sys.stdout.isatty() else "jsonl")
    if form == "table":
        _table(found)
    elif form == "jsonl":
        for pair in found:
            print_json(pair)
    else:
        print_row(("metric", "with", "models", *(f"{test}{part}" for test in _TESTS for part in ("", "_p"))))
        for pair in found:
            print_row(_row(pair, ".10g"))


def _tell(found: list[dict[str, Any]], report: Reporter) -> None:
    """The notes of the pairs, each once, with the pair's name or with how many pairs have it."""
    pairs: dict[str, list[str]] = {}
    for pair in found:
        for note in pair["notes"]:
            pairs.setdefault(note, []).append(" and ".join(score_records.names_of(pair)))
    for note, names in pairs.items():
        which = f"all {len(names)} pairs" if len(names) == len(found) else f"{len(names)} of {len(found)} pairs"
        report.note(f"{names[0] if len(names) == 1 else which}: {note}")


def _row(pair: dict[str, Any], spec: str) -> list[str]:
    numbers = [pair[test][part] for test in _TESTS for part in ("coefficient", "p")]
    shown = ["" if number is None else format(number, spec) for number in numbers]
    return [*score_records.names_of(pair), str(pair["models"]), *shown]


def _table(found: list[dict[str, Any]]) -> None:
    """A row for each pair; where that is too wide for its numbers, a row for each pair and test."""
    rows = [_row(pair, ".3f") for pair in found]
    heads = ["metric", "with", "models", *(column for test in _TESTS for column in (test, "p"))]
    width = terminal_width()
    if max(map(len, laid_out(heads, rows, 2, width))) <= width:
        print_table(heads, rows, 2)
        return
    by_test = [
        [one, two, test, models, *numbers[2 * i : 2 * i + 2]]
        for one, two, models, *numbers in rows
        for i, test in enumerate(_TESTS)
    ]
    print_table(["metric", "with", "test", "models", "value", "p"], by_test, 3)
