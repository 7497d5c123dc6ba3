"""Names beside the points of a scatter, where they hide nothing and do not collide."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from disentool.plots import style, text
from disentool.plots.style import Options

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TURNS = (45, 0, 90, -45, 135, -90, 180, -135, 22, 68, -22, 112, -68, 158, -112, -158)  # degrees, the best first
_FAR = (5.5, 9.0, 14.0, 20.0, 28.0, 38.0, 50.0, 65.0, 80.0)  # points, from a point to its name
_LED = 12.0  # points, from which a thin line leads there
_MARK = 3.2  # points, half the size of a mark
_STEP = 4.0  # pixels between the points that stand for a line
_HIDDEN = 4.0  # points farther away, rather than on one more point of what is drawn


class Named(NamedTuple):
    """A point with its name."""

    x: float
    y: float
    name: str


def place(axis: "Axes", points: Sequence[Named], options: Options) -> None:
    """Write each name near its point: beside all marks and other names, and on as little else as can be."""
    scale = 72 / axis.figure.dpi
    at = np.asarray(axis.transData.transform([(p.x, p.y) for p in points])) * scale if points else np.zeros((0, 2))
    behind = _drawn(axis) * scale
    inside = np.asarray(axis.get_window_extent().extents) * scale
    taken: list[np.ndarray] = []
    for middle, point in zip(at, points, strict=True):
        size = np.array([text.width(point.name, options, options.small), text.height(point.name, options.small)])
        best, least, led = _box(middle, 45, _FAR[0], size), math.inf, False  # where the panel is full
        for far in _FAR:
            for turn in _TURNS:
                box = _box(middle, turn, far, size)
                if not _inside(box, inside) or any(_hits(box, other, 0.5) for other in taken):
                    continue
                if any(_covers(box, mark, _MARK) for mark in at):
                    continue
                cost = far + _HIDDEN * _covered(box, behind)
                if cost < least:
                    best, least, led = box, cost, far >= _LED
        taken.append(best)
        _write(axis, point, best[:2] - middle, led, options)


def _box(middle: np.ndarray, turn: float, far: float, size: np.ndarray) -> np.ndarray:
    """A name's box (left, low, right, top) that lies ``far`` from its point in this direction (degrees)."""
    way = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
    corner = middle + way * far + (np.sign(np.round(way, 6)) - 1) / 2 * size
    return np.concatenate([corner, corner + size])


def _write(axis: "Axes", point: Named, offset: np.ndarray, led: bool, options: Options) -> None:
    """The name, and where it is far away a thin line from it to its point."""
    line = {"arrowstyle": "-", "color": style.soft(options), "linewidth": 0.4, "shrinkA": 0.5, "shrinkB": 3}
    label = axis.annotate(
        point.name,
        (point.x, point.y),
        (float(offset[0]), float(offset[1])),
        textcoords="offset points",
        fontsize=options.small,
        va="bottom",
        zorder=6,
        arrowprops=line if led else None,
    )
    label.set_in_layout(False)


def _drawn(axis: "Axes") -> np.ndarray:
    """What lines, bars of intervals and marks cover, as points in pixels, float64 [n,2]."""
    from matplotlib.collections import LineCollection

    parts, paths = [np.zeros((0, 2))], []
    for line in axis.lines:
        points = axis.transData.transform(line.get_xydata())
        parts.append(points)
        if line.get_linestyle() not in ("None", "", " "):
            paths.append(points)
    for bars in axis.collections:
        if isinstance(bars, LineCollection):
            paths += [axis.transData.transform(segment) for segment in bars.get_segments()]
    for path in paths:
        for a, b in pairwise(path):
            parts.append(np.linspace(a, b, max(2, int(math.dist(a, b) / _STEP))))
    return np.concatenate(parts)


def _inside(box: np.ndarray, room: np.ndarray) -> bool:
    return bool((box[:2] >= room[:2]).all() and (box[2:] <= room[2:]).all())


def _hits(one: np.ndarray, other: np.ndarray, gap: float) -> bool:
    return bool((one[:2] < other[2:] + gap).all() and (other[:2] < one[2:] + gap).all())


def _covers(box: np.ndarray, mark: np.ndarray, half: float) -> bool:
    return _hits(box, np.concatenate([mark - half, mark + half]), 0.0)


def _covered(box: np.ndarray, points: np.ndarray) -> int:
    return int(((points >= box[:2]) & (points <= box[2:])).all(axis=1).sum())
