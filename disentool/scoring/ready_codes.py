"""Ready codes -> score records: latents files, and the arrays in anyone's files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, ForeignFile
from disentool.io import files, latents
from disentool.scoring import lent_functions, training_facts
from disentool.scoring.asked import Asked, named, planned_metrics, points_of, records_of, that_apply
from disentool.scoring.codes import Codes


def score_codes(path: Path, codes_key: str | None, factors_key: str | None, asked: Asked) -> Iterator[dict[str, Any]]:
    """The records of one file; ``codes_key`` and ``factors_key`` name its arrays, None: those of a latents file."""
    try:
        table = latents.read_foreign(path, codes_key, factors_key) if codes_key else latents.read(path)
    except ForeignFile as error:
        hint = "" if codes_key else "; --codes NAME --factors NAME reads any file's arrays, a checkpoint takes --data"
        raise type(error)(f"{error}{hint}") from None
    if len(table.mean) == 0:
        raise ForeignFile(f"{path}: holds no codes")
    there = {"factors": table.factors is not None, "logvar": table.logvar is not None}
    metrics = that_apply(path, asked.metrics, there | {"reconstruction": False, "model": False}, asked.report)
    for metric in metrics:
        if metric.needs("reconstruction") or metric.needs("model"):
            raise DataMismatch(f"{path}: {metric.name} needs the decoder; score the checkpoint instead of its codes")
    with named(path, "; --factors NAME reads them beside --codes" if codes_key and not factors_key else ""):
        known = training_facts.of_latents(table)
        points = points_of(len(table.mean), table.factors, table.factor_names, table.factor_sizes, known)
        codes = Codes(np.arange(len(table.mean)), table.mean, table.logvar)
        planned = planned_metrics(path, metrics, points, asked, ready=True)
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
    yield from records_of(
        path, head, planned, lambda _: codes, lent_functions.of_codes(asked.device, asked.tune), asked
    )
