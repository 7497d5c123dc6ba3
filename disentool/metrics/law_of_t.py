"""Whether a property obeys a law of t: samples whose t is asked to be uniform over the valid range.

Plumerault et al., "Controlling generative models with continuous factors of variations" (ICLR 2020), section 3.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from disentool.metrics import levels as stats
from disentool.metrics.arrays import Floats
from disentool.metrics.intervals import CONFIDENCE

BINS = 24  # of the histogram of samples


def law(t: Floats, values: Floats, t_valid: tuple[float, float], weights: Floats, *, relative: bool) -> dict[str, Any]:
    """How far the measured property is from the law that was asked for.

    ``t``: asked, float64 [S], drawn evenly from ``t_valid``. ``values``: the property at t = 0 and at t, float64 [S,2];
    ``relative``: it is a change from t = 0 already. ``weights``: resamples of the samples, [R,S].

    ``ks``: Kolmogorov-Smirnov distance of the property, less its mean at t = 0, from that law: the spread at fixed t is
    in it. ``ks_moved``: of how far each image moved from where it is at t = 0; ``slope``, ``rms_error``: of that on t.
    ``ks_asked``: of t itself, which is the draw's. ``histogram``: how many samples are between ``edges``, of both.
    """
    low, high = t_valid
    change = values[:, 1] - values[:, 0]
    absolute = change if relative else values[:, 1] - values[:, 0].mean()

    def uniform(x: Floats) -> Floats:
        return np.clip((x - low) / (high - low), 0, 1)

    def distance(values: Floats) -> dict[str, Any]:
        """With the interval of Dvoretzky, Kiefer and Wolfowitz: resamples, having ties, would all be farther away."""
        value, half = ks_distance(values, uniform), math.sqrt(math.log(2 / (1 - CONFIDENCE)) / (2 * len(values)))
        return {"value": value, "interval": [max(0.0, value - half), min(1.0, value + half)]}

    def slope(w: Floats) -> float:
        return float((w * (t - w @ t)) @ change / (w @ np.square(t - w @ t)))

    edges = np.linspace(min(low, absolute.min(), change.min()), max(high, absolute.max(), change.max()), BINS + 1)
    return {
        "asked": [float(low), float(high)],
        "samples": len(t),
        "ks": distance(absolute),
        "ks_moved": distance(change),
        "ks_asked": ks_distance(t, uniform),
        "slope": stats.quantity(slope, weights),
        "rms_error": stats.quantity(lambda w: math.sqrt(w @ np.square(change - t)), weights),
        "histogram": {
            "edges": edges.tolist(),
            "measured": np.histogram(absolute, edges)[0].tolist(),
            "moved": np.histogram(change, edges)[0].tolist(),
        },
    }


def ks_distance(values: Floats, cdf: Callable[[Floats], Floats]) -> float:
    """Kolmogorov and Smirnov's: the largest difference of the values' distribution [n] from a continuous one."""
    expected = cdf(np.sort(values))
    count = len(values)
    return float(max((np.arange(1, count + 1) / count - expected).max(), (expected - np.arange(count) / count).max()))
