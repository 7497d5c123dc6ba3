"""95 % intervals: of a mean, of a share of right answers, of what resamples gave."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 2000  # of a bootstrap


def mean_with_error(values: NDArray[np.float64]) -> tuple[float, tuple[float, float] | None, float | None]:
    """Mean of float64 [n], mean ± 1.96 standard errors, and the standard error; the last two are None for one value."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, None, None
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return mean, (mean - 1.96 * error, mean + 1.96 * error), error


def students_half_width(values: NDArray[np.float64]) -> float:
    """Half of Student's interval of the mean of float64 [n], n at least 2."""
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def mean_of_seeds(values: Sequence[float]) -> tuple[float, tuple[float, float] | None, float | None]:
    """Mean, Student's interval of it, and standard deviation (ddof 1); None where there is none.

    The interval is None for one value or equal ones, both for values that are not finite.
    """
    array = np.asarray(values, np.float64)
    mean = float(array.mean())
    std = float(array.std(ddof=1)) if len(array) > 1 and np.isfinite(array).all() else None
    if not std:
        return mean, None, std
    half = students_half_width(array)
    return mean, (mean - half, mean + half), std


def percentiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ends of the percentile interval of resamples [R] or [R,Q]: float64 [2] or [2,Q]."""
    ends: NDArray[np.float64] = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return ends


def interval_of_share(right: int, total: int, seed: int) -> tuple[float, float]:
    """Percentile bootstrap interval of the share ``right / total`` of answers that were right.

    The answers are drawn again, the classifier stays: refitting it to each resample would add the optimism of one more
    fit, and shift the interval up.
    """
    shares = np.random.default_rng((seed, 2)).binomial(total, right / total, RESAMPLES) / total
    low, high = percentiles(shares)
    return float(low), float(high)


def above_chance(value: float, chance: float) -> float:
    """An accuracy rescaled so that chance is 0 and 1 stays 1; below chance is negative."""
    return (value - chance) / (1 - chance)
