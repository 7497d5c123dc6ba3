"""Eastwood & Williams, "A framework for the quantitative evaluation of disentangled representations" (ICLR 2018).

Disentanglement and completeness of a matrix that says how much each code dimension matters for each factor.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.metrics.result import Result
from disentool.metrics.split import Split

TINY = 1e-11  # added to every importance, as disentanglement_lib does, so that zeros have a logarithm


@dataclass(frozen=True, eq=False)
class Fit:
    """What was learnt, per factor: importances float64 [D, K], and how well it predicts the train and test rows [K]."""

    importance: np.ndarray
    train: np.ndarray
    test: np.ndarray
    measure: str


def disentanglement(importance: np.ndarray) -> tuple[float, np.ndarray]:
    """D and D_i: 1 - entropy (base: number of factors) of each dimension's row, weighted by the row's mass.

    ``importance``: float64 [D, K] >= 0. Without any importance all of it counts as equal, hence 0. One factor: 1.
    """
    return _weighted(importance)


def completeness(importance: np.ndarray) -> tuple[float, np.ndarray]:
    """C and C_j: 1 - entropy (base: number of dimensions) of each factor's column, weighted by the column's mass."""
    return _weighted(importance.T)


def _weighted(rows: np.ndarray) -> tuple[float, np.ndarray]:
    if rows.sum() == 0:
        rows = np.ones_like(rows)
    if rows.shape[1] == 1:  # nothing to be spread over
        return 1.0, np.ones(len(rows))
    share = rows + TINY
    share = share / share.sum(axis=1, keepdims=True)
    each = 1 + (share * np.log(share)).sum(axis=1) / np.log(rows.shape[1])
    each = np.clip(each, 0, 1)  # a hair beyond, by rounding
    return float((each * rows.sum(axis=1)).sum() / rows.sum()), each


def dci_result(plan: Split, fit: Fit, told: dict[str, Any], notes: list[str]) -> Result:
    """The record of a DCI: disentanglement is the score, ``per_factor`` the completeness; informativeness beside.

    ``told``: the constants.
    """
    value, per_dimension = disentanglement(fit.importance)
    complete, per_factor = completeness(fit.importance)
    notes = [*plan.notes, *notes]
    if not fit.importance.any():
        notes.append("no dimension matters for any factor: score 0")
    if len(plan.names) == 1:
        notes.append("one factor only: disentanglement is 1 by definition")
    details = {
        **told,
        **plan.details(),
        "disentanglement": value,
        "completeness": complete,
        "informativeness": float(np.mean(fit.test)),
        "informativeness_is": fit.measure,
        "informativeness_train": float(np.mean(fit.train)),
        "informativeness_per_factor": dict(zip(plan.names, map(float, fit.test), strict=True)),
        "per_dimension": per_dimension.tolist(),
        "per_factor_is": "completeness",
        "importance": fit.importance.tolist(),  # dimensions x factors
        "notes": notes,
    }
    return Result(value, plan.options.protocol, None, dict(zip(plan.names, per_factor.tolist(), strict=True)), details)


def model_seed(plan: Split, factor: int) -> int:
    """The seed of one factor's learner."""
    return int(np.random.default_rng((plan.seed, factor)).integers(1 << 31))
