"""The metric of Kim & Mnih, "Disentangling by Factorising" (ICML 2018), section 4.

A vote: choose a factor, draw L rows that share its value and are random otherwise, divide each code dimension by its
standard deviation over the data, and find the dimension of least variance. If every dimension followed one factor, that
dimension would tell which factor was held fixed. The classifier from dimension to factor is the majority vote, and the
score is its accuracy: 1 is disentangled, 1/K is chance for K factors. The codes are the means of q(z|x). Dimensions
that name a class have Gini's variance: half the share of pairs of different rows whose classes differ.
"""

from collections.abc import Sequence

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, Floats, Integers, check_codes, check_drawn, few, names_of
from disentool.metrics.constants.disentanglement import Factor
from disentool.metrics.intervals import RESAMPLES, above_chance, interval_of_share
from disentool.metrics.result import Result


def factor(
    codes: Array,
    groups: Array,
    held: Array,
    *,
    scale_rows: Array | None = None,
    evaluation_votes: int = Factor.evaluation_votes,
    prune_std: float = Factor.prune_std,
    rescaled: bool = Factor.rescaled,
    categorical: Sequence[int] = (),
    factor_names: Sequence[str] | None = None,
    seed: int = 0,
) -> Result:
    """Accuracy of the majority vote, 0..1; 1/K is chance, or 0 where it is ``rescaled``.

    ``codes``: float [n,D]. ``groups``: the rows of each vote, int [V,L], L at least 2, indices of ``codes``. ``held``:
    which factor they share, int [V], 0..K-1. ``scale_rows``: int, the rows of the standard deviations; None: all. The
    last ``evaluation_votes`` votes are scored, the others make the majority; 0: those that made it. ``prune_std``:
    dimensions whose standard deviation (ddof 1) is smaller are collapsed and get no vote. ``categorical``: dimensions
    whose numbers name classes, and whose variance is Gini's. ``seed``: of the bootstrap
    interval. Raises ``DataMismatch`` for arrays that do not fit, ``WrongUsage`` for constants that cannot be.
    """
    count = len(groups) - evaluation_votes
    Factor(votes=count, evaluation_votes=evaluation_votes, group_size=groups.shape[1], prune_std=prune_std)
    check_codes(codes)
    check_drawn(codes, groups, held, "factor")
    names = names_of(factor_names, int(held.max()) + 1 if factor_names is None else len(factor_names))
    dimensions = codes.shape[1]
    scaled = codes if scale_rows is None else codes[scale_rows]
    if len(scaled) < 2:
        raise DataMismatch("metric factor needs at least two rows of codes for a standard deviation")
    variance = _variance(scaled)
    variance[list(categorical)] = [gini_variance(scaled[None, :, j])[0] for j in categorical]
    scale = np.sqrt(variance)
    # a constant dimension is never active, whatever the threshold: its ratio would be 0/0
    active = np.flatnonzero((scale >= prune_std) & (scale > 0))

    shape = (dimensions, len(names))
    train, evaluation = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    notes = []
    if active.size:
        least = active[_least_varying(codes, groups, variance, active, categorical)]
        np.add.at(train, (least[:count], held[:count]), 1)
        np.add.at(evaluation, (least[count:], held[count:]), 1)
    else:
        notes.append(f"no dimension's standard deviation reaches {prune_std:g}: the code is collapsed, score 0")
    if len(names) == 1:
        notes.append("one factor only: any code that is not collapsed scores 1")
    if categorical:
        notes.append(f"dimensions {few(list(categorical))} name classes: their variance is Gini's")

    scored = evaluation if evaluation_votes else train
    winner = train.argmax(axis=1)  # ties: the factor of lowest index
    right = np.where(np.arange(len(names)) == winner[:, None], scored, 0)
    per_factor = {}
    cast = np.bincount(held[count:] if evaluation_votes else held, minlength=shape[1])
    for i, name in enumerate(names):
        if cast[i]:
            per_factor[name] = float(right[:, i].sum() / cast[i])
        else:
            notes.append(f"no scored vote held {name} fixed; raise the number of votes")
    chance = 1 / len(names)
    accuracy, interval = 0.0, None
    if active.size:
        accuracy = float(right.sum() / scored.sum())
        interval = interval_of_share(int(right.sum()), int(scored.sum()), seed)
    if rescaled and chance < 1 and interval:
        accuracy = above_chance(accuracy, chance)
        interval = above_chance(interval[0], chance), above_chance(interval[1], chance)
    details = {
        "factors": list(names),
        "chance": chance,
        "dimensions": dimensions,
        "active_dimensions": active.tolist(),
        "scale": scale.tolist(),
        "vote_table": train.tolist(),  # dimensions x factors
        "evaluation_table": evaluation.tolist() if evaluation_votes else None,
        "majority": [names[winner[i]] if train[i].any() else None for i in range(dimensions)],
        "train_accuracy": float(train.max(axis=1).sum() / count),
        "scored_on": "evaluation votes" if evaluation_votes else "the votes that made the majority",
        "votes": count,
        "evaluation_votes": evaluation_votes,
        "group_size": groups.shape[1],
        "prune_std": prune_std,
        "scale_rows": len(scaled),
        "ddof": 1,
        **({"categorical_dimensions": list(categorical)} if categorical else {}),
        "rescaled": rescaled,
        "interval_of": (
            f"95 % percentile bootstrap over the scored votes, {RESAMPLES} resamples: "
            "how much the draw of votes matters, not how much training runs differ"
        ),
        "notes": notes,
    }
    return Result(accuracy, interval, per_factor, details)


def _variance(codes: Array) -> Floats:
    """Variance (ddof 1) of codes, float32 [n, D], per dimension: float64 [D]."""
    total = np.zeros(codes.shape[1])
    squares = np.zeros(codes.shape[1])
    block = max(1, (1 << 20) // codes.shape[1])  # elements that stay in cache, not a float64 copy of the whole table
    for start in range(0, len(codes), block):
        # one pass, in float64, about the first row: exact zero for a constant, and no cancellation from a large mean
        part = codes[start : start + block].astype(np.float64)
        part -= codes[0]
        total += part.sum(axis=0)
        squares += np.einsum("nd,nd->d", part, part)
    variance: Floats = np.maximum(squares - total * total / len(codes), 0) / (len(codes) - 1)
    return variance


def gini_variance(classes: Array) -> Floats:
    """Gini's variance of class numbers [V,L], of each group of L: float64 [V].

    The sum over pairs of d / (2 L (L - 1)), where d is 1 for two classes and 0 for one (Gini 1971, as Kim & Mnih).
    """
    size = classes.shape[1]
    same = sum(np.square((classes == value).sum(axis=1), dtype=np.float64) for value in np.unique(classes))
    found: Floats = (size * size - same) / (2 * size * (size - 1))
    return found


def _least_varying(
    codes: Array, groups: Array, variance: Floats, active: Integers, categorical: Sequence[int]
) -> Integers:
    """For each vote the index into ``active`` of the dimension with the least variance relative to the data's."""
    size = groups.shape[1]
    least = np.empty(len(groups), dtype=np.int64)
    block = max(1, (1 << 18) // (size * codes.shape[1]))
    for start in range(0, len(groups), block):
        group = codes[groups[start : start + block]].astype(np.float64)
        group -= group[:, :1].copy()  # as in _variance: a dimension that is constant in the group has exactly 0
        total = group.sum(axis=1)
        local = (np.einsum("vld,vld->vd", group, group) - total * total / size) / (size - 1)
        for j in categorical:
            local[:, j] = gini_variance(group[:, :, j])
        least[start : start + block] = (local[:, active] / variance[active]).argmin(axis=1)
    return least
