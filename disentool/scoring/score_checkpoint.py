"""A checkpoint and its data -> score records: the rows of all metrics are encoded once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disentool.contract import ClassLabels, Reconstructs, class_content, optional
from disentool.engine import inference
from disentool.engine.feed import Feed
from disentool.errors import DataMismatch
from disentool.io.dataset import Dataset, asked_rows
from disentool.io.score_records import UNTRAINED
from disentool.metrics.result import Result
from disentool.models import encoding, pictures_as_data
from disentool.models.data import data_of
from disentool.models.model import TrainedModel, load_model
from disentool.models.untrained import untrained, weights_seed
from disentool.reporting import Reporter
from disentool.scoring import model_functions
from disentool.scoring.artefact import ScoreOptions, applicable, data_rows_of, draw_all, naming, results_of
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import TrainingFacts
from disentool.scoring.metric import Draw, Metric
from disentool.scoring.record import record_of

MOST_UNASKED = 100_000  # images that one metric among ``--metric all`` may need: they take a CPU a minute or two
_BASELINE = "untrained: the same architecture with fresh weights of seed {}, on the same rows by the same protocol"
# What ``--codes`` may say of a checkpoint; the command refuses anything else.
SOURCES: dict[str, Literal["auto", "encoder", "latent"]] = {"auto": "auto", "encoder": "encoder", "latent": "latent"}


def score_checkpoint(path: Path, options: ScoreOptions) -> Iterator[dict[str, Any]]:
    """The records of one checkpoint: its data is encoded once, and only the rows that the metrics need."""
    model = load_model(path, options.device, trust=options.trust, precision=options.precision)
    for artefact, metric, result in score_model(model, options):
        yield record_of(artefact, metric, result)


def score_model(model: TrainedModel, options: ScoreOptions) -> Iterator[tuple[dict[str, Any], str, Result]]:
    """What was scored, the metric's name and its result, of every metric; see :func:`score_checkpoint`.

    With ``options.baseline`` the same of the model with fresh weights, after those of the model.
    """
    path = model.path
    decodes = isinstance(model.method, Reconstructs)
    for metric in options.metrics:
        if (metric.needs("reconstruction") or metric.needs("model")) and not (decodes or metric.optional):
            raise DataMismatch(f"{path}: {metric.name} needs a reconstruction error, and this method has none")
    dataset = None if options.image_files else data_of(model, options.data, options.report)
    source = encoding.choose(model, SOURCES.get(options.codes or "auto", "auto"), options.report)
    if dataset is None:
        dataset, _ = pictures_as_data.of_pictures(model, options.image_files, source, options.report)
    chosen = asked_rows(dataset, options.rows)
    if source == "latent":  # there are codes of the rows trained on alone
        chosen = np.intersect1d(chosen, encoding.training_rows(model, dataset))
        if not len(chosen):
            raise DataMismatch(
                f"{path}: has codes of its training rows only, and --rows {options.rows} has none of them; give --rows"
                " all"
            )
    factors = None if dataset.factors is None else dataset.factors[chosen]
    there = {"factors": factors is not None, "logvar": "logvar" in model.method.codes()}
    metrics = applicable(path, options.metrics, there | {"reconstruction": decodes, "model": decodes}, options.report)
    with naming(dataset.path):
        known = _training_facts(model, dataset, chosen)
        data = data_rows_of(len(chosen), factors, dataset.factor_names, dataset.factor_sizes, known)
        drawn = draw_all(path, metrics, data, options, ready=False)
    drawn = without_whole_grids(path, drawn, len(chosen), options.report)
    with_images = [draw for m, draws in drawn for draw in draws if m.needs("reconstruction")]
    others = [draw for m, draws in drawn for draw in draws if not m.needs("reconstruction")]
    rows, decoded = _union(others, len(chosen)), _union(with_images, len(chosen))
    if any(metric.optional for metric in options.metrics):
        options.report.note(
            f"{path}: encodes {len(np.union1d(rows, decoded)):,} of {len(chosen):,} images, and decodes"
            f" {len(decoded):,}, for {', '.join(metric.name for metric, _ in drawn)}"
        )
    artefact = {
        "artefact": str(path),
        "id": model.sha256[:16],
        "method": model.content["method"],
        "config": model.content["config"],
        "seed": model.content["rng"].get("seed"),
        "step": model.content["step"],
        "data": dataset.name,
        "data_sha256": dataset.content_sha256,
        "split": options.rows,
        "codes": source,
        "rows": len(chosen),
        "precision": model.precision,
    }
    subjects = [(model, artefact, _unfinished(model))]
    if options.baseline is not None:
        subjects.append((untrained(model), _of_baseline(model, artefact), [_BASELINE.format(weights_seed(model))]))
    for scored, about, notes in subjects:
        encoded = _encode(scored, dataset, chosen, rows, decoded, options.seed, source, options.report)
        functions = model_functions.of_model(scored, dataset, chosen, options.perceptual)
        of_metric = results_of(Path(about["artefact"]), about, drawn, encoded.for_metric, functions, options, notes)
        for name, result in of_metric:
            yield about, name, result


def _unfinished(model: TrainedModel) -> list[str]:
    """A note where training is to go on: the score is of a snapshot, or of a run that was interrupted."""
    step, total = model.content["step"], sum(stage.steps for stage in model.method.stages())
    if step >= total or optional.stops_early(model.method, model.content["history"]):
        return []
    return [f"still in training: step {step:,} of {total:,}"]


def _of_baseline(model: TrainedModel, artefact: dict[str, Any]) -> dict[str, Any]:
    """The first fields of an untrained model's record: a model of its own, which no reader takes for the trained."""
    seed = weights_seed(model)
    return artefact | {
        "artefact": f"{artefact['artefact']} (untrained)",
        "id": hashlib.sha256(f"{model.sha256} untrained {seed}".encode()).hexdigest()[:16],
        "method": f"{UNTRAINED}{artefact['method']}",
        "seed": seed,
        "step": 0,
        "baseline": {"weights": "untrained", "of": artefact["id"]},
    }


def without_whole_grids(
    path: Path, drawn: list[tuple[Metric, list[Draw]]], total: int, report: Reporter
) -> list[tuple[Metric, list[Draw]]]:
    """Without the metrics that came with ``all`` and need about every one of many rows; a note says which they are.

    One whose protocol or constants the caller chose stays.
    """
    left = []
    for metric, draws in drawn:
        needed = max((total if draw.rows is None else len(draw.rows) for draw in draws), default=0)
        if metric.optional and metric.as_usual and needed > MOST_UNASKED:
            report.note(
                f"{path}: {metric.name} is left out: it needs {needed:,} of {total:,} images;"
                f" --metric all,{metric.name} asks for it"
            )
        else:
            left.append((metric, draws))
    return left


def _union(draws: list[Draw], total: int) -> np.ndarray:
    if any(drawn.rows is None for drawn in draws):
        return np.arange(total)
    return np.unique(
        np.concatenate([np.zeros(0, np.int64), *(drawn.rows for drawn in draws if drawn.rows is not None)])
    )


@dataclass(frozen=True)
class _Encoded:
    """The codes of all rows that metrics need, and of those of them whose reconstruction error is known; None: none."""

    every: Codes | None
    with_errors: Codes | None

    def for_metric(self, metric: Metric) -> Codes:
        """The codes that a metric is of."""
        found = self.with_errors if metric.needs("reconstruction") else self.every
        assert found is not None  # the rows of every metric were encoded
        return found


def _encode(
    model: TrainedModel,
    dataset: Dataset,
    chosen: np.ndarray,
    rows: np.ndarray,
    decoded: np.ndarray,
    seed: int,
    source: encoding.Source,
    report: Reporter,
) -> _Encoded:
    """Codes of ``rows`` and ``decoded``, each once.

    Both count among the ``chosen`` rows of the data set. ``source``: where the codes come from.
    """
    few = 4 * (len(rows) + len(decoded)) < len(chosen)  # then the data set is not worth sending to the device
    feed = Feed(dataset.images, None, model.device, rows=chosen, resident=not few)
    plain = np.setdiff1d(rows, decoded, assume_unique=True)
    with_errors: list[dict[str, np.ndarray]] = []
    without: list[dict[str, np.ndarray]] = []
    with report.task(f"encode {model.path.name}", len(plain) + len(decoded), "images") as task:
        done = 0
        for parts, wanted, decode in ((with_errors, decoded, True), (without, plain, False)):
            if source == "encoder":
                batches = inference.encode(model.method, model.networks, feed, wanted, seed if decode else None)
            else:
                batches = _optimised(model, dataset, chosen, feed, wanted, decode)
            for part in batches:
                parts.append(part)
                done += len(part["mean"])
                task.update(done)

    def table(found: list[dict[str, np.ndarray]], their_rows: np.ndarray) -> Codes:
        order = np.argsort(their_rows)
        names = set.intersection({field.name for field in fields(Codes)}, *(set(part) for part in found))
        arrays = {n: np.concatenate([part[n] for part in found])[order] for n in names}
        return Codes(their_rows[order], **arrays, categorical=optional.categorical_dimensions(model.method))

    every = with_errors + without
    return _Encoded(
        table(every, np.concatenate([decoded, plain])) if every else None,
        table(with_errors, decoded) if with_errors else None,
    )


def _optimised(
    model: TrainedModel, dataset: Dataset, chosen: np.ndarray, feed: Feed, rows: np.ndarray, decoded: bool
) -> Iterator[dict[str, np.ndarray]]:
    """As :func:`disentool.engine.inference.encode`, of the codes optimised for training rows."""
    start = 0
    for part in encoding.of_rows(model, dataset, chosen[rows], "latent"):
        their = rows[start : start + len(part["mean"])]
        start += len(their)
        if decoded:
            part |= inference.reconstruct(model.method, model.networks, feed, their, part["mean"])
        yield part


def _training_facts(model: TrainedModel, dataset: Dataset, chosen: np.ndarray) -> TrainingFacts:
    """Of a checkpoint and the rows ``chosen`` (int64 [n]) of a data set.

    Rows of other data than it was trained on were not trained on; nor were their classes, unless the data names and
    numbers the same ones.
    """
    known, method = model.content["data"], model.method
    factor = class_content.class_labels(method)
    trained = np.zeros(len(chosen), bool)
    if dataset.content_sha256 == known.get("content_sha256"):
        trained = np.isin(chosen, dataset.rows(str(model.content["run"].get("rows", "auto"))))
    of_classes = known.get("classes") or {}
    images = None
    if factor is not None and of_classes:
        same = all(
            name in dataset.factor_names
            and dataset.factor_sizes[dataset.factor_names.index(name)] == size
            and _alike(dataset.words().get(name), of_classes["names"].get(name))
            for name, size in zip(factor.names, factor.sizes, strict=True)
        )
        images = np.array(of_classes["images"], np.int64) if same else _no_images(factor, dataset)
    return TrainingFacts(
        class_factor=factor.text if factor is not None else dataset.class_factor,
        class_width=class_content.class_width(method),
        images=images,
        rows=trained,
        noise=class_content.content_noise(method),
    )


def _alike(words: list[str] | None, others: list[str] | None) -> bool:
    """Whether two lists of words name the same classes; where one file has none, nothing contradicts it."""
    return words is None or others is None or list(words) == list(others)


def _no_images(factor: ClassLabels, dataset: Dataset) -> np.ndarray | None:
    """No image of any class that the data numbers; None where it lacks the factor."""
    if not set(factor.names) <= set(dataset.factor_names):
        return None
    sizes = [dataset.factor_sizes[dataset.factor_names.index(name)] for name in factor.names]
    return np.zeros(int(np.prod(sizes)), np.int64)
