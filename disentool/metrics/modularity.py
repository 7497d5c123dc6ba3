"""Modularity: Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018).

A code dimension is modular if it tells of one factor and of no other. Its score is 1 - (the squared information about
the other factors) / (the squared information about the best one, times K - 1); the metric is the mean over dimensions.
A dimension that tells of nothing scores 0; one that tells almost nothing still counts fully.
"""

from collections.abc import Sequence

import numpy as np

from disentool.metrics.arrays import Array, check_table, names_of
from disentool.metrics.constants.disentanglement import Binned
from disentool.metrics.information import information_about_factors
from disentool.metrics.result import Result


def modularity(
    codes: Array, factors: Array, *, bins: int = Binned.bins, factor_names: Sequence[str] | None = None
) -> Result:
    """Mean over dimensions, 0..1; ``details["per_dimension"]`` holds each one's.

    ``codes``: float [n,D]. ``factors``: class numbers int [n,K], each from 0 and of two values or more. ``bins``: of
    equal width, per dimension. Raises ``DataMismatch`` for other arrays, ``WrongUsage`` for fewer than two bins.
    """
    Binned(bins=bins)
    check_table(codes, factors)
    names = names_of(factor_names, factors.shape[1])
    information = information_about_factors(codes, factors, bins)
    squares = information**2
    best, others = squares.max(axis=1), squares.shape[1] - 1
    notes = []
    if others:
        rest = squares.sum(axis=1) - best
        each = np.where(best > 0, 1 - rest / np.where(best > 0, best * others, 1), 0.0)
    else:
        each = (best > 0).astype(float)
        notes.append("one factor only: any dimension that tells of it scores 1")
    dead = np.flatnonzero(best == 0)
    if dead.size:
        notes.append(f"dimensions {', '.join(map(str, dead))} tell of no factor and score 0")
    details = {
        "per_dimension": each.tolist(),
        "mutual_information": information.tolist(),  # dimensions x factors, nats
        "best_factor": [names[k] if mass else None for k, mass in zip(squares.argmax(1), best, strict=True)],
        "notes": notes,
    }
    return Result(float(each.mean()), details=details)
