"""``disentool score``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage
from disentool.io.records import to_json
from disentool.metrics import METRICS

_COLUMNS = ("artefact", "metric", "protocol", "score", "low", "high")


@click.command(
    epilog="Example: disentool score --metric factor --metric higgins --metric reconstruction ckpt.pt | jq .score",
)
@options.artefacts("[CKPT|LATENTS|DIRECTIONS...|-]")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    default=("factor",),
    metavar="NAME",
    help="; ".join(f"{name}: {facts.told}" for name, facts in METRICS.items())
    + "; all: those that apply and are quick (not dci, dci-hist, tc, likelihood, udr, leakage, transfer, control)"
    + ". Your own: module:function of codes and factors. May be given several times.  [default: factor]",
    shell_complete=options.complete_from(lambda: METRICS),
)
@click.option(
    "--protocol",
    metavar="NAME",
    help="Constants of the metric. factor: paper (800 votes of 100) or dlib (10,000 + 5,000 votes of 64);"
    " higgins: paper (200 pairs, softmax) or dlib (64 pairs, logistic regression); both: ubisoft (chance is 0)."
    " mig, sap, modularity, explicitness,"
    " irs, med and those without labels: exact (every row; the default for ready codes) or dlib (10,000 sampled rows,"
    " and 5,000 to test; the default for checkpoints). mig: also chen, ubisoft; irs: paper, ubisoft; tc: mixture,"
    " discriminator, gaussian; udr: lasso, spearman, exact.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a constant of the protocol, named as in the record's details; may be given several times.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Score with so many seeds, from --seed on: their mean, with Student's interval.",
)
@click.option(
    "--bootstrap",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Make the interval of N resamples of the rows (metrics of a table: mig, dci, sap, ...).  [default: none]",
)
@click.option("--per-factor", is_flag=True, help="In a table or tsv also a row for each factor.")
@options.seed
@options.data
@options.rows
@options.device
@options.trust
@click.option(
    "--codes",
    metavar="KEY|encoder|latent",
    help="Of any HDF5 or .npz file: read codes [N,D] from this array; CLASS,CONTENT: from two. Of a checkpoint that"
    " optimises codes: encoder, once it is trained the default, or latent, the codes of its training images.",
)
@click.option("--factors", metavar="KEY", help="Read factors [N,K] from this array, beside --codes.")
@click.option("--generator", metavar="CKPT", help="The generator of directions.  [default: what they were found in]")
@options.force
@click.option(
    "--lpips",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="LPIPS's weights, for transfer: torchvision's alexnet or vgg16 (.pth), and with another --lpips the linear"
    " layers of the lpips package (its weights/v0.1/alex.pth or vgg.pth).",
)
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
    repeats: int,
    bootstrap: int,
    per_factor: bool,
    seed: int,
    data: str | None,
    rows: str,
    device: str,
    trust: bool,
    codes: str | None,
    factors: str | None,
    generator: str | None,
    force: bool,
    lpips: tuple[Path, ...],
    form: str | None,
    quiet: bool,
) -> None:
    """Measure checkpoints or latents files (default: ckpt.pt) and print a record for each metric.

    A checkpoint encodes the rows its metrics need, once. Records carry score, 95 % interval, and every constant. Of a
    directions file (dirs.h5, or dirs.h5:shift-x) `--metric control` measures each direction, by `--set measure=` auto,
    objects, registration, or module:function of images (with --trust).
    """
    from disentool.commands import score as stage
    from disentool.scoring.choose import choose
    from disentool.scoring.scorer import Spread

    records = stage.score(
        options.stream(artefacts),
        choose(metrics, protocol, _pairs(constants)),
        seed=seed,
        data=data,
        rows=rows,
        device=device,
        codes=codes,
        factors=factors,
        spread=Spread(repeats, bootstrap),
        trust=trust,
        generator=generator,
        force=force,
        lpips=lpips,
        report=reporter(quiet),
    )
    form = form or ("table" if sys.stdout.isatty() else "jsonl")
    if form == "table":
        _table(records, per_factor)
        return
    for number, record in enumerate(records):
        if form == "tsv" and not number:
            print("\t".join((*_COLUMNS, "factor") if per_factor else _COLUMNS))
        if form == "jsonl":
            print(to_json(record), flush=True)
            continue
        for row in _rows(record, ".10g", per_factor):
            print("\t".join(row), flush=True)


def _pairs(constants: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` words as a mapping; dashes and underscores are the same."""
    pairs = {}
    for word in constants:
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise WrongUsage(f"--set {word}: expected NAME=VALUE, such as votes=400")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs


def _rows(record: dict[str, Any], spec: str, per_factor: bool) -> Iterator[list[str]]:
    """The record's row, and with ``per_factor`` one more for each factor, which a last column names."""
    row = _row(record, spec)
    yield [*row, ""] if per_factor else row
    for name, value in record["per_factor"].items() if per_factor else ():
        yield [*row[:3], format(value, spec), "", "", name]


def _row(record: dict[str, Any], spec: str) -> list[str]:
    low, high = record["interval"] or (None, None)
    numbers = ["" if value is None else format(value, spec) for value in (record["score"], low, high)]
    return [record["artefact"], record["metric"], record["protocol"], *numbers]


def _table(records: Iterator[dict[str, Any]], per_factor: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("artefact", "metric", "protocol", *(["factor"] if per_factor else [])):
        table.add_column(name, overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("95 % interval", justify="right")
    try:
        for record in records:
            for artefact, metric, protocol, score, low, high, *factor in _rows(record, ".4g", per_factor):
                interval = f"{low} .. {high}" if low else ""
                table.add_row(escape(artefact), metric, protocol, *map(escape, factor), score, interval)
    finally:  # what was measured before an error is shown
        if table.row_count:
            Console().print(table)
