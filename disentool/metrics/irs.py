"""Interventional robustness: Suter et al., "Robustly Disentangled Causal Mechanisms" (ICML 2019).

Fix one factor's value: how far does a code dimension still move from its mean there? 1 - that distance (averaged over
values, relative to the largest deviation of all) is the robustness of the dimension to the other factors. The score is
each dimension's best factor, weighted by the dimension's largest deviation. The paper takes the largest distance in a
group (protocol ``paper``); disentanglement_lib the 99th percentile, and cuts factors to 20 values.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from joblib import cpu_count

from disentool.errors import WrongUsage
from disentool.metrics.information import binned
from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, note_categorical, plan_split

NEEDS = frozenset({"factors"})
RANGE = (0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    quantile: float = 0.99  # of the distances within a group; 1: the largest
    factor_bins: int = 20  # factors with more values are cut to so many of equal width; 0: never
    rows: int | None = None  # None: all

    def __post_init__(self):
        check_at_least(self, quantile=0, factor_bins=0, rows=2)
        if self.quantile > 1:
            raise WrongUsage(f"quantile {self.quantile}: expected 0 to 1")


PROTOCOLS: dict[str, Options] = {
    "exact": Options(),
    "dlib": Options("dlib", rows=10_000),
    "paper": Options("paper", quantile=1.0, factor_bins=0),
    "ubisoft": Options("ubisoft", quantile=1.0, factor_bins=0),
}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table."""
    return plan_split("irs", points, options, seed, PROTOCOLS, options.rows)


def score(plan: Split, codes: Codes) -> Result:
    """Weighted mean over the dimensions that vary; 0 with a warning where none does."""
    mean = plan.codes(codes)[0]
    labels = plan.labels()
    if plan.options.factor_bins:
        labels = binned(labels, plan.options.factor_bins)
    active = np.flatnonzero((mean != mean[0]).any(axis=0))
    notes = [*plan.notes, *note_categorical(mean)]
    if len(active) < mean.shape[1]:
        constant = np.setdiff1d(np.arange(mean.shape[1]), active)
        notes.append(f"constant dimensions {', '.join(map(str, constant))} are left out")
    matrix = np.zeros((len(active), labels.shape[1]))
    value = 0.0
    if active.size:
        table = mean[:, active].astype(np.float64)
        table -= table.mean(axis=0)
        largest = np.abs(table).max(axis=0)
        with ThreadPoolExecutor(cpu_count()) as pool:  # numpy selects outside Python's lock
            found = pool.map(lambda column: _deviation(table, column, plan.options.quantile), labels.T)
            matrix = 1 - np.stack(list(found), 1) / largest[:, None]
        matrix = np.clip(matrix, 0, 1)  # a group's mean may be farther from its members than the whole's
        value = float((matrix.max(axis=1) * largest).sum() / largest.sum())
    else:
        notes.append("every dimension is constant: the code is collapsed, score 0")
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "active_dimensions": active.tolist(),
        "per_dimension": matrix.max(axis=1).tolist() if active.size else [],  # of the active ones
        "best_factor": [plan.names[k] for k in matrix.argmax(axis=1)] if active.size else [],
        "robustness": matrix.tolist(),  # active dimensions x factors
        "notes": notes,
    }
    return Result(value, plan.options.protocol, None, {}, details)


def _deviation(table: np.ndarray, labels: np.ndarray, quantile: float) -> np.ndarray:
    """The quantile of |z - E[z | value]| within each value's rows, averaged over values: [D] from float64 [n, D]."""
    order = np.argsort(labels.astype(np.uint16) if labels.max() < 1 << 16 else labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    total = np.zeros(table.shape[1])
    for group in np.split(order, starts[1:]):
        distance = np.ascontiguousarray(table[group].T)  # the quantile of a dimension is then of neighbours in memory
        distance -= distance.mean(axis=1, keepdims=True)
        np.abs(distance, out=distance)
        total += np.quantile(distance, quantile, axis=1, overwrite_input=True) if quantile < 1 else distance.max(axis=1)
    return total / len(starts)
