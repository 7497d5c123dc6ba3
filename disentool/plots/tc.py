"""Total correlation over training, estimated and true: figure 7 of Kim & Mnih (2018)."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import axes, marks, style, tables
from disentool.plots.axes import ANY
from disentool.plots.panels import handle, mark_handle, panels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.labels import count_range
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES = frozenset({"xlim", "ylim"})
_TRUE, _ESTIMATES = "mixture", ("discriminator", "gaussian")
_DASHES = ("-", (0, (3, 1.5)))  # true, estimated
_ESTIMATED = "*"  # its mark, which no setting has

Points = dict[Setting, dict[float, list[tuple[float, float]]]]  # setting -> step -> (true, estimate) of each seed


def draw(found: list[Table], options: Options) -> Drawing:
    """Left both against steps, if there are several; right the estimate against the truth, and where they are equal.

    Reads records of ``--metric tc``, whose details hold every estimate. The estimate is the discriminator's where any
    model has one, else the Gaussian one.
    """
    rows = tables.with_data([record for record in tables.scores(found) if record["metric"] == "tc"])
    if not rows:
        raise DataMismatch("the records hold no total correlation; `disentool score --metric tc` prints it")
    points, which, left_out = _points(rows)
    steps = {step for each in points.values() for step in each}
    over = len(steps) > 1
    figure, panes = panels(options, 2 if over else 1, 50, least=48)
    order = in_order(points)
    for index, setting in enumerate(order):
        look = style.look(index, options)
        if over:
            _over_steps(panes[0], points[setting], look, options)
        flat = np.array([pair for pairs in points[setting].values() for pair in pairs])
        panes[-1].plot(*flat.T, look["marker"], color=look["color"], markersize=3.2, markeredgewidth=0, alpha=0.7)
    if over:
        panes[0].set_ylabel("total correlation (nats)")
        axes.steps(panes[0])
        axes.limit(panes[0], "x", (0.0, math.inf), options.xlim)
        axes.limit(panes[0], "y", ANY, options.ylim)
    _equality(panes[-1], options)
    if not over:
        panes[-1].set_xlim(*options.xlim)
        panes[-1].set_ylim(*options.ylim)
    panes[-1].set_xlabel("true total correlation (nats)")
    panes[-1].set_ylabel(f"{which.capitalize() if which == 'gaussian' else which} estimate (nats)")
    counts = [len(pairs) for each in points.values() for pairs in each.values()]
    caption = _caption(rows, counts, over, left_out)
    return Drawing(figure, caption, (), tuple(_handles(order, which, over, options)), 50)


def _caption(rows: list[dict[str, Any]], counts: list[int], over: bool, left_out: int) -> str:
    samples = {n for row in rows if isinstance(n := row["details"].get("samples"), int)}
    drawn = f" of {count_range(sorted(samples), 'draw')} of z" if samples else ""
    parts = [f"True: q(z) as the mixture of all posteriors, Monte Carlo means{drawn}."]
    number = count_range(counts, "seed")
    if over and max(counts) >= seeds.LEAST:
        many = count_range([count for count in counts if count >= seeds.LEAST], "seed")
        parts.append(f"Over steps: means of {many}, with 95 % intervals (Student's t).")
        parts.append("Against each other: each model.")
    elif over:
        parts.append(f"Hollow marks: single seeds ({number}).")
    else:
        parts.append(f"A mark a model, {number} a setting.")
    if left_out:
        parts.append(f"Left out: {count_range([left_out], 'record')} without both values.")
    return " ".join(parts)


def _points(rows: list[dict[str, Any]]) -> tuple[Points, str, int]:
    """The pairs, whose estimate they hold, and how many records hold none."""
    for which in _ESTIMATES:
        chosen = [(row, pair) for row in rows if (pair := _pair(row, which)) is not None]
        if chosen:
            break
    else:
        raise DataMismatch(
            "no record holds the true total correlation and an estimate of it; `disentool score --metric tc` of"
            " checkpoints, protocol mixture, prints both"
        )
    points: Points = {}
    for (row, pair), setting in zip(chosen, settings([row for row, _ in chosen]), strict=True):
        step = seeds.step(row)
        points.setdefault(setting, {}).setdefault(0.0 if math.isnan(step) else step, []).append(pair)
    return points, which, len(rows) - len(chosen)


def _pair(record: dict[str, Any], which: str) -> tuple[float, float] | None:
    """(true, estimate) in nats, if the record holds both."""
    estimates = record["details"].get("estimates")
    if not isinstance(estimates, dict):
        return None
    true, estimate = seeds.number(estimates.get(_TRUE)), seeds.number(estimates.get(which))
    return (true, estimate) if math.isfinite(true) and math.isfinite(estimate) else None


def _over_steps(
    axis: "Axes", each: dict[float, list[tuple[float, float]]], look: dict[str, Any], options: Options
) -> None:
    """Means over seeds, true as a line and estimated as dashes; below three seeds each as a hollow mark."""
    steps = sorted(each)
    for place, dashes in enumerate(_DASHES):
        found = [seeds.summary(pair[place] for pair in each[step]) for step in steps]
        own = look | {"marker": _ESTIMATED} if place else look
        axis.plot(steps, [one.mean for one in found], color=look["color"], linestyle=dashes, linewidth=0.8)
        for step, one in zip(steps, found, strict=True):
            if one.grouped:
                marks.with_bars(axis, (step, one.mean), None, marks.interval(one), own, options, 3.4 + place)
            else:
                level = [step] * len(one.values)
                axis.plot(level, one.values, own["marker"], **marks.hollow(own, options), markersize=3 + place)


def _equality(axis: "Axes", options: Options) -> None:
    """The line on which the estimate equals the truth."""
    low = min(0.0, axis.get_xlim()[0], axis.get_ylim()[0])
    high = max(axis.get_xlim()[1], axis.get_ylim()[1])
    axis.plot([low, high], [low, high], color=style.soft(options), linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=0)
    axis.set_xlim(low, high)
    axis.set_ylim(low, high)
    axis.set_aspect("equal")
    axis.locator_params(nbins=5)


def _handles(order: list[Setting], which: str, over: bool, options: Options) -> list[Any]:
    handles = [mark_handle(s.called(options.names), style.look(n, options)) for n, s in enumerate(order)]
    ink = {"color": style.soft(options)}
    if over:
        handles.append(handle("true", ink, linestyle="-"))
        handles.append(handle(f"{which} estimate", ink, linestyle=_DASHES[1], marker=_ESTIMATED, markersize=4))
    handles.append(handle("equal", ink, linestyle=(0, (1, 1.5)), linewidth=0.7))
    return handles
