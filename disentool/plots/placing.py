"""Names beside the points of a scatter, where they hide nothing and do not collide."""

import math
from collections.abc import Sequence
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
_CLEAR = 0.8  # points, between a name and a line
_CROSSED = 60.0  # points farther away, rather than on one more line or mark
_LEADS_OVER = 25.0  # points farther away, rather than with a thin line over the mark of another point


class Named(NamedTuple):
    """A point with its name; an empty one is not written, and other names keep clear of the point."""

    x: float
    y: float
    name: str


def place(axis: "Axes", points: Sequence[Named], options: Options) -> None:
    """Write each name near its point: beside all marks and other names, and on as little else as can be."""
    scale = 72 / axis.figure.dpi
    at = np.asarray(axis.transData.transform([(p.x, p.y) for p in points])) * scale if points else np.zeros((0, 2))
    marks, lines = (found * scale for found in _drawn(axis))
    inside = np.asarray(axis.get_window_extent().extents) * scale
    taken: list[np.ndarray] = []
    for middle, point in zip(at, points, strict=True):
        if not point.name:
            continue
        size = np.array([text.width(point.name, options, options.small), text.height(point.name, options.small)])
        others = at[(at != middle).any(axis=1)]
        best, least, led = _box(middle, 45, _FAR[0], size), math.inf, False  # where the panel is full
        for far in _FAR:
            for turn in _TURNS:
                box = _box(middle, turn, far, size)
                if not _inside(box, inside) or any(_hits(box, other, 0.5) for other in taken):
                    continue
                if any(_hits(box, _around(mark), 0.0) for mark in at):
                    continue
                cost = far + _CROSSED * (_covered(box, marks) + int(_crossed(box, lines).sum()))
                lead = _lead(middle, box)
                if far >= _LED:
                    if any(_crossed(other, lead).any() for other in taken):
                        continue
                    cost += _LEADS_OVER * sum(_crossed(_around(mark), lead).any() for mark in others)
                if cost < least:
                    best, least, led = box, cost, far >= _LED
        taken.append(best)
        if led:
            lines = np.concatenate([lines, _lead(middle, best)])
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


def _drawn(axis: "Axes") -> tuple[np.ndarray, np.ndarray]:
    """Marks, and what lines and bars of intervals cover, in pixels: float64 [n,2], and [m,4] from (x, y) to (x, y)."""
    from matplotlib.collections import LineCollection

    marks, paths = [np.zeros((0, 2))], []
    for line in axis.lines:
        points = axis.transData.transform(line.get_xydata())
        marks.append(points)
        if line.get_linestyle() not in ("None", "", " "):
            paths.append(points)
    for bars in axis.collections:
        if isinstance(bars, LineCollection):
            paths += [axis.transData.transform(segment) for segment in bars.get_segments()]
    pieces = [np.concatenate([path[:-1], path[1:]], axis=1) for path in paths]
    return np.concatenate(marks), np.concatenate([np.zeros((0, 4)), *pieces])


def _lead(middle: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The line from a point to the nearest place of a name's box, float64 [1,4]."""
    return np.concatenate([middle, np.clip(middle, box[:2], box[2:])])[None]


def _around(mark: np.ndarray) -> np.ndarray:
    return np.concatenate([mark - _MARK, mark + _MARK])


def _crossed(box: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Which lines, float64 [m,4], pass through a box: what of each lies between its sides in x and in y at once."""
    starts, ways = lines[:, :2], lines[:, 2:] - lines[:, :2]
    still = ways == 0
    ways = np.where(still, 1.0, ways)
    ends = np.stack([(box[:2] - _CLEAR - starts) / ways, (box[2:] + _CLEAR - starts) / ways])
    between = (ends[0] < 0) & (ends[1] > 0)  # of a coordinate that does not change
    first = np.where(still, np.where(between, -np.inf, np.inf), ends.min(axis=0)).max(axis=1)
    last = np.where(still, np.inf, ends.max(axis=0)).min(axis=1)
    crossed: np.ndarray = np.maximum(first, 0.0) < np.minimum(last, 1.0)
    return crossed


def _inside(box: np.ndarray, room: np.ndarray) -> bool:
    return bool((box[:2] >= room[:2]).all() and (box[2:] <= room[2:]).all())


def _hits(one: np.ndarray, other: np.ndarray, gap: float) -> bool:
    return bool((one[:2] < other[2:] + gap).all() and (other[:2] < one[2:] + gap).all())


def _covered(box: np.ndarray, points: np.ndarray) -> int:
    return int(((points >= box[:2] - _CLEAR) & (points <= box[2:] + _CLEAR)).all(axis=1).sum())
