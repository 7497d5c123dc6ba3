"""Ready codes -> score records: latents files, and the arrays in anyone's files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, ForeignFile
from disentool.io import files, latents
from disentool.io.latents import Latents
from disentool.scoring.artefact import ScoreOptions, applicable, data_rows_of, draw_all, naming, results_of
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import TrainingFacts
from disentool.scoring.model_functions import of_codes
from disentool.scoring.record import record_of


def score_latents(
    path: Path, codes_key: str | None, factors_key: str | None, options: ScoreOptions
) -> Iterator[dict[str, Any]]:
    """The records of one file; ``codes_key`` and ``factors_key`` name its arrays, None: those of a latents file."""
    try:
        table = latents.read_foreign(path, codes_key, factors_key, options.logvar) if codes_key else latents.read(path)
    except ForeignFile as error:
        hint = "" if codes_key else "; --codes NAME --factors NAME reads any file's arrays, a checkpoint takes --data"
        raise type(error)(f"{error}{hint}") from None
    if len(table.mean) == 0:
        raise ForeignFile(f"{path}: holds no codes")
    there = {"factors": table.factors is not None, "logvar": table.logvar is not None}
    metrics = applicable(path, options.metrics, there | {"reconstruction": False, "model": False}, options.report)
    for metric in metrics:
        if metric.needs("reconstruction") or metric.needs("model"):
            raise DataMismatch(f"{path}: {metric.name} needs the decoder; score the checkpoint instead of its codes")
        if codes_key and table.logvar is None and (metric.needs("logvar") or metric.mixtures):
            raise DataMismatch(
                f"{path}: {metric.name} needs the variance of the codes; --logvar NAME reads its logarithm beside"
                " --codes"
            )
    with naming(path, "; --factors NAME reads them beside --codes" if codes_key and not factors_key else ""):
        known = _training_facts(table)
        data = data_rows_of(len(table.mean), table.factors, table.factor_names, table.factor_sizes, known)
        codes = Codes(np.arange(len(table.mean)), table.mean, table.logvar, categorical=_categorical(table))
        drawn = draw_all(path, metrics, data, options, ready=True)
    artefact = {
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
    functions = of_codes(options.device)
    for name, result in results_of(path, artefact, drawn, lambda _: codes, functions, options, data.notes):
        yield record_of(artefact, name, result)


def _training_facts(table: Latents) -> TrainingFacts:
    """Of a file of codes, which knows what part of the data it holds, not which rows of all were trained on."""
    part = table.provenance.get("rows") if table.classes else None
    if table.classes and table.provenance.get("codes") == "latent":  # which are of rows trained on alone
        part = "train"
    known = {"train": np.ones(len(table.mean), bool), "test": np.zeros(len(table.mean), bool)}
    return TrainingFacts(
        class_factor=table.classes.get("factor", ""),
        class_width=None if table.class_code is None else table.class_code.shape[1],
        images=np.array(table.classes["images"], np.int64) if table.classes else None,
        rows=known.get(str(part)),
        noise=_number(table.provenance.get("content_noise")),
    )


def _categorical(table: Latents) -> tuple[int, ...]:
    """The dimensions that the file says name classes; none where it says nothing, or what cannot be."""
    said = table.provenance.get("categorical")
    width = table.mean.shape[1]
    fitting = isinstance(said, list) and all(type(j) is int and 0 <= j < width for j in said)
    return tuple(said) if isinstance(said, list) and fitting else ()


def _number(value: Any) -> float | None:
    """A standard deviation as a file gives it, or None."""
    return float(value) if type(value) in (int, float) and 0 <= value < float("inf") else None
