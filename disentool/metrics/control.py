"""How precisely a direction of a generator controls the property it was found for, on images of starts from the prior.

Plumerault et al., "Controlling generative models with continuous factors of variations" (ICLR 2020), section 4: codes z
are moved to z + (alpha - <z,u>) u for a grid of alpha, and the property (where the object is, how large) is measured in
the images. The paper shows its mean and standard deviation against alpha; the score is the share of its variance that
alpha decides, R^2 of an isotonic fit: 1 if alpha alone says where the object is, whatever else is in the image. That is
a property of u, and does not depend on how far it was fitted, so that methods and models compare. Everything else that
control can mean is in ``details``, each with an interval over the starts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics import levels as stats
from disentool.metrics.arrays import Array, Floats
from disentool.metrics.intervals import students_half_width
from disentool.metrics.result import Result

AS_FAR = 0.8, 1.25  # images that move so many times as far as t says need no note


@dataclass(frozen=True, eq=False)
class Moved:
    """What was measured of images at S starts, each at K places along a direction.

    ``values``: measurement -> float64 [S,K], in ``units``; NaN where there is nothing to measure. ``controlled``: the
    one that the direction is to move, in the units of t. ``kind``: how they were measured. ``relative``: names of those
    that are changes from the middle place, so that different starts do not compare.
    """

    values: dict[str, Floats]
    units: dict[str, str]
    controlled: str
    kind: str
    relative: frozenset[str] = frozenset()


def control(
    found: Moved,
    alphas: Floats,
    t: Floats,
    valid: Array,
    weights: Floats,
    baseline: Sequence[Moved],
    law: dict[str, Any] | None = None,
    line: Moved | None = None,
) -> Result:
    """R^2 of the controlled measurement on alpha, at most 1; ``per_factor``: that of every measurement.

    ``found``: at S starts, each at the K coordinates ``alphas`` along the direction. ``t``: what these ask for, [K], of
    which the ``valid`` (bool [K]) are in the direction's valid range. ``weights``: resamples of the starts, [R,S], as
    ``levels.resampled`` draws them. ``baseline``: the same along random directions. ``law``: of
    :func:`disentool.metrics.law_of_t.law`. ``line``: the same starts along the direction of :func:`regressed`.

    Raises ``DataMismatch`` where too few images can be measured.
    """
    notes: list[str] = []
    values = usable(found, notes)
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
    by_chance = _baseline(baseline)
    rise = stats.quantity(lambda w: stats.rise(controlled, w), weights)
    # Of changes from a start's own middle, which any direction of a linear generator decides wholly, R^2 says little.
    name, found_there = ("rise", rise) if found.controlled in found.relative else ("r2", r2)
    if found_there["interval"][0] <= by_chance[name]["quantile_90"]:
        notes.append(_no_better(name, found_there, by_chance[name], len(baseline[0].values[found.controlled])))
    if law is not None and (note := _not_as_far(law["slope"])):
        notes.append(note)
    unit = found.units[found.controlled]
    details: dict[str, Any] = {
        "measure": found.kind,
        "controlled": found.controlled,
        "measured_unit": unit,
        "r2": r2,
        "r2_of": "changes from alpha = 0" if found.controlled in found.relative else "places",
        "rise": rise | {"unit": unit},
        "spearman": stats.spearman(controlled, weights),
        "monotone": stats.quantity(lambda w: stats.rising(controlled[:, valid], w), weights),
        "spread": stats.quantity(lambda w: stats.spread(controlled[:, valid], w), weights) | {"unit": unit},
        "saturation": stats.saturation(controlled, alphas, weights),
        "leakage": leakage,
        "baseline": by_chance,
        "law": law,
        "best_line": None if line is None else _best_line(line, r2["value"]),
        "curve": {
            "alpha": alphas.tolist(),
            "t": [float(v) if ok else None for v, ok in zip(t, valid, strict=True)],
            **stats.curve(controlled),
        },
        "interval_of": f"95 % percentile bootstrap over {len(controlled)} starts, {len(weights)} resamples",
        "notes": notes,
    }
    low, high = r2["interval"]
    return Result(r2["value"], (low, high), per_factor, details)


def regressed(z: Array, values: Floats) -> Floats | None:
    """The unit direction, float64 [d], along which a property [n] of codes z float32 [n,d] changes: least squares.

    No straight line decides a property that is linear in z better. None where there are too few values, fewer than
    four for each dimension, or the property does not change.
    """
    there = np.isfinite(values)
    if there.sum() < 4 * z.shape[1]:
        return None
    z, values = z[there].astype(np.float64), values[there] - values[there].mean()
    slopes: Floats = np.linalg.lstsq(z - z.mean(axis=0), values, rcond=None)[0]
    length = float(np.linalg.norm(slopes))
    return slopes / length if length > 0 else None


def _best_line(line: Moved, r2: float) -> dict[str, Any]:
    """R^2 along the straight line that least squares finds from true values, and the direction's share of it."""
    values = usable(line, [])[line.controlled]
    best = stats.explained(values, stats.even(len(values)), ordered=True)
    return {"r2": best, "ratio": r2 / best if best > 0 else None}


def _not_as_far(slope: dict[str, Any]) -> str:
    """That images do not move as far as t says, where this is certain and more than ``AS_FAR``; else empty."""
    value, (low, high) = slope["value"], slope["interval"]
    if low <= 1 <= high or AS_FAR[0] <= value <= AS_FAR[1]:
        return ""
    return f"images move {value:.2f} [{low:.2f}, {high:.2f}] times as far as t says"


def _no_better(name: str, found: dict[str, Any], by_chance: dict[str, Any], starts: int) -> str:
    """That a direction is not better than random ones, and what was compared."""
    what, (low, high) = {"r2": "R2", "rise": "rise"}[name], found["interval"]
    return (
        f"of no use: not better than a random direction: its {what} is {found['value']:.2f} [{low:.2f}, {high:.2f}],"
        f" and one in ten of {len(by_chance['each'])} random directions ({starts} starts each) reaches"
        f" {by_chance['quantile_90']:.2f}"
    )


def usable(found: Moved, notes: list[str]) -> dict[str, Floats]:
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


def _leakage(found: Moved, name: str, values: Floats, valid: Floats, weights: Floats) -> dict[str, Any]:
    """How another measurement goes along.

    ``r2``: the share of its variance that alpha decides. ``change``: within the valid range, the standard deviation
    along the way, whichever way it goes, root mean square over starts. ``of_natural``: that, as a share of its standard
    deviation over the starts at alpha = 0, where the starts can be compared.
    """
    within = values[:, valid]
    several = np.isfinite(within).sum(axis=1) >= 2
    along, middle = np.zeros(len(values)), values[:, values.shape[1] // 2]
    along[several] = np.nanvar(within[several], axis=1)

    def change(w: Floats) -> float:
        return math.sqrt(w[several] @ along[several] / w[several].sum()) if w[several].any() else math.nan

    def of_natural(w: Floats) -> float:
        natural = stats.spread(middle[:, None], w)
        return change(w) / natural if natural > 0 else math.nan

    entry = {
        "unit": found.units[name],
        "r2": stats.quantity(lambda w: stats.explained(values, w, ordered=False), weights),
        "change": stats.quantity(change, weights),
    }
    return entry if name in found.relative else entry | {"of_natural": stats.quantity(of_natural, weights)}


def _baseline(along: Sequence[Moved]) -> dict[str, Any]:
    """R^2 and rise along random directions, whichever way the property goes along them; Student's interval of each."""
    found: dict[str, list[float]] = {"r2": [], "rise": []}
    for moved in along:
        values = usable(moved, [])[moved.controlled]
        even = stats.even(len(values))
        found["r2"].append(max(stats.explained(sign * values, even, ordered=True) for sign in (1, -1)))
        found["rise"].append(max(stats.rise(sign * values, even) for sign in (1, -1)))
    return {name: _over_directions(np.array(each)) for name, each in found.items()}


def _over_directions(each: Floats) -> dict[str, Any]:
    mean, half = float(each.mean()), students_half_width(each)
    return {
        "value": mean,
        "interval": [mean - half, mean + half],
        "highest": float(each.max()),
        "quantile_90": float(np.quantile(each, 0.9)),
        "each": each.tolist(),
    }
