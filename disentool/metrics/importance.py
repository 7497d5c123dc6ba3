"""Eastwood & Williams, "A framework for the quantitative evaluation of disentangled representations" (ICLR 2018).

Disentanglement and completeness of a matrix that says how much each code dimension matters for each factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.metrics.arrays import Floats
from disentool.metrics.result import Result

TINY = 1e-11  # added to every importance, as disentanglement_lib does, so that zeros have a logarithm


@dataclass(frozen=True, eq=False)
class Fit:
    """What was learnt, per factor: importances float64 [D, K], and how well it predicts the train and test rows [K]."""

    importance: Floats
    train: Floats
    test: Floats
    measure: str


def disentanglement(importance: Floats) -> tuple[float, Floats]:
    """D and D_i: 1 - entropy (base: number of factors) of each dimension's row, weighted by the row's mass.

    ``importance``: float64 [D, K] >= 0. Without any importance all of it counts as equal, hence 0. One factor: 1.
    """
    return _weighted(importance)


def completeness(importance: Floats) -> tuple[float, Floats]:
    """C and C_j: 1 - entropy (base: number of dimensions) of each factor's column, weighted by the column's mass."""
    return _weighted(importance.T)


def _weighted(rows: Floats) -> tuple[float, Floats]:
    if rows.sum() == 0:
        rows = np.ones_like(rows)
    if rows.shape[1] == 1:  # nothing to be spread over
        return 1.0, np.ones(len(rows))
    share = rows + TINY
    share = share / share.sum(axis=1, keepdims=True)
    each = 1 + (share * np.log(share)).sum(axis=1) / np.log(rows.shape[1])
    each = np.clip(each, 0, 1)  # a hair beyond, by rounding
    return float((each * rows.sum(axis=1)).sum() / rows.sum()), each


def result_of_importance(
    importance: Floats, names: Sequence[str], notes: Sequence[str], empty: str, informativeness: dict[str, object]
) -> Result:
    """Disentanglement as the score, completeness ``per_factor``, and both in ``details``, with ``informativeness``.

    ``empty``: the note where no importance is left.
    """
    value, per_dimension = disentanglement(importance)
    complete, per_factor = completeness(importance)
    notes = list(notes)
    if not importance.any():
        notes.append(f"{empty}: score 0")
    if len(names) == 1:
        notes.append("one factor only: disentanglement is 1 by definition")
    details = {
        "disentanglement": value,
        "completeness": complete,
        **informativeness,
        "per_dimension": per_dimension.tolist(),
        "per_factor_is": "completeness",
        "importance": importance.tolist(),  # dimensions x factors
        "notes": notes,
    }
    return Result(value, None, dict(zip(names, per_factor.tolist(), strict=True)), details)


def dci_result(fit: Fit, names: Sequence[str], notes: Sequence[str] = ()) -> Result:
    """What every DCI tells: its disentanglement is the score; completeness and informativeness are beside it."""
    informativeness: dict[str, object] = {
        "informativeness": float(np.mean(fit.test)),
        "informativeness_is": fit.measure,
        "informativeness_train": float(np.mean(fit.train)),
        "informativeness_per_factor": dict(zip(names, map(float, fit.test), strict=True)),
    }
    return result_of_importance(fit.importance, names, notes, "no dimension matters for any factor", informativeness)


def learner_seed(seed: int, factor: int) -> int:
    """The seed of one factor's learner."""
    return int(np.random.default_rng((seed, factor)).integers(1 << 31))
