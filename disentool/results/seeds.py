"""The runs of one setting: which seed and step a record is of, what the seeds gave, and their mean."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.io import score_records
from disentool.metrics.intervals import students_half_width

LEAST = 3  # seeds, of which a mean and its interval say something; fewer are shown one by one


@dataclass(frozen=True)
class Summary:
    """What the seeds of a setting gave: each one's finite value, and how many had none."""

    values: tuple[float, ...]
    undefined: int = 0

    @property
    def grouped(self) -> bool:
        """Whether there are seeds enough for a mean with an interval."""
        return len(self.values) >= LEAST

    @property
    def mean(self) -> float:
        """NaN without any value."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds (ddof 1); None for fewer than two."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    @property
    def half_width(self) -> float:
        """Half of Student's 95 % interval of the mean; 0 below three seeds."""
        return students_half_width(np.array(self.values)) if self.grouped else 0.0


def summary(values: Iterable[float]) -> Summary:
    """The finite ones of seeds' values, and how many are not."""
    everything = list(values)
    finite = tuple(value for value in everything if math.isfinite(value))
    return Summary(finite, len(everything) - len(finite))


def over_seeds(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of float64 [seeds,n] the mean, and half of Student's 95 % interval of it, both float64 [n]; three seeds or more.

    The interval is 0 where all seeds agree.
    """
    halves = np.array([students_half_width(column) for column in table.T])
    return table.mean(axis=0), halves


def seed(record: dict[str, Any]) -> str:
    """What tells runs of one setting apart: the seed, else the artefact."""
    return repr(record.get("seed")) if record.get("seed") is not None else str(record.get("artefact"))


def step(record: dict[str, Any]) -> float:
    """The training step of a record's model; NaN where it has none."""
    return number(record.get("step"))


def at_the_end(records: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The records of each seed at its last step: a run counts once, however many snapshots of it were scored."""
    seeds: dict[str, dict[float, list[dict[str, Any]]]] = {}
    for record in records:
        at = step(record)
        seeds.setdefault(seed(record), {}).setdefault(math.inf if math.isnan(at) else at, []).append(record)
    return [steps[max(steps)] for steps in seeds.values()]


def scores(records: Sequence[dict[str, Any]]) -> Summary:
    """The score of each seed at its last step; of several records of a seed (other seeds of the metric) their mean."""
    return summary(float(np.mean([score_records.value(record) for record in own])) for own in at_the_end(records))


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
