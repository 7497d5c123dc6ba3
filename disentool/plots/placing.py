"""Names beside the points of a scatter, where they hide nothing, do not collide and belong to no other point."""

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
_NEARER = 1.0  # points, by which a name is nearer to its own point than to any other
_APART = 12.0  # points, up to which a name had better be nearer

Point = tuple[float, float]


class Named(NamedTuple):
    """A name and the points (x, y) that it is of: it stands once, beside one of them. An empty one is not written.

    ``more``: further marks of it, beside which it does not stand; other names keep away from them too.
    """

    name: str
    points: Sequence[Point]
    more: Sequence[Point] = ()


class _Place(NamedTuple):
    """Where a name may stand: its cost, its box, the middle of its point, and whether a line leads there."""

    cost: float
    box: np.ndarray
    middle: np.ndarray
    led: bool


class _Panel(NamedTuple):
    """What names keep to and clear of, in points: the axes' box, the points that are named, other marks, lines."""

    inside: np.ndarray
    at: np.ndarray
    marks: np.ndarray
    lines: np.ndarray


def place(axis: "Axes", named: Sequence[Named], options: Options, *, alone: bool) -> bool:
    """Write each name beside one of its points, clear of all of them and of other names, on as little as can be.

    ``alone``: every name must be nearer to a point of its own than to any other's, and lie on nothing; where one
    cannot, nothing is written and the answer is False. Otherwise a thin line may lead it to its point past others.
    """
    scale = 72 / axis.figure.dpi
    points = [_on(axis, each.points) * scale for each in named]
    everything = [_on(axis, [*each.points, *each.more]) * scale for each in named]
    marks, lines = (found * scale for found in _drawn(axis))
    inside = np.asarray(axis.get_window_extent().extents) * scale
    panel = _Panel(inside, np.concatenate([np.zeros((0, 2)), *points]), marks, lines)
    sizes = [_size(each.name, options) for each in named]
    free: dict[int, list[_Place]] = {}
    for n, each in enumerate(named):
        if each.name:
            others = np.concatenate([np.zeros((0, 2)), *everything[:n], *everything[n + 1 :]])
            free[n] = _places(points[n], sizes[n], others, panel, alone)
    chosen = _choose(free)
    if alone and len(chosen) < len(free):
        return False
    for n in free:
        usual = _Place(0.0, _box(points[n][0], 45, _FAR[0], sizes[n]), points[n][0], False)  # where the panel is full
        _write(axis, named[n].name, chosen.get(n, usual), scale, options)
    return True


def _on(axis: "Axes", points: Sequence[Point]) -> np.ndarray:
    """Points in pixels, float64 [n,2]."""
    return np.asarray(axis.transData.transform(points))


def _size(name: str, options: Options) -> np.ndarray:
    """Of a name, in points: float64 [2]."""
    return np.array([text.width(name, options, options.small), text.height(name, options.small)])


def _places(middles: np.ndarray, size: np.ndarray, others: np.ndarray, panel: _Panel, alone: bool) -> list[_Place]:
    """Where a name of this size may stand beside its points (``middles``), the best first. ``others``: not its own."""
    found = []
    for middle in middles:
        passed = panel.at[(panel.at != middle).any(axis=1)]
        for far in _FAR:
            for turn in _TURNS:
                box, led = _box(middle, turn, far, size), far >= _LED
                if not _inside(box, panel.inside) or any(_hits(box, _around(mark), 0.0) for mark in panel.at):
                    continue
                nearer = _distance(box, others) - _distance(box, middles)
                hidden = _covered(box, panel.marks) + int(_crossed(box, panel.lines).sum())
                if (nearer < _NEARER and (alone or not led)) or (hidden and alone):
                    continue
                cost = far + max(0.0, _APART - nearer) / 3 + _CROSSED * hidden
                if led:
                    lead = _lead(middle, box)
                    cost += _LEADS_OVER * sum(_crossed(_around(mark), lead).any() for mark in passed)
                found.append(_Place(cost, box, middle, led))
    return sorted(found, key=lambda each: each.cost)


def _choose(free: dict[int, list[_Place]]) -> dict[int, _Place]:
    """The best place of each name that collides with no other, those with the fewest places first."""
    chosen: dict[int, _Place] = {}
    for n in sorted(free, key=lambda n: len(free[n])):
        leads = [_lead(other.middle, other.box) for other in chosen.values() if other.led]
        best, least = None, math.inf
        for each in free[n]:
            if each.cost >= least:
                break
            if any(_hits(each.box, other.box, 0.5) for other in chosen.values()):
                continue
            if each.led and any(_crossed(o.box, _lead(each.middle, each.box)).any() for o in chosen.values()):
                continue
            cost = each.cost + _CROSSED * sum(bool(_crossed(each.box, lead).any()) for lead in leads)
            if cost < least:
                best, least = each, cost
        if best is not None:
            chosen[n] = best
    return chosen


def _box(middle: np.ndarray, turn: float, far: float, size: np.ndarray) -> np.ndarray:
    """A name's box (left, low, right, top) that lies ``far`` from its point in this direction (degrees)."""
    way = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
    corner = middle + way * far + (np.sign(np.round(way, 6)) - 1) / 2 * size
    return np.concatenate([corner, corner + size])


def _write(axis: "Axes", name: str, at: _Place, scale: float, options: Options) -> None:
    """The name, and where it is far away a thin line from it to its point."""
    line = {"arrowstyle": "-", "color": style.soft(options), "linewidth": 0.4, "shrinkA": 0.5, "shrinkB": 3}
    x, y = axis.transData.inverted().transform(at.middle / scale)
    offset = at.box[:2] - at.middle
    axis.annotate(
        name,
        (float(x), float(y)),
        (float(offset[0]), float(offset[1])),
        textcoords="offset points",
        fontsize=options.small,
        va="bottom",
        zorder=6,
        arrowprops=line if at.led else None,
    ).set_in_layout(False)


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


def _distance(box: np.ndarray, points: np.ndarray) -> float:
    """From a box to the nearest of points, float64 [n,2]; infinite without any."""
    apart = points - np.clip(points, box[:2], box[2:])
    return float(np.hypot(*apart.T).min()) if len(points) else math.inf


def _hits(one: np.ndarray, other: np.ndarray, gap: float) -> bool:
    return bool((one[:2] < other[2:] + gap).all() and (other[:2] < one[2:] + gap).all())


def _covered(box: np.ndarray, points: np.ndarray) -> int:
    return int(((points >= box[:2] - _CLEAR) & (points <= box[2:] + _CLEAR)).all(axis=1).sum())
