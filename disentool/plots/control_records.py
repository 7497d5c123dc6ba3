"""What records of ``--metric control`` hold, read for the plots of it; damaged ones are left out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.plots import tables
from disentool.results import seeds
from disentool.results.reading import Table
from disentool.results.settings import Setting, settings


@dataclass(frozen=True)
class ControlRecord:
    """A direction's record: what it is of, and the setting of the generator that it was found in."""

    setting: Setting
    seed: str
    transform: str
    measured: str  # the property
    unit: str
    details: dict[str, Any]


def read(found: list[Table]) -> list[ControlRecord]:
    """All records of the metric control; DataMismatch where there are none."""
    rows = [record for record in tables.scores(found) if record["metric"] == "control"]
    rows = [row for row in rows if isinstance(row["details"], dict)]
    if not rows:
        raise DataMismatch("the records hold no control; `disentool score dirs.h5 --metric control` prints it")
    models = [_model(row) for row in rows]
    return [
        ControlRecord(
            setting,
            repr(model["seed"]),
            str(row["details"].get("direction", "direction")),
            str(row["details"].get("controlled", "property")),
            str(row["details"].get("measured_unit", "")),
            row["details"],
        )
        for row, model, setting in zip(rows, models, settings(models), strict=True)
    ]


def _model(row: dict[str, Any]) -> dict[str, Any]:
    """The generator as a model whose options are its own, and the way that the direction was found."""
    generator = row["details"].get("generator")
    generator = generator if isinstance(generator, dict) else {}
    config = generator.get("config")
    config = dict(config) if isinstance(config, dict) else {}
    name = generator.get("name")
    return {
        "method": name if isinstance(name, str) else str(row.get("artefact")),
        "config": config | {"found by": row.get("method")},
        "seed": generator.get("seed"),
    }


def numbers(value: Any) -> np.ndarray | None:
    """A list of numbers, None among them NaN, as float64 [n]; None for anything else."""
    if not isinstance(value, list) or not value:
        return None
    if not all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in value):
        return None
    return np.array([math.nan if v is None else float(v) for v in value])


def number(value: Any) -> float:
    """A quantity's value, or a plain number; NaN for anything else."""
    return seeds.number(value.get("value") if isinstance(value, dict) else value)
