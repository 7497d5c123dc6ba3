"""How the seeds of a setting are drawn: a mean with its interval, and each seed; below three seeds these alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.plots import style
from disentool.plots.axes import ANY
from disentool.plots.style import Options
from disentool.results.seeds import LEAST, Summary, over_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]


def across(
    axis: "Axes",
    place: float,
    found: Summary,
    look: dict[str, Any],
    options: Options,
    *,
    own: Interval | None = None,
    bounds: Interval = ANY,
) -> None:
    """A setting's scores along the line y = ``place``. ``own``: the interval of a single seed's score."""
    colour, mark = look["color"], look["marker"]
    level = [place] * len(found.values)
    if found.grouped:
        axis.plot(found.values, level, "|", color=colour, markersize=5, markeredgewidth=0.7, alpha=0.6)
        with_bars(axis, (found.mean, place), _ends(found, bounds), None, look, options)
        return
    if own and len(found.values) == 1:
        axis.plot([max(own[0], bounds[0]), min(own[1], bounds[1])], [place] * 2, "-", color=colour, linewidth=0.9)
    axis.plot(found.values, level, mark, **hollow(look, options), markersize=4.2, zorder=4)


def with_bars(
    axis: "Axes",
    at: tuple[float, float],
    x: Interval | None,
    y: Interval | None,
    look: dict[str, Any],
    options: Options,
    size: float = 4.2,
) -> None:
    """A mean with the ends of its intervals in x, in y, or in both."""
    bars = [None if ends is None else [[at[n] - ends[0]], [ends[1] - at[n]]] for n, ends in enumerate((x, y))]
    axis.errorbar(
        *at,
        xerr=bars[0],
        yerr=bars[1],
        fmt=look["marker"],
        color=look["color"],
        markersize=size,
        markeredgecolor=style.paper(options),
        markeredgewidth=0.5,
        elinewidth=0.9,
        zorder=5,
    )


def interval(found: Summary, bounds: Interval = ANY) -> Interval | None:
    """Student's interval of the mean, inside ``bounds``; None below three seeds."""
    return _ends(found, bounds) if found.grouped else None


def _ends(found: Summary, bounds: Interval) -> Interval:
    return max(bounds[0], found.mean - found.half_width), min(bounds[1], found.mean + found.half_width)


def cut(found: Summary, bounds: Interval) -> bool:
    """Whether an interval would leave ``bounds``."""
    reach = (found.mean - found.half_width, found.mean + found.half_width)
    return found.grouped and not (bounds[0] <= reach[0] and reach[1] <= bounds[1])


def hollow(look: dict[str, Any], options: Options) -> dict[str, Any]:
    """The mark of one seed, where no mean is drawn."""
    return {"color": look["color"], "markerfacecolor": style.paper(options), "markeredgewidth": 0.9}


def in_key(look: dict[str, Any], options: Options, *, averaged: bool) -> dict[str, Any]:
    """The look of a mark in the key: hollow, unless there is a mean (``averaged``), whose mark is filled."""
    return look if averaged else look | hollow(look, options)


def along(
    axis: "Axes",
    x: np.ndarray,
    seeds: Sequence[np.ndarray],
    look: dict[str, Any],
    options: Options,
    bounds: Interval = ANY,
    **more: Any,
) -> None:
    """Curves over ``x``, float64 [n] each: their mean in a band of its 95 % interval; below three each as a thin line.

    Over a single x the mean is a mark with a bar. The interval stays inside ``bounds``. ``more``: for the lines, such
    as marks.
    """
    table = np.array(seeds)
    plain = {"color": look["color"], "linestyle": look["linestyle"]} | more
    if len(table) < LEAST:
        for line in table:
            axis.plot(x, line, **{"linewidth": 0.8} | plain)
        return
    average, half = over_seeds(table)
    low, high = np.clip((average - half, average + half), *bounds)
    if len(x) == 1:
        with_bars(axis, (float(x[0]), float(average[0])), None, (float(low[0]), float(high[0])), look, options)
        return
    axis.fill_between(x, low, high, color=look["color"], alpha=0.2, linewidth=0)
    axis.plot(x, average, **plain)
