"""A checkpoint and its data -> score records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disentool.contract import Reconstructs
from disentool.errors import DataMismatch
from disentool.models import encoding
from disentool.models.data import data_of
from disentool.models.model import load_model
from disentool.scoring import model_functions, training_facts
from disentool.scoring.asked import Asked, named, planned_metrics, points_of, records_of, that_apply
from disentool.scoring.shared_encoding import encode

# What ``--codes`` may say of a checkpoint; the command refuses anything else.
SOURCES: dict[str, Literal["auto", "encoder", "latent"]] = {"auto": "auto", "encoder": "encoder", "latent": "latent"}


def score_checkpoint(path: Path, asked: Asked) -> Iterator[dict[str, Any]]:
    """The records of one checkpoint: its data is encoded once, and only the rows that the metrics need."""
    model = load_model(path, asked.device, trust=asked.trust)
    decodes = isinstance(model.method, Reconstructs)
    for metric in asked.metrics:
        if (metric.needs("reconstruction") or metric.needs("model")) and not (decodes or metric.optional):
            raise DataMismatch(f"{path}: {metric.name} needs a reconstruction error, and this method has none")
    dataset = data_of(model, asked.data, asked.report)
    source = encoding.choose(model, SOURCES.get(asked.codes or "auto", "auto"), asked.report)
    chosen = dataset.rows(asked.rows)
    if source == "latent":  # there are codes of the rows trained on alone
        chosen = np.intersect1d(chosen, encoding.training_rows(model, dataset))
        if not len(chosen):
            raise DataMismatch(f"{path}: has codes of training rows alone, none of which is among --rows {asked.rows}")
    factors = None if dataset.factors is None else dataset.factors[chosen]
    there = {"factors": factors is not None, "logvar": "logvar" in model.method.codes()}
    metrics = that_apply(path, asked.metrics, there | {"reconstruction": decodes, "model": decodes}, asked.report)
    with named(dataset.path):
        known = training_facts.of_model(model, dataset, chosen)
        points = points_of(len(chosen), factors, dataset.factor_names, dataset.factor_sizes, known)
        planned = planned_metrics(path, metrics, points, asked, ready=False)
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
    lent = model_functions.of_model(model, dataset, chosen, asked.perceptual)
    yield from records_of(path, head, planned, lambda metric: encoded[metric.needs("reconstruction")], lent, asked)


def _union(plans: list[Any], total: int) -> np.ndarray:
    if any(plan.rows is None for plan in plans):
        return np.arange(total)
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(plan.rows for plan in plans)]))
