"""An artefact that is to be scored: what it is, and the steps that checkpoints and files of codes share."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disentool.contract.precision import Precision
from disentool.errors import DataMismatch, ForeignFile, NoFactors
from disentool.io import directions_file, files, hdf5
from disentool.io.dataset import Dataset
from disentool.io.schema import DIRECTIONS
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.result import Result
from disentool.reporting import Reporter
from disentool.scoring.codes import Codes
from disentool.scoring.compare_models import Comparison
from disentool.scoring.data_rows import DataRows, TrainingFacts
from disentool.scoring.metric import Draw, Metric
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import remarks, with_notes
from disentool.scoring.score_metric import Spread, score_metric

Kind = Literal["checkpoint", "codes", "arrays", "directions"]


def kind_of(path: Path) -> Kind:
    """By what the file holds, whatever its name: MissingFile or ForeignFile where it is none of these."""
    if _holds_directions(directions_file.reference(str(path))[0]):
        return "directions"
    files.require(path, "checkpoint or file of codes", "`disentool train factorvae` writes ./ckpt.pt")
    if hdf5.is_hdf5(path):
        return "codes"
    if path.suffix.lower() == ".safetensors":
        return "checkpoint"
    with open(path, "rb") as file:
        if file.read(2) == b"PK":
            return "arrays" if _is_npz(path) else "checkpoint"
    raise ForeignFile(
        f"{path}: neither a checkpoint (.pt, .safetensors) nor HDF5 or .npz codes; see `disentool info {path}`"
    )


def _holds_directions(path: Path) -> bool:
    if not path.is_file() or not hdf5.is_hdf5(path):
        return False
    try:
        with hdf5.opened(path) as file:
            return hdf5.attribute(file, "format", None) == DIRECTIONS.name
    except ForeignFile:
        return False  # a damaged file, which its reader names


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # a checkpoint cut short, which its reader names


@dataclass(frozen=True)
class ScoreOptions:
    """What a call of score sets for every artefact; the fields are those of :func:`disentool.commands.score.score`."""

    metrics: list[Metric]
    seed: int
    data: str | Dataset | None
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
    image_files: Sequence[Path] = ()
    logvar: str | None = None
    baseline: Literal["untrained"] | None = None
    precision: Precision = "auto"


def applicable(path: Path, metrics: list[Metric], there: dict[str, bool], report: Reporter) -> list[Metric]:
    """Without those that came with ``all`` and need what is not there."""
    lacking = {what for what, is_there in there.items() if not is_there}
    left = {metric.name for metric in metrics if metric.optional and lacking & metric.facts.needs}
    if left and "factors" in lacking:  # what ready codes cannot have is no surprise; labels may have been meant
        report.note(
            f"{path}: has no factors; left out, as they need something that is not there: {', '.join(sorted(left))}"
        )
    return [metric for metric in metrics if metric.name not in left]


def draw_all(
    path: Path, metrics: list[Metric], data: DataRows, options: ScoreOptions, *, ready: bool
) -> list[tuple[Metric, list[Draw]]]:
    """Each metric with its draws of rows. Those that came with ``all`` and have none are left out; a note says so."""
    drawn = []
    for metric in metrics:
        try:
            drawn.append((metric, metric.draws(data, options.seed, options.spread.repeats, ready)))
        except (DataMismatch, NoFactors) as error:
            if not metric.optional:
                raise
            options.report.note(f"{path}: {metric.name} is left out: {error}")
    return drawn


def results_of(
    path: Path,
    artefact: dict[str, Any],
    drawn: list[tuple[Metric, list[Draw]]],
    codes_for: Callable[[Metric], Codes],
    functions: ModelFunctions,
    options: ScoreOptions,
    notes: Sequence[str] = (),
) -> Iterator[tuple[str, Result]]:
    """The results of one artefact by metric; what compares models is kept for later, as of ``artefact``.

    ``notes``: of its data, for every result.
    """
    for metric, draws in drawn:
        codes = codes_for(metric)
        with naming(path):
            refuse_non_finite(codes.mean, "codes")  # wherever they are: a damaged file is not scored in part
        if metric.needs("others"):
            options.comparison.add(metric, artefact, draws, codes, functions)
            continue
        try:
            with naming(path):
                result = score_metric(metric, draws, codes, functions, options.spread, options.report)
        except DataMismatch as error:
            if not metric.optional:
                raise
            options.report.note(f"{path}: {metric.name} is left out: {str(error).removeprefix(f'{path}: ')}")
            continue
        yield metric.name, with_notes(result, [*notes, *remarks(codes.mean, codes.categorical, result)])


@contextmanager
def naming(path: Path, hint: str = "") -> Iterator[None]:
    """Metrics know arrays, not files: put the file's name before what they complain of."""
    try:
        yield
    except (DataMismatch, NoFactors) as error:
        raise type(error)(f"{path}: {error}{hint}") from None


def data_rows_of(
    rows: int, factors: np.ndarray | None, names: tuple, sizes: tuple, training: TrainingFacts
) -> DataRows:
    """The rows that metrics draw from, with their factors int [n,K] where there are some."""
    data = DataRows(rows) if factors is None else DataRows.from_factors(factors, names or None, sizes or None)
    return replace(data, training=training)
