"""How precisely a direction of a generator controls the property it was found for, on images of starts from the prior.

Plumerault et al., "Controlling generative models with continuous factors of variations" (ICLR 2020), section 4: codes z
are moved to z + (alpha - <z,u>) u for a grid of alpha, and the property (where the object is, how large) is measured in
the images. The paper shows its mean and standard deviation against alpha; the score is the share of its variance that
alpha decides, R^2 of an isotonic fit: 1 if alpha alone says where the object is, whatever else is in the image. That is
a property of u, and does not depend on how far it was fitted, so that methods and models compare. Everything else that
control can mean is in ``details``, each with an interval over the starts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.io.directions import Direction
from disentool.metrics.result import CONFIDENCE, Callables, Result, check_at_least, constants
from disentool.metrics.sampling import Points, check_seed

NEEDS = frozenset({"directions", "callables"})
RANGE = (-np.inf, 1.0)
# The rise of the property from 5 % to 95 % of all it does over the grid; beyond, the images hardly follow.
_RISE = (0.05, 0.95)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be.

    ``measure``: ``objects`` (barycenter and area of a bright object), ``registration`` (of anything), ``auto`` (objects
    where all images show one), or the user's ``module:function``.
    """

    protocol: str = "grid"
    measure: str = "auto"
    starts: int = 100  # codes from the prior
    levels: int = 21  # values of alpha, evenly from -extent to extent
    extent: float = 3.0  # standard deviations of the prior
    samples: int = 500  # images to check the law of t with
    baseline: int = 6  # random directions
    baseline_starts: int = 25
    resamples: int = 1000

    def __post_init__(self):
        check_at_least(self, starts=5, levels=5, extent=0.1, samples=20, baseline=2, baseline_starts=5, resamples=50)
        if self.levels % 2 == 0:
            raise WrongUsage(f"levels {self.levels}: expected an odd number, so that alpha = 0 is among them")


PROTOCOLS: dict[str, Options] = {
    "grid": Options(),
    "quick": Options("quick", starts=30, levels=13, samples=100, baseline=3, baseline_starts=10, resamples=500),
}


@dataclass(frozen=True, eq=False)
class Plan:
    """No rows are encoded: what is measured are images of codes from the prior."""

    options: Options
    seed: int

    @property
    def rows(self) -> np.ndarray:
        """None of any data set."""
        return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Moved:
    """What a stage measured of images at S starts, each at K places along a direction.

    ``values``: measurement -> float64 [S,K], in ``units``, up to a constant that all share; NaN where there is nothing
    to measure. ``controlled``: the one that the direction is to move. ``kind``: how they were measured. ``in_t``: a
    change of ``controlled`` -> the transform's t.
    """

    values: dict[str, np.ndarray]
    units: dict[str, str]
    controlled: str
    kind: str
    in_t: Callable[[np.ndarray], np.ndarray]


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """Nothing but the constants: the starts follow from the seed and the codes' width."""
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric control", options.protocol, PROTOCOLS)
    return Plan(options, check_seed(seed))


def score(plan: Plan, direction: Direction, lent: Callables) -> Result:
    """``lent.moved(u, starts, s)``, :class:`Moved` with each start at the coordinates ``s`` [S,K] along u; and
    ``lent.coordinate(t)``, the s at which g(s) = t. ``per_factor``: R^2 of every measurement on alpha.
    """
    options = plan.options
    moved = lent.require("moved", "control", "a generator")
    rng = np.random.default_rng((plan.seed, 8))
    u, alphas = direction.u, np.linspace(-options.extent, options.extent, options.levels)
    starts = rng.standard_normal((options.starts, len(u)), dtype=np.float32)
    notes: list[str] = []
    found = moved(u, starts, np.tile(alphas, (len(starts), 1)))
    lent.progress(1, options.baseline + 2)
    values = _usable(found, notes)
    t = np.interp(alphas, direction.knots, direction.values)
    low, high = direction.t_valid
    valid = (t >= low - 1e-9) & (t <= high + 1e-9) & (alphas >= direction.knots[0]) & (alphas <= direction.knots[-1])
    if valid.sum() < 2:
        raise DataMismatch(
            f"{direction.name}: its valid range, {low:g}..{high:g}, holds {valid.sum()} of {options.levels} values of"
            " alpha, expected two or more; --set levels=N and --set extent=X make them denser"
        )
    if plan.options.starts > len(values[found.controlled]):
        notes.append(f"{options.starts - len(values[found.controlled])} starts show nothing to measure: left out")
    weights = _resampled(len(values[found.controlled]), options.resamples, rng)
    controlled = values[found.controlled]
    r2 = _quantity(lambda w: _explained(controlled, w, ordered=True), weights)
    leakage, per_factor = {}, {found.controlled: r2["value"]}
    for name, measured in values.items():
        if name != found.controlled:
            leakage[name] = _leakage(measured, valid, weights) | {"unit": found.units[name]}
            per_factor[name] = leakage[name]["r2"]["value"]
    baseline = _baseline(plan, lent, len(u), alphas, rng)
    if r2["interval"][0] <= baseline["highest"]:
        notes.append("not better than a random direction")
    details: dict[str, Any] = {
        **constants(options, PROTOCOLS),
        "seed": plan.seed,
        "measure": found.kind,
        "asked_measure": options.measure,
        "controlled": found.controlled,
        "measured_unit": found.units[found.controlled],
        "t_unit": direction.unit,
        "t_valid": [float(low), float(high)],
        "r2": r2,
        "spearman": _spearman(controlled, alphas, weights),
        "monotone": _quantity(lambda w: _rising(controlled[:, valid], w), weights),
        "spread": _quantity(lambda w: _spread(controlled[:, valid], w), weights)
        | {"unit": found.units[found.controlled]},
        "saturation": _saturation(controlled, alphas, weights),
        "leakage": leakage,
        "baseline": baseline,
        "law": _law(plan, direction, lent, rng),
        "curve": {
            "alpha": alphas.tolist(),
            "t": [float(v) if ok else None for v, ok in zip(t, valid, strict=True)],
            "mean": controlled.mean(axis=0).tolist(),
            "std": controlled.std(axis=0, ddof=1).tolist(),
        },
        "interval_of": f"95 % percentile bootstrap over {len(controlled)} starts, {options.resamples} resamples",
        "notes": notes,
    }
    return Result(r2["value"], options.protocol, tuple(r2["interval"]), per_factor, details)


def _usable(found: Moved, notes: list[str]) -> dict[str, np.ndarray]:
    """The measurements of the starts in which what is controlled could be measured everywhere."""
    controlled = found.values[found.controlled]
    there = np.isfinite(controlled).all(axis=1)
    if there.sum() < max(5, len(there) // 2):
        raise DataMismatch(
            f"only {int(there.sum())} of {len(there)} starts can be measured by {found.kind} over the whole grid;"
            " --set extent=X makes it narrower, --set measure=registration measures anything"
        )
    kept = {}
    for name, values in found.values.items():
        if not np.isfinite(values[there]).all():
            notes.append(f"{name} cannot be measured in every image: left out")
            continue
        kept[name] = values[there]
    return kept


# ---- statistics of values [S,K] with the starts weighted: weights [S], which sum to 1


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance over the starts at each level, [K] each."""
    mean = weights @ values
    return mean, np.maximum(weights @ np.square(values - mean), 0)


def _explained(values: np.ndarray, weights: np.ndarray, *, ordered: bool) -> float:
    """The share of the variance that the level decides; ``ordered``: by a mean that does not fall."""
    mean, variance = _moments(values, weights)
    fitted = _isotonic(mean) if ordered else mean
    residual = (variance + np.square(mean - fitted)).mean()
    total = residual + np.square(fitted - mean.mean()).mean()  # an isotonic fit has the same mean, and is a projection
    return float(1 - residual / total) if total > 0 else 0.0


def _isotonic(mean: np.ndarray) -> np.ndarray:
    from sklearn.isotonic import isotonic_regression

    return isotonic_regression(mean)


def _rising(values: np.ndarray, weights: np.ndarray) -> float:
    """The fraction of steps from level to level at which a start's value rises."""
    return float(weights @ (np.diff(values, axis=1) > 0).mean(axis=1))


def _spread(values: np.ndarray, weights: np.ndarray) -> float:
    """Standard deviation over the starts at a level, root mean square over levels."""
    return math.sqrt(_moments(values, weights)[1].mean() / (1 - np.square(weights).sum()))


def _leakage(values: np.ndarray, valid: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """How another measurement goes along.

    ``r2``: the share of its variance that alpha decides. ``share``: the share that comes of moving, the same way in
    all images or not, rather than of the start; within the valid range. ``change``: from end to end of that range,
    root mean square over starts.
    """
    within = values[:, valid]
    ends = np.square(within[:, -1] - within[:, 0])
    middle, along = within.mean(axis=1), within.var(axis=1)

    def share(w: np.ndarray) -> float:
        moving = w @ along
        return float(moving / (moving + w @ np.square(middle - w @ middle))) if moving > 0 else 0.0

    return {
        "r2": _quantity(lambda w: _explained(values, w, ordered=False), weights),
        "share": _quantity(share, weights),
        "change": _quantity(lambda w: math.sqrt(w @ ends), weights),
    }


def _spearman(values: np.ndarray, alphas: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """Rank correlation of the values of all starts with alpha."""
    from scipy.stats import rankdata

    ranks = rankdata(values).reshape(values.shape)  # of the starts as drawn: resamples weigh these
    levels = np.arange(len(alphas), dtype=np.float64)

    def correlation(w: np.ndarray) -> float:
        mean, variance = _moments(ranks, w)
        spread = (variance + np.square(mean - mean.mean())).mean()
        covariance = (mean * (levels - levels.mean())).mean()
        return float(covariance / math.sqrt(spread * levels.var())) if spread > 0 else 0.0

    return _quantity(correlation, weights)


def _saturation(values: np.ndarray, alphas: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The alphas, and the values there less the one at alpha = 0, between which the mean makes 90 % of its rise."""

    def ends(w: np.ndarray) -> list[float]:
        mean = _isotonic(w @ values)
        rise = mean[-1] - mean[0]
        if rise <= 0:
            return [0.0, 0.0, 0.0, 0.0]
        at = [mean[0] + share * rise for share in _RISE]
        middle = np.interp(0.0, alphas, mean)
        return [*(float(np.interp(v, mean, alphas)) for v in at), *(float(v - middle) for v in at)]

    value, interval = ends(np.full(len(values), 1 / len(values))), _interval(np.array([ends(w) for w in weights]))
    names = ("alpha_low", "alpha_high", "value_low", "value_high")
    return {name: {"value": v, "interval": i} for name, v, i in zip(names, value, interval, strict=True)}


# ---- intervals


def _resampled(count: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Weights [R,S] of ``count`` starts drawn again with replacement."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count


def _quantity(statistic: Callable[[np.ndarray], float], weights: np.ndarray) -> dict[str, Any]:
    """The statistic of the starts as drawn, and its interval over the resamples."""
    even = np.full(weights.shape[1], 1 / weights.shape[1])
    return {"value": statistic(even), "interval": _interval(np.array([[statistic(w)] for w in weights]))[0]}


def _interval(values: np.ndarray) -> list[list[float]]:
    """95 % percentile intervals of the columns of values [R,Q]."""
    return np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0).T.tolist()


# ---- what to compare with, and whether a law of t is obeyed


def _baseline(plan: Plan, lent: Callables, width: int, alphas: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """R^2 of random directions, whichever way the property goes along them."""
    options = plan.options
    found = []
    for number in range(options.baseline):
        u = rng.standard_normal(width).astype(np.float32)
        u /= np.linalg.norm(u)
        starts = rng.standard_normal((options.baseline_starts, width), dtype=np.float32)
        moved = lent.moved(u, starts, np.tile(alphas, (len(starts), 1)))
        values = _usable(moved, [])[moved.controlled]
        even = np.full(len(values), 1 / len(values))
        found.append(max(_explained(sign * values, even, ordered=True) for sign in (1, -1)))
        lent.progress(number + 2, options.baseline + 2)
    from scipy.stats import t

    mean, std = float(np.mean(found)), float(np.std(found, ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(found) - 1)) * std / math.sqrt(len(found))
    interval = [max(0.0, mean - half), min(1.0, mean + half)]
    return {"r2": {"value": mean, "interval": interval}, "highest": max(found), "each": found}


def ks_distance(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Kolmogorov and Smirnov's: the largest difference of the values' distribution [n] from a continuous one."""
    expected = cdf(np.sort(values))
    count = len(values)
    return float(max((np.arange(1, count + 1) / count - expected).max(), (expected - np.arange(count) / count).max()))


def _law(plan: Plan, direction: Direction, lent: Callables, rng: np.random.Generator) -> dict[str, Any]:
    """Samples whose t is asked to be uniform over the valid range: does the measured property obey?

    ``ks``: Kolmogorov-Smirnov distance of the property, less its mean at t = 0, from that law: the spread at fixed t is
    in it. ``ks_moved``: of how far each image moved from where it is at t = 0; ``slope``, ``rms_error``: of that on t.
    ``ks_asked``: of t itself, which is the draw's.
    """
    from scipy.special import ndtr

    low, high = direction.t_valid
    starts = rng.standard_normal((plan.options.samples, len(direction.u)), dtype=np.float32)
    s = starts @ direction.u.astype(np.float64)
    t = low + (high - low) * ndtr(s)  # F^-1(Phi(s))
    moved = lent.moved(direction.u, starts, np.stack([np.zeros(len(s)), lent.coordinate(t)], axis=1))
    values = moved.values[moved.controlled]
    there = np.isfinite(values).all(axis=1)
    if there.sum() < max(20, len(there) // 2):
        raise DataMismatch(f"only {int(there.sum())} of {len(there)} samples can be measured by {moved.kind}")
    values, t = values[there], t[there]
    change, absolute = moved.in_t(values[:, 1] - values[:, 0]), moved.in_t(values[:, 1] - values[:, 0].mean())

    def uniform(x: np.ndarray) -> np.ndarray:
        return np.clip((x - low) / (high - low), 0, 1)

    def distance(values: np.ndarray) -> dict[str, Any]:
        """With the interval of Dvoretzky, Kiefer and Wolfowitz: resamples, having ties, would all be farther away."""
        value, half = ks_distance(values, uniform), math.sqrt(math.log(2 / (1 - CONFIDENCE)) / (2 * len(values)))
        return {"value": value, "interval": [max(0.0, value - half), min(1.0, value + half)]}

    weights = _resampled(len(t), plan.options.resamples, rng)

    def slope(w: np.ndarray) -> float:
        return float((w * (t - w @ t)) @ change / (w @ np.square(t - w @ t)))

    lent.progress(plan.options.baseline + 2, plan.options.baseline + 2)
    return {
        "asked": [float(low), float(high)],
        "samples": len(t),
        "ks": distance(absolute),
        "ks_moved": distance(change),
        "ks_asked": ks_distance(t, uniform),
        "slope": _quantity(slope, weights),
        "rms_error": _quantity(lambda w: math.sqrt(w @ np.square(change - t)), weights),
    }
