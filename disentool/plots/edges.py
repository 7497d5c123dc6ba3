"""The edges of axes: a mark at an end is drawn whole, one beyond the limits not at all, lines and bars end there."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_SLACK = 1e-9  # of an axis' length: rounding


def keep_inside(figure: "Figure") -> int:
    """Cut what is drawn at the limits of its axes, which are set already; how many marks lie beyond them."""
    beyond = 0
    for axis in figure.axes:
        for line in axis.lines:
            if line.get_transform() is axis.transData:  # not so a line across the whole axes
                beyond += _cut(line, inside(axis, np.asarray(line.get_xydata(), np.float64)))
    return beyond


def inside(axis: "Axes", points: np.ndarray) -> np.ndarray:
    """Which points, float64 [n,2], lie within the limits of an axes or at them: bool [n]; NaN does not."""
    within = np.ones(len(points), bool)
    for values, limits in zip(points.T, (axis.get_xlim(), axis.get_ylim()), strict=True):
        low, high = sorted(limits)
        room = _SLACK * (high - low)
        within &= (values >= low - room) & (values <= high + room)
    return within


def _cut(line: "Line2D", within: np.ndarray) -> int:
    """Draw a line up to the limits and its marks where they are ``within``; how many marks are not."""
    whole = bool(within.all())
    marked = line.get_marker() not in ("None", None, "", " ")
    alone = line.get_linestyle() in ("None", "", " ")
    line.set_clip_on(not (whole or alone))
    line.set_in_layout(False)  # a line without clipping takes room as if all its points were shown
    if whole or not marked:
        return 0
    if within.any():
        line.set_markevery(np.flatnonzero(within).tolist())
    else:
        line.set_marker("None")
    known = np.isfinite(np.asarray(line.get_xydata(), np.float64)).all(axis=1)
    return int((known & ~within).sum())
