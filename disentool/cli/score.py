"""``disentool score``."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage
from disentool.io.results import to_json
from disentool.metrics import METRICS

_COLUMNS = ("artefact", "metric", "protocol", "score", "low", "high")


@click.command(
    epilog="Example: disentool score --metric factor --metric higgins --metric reconstruction ckpt.pt | jq .score",
)
@options.artefacts("[CKPT|LATENTS...|-]")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    default=("factor",),
    metavar="NAME",
    help="; ".join(f"{name}: {summary}" for name, (_, summary) in METRICS.items())
    + ". Your own: module:function of codes and factors. May be given several times.  [default: factor]",
    shell_complete=options.complete_from(lambda: METRICS),
)
@click.option(
    "--protocol",
    metavar="NAME",
    help="Constants of the metric. factor: paper (800 votes of 100) or dlib (10,000 + 5,000 votes of 64);"
    " higgins: paper (200 pairs, softmax) or dlib (64 pairs, logistic regression).",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a constant of the protocol, named as in the record's details; may be given several times.",
)
@options.seed
@options.data
@options.rows
@options.device
@options.trust
@click.option("--codes", metavar="KEY", help="Read codes [N,D] from this array of any HDF5 or .npz file.")
@click.option("--factors", metavar="KEY", help="Read factors [N,K] from this array, beside --codes.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "tsv"]),
    help="How to print the records.  [default: table on a terminal, jsonl elsewhere]",
)
@options.quiet
def score(
    artefacts: tuple[str, ...],
    metrics: tuple[str, ...],
    protocol: str | None,
    constants: tuple[str, ...],
    seed: int,
    data: str | None,
    rows: str,
    device: str,
    trust: bool,
    codes: str | None,
    factors: str | None,
    form: str | None,
    quiet: bool,
) -> None:
    """Measure checkpoints or latents files (default: ckpt.pt) and print a record for each metric.

    A checkpoint encodes the rows its metrics need, once. Records carry score, 95 % interval, and every constant.
    """
    from disentool.stages import score as stage

    records = stage.score(
        options.stream(artefacts),
        stage.choose(metrics, protocol, _pairs(constants)),
        seed=seed,
        data=data,
        rows=rows,
        device=device,
        codes=codes,
        factors=factors,
        trust=trust,
        report=reporter(quiet),
    )
    form = form or ("table" if sys.stdout.isatty() else "jsonl")
    if form == "table":
        _table(records)
        return
    for number, record in enumerate(records):
        if form == "tsv" and not number:
            print("\t".join(_COLUMNS))
        print(to_json(record) if form == "jsonl" else "\t".join(_row(record, ".10g")), flush=True)


def _pairs(constants: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` words as a mapping; dashes and underscores are the same."""
    pairs = {}
    for word in constants:
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise WrongUsage(f"--set {word}: expected NAME=VALUE, such as votes=400")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs


def _row(record: dict[str, Any], spec: str) -> list[str]:
    low, high = record["interval"] or (None, None)
    numbers = ["" if value is None else format(value, spec) for value in (record["score"], low, high)]
    return [record["artefact"], record["metric"], record["protocol"], *numbers]


def _table(records: Iterator[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("artefact", "metric", "protocol"):
        table.add_column(name, overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("95 % interval", justify="right")
    try:
        for record in records:
            artefact, metric, protocol, score, low, high = _row(record, ".4g")
            table.add_row(escape(artefact), metric, protocol, score, f"{low} .. {high}" if low else "")
    finally:  # what was measured before an error is shown
        if table.row_count:
            Console().print(table)
