"""Statistics of a property measured at S starts, each at K levels of a direction's alpha, with bootstrap intervals.

``values``: float64 [S,K], NaN where there is nothing to measure. ``weights``: float64 [S], which sum to 1: a resample
is the starts weighted by how often they were drawn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.metrics.arrays import Floats, Integers
from disentool.metrics.intervals import percentiles
from disentool.metrics.scikit_learn import import_scikit_learn

# The rise of the property from 5 % to 95 % of all it does over the grid; beyond, the images hardly follow.
_RISE = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Levels:
    """Per level that has values, [k] each: its number, its share of all values, their mean and variance.

    ``odd``: 1 less the sum of the squared shares of the values at a level: what the variance is too small by.
    """

    number: Integers
    share: Floats
    mean: Floats
    variance: Floats
    odd: Floats

    @property
    def rising(self) -> Floats:
        """The means' isotonic fit."""
        import_scikit_learn()
        from sklearn.isotonic import isotonic_regression

        fitted: Floats = isotonic_regression(self.mean, sample_weight=self.share)
        return fitted


def at_levels(values: Floats, weights: Floats) -> Levels:
    """Per level: how many values, their mean and variance."""
    there = np.isfinite(values)
    weight = weights[:, None] * there
    total = weight.sum(axis=0)
    number = np.flatnonzero(total > 0)
    weight, total = weight[:, number] / total[number], total[number]
    filled = np.where(there, values, 0)[:, number]
    mean = (weight * filled).sum(axis=0)
    variance = (weight * np.square(filled - mean)).sum(axis=0)
    return Levels(number, total / total.sum(), mean, variance, 1 - np.square(weight).sum(axis=0))


def explained(values: Floats, weights: Floats, *, ordered: bool) -> float:
    """The share of the variance that the level decides; ``ordered``: by a mean that does not fall."""
    found = at_levels(values, weights)
    fitted = found.rising if ordered else found.mean
    residual = found.share @ (found.variance + np.square(found.mean - fitted))
    total = found.share @ (found.variance + np.square(found.mean - found.share @ found.mean))
    return float(1 - residual / total) if total > 0 else 0.0


def rise(values: Floats, weights: Floats) -> float:
    """By how much the mean's isotonic fit rises from the first level to the last."""
    fitted = at_levels(values, weights).rising
    return float(fitted[-1] - fitted[0])


def rising(values: Floats, weights: Floats) -> float:
    """The fraction of steps from level to level at which a start's value rises."""
    steps = np.diff(values, axis=1)
    there = weights @ np.isfinite(steps)
    return float((weights @ (steps > 0)).sum() / there.sum()) if there.sum() > 0 else math.nan


def spread(values: Floats, weights: Floats) -> float:
    """Standard deviation over the starts at a level, root mean square over levels."""
    found = at_levels(values, weights)
    several = found.odd > 1e-9
    return math.sqrt((found.variance[several] / found.odd[several]).mean()) if several.any() else math.nan


def spearman(values: Floats, weights: Floats) -> dict[str, Any]:
    """Rank correlation of the values of all starts with alpha."""
    from scipy.stats import rankdata

    there = np.isfinite(values)
    ranks = np.full(values.shape, np.nan)
    ranks[there] = rankdata(values[there])  # of the starts as drawn: resamples weigh these

    def correlation(w: Floats) -> float:
        found = at_levels(ranks, w)
        alpha = np.cumsum(found.share) - found.share / 2  # the rank that all values of a level share
        alpha, mean = alpha - found.share @ alpha, found.mean - found.share @ found.mean
        spread = found.share @ (found.variance + np.square(mean)) * (found.share @ np.square(alpha))
        return float(found.share @ (mean * alpha) / math.sqrt(spread)) if spread > 0 else 0.0

    return quantity(correlation, weights)


def saturation(values: Floats, alphas: Floats, weights: Floats) -> dict[str, Any]:
    """The alphas, and the values there less the one at alpha = 0, between which the mean makes 90 % of its rise."""

    def ends(w: Floats) -> list[float]:
        found = at_levels(values, w)
        mean, places = found.rising, alphas[found.number]
        rise = mean[-1] - mean[0]
        if rise <= 0:
            return [0.0, 0.0, 0.0, 0.0]
        at = [mean[0] + share * rise for share in _RISE]
        middle = np.interp(0.0, places, mean)
        return [*(float(np.interp(v, mean, places)) for v in at), *(float(v - middle) for v in at)]

    value, interval = ends(even(len(values))), _interval(np.array([ends(w) for w in weights]))
    names = ("alpha_low", "alpha_high", "value_low", "value_high")
    return {name: {"value": v, "interval": i} for name, v, i in zip(names, value, interval, strict=True)}


def resampled(count: int, resamples: int, rng: np.random.Generator) -> Floats:
    """Weights [R,S] of ``count`` starts drawn again with replacement."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count


def quantity(statistic: Callable[[Floats], float], weights: Floats) -> dict[str, Any]:
    """The statistic of the starts as drawn, and its interval over the resamples; None where it is not defined."""
    value, each = statistic(even(weights.shape[1])), np.array([statistic(w) for w in weights])
    each = each[np.isfinite(each)]
    if not math.isfinite(value) or not len(each):
        return {"value": None, "interval": None}
    return {"value": value, "interval": _interval(each[:, None])[0]}


def even(count: int) -> Floats:
    """Weights [S] of the starts as drawn."""
    return np.full(count, 1 / count)


def _interval(values: Floats) -> list[list[float]]:
    """95 % percentile intervals of the columns of values [R,Q]."""
    found: list[list[float]] = percentiles(values).T.tolist()
    return found


def curve(values: Floats) -> dict[str, list[float | None]]:
    """Mean and standard deviation over the starts at each level; None where too few have a value."""
    found = at_levels(values, even(len(values)))
    mean, std = np.full((2, values.shape[1]), np.nan)
    mean[found.number] = found.mean
    several = found.odd > 1e-9
    std[found.number[several]] = np.sqrt(found.variance[several] / found.odd[several])
    return {name: [float(v) if np.isfinite(v) else None for v in line] for name, line in (("mean", mean), ("std", std))}
