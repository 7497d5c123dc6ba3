"""A score against the reconstruction error: figure 4 of Kim & Mnih (2018), with the way there over training."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import style, tables
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Setting, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES = frozenset({"metrics"})

Runs = dict[str, dict[float, tuple[float, float]]]  # seed -> step -> (reconstruction, score)


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each metric; its mean and interval over seeds for each setting, at the last step and on the way."""
    rows = tables.scores(found)
    names = score_records.split(options.metrics) or [_usual(rows)]
    options = options.sized(style.COLUMN if len(names) == 1 else style.PAGE, 70)
    figure = style.blank(options)
    methods: dict[str, int] = {}
    counts: list[int] = []
    way = False
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        runs = _runs(rows, name)
        for setting in tables.in_order(runs):
            look = style.look(methods.setdefault(setting.method, len(methods)))
            counts.append(len(_last(runs[setting])))
            way = _draw_setting(axis, setting, runs[setting], look, options) or way
        axis.set_xlabel("reconstruction error (nats per image)")
        axis.set_ylabel(f"{style.words(name)} score")
        axis.margins(0.12)
    style.legend(figure, [_handle(method, style.look(index)) for method, index in methods.items()])
    seeds = tables.counted(counts, "seed")
    caption = f"Mean of {seeds}" + (", bars: 95 % interval of the mean (Student's t)" if max(counts) > 1 else "")
    caption += "; faint: each seed" + (", over training, and their mean's way." if way else ".")
    return Drawing(figure, caption)


def _usual(rows: list[dict[str, Any]]) -> str:
    there = list(dict.fromkeys(record["metric"] for record in rows if record["metric"] != "reconstruction"))
    if not there:
        raise DataMismatch("the records hold no score beside reconstruction; `disentool score --metric factor,...`")
    return "factor" if "factor" in there else there[0]


def _runs(rows: list[dict[str, Any]], name: str) -> dict[Setting, Runs]:
    """Setting -> seed -> step -> (reconstruction, score), for the models that have both."""
    errors, scores = tables.of_metric(rows, "reconstruction"), tables.of_metric(rows, name)
    values: dict[str, list[list[float]]] = {}
    for place, some in enumerate((errors, scores)):
        for record in some:
            values.setdefault(record["id"], [[], []])[place].append(score_records.value(record))
    both = [record for record in scores if values[record["id"]][0]]
    if not both:
        raise DataMismatch(
            f"no model has both {name} and reconstruction; `disentool score --metric {name},reconstruction` prints them"
        )
    runs: dict[Setting, Runs] = {}
    for record, setting in zip(both, tables.settings(both), strict=True):
        x, y = (float(np.mean(part)) for part in values[record["id"]])
        at = tables.step(record)
        runs.setdefault(setting, {}).setdefault(tables.seed(record), {})[math.inf if math.isnan(at) else at] = (x, y)
    return runs


def _last(runs: Runs) -> np.ndarray:
    """Each seed's point at the last step that all have, else at its own last: float64 [seeds,2]."""
    common = set.intersection(*(set(steps) for steps in runs.values()))
    return np.array([steps[max(common or steps)] for steps in runs.values()])


def _draw_setting(axis: "Axes", setting: Setting, runs: Runs, look: dict[str, Any], options: Options) -> bool:
    """One setting's marks; whether there was a way to draw."""
    colour, mark = look["color"], look["marker"]
    points = _last(runs)
    everywhere = np.array([point for steps in runs.values() for point in steps.values()])
    axis.plot(*everywhere.T, mark, color=colour, markersize=1.6, markeredgewidth=0, alpha=0.35)
    axis.plot(*points.T, mark, color=colour, markersize=2.6, markeredgewidth=0, alpha=0.6)
    shared = sorted(set.intersection(*(set(steps) for steps in runs.values())))
    way = np.array([np.mean([steps[at] for steps in runs.values()], axis=0) for at in shared])
    if len(way) > 1:
        axis.plot(*way.T, color=colour, linewidth=0.8, alpha=0.7)
    (x, across), (y, up) = tables.mean(points[:, 0]), tables.mean(points[:, 1])
    axis.errorbar(
        x,
        y,
        xerr=None if across is None else [[x - across[0]], [across[1] - x]],
        yerr=None if up is None else [[y - up[0]], [up[1] - y]],
        fmt=mark,
        color=colour,
        markersize=5.5,
        markeredgecolor=style.paper(options),
        markeredgewidth=0.6,
        elinewidth=0.7,
        zorder=5,
    )
    if setting.values:
        axis.annotate(
            setting.options, (x, y), (4, 4), textcoords="offset points", fontsize=6, color=style.ink(options), zorder=6
        )
    return len(way) > 1


def _handle(method: str, look: dict[str, Any]) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=look["color"], marker=look["marker"], linestyle="", label=style.words(method))
