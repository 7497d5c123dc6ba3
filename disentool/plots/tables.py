"""The records that a plot is of, and the settings they belong to: a method, and what of its configuration varies."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.io import score_records
from disentool.metrics.intervals import students_half_width
from disentool.plots.style import words

GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "lambda": "λ", "sigma": "σ"}


@dataclass(frozen=True)
class Table:
    """The records of one file or stream: its name, their format, and for a history what its checkpoint says."""

    name: str
    kind: str
    records: list[dict[str, Any]]
    of: dict[str, Any] | None = None  # method, config, seed


@dataclass(frozen=True)
class Setting:
    """A method with those of its options that differ among the models at hand, as (name, value) pairs."""

    method: str
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def label(self) -> str:
        """``factorvae γ=40``."""
        return " ".join([words(self.method), self.options]).strip()

    @property
    def options(self) -> str:
        """``γ=40``; empty where nothing differs."""
        return " ".join(f"{GREEK.get(name, words(name, 24))}={_shown(value)}" for name, value in self.values)


def settings(models: Sequence[dict[str, Any]]) -> list[Setting]:
    """The setting of each of ``models``, which hold ``method`` and ``config``; others are one each, by artefact.

    Models of a method differ in an option if two of them do. The order of the values is that of the options.
    """
    configs: dict[str, list[dict[str, Any]]] = {}
    for model in models:
        if _known(model):
            configs.setdefault(model["method"], []).append(model["config"])
    varying = {method: _varying(found) for method, found in configs.items()}
    return [
        Setting(model["method"], tuple((name, model["config"].get(name)) for name in varying[model["method"]]))
        if _known(model)
        else Setting(str(model.get("method") or model.get("artefact") or "?"))
        for model in models
    ]


def _known(model: dict[str, Any]) -> bool:
    return isinstance(model.get("method"), str) and isinstance(model.get("config"), dict)


def _varying(configs: list[dict[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for config in configs for name in config)
    return [n for n in names if len({json.dumps(config.get(n), sort_keys=True) for config in configs}) > 1]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else words(value, 16)


def in_order(found: Iterable[Setting]) -> list[Setting]:
    """Settings by method as they come, then by their values, numbers in their order."""
    unique = list(dict.fromkeys(found))
    methods = list(dict.fromkeys(s.method for s in unique))

    def key(setting: Setting) -> tuple:
        values = tuple(
            (0, v, "") if isinstance(v, int | float) and math.isfinite(v) else (1, 0.0, str(v))
            for _, v in setting.values
        )
        return methods.index(setting.method), values

    return sorted(unique, key=key)


def scores(tables: list[Table]) -> list[dict[str, Any]]:
    """All score records of the tables."""
    return [record for table in tables for record in table.records]


def seed(record: dict[str, Any]) -> str:
    """What tells runs of one setting apart: the seed, else the artefact."""
    return repr(record.get("seed")) if record.get("seed") is not None else str(record.get("artefact"))


def step(record: dict[str, Any]) -> float:
    """The training step of a record's model; NaN where it has none."""
    return number(record.get("step"))


def number(value: Any) -> float:
    """A plain number; NaN for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def interval(record: dict[str, Any]) -> tuple[float, float] | None:
    """A record's own 95 % interval; None where there is none, or where it is not finite."""
    ends = record.get("interval")
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(end, int | float) for end in ends):
        return None
    low, high = map(float, ends)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def mean(values: Sequence[float] | np.ndarray) -> tuple[float, tuple[float, float] | None]:
    """Mean of a few seeds' values, and Student's 95 % interval of it; None for one value."""
    numbers = np.asarray(values, np.float64)
    average = float(numbers.mean())
    if len(numbers) < 2:
        return average, None
    half = students_half_width(numbers)
    return average, (average - half, average + half)


def counted(numbers: Iterable[int], what: str) -> str:
    """``3 seeds`` or ``2 to 5 seeds``."""
    low, high = min(found := list(numbers)), max(found)
    amount = f"{low}" if low == high else f"{low} to {high}"
    return f"{amount} {what}{'' if high == 1 else 's'}"


def of_metric(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The records of ``metric`` or ``metric@protocol``, comparable ones with a finite score."""
    chosen = score_records.find(name, map(score_records.column, found))
    some = [record for record in found if score_records.column(record) == chosen]
    score_records.require_comparable(some)
    return [record for record in some if math.isfinite(score_records.value(record))]
