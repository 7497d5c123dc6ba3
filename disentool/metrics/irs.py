"""Interventional robustness: Suter et al., "Robustly Disentangled Causal Mechanisms" (ICML 2019).

Fix one factor's value: how far does a code dimension still move from its mean there? 1 - that distance (averaged over
values, relative to the largest deviation of all) is the robustness of the dimension to the other factors. The score is
each dimension's best factor, weighted by the dimension's largest deviation. The paper takes the largest distance in a
group (protocol ``paper``); disentanglement_lib the 99th percentile, and cuts factors to 20 values.
"""

from collections.abc import Sequence

import numpy as np

from disentool.metrics.arrays import Array, Floats, check_table, names_of, note_categorical, varying_dimensions
from disentool.metrics.constants.disentanglement import Irs
from disentool.metrics.information import binned
from disentool.metrics.result import Result
from disentool.metrics.scikit_learn import side_by_side


def irs(
    codes: Array,
    factors: Array,
    *,
    quantile: float = Irs.quantile,
    factor_bins: int = Irs.factor_bins,
    factor_names: Sequence[str] | None = None,
) -> Result:
    """Weighted mean over the dimensions that vary, 0..1; 0 with a note where none does.

    ``codes``: float [n,D]. ``factors``: class numbers int [n,K], each from 0 and of two values or more. ``quantile``:
    of the distances within a group, 0..1; 1 is the largest. ``factor_bins``: factors of more values are cut to so many
    of equal width; 0: never. ``details["robustness"]``: active dimensions x factors. Raises ``DataMismatch`` for other
    arrays, ``WrongUsage`` for constants that cannot be.
    """
    Irs(quantile=quantile, factor_bins=factor_bins)
    check_table(codes, factors)
    names = names_of(factor_names, factors.shape[1])
    labels = binned(factors, factor_bins) if factor_bins else factors
    active, constant = varying_dimensions(codes)
    notes = [*note_categorical(codes), *constant]
    matrix = np.zeros((len(active), labels.shape[1]))
    value = 0.0
    if active.size:
        table = codes[:, active].astype(np.float64)
        table -= table.mean(axis=0)
        largest = np.abs(table).max(axis=0)
        # numpy selects outside Python's lock
        found = side_by_side(lambda column, _: _deviation(table, column, quantile), list(labels.T), lambda done: None)
        matrix = 1 - np.stack(found, 1) / largest[:, None]
        matrix = np.clip(matrix, 0, 1)  # a group's mean may be farther from its members than the whole's
        value = float((matrix.max(axis=1) * largest).sum() / largest.sum())
    else:
        notes.append("every dimension is constant: the code is collapsed, score 0")
    details = {
        "active_dimensions": active.tolist(),
        "per_dimension": matrix.max(axis=1).tolist() if active.size else [],  # of the active ones
        "best_factor": [names[k] for k in matrix.argmax(axis=1)] if active.size else [],
        "robustness": matrix.tolist(),
        "notes": notes,
    }
    return Result(value, details=details)


def _deviation(table: Floats, labels: Array, quantile: float) -> Floats:
    """The quantile of |z - E[z | value]| within each value's rows, averaged over values: [D] from float64 [n, D]."""
    order = np.argsort(labels.astype(np.uint16) if labels.max() < 1 << 16 else labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    total = np.zeros(table.shape[1])
    for group in np.split(order, starts[1:]):
        distance = np.ascontiguousarray(table[group].T)  # the quantile of a dimension is then of neighbours in memory
        distance -= distance.mean(axis=1, keepdims=True)
        np.abs(distance, out=distance)
        total += np.quantile(distance, quantile, axis=1, overwrite_input=True) if quantile < 1 else distance.max(axis=1)
    average: Floats = total / len(starts)
    return average
