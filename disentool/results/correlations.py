"""Score records of many models -> records of how their metrics go together: Kim & Mnih (2018), section 6."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import CORRELATION
from disentool.metrics.correlation import correlation

LEAST_MODELS = 3  # of two, every correlation is 1 or -1


def _have(models: int) -> str:
    return "1 model has" if models == 1 else f"{models} models have"


def correlations(found: list[dict[str, Any]], metrics: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A record of Pearson's, Kendall's and Spearman's correlation, with p values, for every pair of metrics.

    ``found``: score records; models are told apart by ``id``. ``metrics``: names, or ``name@protocol`` where the
    records hold several protocols; none: all that are there. A model with several records of one metric (other seeds)
    counts with their mean. Raises UnknownName, WrongUsage, and DataMismatch for records that do not compare or fewer
    than three models.
    """
    columns = _columns(found)
    names = score_records.split(metrics)
    chosen = [score_records.find(name, columns) for name in names] if names else list(columns)
    if len(set(chosen)) < 2:
        raise WrongUsage(f"correlations are of two metrics or more, here is {', '.join(chosen) or 'none'}")
    return [_pair(one, two, columns) for one, two in itertools.combinations(dict.fromkeys(chosen), 2)]


def _columns(found: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """``metric@protocol`` -> model id -> score."""
    scores: dict[str, dict[str, list[float]]] = {}
    for record in found:
        scores.setdefault(score_records.column(record), {}).setdefault(record["id"], []).append(
            score_records.value(record)
        )
    score_records.require_comparable(found)
    return {
        name: {model: float(np.mean(values)) for model, values in models.items()} for name, models in scores.items()
    }


def _pair(one: str, two: str, columns: dict[str, dict[str, float]]) -> dict[str, Any]:
    first, second = columns[one], columns[two]
    everyone = dict.fromkeys([*first, *second])
    models = [m for m in everyone if math.isfinite(first.get(m, math.nan)) and math.isfinite(second.get(m, math.nan))]
    if len(models) < LEAST_MODELS:
        raise DataMismatch(
            f"{one} and {two}: {_have(len(models))} both, expected at least {LEAST_MODELS}; score more of them"
        )
    x, y = np.array([first[m] for m in models]), np.array([second[m] for m in models])
    notes = []
    left = len(everyone) - len(models)
    if left:
        notes.append(
            f"{_have(left)} no finite score of one of the two metrics and {'is' if left == 1 else 'are'} left out"
        )
    constant = [name for name, values in ((one, x), (two, y)) if (values == values[0]).all()]
    if constant:
        notes.append(f"{' and '.join(constant)}: the same for every model, so that no correlation is defined")
    found = correlation(x, y)
    return {
        "format": CORRELATION.name,
        "version": CORRELATION.version,
        "metrics": [one.rpartition("@")[0], two.rpartition("@")[0]],
        "protocols": [one.rpartition("@")[2], two.rpartition("@")[2]],
        "models": len(models),
        **found,
        "notes": notes,
    }
