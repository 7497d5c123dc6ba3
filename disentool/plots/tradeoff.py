"""A score against the reconstruction error: figure 4 of Kim & Mnih (2018), with the way there over training."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import axes, edges, marks, placing, tables
from disentool.plots.panels import mark_handle, panels
from disentool.plots.placing import Named
from disentool.plots.style import Drawing, Options, look
from disentool.results import seeds
from disentool.results.labels import count_range
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES = frozenset({"metrics", "xlim", "ylim"})
_MOST_NAMED = 8  # settings of a panel that are named by their options

Placed = list[tuple[Setting, list[tuple[float, float]], np.ndarray]]  # its marks, and its seeds, float64 [n,2]
Runs = dict[str, dict[float, tuple[float, float]]]  # seed -> step -> (reconstruction, score)


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each metric; its mean and interval over seeds for each setting, at the last step and on the way."""
    return _draw(found, options, numbered=False)


def _draw(found: list[Table], options: Options, *, numbered: bool) -> Drawing:
    """``numbered``: settings are told by numbers, as their names do not fit beside their points."""
    rows = tables.scores(found)
    names = _chosen(options) or [_usual(rows)]
    read = [_runs(rows, name) for name in names]
    figure, shown = panels(options, len(names), 52)
    methods: dict[str, int] = {}
    averaged: set[str] = set()  # methods with a mean, whose mark is filled
    counts: list[int] = []
    way = False
    placed: list[Placed] = []
    for axis, name, (runs, _) in zip(shown, names, read, strict=True):
        metric = name.partition("@")[0]
        bounds = (axes.range_of("reconstruction"), axes.range_of(metric))
        placed.append([])
        for setting in in_order(runs):
            ink = look(methods.setdefault(setting.method, len(methods)), options)
            counts.append(len(runs[setting]))
            at, there = _draw_setting(axis, runs[setting], ink, options, bounds)
            way = way or there
            if len(runs[setting]) >= seeds.LEAST:
                averaged.add(setting.method)
            placed[-1].append((setting, at, _last(runs[setting])))
        axis.set_xlabel(options.names.measured("reconstruction"))
        axis.set_ylabel(options.names.measured(metric))
        axes.limit(axis, "x", bounds[0], options.xlim)
        axes.limit(axis, "y", bounds[1], options.ylim)

    of_method = {m: marks.in_key(look(n, options), options, averaged=m in averaged) for m, n in methods.items()}
    numbered = numbered or max(sum(bool(s.values) for s, *_ in panel) for panel in placed) > _MOST_NAMED
    names_of, entries = _called(in_order(s for panel in placed for s, *_ in panel), options, numbered=numbered)
    handles = tuple(mark_handle(entry, of_method[setting.method]) for setting, entry in entries.items())

    def after() -> Drawing | None:
        apart = [_name(axis, panel, names_of, options, numbered) for axis, panel in zip(shown, placed, strict=True)]
        return None if all(apart) else _draw(found, options, numbered=True)

    undefined = sum(missing for _, missing in read)
    return Drawing(figure, _caption(counts, way, undefined), (), handles, 52, after)


def _called(order: list[Setting], options: Options, *, numbered: bool) -> tuple[dict[Setting, str], dict[Setting, str]]:
    """What stands beside the points of each setting, and the entries of the key.

    The key holds the methods, and their options stand beside the points; or it holds the settings by numbers, and the
    numbers stand beside the points.
    """
    if not numbered:
        first = {setting.method: setting for setting in reversed(order)}
        methods = dict.fromkeys(setting.method for setting in order)
        beside = {setting: setting.options_called(options.names) for setting in order}
        return beside, {first[m]: first[m].method_called(options.names) for m in methods}
    numbers = {s: str(n) for n, s in enumerate((s for s in order if s.values), 1)}
    entries = {s: ": ".join(filter(None, [numbers.get(s, ""), s.called(options.names)])) for s in order}
    return {s: numbers.get(s, "") for s in order}, entries


def _name(axis: "Axes", panel: Placed, names_of: dict[Setting, str], options: Options, numbered: bool) -> bool:
    """Write the names beside the points that are shown; whether they fit."""
    named = []
    for setting, at, each in panel:
        within, near = ([tuple(p) for p in np.array(some)[edges.inside(axis, np.array(some))]] for some in (at, each))
        if within:
            named.append(Named(names_of[setting], within, near))
    return placing.place(axis, named, options, alone=not numbered)


def _caption(counts: list[int], way: bool, undefined: int) -> str:
    some, most = min(counts), max(counts)
    parts = []
    if most >= seeds.LEAST:
        many = count_range([count for count in counts if count >= seeds.LEAST], "seed")
        parts.append(f"Large marks: means of {many} with 95 % intervals (Student's t).")
        parts.append("Small marks: each seed at its last step.")
    if some < seeds.LEAST:
        few = [count for count in counts if count < seeds.LEAST]
        told = count_range(few, "seed") + ("; dotted lines join those of a setting" if max(few) > 1 else "")
        parts.append(f"Hollow marks: single seeds, where there are fewer than {seeds.LEAST} ({told}).")
    if way:
        parts.append("Lines: the way there over training.")
    if undefined:
        parts.append(f"Left out: {count_range([undefined], 'model')} without a finite score.")
    return " ".join(parts)


def _chosen(options: Options) -> list[str]:
    """The metrics that were asked for, without the one that is the x axis."""
    asked = score_records.split(options.metrics)
    names = [name for name in asked if name.partition("@")[0] != "reconstruction"]
    if asked and not names:
        raise WrongUsage("--metrics reconstruction: is the x axis of plot tradeoff; name a metric to draw against it")
    return names


def _usual(rows: list[dict[str, Any]]) -> str:
    there = list(dict.fromkeys(record["metric"] for record in rows if record["metric"] != "reconstruction"))
    if not there:
        raise DataMismatch("the records hold no score beside reconstruction; `disentool score --metric factor,...`")
    return "factor" if "factor" in there else there[0]


def _runs(rows: list[dict[str, Any]], name: str) -> tuple[dict[Setting, Runs], int]:
    """Setting -> seed -> step -> (reconstruction, score), for models that have both; how many have one undefined."""
    errors, scores = tables.of_metric(rows, "reconstruction"), tables.of_metric(rows, name)
    values: dict[str, list[list[float]]] = {}
    for place, some in enumerate((errors, scores)):
        for record in some:
            values.setdefault(record["id"], [[], []])[place].append(score_records.value(record))
    both = [record for record in scores if values[record["id"]][0]]
    runs: dict[Setting, Runs] = {}
    undefined = set()
    for record, setting in zip(both, settings(both), strict=True):
        x, y = (float(np.mean(part)) for part in values[record["id"]])
        at = seeds.step(record)
        if math.isfinite(x) and math.isfinite(y):
            runs.setdefault(setting, {}).setdefault(seeds.seed(record), {})[math.inf if math.isnan(at) else at] = (x, y)
        else:
            undefined.add(record["id"])
    if not runs:
        raise DataMismatch(
            f"no model has both {name} and reconstruction; `disentool score --metric {name},reconstruction` prints them"
        )
    return runs, len(undefined)


def _last(runs: Runs) -> np.ndarray:
    """Each seed's point at the last step that all have, else at its own last: float64 [seeds,2]."""
    common = set.intersection(*(set(steps) for steps in runs.values()))
    return np.array([steps[max(common or steps)] for steps in runs.values()])


def _draw_setting(
    axis: "Axes",
    runs: Runs,
    look: dict[str, Any],
    options: Options,
    bounds: tuple[tuple[float, float], tuple[float, float]],
) -> tuple[list[tuple[float, float]], bool]:
    """One setting's marks; where its name may stand, and whether there was a way to draw.

    The name stands beside the mean, or beside one of the seeds where there is none.
    """
    colour, mark = look["color"], look["marker"]
    points = _last(runs)
    across, up = (seeds.summary(column) for column in points.T)
    shared = sorted(set.intersection(*(set(steps) for steps in runs.values())))
    if across.grouped:
        axis.plot(*points.T, mark, color=colour, markersize=2.2, markeredgewidth=0, alpha=0.45)
        ways = [np.array([np.mean([steps[at] for steps in runs.values()], axis=0) for at in shared])]
    else:
        axis.plot(*points.T, ":", color=colour, linewidth=0.7, alpha=0.8, zorder=1)
        axis.plot(*points.T, mark, **marks.hollow(look, options), markersize=4.2, zorder=5)
        ways = [np.array([steps[at] for at in sorted(steps)]) for steps in runs.values()]
    ways = [way for way in ways if len(way) > 1]
    for way in ways:
        axis.plot(*way.T, color=colour, linewidth=0.7, alpha=0.6, marker=".", markersize=2, zorder=1)
    if across.grouped:
        ends = (marks.interval(across, bounds[0]), marks.interval(up, bounds[1]))
        marks.with_bars(axis, (across.mean, up.mean), *ends, look, options, 5.2)
        return [(across.mean, up.mean)], bool(ways)
    return [(float(x), float(y)) for x, y in points], bool(ways)
