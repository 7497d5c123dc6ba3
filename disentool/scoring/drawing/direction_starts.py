"""The starts of the metric control: codes from the prior, moved along a direction and along random ones.

It needs two functions. ``moved(u, starts, s)``: each of ``starts`` float32 [S,d] moved to the coordinates ``s`` float64
[S,K] along u, and measured: :class:`disentool.metrics.control.Moved`. ``coordinate(t)``: the s at which g(s) = t.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.directions_file import Direction
from disentool.metrics import law_of_t, levels
from disentool.metrics.constants.directions import Control
from disentool.metrics.control import Moved, control, regressed, usable
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed
from disentool.scoring.model_functions import ModelFunctions, required
from disentool.scoring.record import recorded_constants, with_details


@dataclass(frozen=True, eq=False)
class DirectionStarts:
    """No rows are encoded: the images that are measured are made of codes from the prior."""

    constants: Control
    seed: int

    @property
    def rows(self) -> np.ndarray:
        """None of any data set."""
        return np.zeros(0, np.int64)


def draw(
    facts: MetricFacts, data: DataRows, constants: Control, seed: int, codes_ready: bool = False
) -> DirectionStarts:
    """Nothing but the constants: the starts follow from the seed and the codes' width."""
    check_protocol(facts, constants)
    return DirectionStarts(constants, check_seed(seed))


def score(facts: MetricFacts, drawn: DirectionStarts, direction: Direction, functions: ModelFunctions) -> Result:
    """How the direction decides its property. Raises ``DataMismatch`` where too few images can be measured."""
    constants = drawn.constants
    moved = required(functions.moved, "control", "a generator")
    rng = np.random.default_rng((drawn.seed, 8))
    u, alphas = direction.u, np.linspace(-constants.extent, constants.extent, constants.levels)
    starts = rng.standard_normal((constants.starts, len(u)), dtype=np.float32)
    found = moved(u, starts, np.tile(alphas, (len(starts), 1)))
    functions.progress(1, constants.baseline + 3)
    usable(found, [])
    t = np.interp(alphas, direction.knots, direction.values)
    low, high = direction.t_valid
    valid = (t >= low - 1e-9) & (t <= high + 1e-9) & (alphas >= direction.knots[0]) & (alphas <= direction.knots[-1])
    if valid.sum() < 2:
        raise DataMismatch(
            f"{direction.name}: its valid range, {low:g}..{high:g}, holds {valid.sum()} of {constants.levels} values of"
            " alpha, expected two or more; --set levels=N and --set extent=X make them denser"
        )
    weights = levels.resampled(constants.starts, constants.resamples, rng)
    baseline = []
    for number in range(constants.baseline):
        baseline.append(_along_random(moved, len(u), alphas, constants.baseline_starts, rng))
        functions.progress(number + 2, constants.baseline + 3)
    law = _law(drawn, direction, functions, rng)
    comparable = found.controlled not in found.relative
    line = _line(moved, drawn, len(u), starts, alphas) if comparable else None
    functions.progress(constants.baseline + 3, constants.baseline + 3)
    result = control(found, alphas, t, valid, weights, baseline, law, line)
    before = recorded_constants(facts, constants) | {"seed": drawn.seed}
    after = {
        "asked_measure": constants.measure,
        "t_unit": direction.unit,
        "t_valid": [float(low), float(high)],
    }
    return with_details(result, constants, before, after)


def _along_random(
    moved: Callable[..., Moved], width: int, alphas: np.ndarray, count: int, rng: np.random.Generator
) -> Moved:
    """``count`` starts along a random direction, measured at ``alphas``."""
    u = rng.standard_normal(width).astype(np.float32)
    u /= np.linalg.norm(u)
    starts = rng.standard_normal((count, width), dtype=np.float32)
    found = moved(u, starts, np.tile(alphas, (len(starts), 1)))
    usable(found, [])
    return found


def _law(
    drawn: DirectionStarts, direction: Direction, functions: ModelFunctions, rng: np.random.Generator
) -> dict[str, Any] | None:
    """Samples whose t is asked to be uniform over the valid range; None where that is empty."""
    from scipy.special import ndtr

    low, high = direction.t_valid
    if not high > low:
        return None
    moved = required(functions.moved, "control", "a generator")
    coordinate = required(functions.coordinate, "control", "a generator")
    starts = rng.standard_normal((drawn.constants.samples, len(direction.u)), dtype=np.float32)
    s = starts @ direction.u.astype(np.float64)
    t = low + (high - low) * ndtr(s)  # F^-1(Phi(s))
    found = moved(direction.u, starts, np.stack([np.zeros(len(s)), coordinate(t)], axis=1))
    values = found.values[found.controlled]
    there = np.asarray(np.isfinite(values).all(axis=1))
    if there.sum() < max(20, len(there) // 2):
        raise DataMismatch(f"only {int(there.sum())} of {len(there)} samples can be measured by {found.kind}")
    weights = levels.resampled(int(there.sum()), drawn.constants.resamples, rng)
    relative = found.controlled in found.relative
    law = law_of_t.law(t[there], values[there], (low, high), weights, relative=relative)
    functions.progress(drawn.constants.baseline + 2, drawn.constants.baseline + 3)
    return law


def _line(
    moved: Callable[..., Moved], drawn: DirectionStarts, width: int, starts: np.ndarray, alphas: np.ndarray
) -> Moved | None:
    """The same starts along the straight line that regression on the measured property finds, measured at ``alphas``.

    None where the property cannot be regressed, or not be measured there.
    """
    rng = np.random.default_rng((drawn.seed, 9))  # its own: the other numbers do not depend on it
    z = rng.standard_normal((drawn.constants.samples, width), dtype=np.float32)
    axis = np.eye(width, dtype=np.float32)[0]
    there = moved(axis, z, np.repeat(z[:, :1].astype(np.float64), 2, axis=1))  # where they are, twice
    u = regressed(z, there.values[there.controlled][:, 0])
    if u is None:
        return None
    found = moved(u.astype(np.float32), starts, np.tile(alphas, (len(starts), 1)))
    return found if np.isfinite(found.values[found.controlled]).mean() >= 0.5 else None
