"""Axes: their ends, which stay in the range that a metric can have, and ticks that are plain numbers."""

import math
from typing import TYPE_CHECKING

from disentool.metrics import METRICS
from disentool.plots.style import Ends
from disentool.results.labels import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGIN = 0.06  # of what is drawn, to either side
ANY = (-math.inf, math.inf)


def range_of(metric: str, measure: str | None = None) -> tuple[float, float]:
    """The lowest and the highest score of a metric by that measure; of a metric of the user's own any."""
    return METRICS[metric].by_measure(measure).range if metric in METRICS else ANY


def limit(axis: "Axes", which: str, bounds: tuple[float, float], asked: Ends = (None, None)) -> None:
    """Set the ends of the x or y axis: those ``asked`` for, else what is drawn and a margin, inside ``bounds``.

    No margin crosses 0.
    """
    from matplotlib.ticker import FixedLocator

    low, high = axis.dataLim.intervalx if which == "x" else axis.dataLim.intervaly
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = (0.0, 1.0)
    chosen = axis.xaxis if which == "x" else axis.yaxis
    if chosen.get_scale() == "log":
        low = low if low > 0 else (axis.dataLim.minposx if which == "x" else axis.dataLim.minposy)
        room = (high / low) ** _MARGIN if high > low else 1.5
        ends = (low / room, high * room)
    else:
        room = _MARGIN * (high - low) or 0.05 * abs(high) or 0.5
        above = high > 0 or low == 0
        ends = (low - room if low < 0 else max(0.0, low - room), high + room if above else min(0.0, high + room))
    ends = (max(ends[0], bounds[0]), min(ends[1], bounds[1]))
    ends = (ends[0] if asked[0] is None else asked[0], ends[1] if asked[1] is None else asked[1])
    (axis.set_xlim if which == "x" else axis.set_ylim)(*ends)
    if chosen.get_scale() == "log":
        chosen.set_major_locator(FixedLocator(_log_ticks(*(axis.get_xlim() if which == "x" else axis.get_ylim()))))


def steps(axis: "Axes") -> None:
    """Training steps as 500, 20k, 1.5M on the x axis, which is called so."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_xlabel("training step")


def logarithmic(axis: "Axes", which: str) -> None:
    """A logarithmic axis whose ticks are plain numbers; :func:`limit` chooses them."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    (axis.set_xscale if which == "x" else axis.set_yscale)("log")
    chosen = axis.xaxis if which == "x" else axis.yaxis
    chosen.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    chosen.set_minor_formatter(NullFormatter())


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten; between fewer than three of them 1, 2 and 5 times one; on a shorter axis evenly spaced numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    locators = (
        (LogLocator(numticks=8), 3),
        (LogLocator(subs=(1.0, 2.0, 5.0), numticks=8), 3),
        (MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]), 1),
    )
    for locator, least in locators:
        ticks = [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]
        if len(ticks) >= least:
            break
    return ticks


def few(axis: "Axes", which: str, most: int = 5) -> None:
    """At most so many ticks, at round numbers."""
    from matplotlib.ticker import MaxNLocator

    chosen = axis.xaxis if which == "x" else axis.yaxis
    chosen.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
