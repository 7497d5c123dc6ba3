"""g: how far along a direction an image is, piecewise linear and non-decreasing, with g(0) = 0; and its inverse.

Plumerault et al. (2020): t = g(<z,u>). The shift of an image is only known relative to another one, so g is fitted to
differences: g(s1) - g(s0) = t.
"""

from typing import cast

import numpy as np


def fit(s0: np.ndarray, s1: np.ndarray, t: np.ndarray, knots: np.ndarray, *, smoothness: float = 1e-6) -> np.ndarray:
    """Least squares of g(s1) - g(s0) = t over non-negative slopes: g at the knots, float64 [m], anchored at g(0) = 0.

    ``s0 s1 t``: float64 [n]. ``knots``: float64 [m], ascending, m >= 2; outside of them g is constant. ``smoothness``
    weighs the squared changes of the slope from knot to knot, against the squared residual's mean, in units in which t
    and s both have size 1; it decides where there are no data.
    """
    from scipy.optimize import nnls

    lengths = np.diff(knots)
    share = _covered(s1, knots) - _covered(s0, knots)  # [n,m-1]: the way from s0 to s1 within each segment
    size = np.sqrt(np.mean(np.square(t))) or 1.0
    rows = share / np.sqrt(max(len(t), 1))
    bends = np.diff(np.eye(len(lengths)), axis=0) * np.sqrt(smoothness * len(lengths))
    # The triangular factor has the least-squares problem's solution, and as many rows as there are slopes.
    system = np.concatenate(
        [np.column_stack([rows, t / size / np.sqrt(max(len(t), 1))]), np.pad(bends, ((0, 0), (0, 1)))]
    )
    factor = cast(np.ndarray, np.linalg.qr(system, mode="r"))  # of this mode, an array
    slopes, _ = nnls(factor[:, :-1], factor[:, -1], maxiter=100 * len(lengths))
    return anchored(knots, np.concatenate([[0.0], np.cumsum(slopes * lengths * size)]))


def _covered(s: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """How much of each segment lies below s: [n,m-1]."""
    return np.clip(s[:, None] - knots[:-1], 0, np.diff(knots))


def anchored(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same g with g(0) = 0."""
    return values - np.interp(0.0, knots, values)


def evaluate(knots: np.ndarray, values: np.ndarray, s: np.ndarray | float) -> np.ndarray:
    """g(s), float64 of the shape of ``s``; beyond the knots the value of the nearest."""
    return np.interp(s, knots, values)


def invert(knots: np.ndarray, values: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """An s with g(s) = t, float64 of the shape of ``t``; nan for t outside ``values[0] .. values[-1]``.

    Where g is flat at t there are many such s; the nearest to 0, the most probable under the prior, is taken.
    """
    t = np.asarray(t, np.float64)
    rounding = 1e-9 * max(abs(values[0]), abs(values[-1]), 1e-300)
    inside = np.clip(t, values[0], values[-1])
    right = np.interp(inside, values, knots)  # of equal values NumPy takes the last
    left = -np.interp(-inside, -values[::-1], -knots[::-1])
    found = np.clip(0.0, left, right)
    return np.where(np.abs(inside - t) <= rounding, found, np.nan)
