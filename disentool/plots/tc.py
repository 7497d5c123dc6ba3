"""Total correlation over training, estimated and true: figure 7 of Kim & Mnih (2018)."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import style, tables
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Setting, Table

READS = (SCORE.name,)
USES: frozenset[str] = frozenset()
_TRUE, _ESTIMATES = "mixture", ("discriminator", "gaussian")

Points = dict[Setting, dict[float, list[tuple[float, float]]]]  # setting -> step -> (true, estimate) of each seed


def draw(found: list[Table], options: Options) -> Drawing:
    """Left both against steps, if there are several; right the estimate against the truth, and where they are equal.

    Reads records of ``--metric tc``, whose details hold every estimate. The estimate is the discriminator's where any
    model has one, else the Gaussian one.
    """
    rows = [record for record in tables.scores(found) if record["metric"] == "tc"]
    if not rows:
        raise DataMismatch("the records hold no total correlation; `disentool score --metric tc` prints it")
    points, which = _points(rows)
    steps = {step for each in points.values() for step in each}
    over = len(steps) > 1
    options = options.sized(style.PAGE if over else style.COLUMN, 72)
    figure = style.blank(options)
    axes = figure.subplots(1, 2 if over else 1, squeeze=False)[0]
    settings = tables.in_order(points)
    for index, setting in enumerate(settings):
        look = style.look(index)
        if over:
            _over_steps(axes[0], points[setting], look)
        flat = np.array([pair for pairs in points[setting].values() for pair in pairs])
        axes[-1].plot(*flat.T, look["marker"], color=look["color"], markersize=3.2, markeredgewidth=0, alpha=0.75)
    if over:
        axes[0].set_xlabel("step")
        axes[0].set_ylabel("total correlation (nats)")
        style.thousands(axes[0])
    _equality(axes[-1], options)
    axes[-1].set_xlabel("true total correlation (nats)")
    axes[-1].set_ylabel(f"{which} estimate (nats)")
    style.legend(figure, _handles(settings, which, over, options))
    seeds = tables.counted((len(pairs) for each in points.values() for pairs in each.values()), "seed")
    samples = {r["details"].get("samples") for r in rows if isinstance(r["details"].get("samples"), int)}
    drawn = f" of {tables.counted(samples, 'draw')} of z" if samples else ""
    caption = f"True: q(z) as the mixture of all posteriors, Monte Carlo means{drawn}."
    caption += f" Lines: means of {seeds}." if over else f" A mark a model, {seeds} a setting."
    return Drawing(figure, caption)


def _points(rows: list[dict[str, Any]]) -> tuple[Points, str]:
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
    for (row, pair), setting in zip(chosen, tables.settings([row for row, _ in chosen]), strict=True):
        step = tables.step(row)
        points.setdefault(setting, {}).setdefault(0.0 if math.isnan(step) else step, []).append(pair)
    return points, which


def _pair(record: dict[str, Any], which: str) -> tuple[float, float] | None:
    """(true, estimate) in nats, if the record holds both."""
    estimates = record["details"].get("estimates")
    if not isinstance(estimates, dict):
        return None
    true, estimate = tables.number(estimates.get(_TRUE)), tables.number(estimates.get(which))
    return (true, estimate) if math.isfinite(true) and math.isfinite(estimate) else None


def _over_steps(axis: Any, each: dict[float, list[tuple[float, float]]], look: dict[str, Any]) -> None:
    """Means over seeds, true as a line and estimated as dashes, with each seed's values behind them."""
    steps = sorted(each)
    for place, dashes in ((0, "-"), (1, (0, (3, 1.5)))):
        means = [float(np.mean([pair[place] for pair in each[step]])) for step in steps]
        axis.plot(steps, means, color=look["color"], linestyle=dashes, marker=look["marker"], markersize=2.6)
        for step in steps:
            own = [pair[place] for pair in each[step]]
            axis.plot([step] * len(own), own, look["marker"], color=look["color"], markersize=1.6, alpha=0.4)
    axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))


def _equality(axis: Any, options: Options) -> None:
    """The line on which the estimate equals the truth."""
    low = min(0.0, axis.get_xlim()[0], axis.get_ylim()[0])
    high = max(axis.get_xlim()[1], axis.get_ylim()[1])
    axis.plot([low, high], [low, high], color=style.soft(options), linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=0)
    axis.set_xlim(low, high)
    axis.set_ylim(low, high)
    axis.set_aspect("equal")


def _handles(settings: list[Setting], which: str, over: bool, options: Options) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = []
    for index, setting in enumerate(settings):
        look = style.look(index)
        handles.append(Line2D([], [], color=look["color"], marker=look["marker"], linestyle="", label=setting.label))
    ink = style.soft(options)
    if over:
        handles.append(Line2D([], [], color=ink, linestyle="-", label="true"))
        handles.append(Line2D([], [], color=ink, linestyle=(0, (3, 1.5)), label=which))
    handles.append(Line2D([], [], color=ink, linestyle=(0, (1, 1.5)), linewidth=0.7, label="equal"))
    return handles
