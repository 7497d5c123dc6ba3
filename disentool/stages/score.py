"""Checkpoints, latents files, anyone's codes -> score records."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, DisentoolError, ForeignFile, Interrupted, NoFactors, WrongUsage
from disentool.io import directions, files, hdf5, latents
from disentool.io.schema import DIRECTIONS, SCORE
from disentool.metrics.classes import Training
from disentool.metrics.result import Codes, Result, refuse_non_finite
from disentool.metrics.sampling import Points
from disentool.stages import lending, training_facts
from disentool.stages.comparison import Comparison
from disentool.stages.measure import Metric, Spread, measure, plans, remarks, with_notes
from disentool.stages.reporting import Reporter, Silent


@dataclass(frozen=True)
class _Asked:
    """What :func:`score` was asked for, the same for every artefact."""

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


def score(
    artefacts: Iterable[str | Path],
    metrics: list[Metric],
    *,
    seed: int = 0,
    data: str | None = None,
    rows: str = "all",
    device: str = "auto",
    codes: str | None = None,
    factors: str | None = None,
    trust: bool = False,
    spread: Spread | None = None,
    generator: str | None = None,
    force: bool = False,
    lpips: Sequence[Path] = (),
    report: Reporter | None = None,
) -> Iterator[dict[str, Any]]:
    """The record of every metric on every artefact, as each is ready; of metrics that compare models, at the end.

    An artefact is a checkpoint (whose data, or ``data``, is encoded: once, and only the rows these metrics need), a
    latents file, or any HDF5 or .npz file with arrays of codes and factors, named by ``codes`` and ``factors``; or a
    directions file (all of it, or ``FILE:NAME``), for metrics of directions in ``generator`` (default: the one that
    they were found in; ``force`` takes any other too). Of a checkpoint ``codes`` is a choice, as
    :func:`disentool.stages.coding.choose` has it. ``trust``: see :func:`disentool.stages.model.load`. ``lpips``: see
    :func:`disentool.stages.lending.lpips`.
    """
    report = report or Silent()
    if isinstance(artefacts, Sequence):  # else they arrive one by one
        for artefact in artefacts:
            _kind(Path(artefact))
    if factors and not codes:
        raise WrongUsage("--factors names an array beside --codes; give both")
    spread = spread or Spread()
    comparison = Comparison([metric for metric in metrics if metric.needs("others")], spread, report)
    if comparison.metrics and isinstance(artefacts, Sequence):
        comparison.require_several(len(artefacts))
    if lpips and not any(metric.name == "transfer" for metric in metrics):
        raise WrongUsage("--lpips is for --metric transfer")
    asked = _Asked(
        metrics,
        seed,
        data,
        rows,
        device,
        codes,
        factors,
        trust,
        spread,
        comparison,
        generator,
        force,
        lending.lpips(lpips, device) if lpips else None,
        report,
    )
    failed = count = 0
    said: set[tuple[str, str]] = set()
    for artefact in artefacts:
        count += 1
        try:
            for record in _score(Path(artefact), asked):
                yield _noted(record, said, report)
        except DisentoolError as error:
            if isinstance(artefacts, Sequence) or isinstance(error, (WrongUsage, Interrupted)):
                raise
            failed += 1  # one bad file in a stream does not hold up those that are still to come
            report.error(str(error))
    for head, metric, result in comparison.results():
        yield _noted(_record(head, metric, result), said, report)
    if failed:
        raise DisentoolError(f"{failed} of {count} could not be scored")


def _noted(record: dict[str, Any], said: set[tuple[str, str]], report: Reporter) -> dict[str, Any]:
    """The record, what is odd about it having been told to people, unless the same was ``said`` of the artefact."""
    for note in record["details"].get("notes", []):
        if (record["artefact"], note) in said:  # by another metric
            continue
        said.add((record["artefact"], note))
        report.note(f"{record['artefact']}: {record['metric']}: {note}")
    return record


def _score(path: Path, asked: _Asked) -> Iterator[dict[str, Any]]:
    kind, codes, factors = _kind(path), asked.codes, asked.factors
    _require_directions(path, kind == "directions", asked.metrics)
    if kind == "directions":
        return _score_directions(path, asked)
    if kind == "arrays" and codes is None:
        codes, factors = latents.usual_keys(path)
    if kind == "checkpoint":
        if codes not in (None, "auto", "encoder", "latent"):
            raise WrongUsage(
                f"{path}: --codes {codes} names an array of a file of codes; of a checkpoint it is encoder or latent"
            )
        return _score_checkpoint(path, asked)
    if asked.rows != "all":
        raise WrongUsage(
            f"{path}: holds the codes of the rows it was made of; --rows is for checkpoints, and for encode"
        )
    return _score_codes(path, codes, factors, asked)


def _require_directions(path: Path, there: bool, metrics: list[Metric]) -> None:
    """DataMismatch for a metric of directions on anything else, and for any other metric on directions."""
    for metric in metrics:
        if metric.needs("directions") != there:
            what = "directions, which `score --metric control` measures" if there else "no directions"
            raise DataMismatch(f"{path}: metric {metric.name} does not apply: it holds {what}")


def _score_directions(path: Path, asked: _Asked) -> Iterator[dict[str, Any]]:
    # Imported here: it needs torch.
    from disentool.stages import control

    settings = {name: getattr(asked, name) for name in ("generator", "seed", "device", "trust", "force", "spread")}
    for head, metric, result in control.measured(str(path), asked.metrics, **settings, report=asked.report):
        yield _record(head, metric, result)


def _kind(path: Path) -> str:
    if _holds_directions(directions.reference(str(path))[0]):
        return "directions"
    files.require(path, "checkpoint or file of codes", "`disentool train factorvae` writes ./ckpt.pt")
    if hdf5.is_hdf5(path):
        return "codes"
    with open(path, "rb") as file:
        if file.read(2) == b"PK":
            return "arrays" if _is_npz(path) else "checkpoint"
    raise ForeignFile(f"{path}: neither a checkpoint (.pt) nor HDF5 or .npz codes; see `disentool info {path}`")


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


def _score_codes(path: Path, codes_key: str | None, factors_key: str | None, asked: _Asked) -> Iterator[dict[str, Any]]:
    try:
        table = latents.read_foreign(path, codes_key, factors_key) if codes_key else latents.read(path)
    except ForeignFile as error:
        hint = "" if codes_key else "; --codes NAME --factors NAME reads any file's arrays, a checkpoint takes --data"
        raise type(error)(f"{error}{hint}") from None
    if len(table.mean) == 0:
        raise ForeignFile(f"{path}: holds no codes")
    there = {"factors": table.factors is not None, "logvar": table.logvar is not None}
    metrics = _that_apply(path, asked.metrics, there | {"reconstruction": False, "model": False}, asked.report)
    for metric in metrics:
        if metric.needs("reconstruction") or metric.needs("model"):
            raise DataMismatch(f"{path}: {metric.name} needs the decoder; score the checkpoint instead of its codes")
    with _named(path, "; --factors NAME reads them beside --codes" if codes_key and not factors_key else ""):
        known = training_facts.of_latents(table)
        points = _points(len(table.mean), table.factors, table.factor_names, table.factor_sizes, known)
        codes = Codes(np.arange(len(table.mean)), table.mean, table.logvar)
        planned = _plan(path, metrics, points, asked, ready=True)
    head = {
        "artefact": str(path),
        "id": files.sha256(path)[:16],
        "method": table.method or None,
        "config": table.provenance.get("config", {}),
        "seed": table.provenance.get("seed"),
        "step": table.provenance.get("step"),
        "data": table.name,
        "data_sha256": table.dataset_sha256 or None,
        "split": table.provenance.get("rows"),
        "codes": table.provenance.get("codes", codes_key),
        "rows": len(table.mean),
    }
    yield from _measured(path, head, planned, lambda _: codes, lending.of_codes(asked.device), asked)


def _score_checkpoint(path: Path, asked: _Asked) -> Iterator[dict[str, Any]]:
    # Imported here: scoring ready codes needs no torch, whose import takes seconds.
    from disentool.stages import coding
    from disentool.stages import model as models
    from disentool.stages.encode import data_of
    from disentool.stages.scored_codes import encode

    model = models.load(path, asked.device, trust=asked.trust)
    decodes = hasattr(model.method, "reconstruction")
    for metric in asked.metrics:
        if (metric.needs("reconstruction") or metric.needs("model")) and not (decodes or metric.optional):
            raise DataMismatch(f"{path}: {metric.name} needs a method with a reconstruction error, which this is not")
    dataset = data_of(model, asked.data, asked.report)
    source = coding.choose(model, asked.codes or "auto", asked.report)
    chosen = dataset.rows(asked.rows)
    if source == "latent":  # there are codes of the rows trained on alone
        chosen = np.intersect1d(chosen, coding.training_rows(model, dataset))
        if not len(chosen):
            raise DataMismatch(f"{path}: has codes of training rows alone, none of which is among --rows {asked.rows}")
    factors = None if dataset.factors is None else dataset.factors[chosen]
    there = {"factors": factors is not None, "logvar": "logvar" in model.method.codes()}
    metrics = _that_apply(path, asked.metrics, there | {"reconstruction": decodes, "model": decodes}, asked.report)
    with _named(dataset.path):
        known = training_facts.of_model(model, dataset, chosen)
        points = _points(len(chosen), factors, dataset.factor_names, dataset.factor_sizes, known)
        planned = _plan(path, metrics, points, asked, ready=False)
    with_images = [p for m, plans in planned for p in plans if m.needs("reconstruction")]
    others = [p for m, plans in planned for p in plans if not m.needs("reconstruction")]
    rows, decoded = _union(others, len(chosen)), _union(with_images, len(chosen))
    encoded = encode(model, dataset, chosen, rows, decoded, asked.seed, source, asked.report)
    head = {
        "artefact": str(path),
        "id": model.sha256[:16],
        "method": model.content["method"],
        "config": model.content["config"],
        "seed": model.content["rng"].get("seed"),
        "step": model.content["step"],
        "data": dataset.name,
        "data_sha256": dataset.content_sha256,
        "split": asked.rows,
        "codes": source,
        "rows": len(chosen),
    }
    lent = lending.of_model(model, dataset, chosen, asked.perceptual)
    yield from _measured(path, head, planned, lambda metric: encoded[metric.needs("reconstruction")], lent, asked)


def _that_apply(path: Path, metrics: list[Metric], there: dict[str, bool], report: Reporter) -> list[Metric]:
    """Without those that came with ``all`` and need what is not there."""
    lacking = {what for what, is_there in there.items() if not is_there}
    left = {metric.name for metric in metrics if metric.optional and lacking & metric.module.NEEDS}
    if left and "factors" in lacking:  # what ready codes cannot have is no surprise; labels may have been meant
        report.note(f"{path}: has no factors; left out for want of something: {', '.join(sorted(left))}")
    return [metric for metric in metrics if metric.name not in left]


def _plan(
    path: Path, metrics: list[Metric], points: Points, asked: _Asked, *, ready: bool
) -> list[tuple[Metric, list[Any]]]:
    """Each metric with its plans; those that came with ``all`` and cannot be planned are left out, which is said."""
    planned = []
    for metric in metrics:
        try:
            planned.append((metric, plans(metric, points, asked.seed, asked.spread, ready)))
        except (DataMismatch, NoFactors) as error:
            if not metric.optional:
                raise
            asked.report.note(f"{path}: {metric.name} is left out: {error}")
    return planned


def _measured(path, head, planned, codes_for, lent, asked: _Asked) -> Iterator[dict[str, Any]]:
    """The records of one artefact; what compares models is kept for later."""
    for metric, its in planned:
        codes = codes_for(metric)
        with _named(path):
            refuse_non_finite(codes.mean, "codes")  # wherever they are: a damaged file is not scored in part
        if metric.needs("others"):
            asked.comparison.add(metric, head, its, codes, lent)
            continue
        try:
            with _named(path):
                result = measure(metric, its, codes, lent, asked.spread, asked.report)
        except DataMismatch as error:
            if not metric.optional:
                raise
            asked.report.note(f"{path}: {metric.name} is left out: {str(error).removeprefix(f'{path}: ')}")
            continue
        yield _record(head, metric, with_notes(result, remarks(codes.mean)))


@contextmanager
def _named(path: Path, hint: str = "") -> Iterator[None]:
    """Metrics know arrays, not files: put the file's name before what they complain of."""
    try:
        yield
    except (DataMismatch, NoFactors) as error:
        raise type(error)(f"{path}: {error}{hint}") from None


def _points(rows: int, factors: np.ndarray | None, names: tuple, sizes: tuple, training: Training) -> Points:
    points = Points(rows) if factors is None else Points.from_factors(factors, names or None, sizes or None)
    return replace(points, training=training)


def _union(plans: list[Any], total: int) -> np.ndarray:
    if any(plan.rows is None for plan in plans):
        return np.arange(total)
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(plan.rows for plan in plans)]))


def _record(head: dict[str, Any], metric: Metric, result: Result) -> dict[str, Any]:
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
