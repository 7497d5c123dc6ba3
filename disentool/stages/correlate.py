"""Score records of many models -> how their metrics go together: Kim & Mnih (2018), section 6."""

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io import files, results
from disentool.io.schema import CORRELATION, SCORE

LEAST_MODELS = 3  # of two, every correlation is 1 or -1


def correlate(sources: Iterable[str | Path | BinaryIO], metrics: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A record of Pearson's, Kendall's and Spearman's correlation, with p values, for every pair of metrics.

    ``sources``: JSON-lines files of score records, or open streams; models are told apart by ``id``. ``metrics``:
    names, or ``name@protocol`` where the records hold several protocols; none: all that are there. A model with several
    records of one metric (other seeds) counts with their mean. Raises ForeignFile, UnknownName, and DataMismatch for
    records that do not compare or fewer than three models.
    """
    records = [record for source in sources for record in _read(source)]
    columns = _columns(records)
    names = [part.strip() for name in metrics for part in name.split(",")]
    chosen = [_find(name, columns) for name in names] if names else list(columns)
    if len(set(chosen)) < 2:
        raise WrongUsage(f"correlations are of two metrics or more, here is {', '.join(chosen) or 'none'}")
    return [_pair(one, two, columns) for one, two in itertools.combinations(dict.fromkeys(chosen), 2)]


def _read(source: str | Path | BinaryIO) -> list[dict[str, Any]]:
    if isinstance(source, str | Path):
        path = files.require(source, "file of score records", "`disentool score` prints them")
        kind, records = results.read_lines(path)
    else:
        path = "stdin"
        kind, records = results.parse_lines(source, path)
    if kind != SCORE.name:
        raise ForeignFile(f"{path}: holds a {kind}, expected score records as `disentool score` prints them")
    for number, record in enumerate(records, 1):
        score = record.get("score")
        known = isinstance(score, int | float) and not isinstance(score, bool)
        words = all(isinstance(record.get(key), str) for key in ("id", "metric", "protocol"))
        if not words or not (known or score is None) or not isinstance(record.get("details"), dict):
            raise ForeignFile(f"{path}: record {number} lacks id, metric, protocol, score or details")
    return records


def _columns(records: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """``metric@protocol`` -> model id -> score."""
    scores: dict[str, dict[str, list[float]]] = {}
    constants: dict[str, set[str]] = {}
    for record in records:
        name = f"{record['metric']}@{record['protocol']}"
        details = record["details"]
        changed = details.get("changed_options")
        varied = {key: details.get(key) for key in changed} if isinstance(changed, list) else {}
        varied |= {key: record.get(key) for key in ("data_sha256", "split") if record.get(key)}
        constants.setdefault(name, set()).add(json.dumps(varied, sort_keys=True))
        models = scores.setdefault(name, {})
        value = math.nan if record["score"] is None else float(record["score"])
        models.setdefault(record["id"], []).append(value)
    for name, seen in constants.items():
        if len(seen) > 1:
            shown = "; ".join(sorted(seen)[:3])
            raise DataMismatch(
                f"{name}: records with different constants or data ({shown}) do not compare; keep one of them"
            )
    return {
        name: {model: float(np.mean(values)) for model, values in models.items()} for name, models in scores.items()
    }


def _find(name: str, columns: dict[str, Any]) -> str:
    if name in columns:
        return name
    fitting = [column for column in columns if column.rpartition("@")[0] == name]
    if not fitting:
        known = {column.rpartition("@")[0] for column in columns}
        raise UnknownName("metric of these records", name, known)
    if len(fitting) > 1:
        raise WrongUsage(f"--metrics {name}: the records hold several protocols, name one: {', '.join(fitting)}")
    return fitting[0]


def _pair(one: str, two: str, columns: dict[str, dict[str, float]]) -> dict[str, Any]:
    from scipy import stats

    first, second = columns[one], columns[two]
    everyone = dict.fromkeys([*first, *second])
    models = [m for m in everyone if math.isfinite(first.get(m, math.nan)) and math.isfinite(second.get(m, math.nan))]
    if len(models) < LEAST_MODELS:
        raise DataMismatch(
            f"{one} and {two}: {len(models)} models have both, expected at least {LEAST_MODELS}; score more of them"
        )
    x, y = np.array([first[m] for m in models]), np.array([second[m] for m in models])
    notes = []
    left = len(everyone) - len(models)
    if left:
        notes.append(f"{left} models have no finite score of one of them and are left out")
    constant = [name for name, values in ((one, x), (two, y)) if (values == values[0]).all()]
    if constant:
        notes.append(f"{' and '.join(constant)}: the same for every model, so that no correlation is defined")
    tests = {"pearson": stats.pearsonr, "kendall": stats.kendalltau, "spearman": stats.spearmanr}
    found: dict[str, dict[str, float | None]] = {}
    for name, test in tests.items():
        coefficient, p = (None, None) if constant else map(float, test(x, y)[:2])
        found[name] = {"coefficient": coefficient, "p": p}
    return {
        "format": CORRELATION.name,
        "version": CORRELATION.version,
        "metrics": [one.rpartition("@")[0], two.rpartition("@")[0]],
        "protocols": [one.rpartition("@")[2], two.rpartition("@")[2]],
        "models": len(models),
        **found,
        "notes": notes,
    }
