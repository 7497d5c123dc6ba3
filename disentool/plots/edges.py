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
        for line in list(axis.lines):
            if line.get_transform() is axis.transData:  # not so a line across the whole axes
                beyond += _cut(axis, line)
    return beyond


def inside(axis: "Axes", points: np.ndarray) -> np.ndarray:
    """Which points, float64 [n,2], lie within the limits of an axes or at them: bool [n]; NaN does not."""
    within = np.ones(len(points), bool)
    for values, limits in zip(points.T, (axis.get_xlim(), axis.get_ylim()), strict=True):
        low, high = sorted(limits)
        room = _SLACK * (high - low)
        within &= (values >= low - room) & (values <= high + room)
    return within


def _cut(axis: "Axes", line: "Line2D") -> int:
    """Draw a line up to the limits, and those of its marks that lie within them whole; how many marks do not."""
    points = np.asarray(line.get_xydata(), np.float64)
    within = inside(axis, points)
    line.set_in_layout(False)  # a line without clipping takes room as if all its points were shown
    line.set_clip_on(not within.all())
    if within.all() or line.get_marker() in ("None", None, "", " "):
        return 0
    _add_marks(axis, line, points[within])
    line.set_marker("None")
    return int((np.isfinite(points).all(axis=1) & ~within).sum())


def _add_marks(axis: "Axes", like: "Line2D", points: np.ndarray) -> None:
    """Marks as those of a line, without clipping."""
    from matplotlib.lines import Line2D

    marks = Line2D(*points.T)
    marks.update_from(like)
    marks.set(linestyle="None", clip_on=False, transform=axis.transData, label="_marks")
    axis.add_artist(marks)
    marks.set_in_layout(False)
