"""Checkpoints, latents files, anyone's codes -> score records."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from disentool.arguments.bounds import Baseline
from disentool.contract.precision import Precision
from disentool.errors import DataMismatch, DisentoolError, Interrupted, NoFactors, WrongUsage
from disentool.io import files, latents
from disentool.metrics import METRICS
from disentool.reporting import Reporter, Silent
from disentool.scoring import model_functions
from disentool.scoring.artefact import ScoreOptions, kind_of
from disentool.scoring.compare_models import Comparison
from disentool.scoring.metric import Metric
from disentool.scoring.record import record_of
from disentool.scoring.score_latents import score_latents
from disentool.scoring.score_metric import Spread


def score(
    artefacts: Iterable[str | Path],
    metrics: list[Metric],
    *,
    seed: int = 0,
    image_files: Sequence[Path] = (),
    data: str | None = None,
    rows: str = "all",
    device: str = "auto",
    precision: Precision = "auto",
    codes: str | None = None,
    factors: str | None = None,
    logvar: str | None = None,
    baseline: Baseline | None = None,
    trust: bool = False,
    spread: Spread | None = None,
    generator: str | None = None,
    force: bool = False,
    lpips: Sequence[Path] = (),
    report: Reporter | None = None,
) -> Iterator[dict[str, Any]]:
    """The record of every metric on every artefact, as each is ready; of metrics that compare models, at the end.

    An artefact is a checkpoint (whose data, or ``data``, is encoded: once, and only the rows these metrics need), a
    latents file, or any HDF5 or .npz file with arrays of codes, their log variances and factors, named by ``codes``,
    ``logvar`` and ``factors``; or a directions file (all of it, or ``FILE:NAME``), for metrics of directions in
    ``generator`` (default: the one that they were found in; ``force`` takes any other too). ``image_files``: pictures,
    and folders of them, that checkpoints encode instead of data, for metrics that need no factors. Of a checkpoint
    ``codes`` is a choice, as :func:`disentool.models.encoding.choose` has it; its records are followed by those of a
    ``baseline``, the same architecture with fresh weights, where one is asked for. ``trust``: see
    :func:`disentool.models.model.load`. ``lpips``: see :func:`disentool.scoring.model_functions.lpips`.
    """
    report = report or Silent()
    if isinstance(artefacts, Sequence):  # else they arrive one by one
        for artefact in artefacts:
            kind_of(Path(artefact))
    if factors and not codes:
        raise WrongUsage("--factors names an array beside --codes; give both")
    if logvar and not codes:
        raise WrongUsage("--logvar names an array beside --codes; give both")
    if image_files:
        _check_pictures(image_files, metrics, data, rows)
    if baseline is not None:
        _check_baseline(metrics)
    spread = spread or Spread()
    comparison = Comparison([metric for metric in metrics if metric.needs("others")])
    if comparison.metrics and isinstance(artefacts, Sequence):
        comparison.require_several(len(artefacts))
    if lpips and not any(metric.facts.perceptual for metric in metrics):
        raise WrongUsage(f"--lpips is for --metric {', '.join(n for n, facts in METRICS.items() if facts.perceptual)}")
    if lpips:
        _configure(device)
    options = ScoreOptions(
        metrics=metrics,
        seed=seed,
        data=data,
        rows=rows,
        device=device,
        precision=precision,
        codes=codes,
        factors=factors,
        trust=trust,
        spread=spread,
        comparison=comparison,
        generator=generator,
        force=force,
        perceptual=model_functions.lpips(lpips, device) if lpips else None,
        report=report,
        image_files=image_files,
        logvar=logvar,
        baseline=baseline,
    )
    failed = count = 0
    with _Notes(report, several=not isinstance(artefacts, Sequence) or len(artefacts) > 1) as notes:
        for artefact in artefacts:
            count += 1
            try:
                for record in _score(Path(artefact), options):
                    yield notes.noted(record)
            except DisentoolError as error:
                if isinstance(artefacts, Sequence) or isinstance(error, (WrongUsage, Interrupted)):
                    raise
                failed += 1  # one bad file in a stream does not hold up those that are still to come
                report.error(str(error))
        for fields, metric, result in comparison.results(report):
            yield notes.noted(record_of(fields, metric.name, result))
    if failed:
        raise DisentoolError(f"{failed} of {count} could not be scored")


def _check_pictures(image_files: Sequence[Path], metrics: Sequence[Metric], data: str | None, rows: str) -> None:
    """NoFactors for a metric that needs them, which pictures do not have; WrongUsage beside a data set."""
    if data or rows != "all":
        raise WrongUsage("--image names the pictures to score with; leave out --data and --rows")
    lacking = [metric.name for metric in metrics if metric.needs("factors") and not metric.optional]
    if lacking:
        folder = image_files[0] if image_files[0].is_dir() else image_files[0].parent
        others = [name for name, facts in METRICS.items() if not facts.needs & {"factors", "directions", "others"}]
        raise NoFactors(
            f"--metric {','.join(lacking)} needs factors, and pictures have none; `disentool prepare folder --from"
            f" {shlex.quote(str(folder))}` makes a data set for --data, whose factor is the folder of each picture;"
            f" metrics without factors: {', '.join(others)}"
        )


def _check_baseline(metrics: Sequence[Metric]) -> None:
    """WrongUsage for metrics of which an untrained model has no score of its own."""
    for metric in metrics:
        if metric.needs("others"):
            raise WrongUsage(
                f"--baseline: metric {metric.name} compares trained models with each other; score it in another call"
            )
        if metric.needs("directions"):
            raise WrongUsage(f"--baseline: metric {metric.name} measures directions, which an untrained model has not")


def _configure(device: str) -> None:
    """Tune this process for the device of that name; DeviceUnavailable if it is not there."""
    # Imported here: most metrics of ready codes need no torch, whose import takes seconds.
    from disentool.engine.devices import choose, configure

    configure(choose(device))


class _Notes:
    """What is odd about records, told to people: each note once, and of ``several`` artefacts for all at the end."""

    def __init__(self, report: Reporter, *, several: bool):
        self._report, self._several = report, several
        self._of_metric: dict[str, str] = {}  # note -> the first metric that has it
        self._artefacts: dict[str, list[str]] = {}  # note -> those that it holds for

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._several:
            for note in self._artefacts:
                self._say(note)

    def noted(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, with its notes told or kept for the end."""
        for note in record["details"].get("notes", []):
            self._of_metric.setdefault(note, record["metric"])
            of = self._artefacts.setdefault(note, [])
            if record["artefact"] in of:  # by another metric
                continue
            of.append(record["artefact"])
            if not self._several:
                self._say(note)
        return record

    def _say(self, note: str) -> None:
        first, *others = self._artefacts[note]
        more = f" and {len(others)} more" if others else ""
        self._report.note(f"{first}{more}: {self._of_metric[note]}: {note}")


def _score(path: Path, options: ScoreOptions) -> Iterator[dict[str, Any]]:
    kind, codes, factors = kind_of(path), options.codes, options.factors
    _require_directions(path, kind == "directions", options.metrics)
    if kind == "directions":
        return _score_directions(path, options)
    if kind == "arrays" and codes is None:
        codes, factors = latents.usual_keys(path)
    if kind == "checkpoint":
        if codes not in (None, "auto", "encoder", "latent"):
            raise WrongUsage(
                f"{path}: is a checkpoint, which has no array {codes!r}; give --codes encoder or --codes latent"
            )
        if factors or options.logvar:
            flag = "--factors" if factors else "--logvar"
            raise WrongUsage(f"{path}: is a checkpoint, whose codes come with all they have; leave out {flag}")
        # Imported here: scoring ready codes needs no torch, whose import takes seconds.
        from disentool.scoring.score_checkpoint import score_checkpoint

        _configure(options.device)
        return score_checkpoint(path, options)
    if options.rows != "all":
        raise WrongUsage(
            f"{path}: holds the codes of the rows it was made of; --rows is for checkpoints, and for encode"
        )
    if options.image_files:
        raise WrongUsage(f"{path}: holds codes already; --image is for checkpoints, and for encode")
    if options.baseline is not None:
        raise WrongUsage(f"{path}: holds codes, not the model that made them; --baseline is for checkpoints")
    if any(metric.mixtures for metric in options.metrics):
        _configure(options.device)
    return score_latents(path, codes, factors, options)


def _require_directions(path: Path, there: bool, metrics: list[Metric]) -> None:
    """DataMismatch for a metric of directions on anything else, and for any other metric on directions."""
    for metric in metrics:
        if metric.needs("directions") != there:
            if there:
                raise DataMismatch(
                    f"{path}: holds directions, which metric {metric.name} does not measure; `score --metric control`"
                    " measures them"
                )
            raise DataMismatch(
                f"{path}: holds no directions, which metric {metric.name} measures; `disentool find-direction` makes"
                " a file of them"
            )


def _score_directions(path: Path, options: ScoreOptions) -> Iterator[dict[str, Any]]:
    """The records of every direction of ``FILE``, or of the one of ``FILE:NAME``."""
    # Imported here: it needs torch.
    from disentool.scoring.score_directions import DirectionToScore
    from disentool.steering import named_directions

    _configure(options.device)
    found = named_directions.read([str(path)], every=True)
    file = found[0].file
    opened = named_directions.opened_for(
        found, options.generator, options.device, trust=options.trust, force=options.force
    )
    digest = files.sha256(file.path)
    for one in found:
        classes = partial(named_directions.classes_of, opened, [one], [])
        direction = DirectionToScore(file, one.direction, one.transform, opened, classes)
        results = direction.results(
            options.metrics, digest, options.seed, options.spread, options.trust, options.report
        )
        for fields, metric, result in results:
            yield record_of(fields, metric.name, result)
