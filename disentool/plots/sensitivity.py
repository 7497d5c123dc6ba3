"""A metric against its own constants: how much a score depends on them (Kim & Mnih 2018, appendix B)."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import axes, marks, style, tables
from disentool.plots.panels import handle, panels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.labels import count_range, measure_of, short, words
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES = frozenset({"metrics", "xlim", "ylim"})
_MOST = 12  # panels
_BESIDE = 0.5  # of the room of a word or a number, which the settings share
_DODGE = 0.025  # of the axis, between two settings at a number

Lines = dict[Setting, dict[str, list[dict[str, Any]]]]  # setting -> value of the constant, as text -> its records


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each constant that varies, the others at their protocol's values; a line for each setting.

    Reads records of ``score --set NAME=VALUE``.
    """
    rows = tables.with_data(tables.scores(found))
    undefined = sum(not tables.finite(record) for record in rows)
    rows = [record for record in rows if tables.finite(record)]
    chosen = tables.chosen(rows, options.metrics)
    shown = [(name, key) for name in chosen for key in _varying(name, rows)]
    if not shown:
        raise DataMismatch(
            f"no constant of {', '.join(chosen) or 'a metric'} varies in the records;"
            " `disentool score --set NAME=VALUE` prints one for each value"
        )
    if len(shown) > _MOST:
        raise WrongUsage(f"{len(shown)} constants vary, and a figure holds {_MOST} panels; --metrics names fewer")
    of = dict(zip(map(id, rows), settings(rows), strict=True))
    order = in_order(of.values())
    looks = {setting: style.look(index, options) for index, setting in enumerate(order)}
    figure, panes = panels(options, len(shown), 36)
    counts: list[int] = []
    averaged: set[Setting] = set()
    own = False
    for axis, (name, key) in zip(panes, shown, strict=True):
        lines = _points(name, key, rows, of)
        metric = name.rpartition("@")[0]
        measure = measure_of(record for record in rows if score_records.column(record) == name)
        bounds = axes.range_of(metric, measure)
        place = _scale(axis, lines, options)
        for n, setting in enumerate(order):
            if setting in lines:
                own_place = _beside(axis, place, n, len(order))
                found_own = _draw_line(axis, lines[setting], own_place, looks[setting], options, bounds)
                own = own or found_own
                there = [len(seeds.at_the_end(some)) for some in lines[setting].values()]
                counts += there
                if max(there) >= seeds.LEAST:
                    averaged.add(setting)
        axis.set_xlabel(options.names.option(key))
        axis.set_ylabel(options.names.measured(metric, measure))
        axes.limit(axis, "y", bounds, options.ylim)
        if all(_number(text) is not None for text in place):
            axis.set_xlim(*options.xlim)
    in_key = {s: marks.in_key(looks[s], options, averaged=s in averaged) for s in order}
    handles = tuple(handle(s.called(options.names), in_key[s], markersize=3.2) for s in order)
    return Drawing(figure, _caption(counts, own, undefined), (), handles, 36)


def _caption(counts: list[int], own: bool, undefined: int) -> str:
    parts = []
    if max(counts) >= seeds.LEAST:
        many = count_range([count for count in counts if count >= seeds.LEAST], "seed")
        parts.append(f"Marks: means of {many}; bars: 95 % intervals (Student's t).")
    if min(counts) < seeds.LEAST:
        bars = ", with the metric's own 95 % intervals" if own else ""
        parts.append(f"Hollow marks: single seeds{bars}.")
    parts.append("The other constants are the protocol's.")
    if undefined:
        parts.append(f"Left out: {count_range([undefined], 'record')} without a finite score.")
    return " ".join(parts)


def _changed(record: dict[str, Any]) -> list[str]:
    changed = record["details"].get("changed_options")
    return [str(key) for key in changed] if isinstance(changed, list) else []


def _varying(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """The constants of a metric with two values or more, the others being unchanged."""
    own = [record for record in rows if score_records.column(record) == name]
    keys = dict.fromkeys(key for record in own for key in _changed(record))
    return [key for key in keys if len({_text(record, key) for record in own if set(_changed(record)) <= {key}}) > 1]


def _text(record: dict[str, Any], key: str) -> str:
    return repr(record["details"].get(key))


def _points(name: str, key: str, rows: list[dict[str, Any]], of: dict[int, Setting]) -> Lines:
    lines: Lines = {}
    for record in rows:
        if score_records.column(record) == name and set(_changed(record)) <= {key}:
            lines.setdefault(of[id(record)], {}).setdefault(_text(record, key), []).append(record)
    return lines


def _scale(axis: "Axes", lines: Lines, options: Options) -> dict[str, float]:
    """Where each value stands: numbers at their place, logarithmic where they span a decade; words evenly spaced."""
    texts = list(dict.fromkeys(text for line in lines.values() for text in line))
    place = {text: value for text in texts if (value := _number(text)) is not None}
    if len(place) < len(texts):
        texts.sort(key=lambda text: (text != "False", text != "True", _number(text) or 0.0))
        axis.set_xticks(range(len(texts)), [_word(text) for text in texts])
        axis.set_xlim(-0.5, len(texts) - 0.5)
        return {text: float(index) for index, text in enumerate(texts)}
    values = sorted(place.values())
    if values[0] > 0 and values[-1] >= 10 * values[0]:
        axis.set_xscale("log")
    axis.set_xticks(values, [short(value) for value in values])
    axis.minorticks_off()
    return place


def _beside(axis: "Axes", place: dict[str, float], which: int, count: int) -> dict[str, float]:
    """Where the values of the n-th of several settings stand: beside each other, so that none hides another.

    Between numbers, which have their ticks where they are, the room is small.
    """
    if count == 1:
        return place
    if any(_number(text) is None for text in place):
        return {text: at + _BESIDE * (which / (count - 1) - 0.5) for text, at in place.items()}
    scale = axis.xaxis.get_transform()
    at = np.asarray(scale.transform(np.array(list(place.values()))))
    room = min(_DODGE * (count - 1) * np.ptp(at), _BESIDE * np.diff(np.sort(at)).min())
    moved = scale.inverted().transform(at + room * (which / (count - 1) - 0.5))
    return dict(zip(place, moved.tolist(), strict=True))


def _word(text: str) -> str:
    return {"True": "on", "False": "off", "None": "none"}.get(text, words(text.strip("'"), 16))


def _draw_line(
    axis: "Axes",
    line: dict[str, list[dict[str, Any]]],
    place: dict[str, float],
    look: dict[str, Any],
    options: Options,
    bounds: tuple[float, float],
) -> bool:
    """One setting's scores; whether a metric's own interval is among them."""
    own = sorted(line, key=lambda text: place[text])
    scores = [seeds.scores(line[text]) for text in own]
    numbers = all(_number(text) is not None for text in place)
    if numbers:  # between words there is nothing
        plain = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 0.8}
        axis.plot([place[text] for text in own], [one.mean for one in scores], **plain, zorder=2)
    found = False
    for text, one in zip(own, scores, strict=True):
        if one.grouped:
            marks.with_bars(axis, (place[text], one.mean), None, marks.interval(one, bounds), look, options, 3.4)
            continue
        axis.plot(
            [place[text]] * len(one.values), one.values, look["marker"], **marks.hollow(look, options), markersize=3.4
        )
        if len(line[text]) == 1 and (ends := seeds.interval(line[text][0])):
            found = True
            x, (low, high) = place[text], (max(ends[0], bounds[0]), min(ends[1], bounds[1]))
            axis.plot([x, x], [low, high], "-", color=look["color"], linewidth=0.7, zorder=1)
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
