"""``disentool score``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from click.shell_completion import CompletionItem

from disentool.arguments.bounds import BOOTSTRAP, REPEATS, Baseline
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_json, print_row
from disentool.cli.text_table import print_table
from disentool.contract.precision import Precision
from disentool.errors import WrongUsage
from disentool.metrics import METRICS, ONLY_BY_NAME

_PERCEPTUAL = ", ".join(name for name, facts in METRICS.items() if facts.perceptual)
_COLUMNS = ("artefact", "metric", "protocol", "score", "low", "high")
_MODEL = ("method", "options", "seed", "step", "data")  # of a tsv, after those


def _protocols() -> list[tuple[str, str]]:
    """The protocols, each with the metrics that have it; * marks their default for ready codes."""
    found: dict[str, list[str]] = {}
    for name, facts in METRICS.items():
        for protocol in facts.protocols:
            found.setdefault(protocol, []).append(name + ("*" if protocol == facts.default else ""))
    return [(protocol, ", ".join(names)) for protocol, names in found.items()]


def _complete_protocol(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The protocols of the metrics that are typed already; of all metrics where none is."""
    typed = [name for word in ctx.params.get("metrics") or () for name in word.split(",") if name in METRICS]
    found = dict.fromkeys(protocol for name in typed or METRICS for protocol in METRICS[name].protocols)
    return [CompletionItem(protocol) for protocol in found if protocol.startswith(incomplete)]


@command(
    examples=(
        "disentool score ckpt.pt --metric factor --metric reconstruction",
        "disentool score runs/*.pt --metric mig,sap --repeats 3 --format jsonl > scores.jsonl",
    ),
    names={
        "Metrics": [
            *((name, facts.description) for name, facts in METRICS.items()),
            ("all", f"those that apply and are quick (not {', '.join(n for n in METRICS if n in ONLY_BY_NAME)})"),
            ("module:function", "your own function of codes and factors"),
        ],
        "Protocols (* marks the default of ready codes)": _protocols(),
    },
)
@options.artefacts("[CKPT|LATENTS|DIRECTIONS...|-]")
@option(
    "--metric",
    "metrics",
    group="Metric",
    multiple=True,
    default=("factor",),
    metavar="NAME,...",
    help="What to measure; see the list. Repeatable.  [default: factor]",
    shell_complete=options.complete_from(lambda: [*METRICS, "all"], listed=True),
)
@option(
    "--protocol",
    group="Metric",
    metavar="NAME",
    shell_complete=_complete_protocol,
    help="A set of constants for the metric; see the list.",
)
@option(
    "--set",
    "constants",
    group="Metric",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a constant of the protocol. Records name the constants in their details. Repeatable.",
)
@options.lpips("Metric", f"For {_PERCEPTUAL}:")
@option(
    "--baseline",
    group="Metric",
    type=click.Choice(get_args(Baseline)),
    help="After each checkpoint, score the same architecture with fresh weights of another seed, on the same rows."
    " Its record says so.",
)
@option(
    "--repeats",
    group="Interval",
    metavar="N",
    type=options.whole(REPEATS),
    default=1,
    show_default=True,
    help="Score with N seeds, from --seed on. The record holds their mean and Student's interval.",
)
@option(
    "--bootstrap",
    group="Interval",
    type=options.whole(BOOTSTRAP),
    default=0,
    metavar="N",
    help="Take the interval from N resamples of the rows (for metrics of a table of codes: mig, dci, sap, ...)."
    "  [default: none]",
)
@options.data
@options.pictures
@options.rows
@option(
    "--codes",
    group="Data",
    metavar="KEY|encoder|latent",
    help="For any HDF5 or .npz file: the array of codes [N,D], or CLASS,CONTENT: two arrays. For a checkpoint that"
    " optimises codes: encoder (the default once the encoders are trained), or latent, the codes that were optimised"
    " for its training images.",
)
@option("--factors", group="Data", metavar="KEY", help="The array of factors [N,K], beside --codes.")
@option(
    "--logvar",
    group="Data",
    metavar="KEY",
    help="The array of the codes' log variances [N,D], beside --codes: for tc, kl and the others of a posterior.",
)
@option(
    "--generator",
    group="Directions",
    metavar="CKPT",
    help="The generator that directions are measured in.  [default: the one they were found in]",
)
@options.force
@options.records_format
@option("--per-factor", group="Output", is_flag=True, help="In a table or tsv, add a row for each factor.")
@options.seed
@options.device
@options.precision
@options.trust
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
    image_files: tuple[Path, ...],
    rows: str,
    device: str,
    precision: Precision,
    trust: bool,
    codes: str | None,
    factors: str | None,
    logvar: str | None,
    baseline: Baseline | None,
    generator: str | None,
    force: bool,
    lpips: tuple[Path, ...],
    form: str | None,
    quiet: bool,
) -> None:
    """Measure checkpoints or latents files (default: ckpt.pt), and print a record for each metric.

    A checkpoint encodes each row that the metrics need once. Pictures (--image) have no factors, and serve the metrics
    that need none, such as reconstruction and tc. A record holds the score, its 95 % interval, and every
    constant of the metric.

    `--metric control` measures each direction of a directions file (dirs.h5, or dirs.h5:shift-x for one). How it
    measures images is chosen by `--set measure=`: auto, objects, saliency, registration, or, with --trust, your own
    module:function of images.
    """
    from disentool.commands import score as tool
    from disentool.scoring.metric import choose_metrics
    from disentool.scoring.score_metric import Spread

    records = tool.score(
        options.stream(artefacts),
        choose_metrics(metrics, protocol, _pairs(constants)),
        seed=seed,
        image_files=image_files,
        data=data,
        rows=rows,
        device=device,
        precision=precision,
        codes=codes,
        factors=factors,
        logvar=logvar,
        baseline=baseline,
        trust=trust,
        spread=Spread(repeats, bootstrap),
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
            print_row((*_COLUMNS, *(["factor"] if per_factor else []), *_MODEL))
        if form == "jsonl":
            print_json(record)
            continue
        for row in _rows(record, ".10g", per_factor):
            print_row([*row, *_model(record)])


def _pairs(constants: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` words as a mapping; dashes and underscores are the same."""
    pairs = {}
    for word in constants:
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise WrongUsage(f"--set {word}: expected NAME=VALUE, such as votes=400")
        name = name.strip().replace("-", "_")
        if name in pairs:
            raise WrongUsage(f"--set {word}: {name} is given twice; give it once")
        pairs[name] = value.strip()
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


def _model(record: dict[str, Any]) -> list[str]:
    """What the artefact says of its model; of its options those that are not the method's defaults."""
    from disentool.results.labels import words
    from disentool.results.settings import unusual

    changed = unusual(record.get("method"), record.get("config"))
    options = ",".join(f"{name}={value}" for name, value, _ in changed)
    found = {name: record.get(name) for name in _MODEL} | {"options": options}
    return ["" if value is None else words(value, 1000) for value in found.values()]


def _table(records: Iterator[dict[str, Any]], per_factor: bool) -> None:
    heads = ["artefact", "metric", "protocol", *(["factor"] if per_factor else []), "score", "95 % interval"]
    rows: list[list[str]] = []
    try:
        for record in records:
            for artefact, metric, protocol, score, low, high, *factor in _rows(record, ".4g", per_factor):
                interval = f"{low} .. {high}" if low else ""
                rows.append([artefact, metric, protocol, *factor, score, interval])
    finally:  # what was measured before an error is shown
        if rows:
            print_table(heads, rows, len(heads) - 2)
