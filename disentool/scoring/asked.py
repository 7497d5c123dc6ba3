"""What a caller asked to be scored, planned and measured on the codes of one artefact."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, NoFactors
from disentool.io.schema import SCORE
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.result import Result
from disentool.reporting import Reporter
from disentool.scoring.codes import Codes
from disentool.scoring.comparison import Comparison
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.measure import measure, remarks, with_notes
from disentool.scoring.points import Points, TrainingFacts
from disentool.scoring.scorer import Metric, Spread


@dataclass(frozen=True)
class Asked:
    """What is asked of every artefact; the fields are those of :func:`disentool.commands.score.score`."""

    metrics: list[Metric]
    seed: int
    data: str | None
    rows: str
    device: str
    codes: str | None
    factors: str | None
    trust: bool
    spread: Spread
    comparison: Comparison
    generator: str | None
    force: bool
    perceptual: Callable | None
    report: Reporter
    tune: Callable[[str], None] | None = None  # what a command does to the process before the device of this name works


def that_apply(path: Path, metrics: list[Metric], there: dict[str, bool], report: Reporter) -> list[Metric]:
    """Without those that came with ``all`` and need what is not there."""
    lacking = {what for what, is_there in there.items() if not is_there}
    left = {metric.name for metric in metrics if metric.optional and lacking & metric.facts.needs}
    if left and "factors" in lacking:  # what ready codes cannot have is no surprise; labels may have been meant
        report.note(
            f"{path}: has no factors; left out, as they need something that is not there: {', '.join(sorted(left))}"
        )
    return [metric for metric in metrics if metric.name not in left]


def planned_metrics(
    path: Path, metrics: list[Metric], points: Points, asked: Asked, *, ready: bool
) -> list[tuple[Metric, list[Any]]]:
    """Each metric with its plans; those that came with ``all`` and cannot be planned are left out, which is said."""
    planned = []
    for metric in metrics:
        try:
            planned.append((metric, metric.plans(points, asked.seed, asked.spread.repeats, ready)))
        except (DataMismatch, NoFactors) as error:
            if not metric.optional:
                raise
            asked.report.note(f"{path}: {metric.name} is left out: {error}")
    return planned


def records_of(
    path: Path,
    head: dict[str, Any],
    planned: list[tuple[Metric, list[Any]]],
    codes_for: Callable[[Metric], Codes],
    lent: LentFunctions,
    asked: Asked,
) -> Iterator[dict[str, Any]]:
    """The records of one artefact; what compares models is kept for later."""
    for metric, its in planned:
        codes = codes_for(metric)
        with named(path):
            refuse_non_finite(codes.mean, "codes")  # wherever they are: a damaged file is not scored in part
        if metric.needs("others"):
            asked.comparison.add(metric, head, its, codes, lent)
            continue
        try:
            with named(path):
                result = measure(metric, its, codes, lent, asked.spread, asked.report)
        except DataMismatch as error:
            if not metric.optional:
                raise
            asked.report.note(f"{path}: {metric.name} is left out: {str(error).removeprefix(f'{path}: ')}")
            continue
        yield record_of(head, metric, with_notes(result, remarks(codes.mean)))


@contextmanager
def named(path: Path, hint: str = "") -> Iterator[None]:
    """Metrics know arrays, not files: put the file's name before what they complain of."""
    try:
        yield
    except (DataMismatch, NoFactors) as error:
        raise type(error)(f"{path}: {error}{hint}") from None


def points_of(rows: int, factors: np.ndarray | None, names: tuple, sizes: tuple, training: TrainingFacts) -> Points:
    """The rows that metrics draw from, with their factors int [n,K] where there are some."""
    points = Points(rows) if factors is None else Points.from_factors(factors, names or None, sizes or None)
    return replace(points, training=training)


def record_of(head: dict[str, Any], metric: Metric, result: Result) -> dict[str, Any]:
    """A ``disentool.score`` record; ``head``: what it says of the artefact."""
    return {
        "format": SCORE.name,
        "version": SCORE.version,
        **head,
        "metric": metric.name,
        "protocol": result.protocol,
        "score": result.score,
        "interval": list(result.interval) if result.interval else None,
        "per_factor": result.per_factor,
        "details": result.details,
    }
