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
from disentool.metrics import levels as stats
from disentool.metrics.result import CONFIDENCE, Callables, Result, check_at_least, constants
from disentool.metrics.sampling import Points, check_seed

NEEDS = frozenset({"directions", "callables"})
RANGE = (-np.inf, 1.0)
_BINS = 24  # of the histogram of samples


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

    ``values``: measurement -> float64 [S,K], in ``units``; NaN where there is nothing to measure. ``controlled``: the
    one that the direction is to move, in the units of t. ``kind``: how they were measured. ``relative``: names of those
    that are changes from the middle place, so that different starts do not compare.
    """

    values: dict[str, np.ndarray]
    units: dict[str, str]
    controlled: str
    kind: str
    relative: frozenset[str] = frozenset()


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
    weights = stats.resampled(options.starts, options.resamples, rng)
    controlled = values[found.controlled]
    there = np.isfinite(controlled)
    if not there.all():
        notes.append(f"{1 - there.mean():.1%} of the images show nothing to measure: left out")
    r2 = stats.quantity(lambda w: stats.explained(controlled, w, ordered=True), weights)
    leakage, per_factor = {}, {found.controlled: r2["value"]}
    for name, measured in values.items():
        if name != found.controlled:
            leakage[name] = _leakage(found, name, measured, valid, weights)
            per_factor[name] = leakage[name]["r2"]["value"]
    baseline = _baseline(plan, lent, len(u), alphas, rng)
    rise = stats.quantity(lambda w: stats.rise(controlled, w), weights)
    # Of changes from a start's own middle, which any direction of a linear generator decides wholly, R^2 says little.
    name, found_there = ("rise", rise) if found.controlled in found.relative else ("r2", r2)
    if found_there["interval"][0] <= baseline[name]["highest"]:
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
        "r2_of": "changes from alpha = 0" if found.controlled in found.relative else "places",
        "rise": rise | {"unit": found.units[found.controlled]},
        "spearman": stats.spearman(controlled, weights),
        "monotone": stats.quantity(lambda w: stats.rising(controlled[:, valid], w), weights),
        "spread": stats.quantity(lambda w: stats.spread(controlled[:, valid], w), weights)
        | {"unit": found.units[found.controlled]},
        "saturation": stats.saturation(controlled, alphas, weights),
        "leakage": leakage,
        "baseline": baseline,
        "law": _law(plan, direction, lent, rng),
        "curve": {
            "alpha": alphas.tolist(),
            "t": [float(v) if ok else None for v, ok in zip(t, valid, strict=True)],
            **stats.curve(controlled),
        },
        "interval_of": f"95 % percentile bootstrap over {len(controlled)} starts, {options.resamples} resamples",
        "notes": notes,
    }
    return Result(r2["value"], options.protocol, tuple(r2["interval"]), per_factor, details)


def _usable(found: Moved, notes: list[str]) -> dict[str, np.ndarray]:
    """The measurements that at least half of the images gave a number for."""
    shares = {name: float(np.isfinite(values).mean()) for name, values in found.values.items()}
    if shares[found.controlled] < 0.5:
        raise DataMismatch(
            f"only {shares[found.controlled]:.0%} of the images can be measured by {found.kind}, expected half of them;"
            " --set extent=X makes the grid narrower, --set measure=NAME measures otherwise"
        )
    for name, share in shares.items():
        if share < 0.5:
            notes.append(f"{name} can be measured in {share:.0%} of the images only: left out")
    return {name: values for name, values in found.values.items() if shares[name] >= 0.5}


def _leakage(found: Moved, name: str, values: np.ndarray, valid: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """How another measurement goes along.

    ``r2``: the share of its variance that alpha decides. ``change``: within the valid range, the standard deviation
    along the way, whichever way it goes, root mean square over starts. ``of_natural``: that, as a share of its standard
    deviation over the starts at alpha = 0, where the starts can be compared.
    """
    within = values[:, valid]
    several = np.isfinite(within).sum(axis=1) >= 2
    along, middle = np.zeros(len(values)), values[:, values.shape[1] // 2]
    along[several] = np.nanvar(within[several], axis=1)

    def change(w: np.ndarray) -> float:
        return math.sqrt(w[several] @ along[several] / w[several].sum()) if w[several].any() else math.nan

    def of_natural(w: np.ndarray) -> float:
        natural = stats.spread(middle[:, None], w)
        return change(w) / natural if natural > 0 else math.nan

    entry = {
        "unit": found.units[name],
        "r2": stats.quantity(lambda w: stats.explained(values, w, ordered=False), weights),
        "change": stats.quantity(change, weights),
    }
    return entry if name in found.relative else entry | {"of_natural": stats.quantity(of_natural, weights)}


# ---- what to compare with, and whether a law of t is obeyed


def _baseline(plan: Plan, lent: Callables, width: int, alphas: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """R^2 and rise along random directions, whichever way the property goes along them."""
    options = plan.options
    found: dict[str, list[float]] = {"r2": [], "rise": []}
    for number in range(options.baseline):
        u = rng.standard_normal(width).astype(np.float32)
        u /= np.linalg.norm(u)
        starts = rng.standard_normal((options.baseline_starts, width), dtype=np.float32)
        moved = lent.moved(u, starts, np.tile(alphas, (len(starts), 1)))
        values, even = _usable(moved, [])[moved.controlled], stats.even(len(starts))
        found["r2"].append(max(stats.explained(sign * values, even, ordered=True) for sign in (1, -1)))
        found["rise"].append(max(stats.rise(sign * values, even) for sign in (1, -1)))
        lent.progress(number + 2, options.baseline + 2)
    return {name: _over_directions(np.array(each)) for name, each in found.items()}


def _over_directions(each: np.ndarray) -> dict[str, Any]:
    """The mean over directions, with Student's interval."""
    from scipy.stats import t

    mean, half = float(each.mean()), float(t.ppf((1 + CONFIDENCE) / 2, len(each) - 1) * each.std(ddof=1))
    half /= math.sqrt(len(each))
    return {"value": mean, "interval": [mean - half, mean + half], "highest": float(each.max()), "each": each.tolist()}


def ks_distance(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Kolmogorov and Smirnov's: the largest difference of the values' distribution [n] from a continuous one."""
    expected = cdf(np.sort(values))
    count = len(values)
    return float(max((np.arange(1, count + 1) / count - expected).max(), (expected - np.arange(count) / count).max()))


def _law(plan: Plan, direction: Direction, lent: Callables, rng: np.random.Generator) -> dict[str, Any] | None:
    """Samples whose t is asked to be uniform over the valid range: does the measured property obey?

    ``ks``: Kolmogorov-Smirnov distance of the property, less its mean at t = 0, from that law: the spread at fixed t is
    in it. ``ks_moved``: of how far each image moved from where it is at t = 0; ``slope``, ``rms_error``: of that on t.
    ``ks_asked``: of t itself, which is the draw's. ``histogram``: how many samples are between ``edges``, of both.
    None where the valid range is empty, as that of a direction that moves nothing.
    """
    from scipy.special import ndtr

    low, high = direction.t_valid
    if not high > low:
        return None
    starts = rng.standard_normal((plan.options.samples, len(direction.u)), dtype=np.float32)
    s = starts @ direction.u.astype(np.float64)
    t = low + (high - low) * ndtr(s)  # F^-1(Phi(s))
    moved = lent.moved(direction.u, starts, np.stack([np.zeros(len(s)), lent.coordinate(t)], axis=1))
    values = moved.values[moved.controlled]
    there = np.isfinite(values).all(axis=1)
    if there.sum() < max(20, len(there) // 2):
        raise DataMismatch(f"only {int(there.sum())} of {len(there)} samples can be measured by {moved.kind}")
    values, t = values[there], t[there]
    change = values[:, 1] - values[:, 0]
    absolute = change if moved.controlled in moved.relative else values[:, 1] - values[:, 0].mean()

    def uniform(x: np.ndarray) -> np.ndarray:
        return np.clip((x - low) / (high - low), 0, 1)

    def distance(values: np.ndarray) -> dict[str, Any]:
        """With the interval of Dvoretzky, Kiefer and Wolfowitz: resamples, having ties, would all be farther away."""
        value, half = ks_distance(values, uniform), math.sqrt(math.log(2 / (1 - CONFIDENCE)) / (2 * len(values)))
        return {"value": value, "interval": [max(0.0, value - half), min(1.0, value + half)]}

    weights = stats.resampled(len(t), plan.options.resamples, rng)

    def slope(w: np.ndarray) -> float:
        return float((w * (t - w @ t)) @ change / (w @ np.square(t - w @ t)))

    edges = np.linspace(min(low, absolute.min(), change.min()), max(high, absolute.max(), change.max()), _BINS + 1)
    lent.progress(plan.options.baseline + 2, plan.options.baseline + 2)
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
