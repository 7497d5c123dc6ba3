"""Methods by metrics: for each metric a panel, in it for each setting the seeds, their mean and its interval."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import style, tables
from disentool.plots.panels import panels, refuse_more
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Table

READS = (SCORE.name,)
USES = frozenset({"metrics"})
_COLUMNS, _MOST = 4, 60  # panels side by side, settings


def draw(found: list[Table], options: Options) -> Drawing:
    """Settings down, a panel for each metric. A run with several snapshots counts with its last.

    Bars are Student's intervals over seeds; of a single seed the metric's own, its mark hollow.
    """
    rows = tables.scores(found)
    columns = list(dict.fromkeys(map(score_records.column, rows)))
    wanted = score_records.split(options.metrics)
    chosen = [score_records.find(name, columns) for name in wanted] if wanted else columns
    shown = {}
    for name in chosen:
        if own := tables.of_metric(rows, name):
            shown[name] = own
    if not shown:
        raise DataMismatch("the records hold no finite score; score other models")
    everything = [record for own in shown.values() for record in own]
    settings = dict(zip(map(id, everything), tables.settings(everything), strict=True))
    order = tables.in_order(settings.values())
    refuse_more(len(order), _MOST, "settings", "plot fewer records")
    figure, axes = panels(options, len(shown), _COLUMNS, 12, 14 + 4.5 * len(order), sharey=True)
    methods = list(dict.fromkeys(setting.method for setting in order))
    counts, hollow = [], False
    for axis, (name, own) in zip(axes, shown.items(), strict=True):
        for place, setting in enumerate(order):
            scores = _by_seed([record for record in own if settings[id(record)] == setting])
            if scores:
                counts.append(len(scores))
                look = style.look(methods.index(setting.method))
                hollow = _draw_row(axis, place, scores, look, options) or hollow
        axis.set_title(_title(name, rows))
        axis.margins(x=0.08)
        axis.grid(False, axis="y")
    axes[0].set_yticks(range(len(order)), [setting.label for setting in order])
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    caption = f"{tables.counted(counts, 'seed')} a setting: each faint, the mean"
    caption += " and its 95 % interval (Student's t)." if max(counts) > 1 else "."
    if any(axis.get_title(loc="left")[-1:] in "↑↓" for axis in axes):
        caption += " ↑: higher is better; ↓: lower is."
    if hollow:
        caption += " Hollow: one seed, with the metric's own interval, which is not over training runs."
    return Drawing(figure, caption)


def _title(name: str, rows: list[dict[str, Any]]) -> str:
    """A metric, with its protocol where the records hold several, and which way is better."""
    metric, _, protocol = name.rpartition("@")
    its = [record for record in rows if record["metric"] == metric]
    several = len({record["protocol"] for record in its}) > 1
    measures = {str(record["details"].get("measure")) for record in its}
    arrow = style.arrow(metric, *measures) if len(measures) == 1 else ""
    return " ".join(filter(None, [style.words(f"{metric} ({protocol})" if several else metric, 30), arrow]))


def _by_seed(own: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The records of each seed at its last step."""
    seeds: dict[str, dict[float, list[dict[str, Any]]]] = {}
    for record in own:
        step = tables.step(record)
        seeds.setdefault(tables.seed(record), {}).setdefault(0.0 if math.isnan(step) else step, []).append(record)
    return [steps[max(steps)] for steps in seeds.values()]


def _draw_row(axis: Any, place: int, seeds: list[list[dict[str, Any]]], look: dict[str, Any], options: Options) -> bool:
    """One setting's scores on one line; whether there is one seed only."""
    values = [float(np.mean([score_records.value(record) for record in own])) for own in seeds]
    average, interval = tables.mean(values)
    single = len(values) == 1
    if single and len(seeds[0]) == 1:
        interval = tables.interval(seeds[0][0])
    colour = look["color"]
    if not single:
        axis.plot(values, [place] * len(values), "|", color=colour, markersize=5, markeredgewidth=0.7, alpha=0.6)
    low, high = interval or (average, average)
    axis.errorbar(
        average,
        place,
        xerr=[[max(0.0, average - low)], [max(0.0, high - average)]],
        fmt=look["marker"],
        color=colour,
        markersize=4.2,
        markerfacecolor=style.paper(options) if single else colour,
        markeredgewidth=0.8,
        elinewidth=0.9,
        zorder=4,
    )
    return single
