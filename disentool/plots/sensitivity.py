"""A metric against its own constants: how much a score depends on them (Kim & Mnih 2018, appendix B)."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import style, tables
from disentool.plots.panels import line_handle, panels
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Table

READS = (SCORE.name,)
USES = frozenset({"metrics"})
_COLUMNS, _MOST = 3, 12  # panels


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each constant that varies, the others at their protocol's values; a line for each model.

    Reads records of ``score --set NAME=VALUE``.
    """
    rows = [record for record in tables.scores(found) if math.isfinite(score_records.value(record))]
    columns = list(dict.fromkeys(map(score_records.column, rows)))
    wanted = score_records.split(options.metrics)
    chosen = [score_records.find(name, columns) for name in wanted] if wanted else columns
    shown = [(name, key) for name in chosen for key in _varying(name, rows)]
    if not shown:
        raise DataMismatch(
            f"no constant of {', '.join(chosen) or 'a metric'} varies in the records;"
            " `disentool score --set NAME=VALUE` prints one for each value"
        )
    if len(shown) > _MOST:
        raise WrongUsage(f"{len(shown)} constants vary, and a figure holds {_MOST} panels; --metrics names fewer")
    figure, axes = panels(options, len(shown), _COLUMNS, 18, 48)
    inks: dict[str, int] = {}
    many = 0
    for axis, (name, key) in zip(axes, shown, strict=True):
        of_key = _points(name, key, rows)
        for label, points in of_key.items():
            look = style.look(inks.setdefault(label, len(inks)))
            many = max(many, *(len(values) for values in points.values()))
            _draw_line(axis, list(of_key.values()), points, look)
        axis.set_xlabel(style.words(key.replace("_", " ")))
        axis.set_ylabel(f"{style.words(name.rpartition('@')[0])} score")
    style.legend(figure, [line_handle(label, style.look(index), markersize=3.2) for label, index in inks.items()])
    bars = "means and 95 % intervals over seeds of the metric" if many > 1 else "the metric's own 95 % intervals"
    return Drawing(figure, f"Bars: {bars}, where there are any. The other constants are the protocol's.")


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


def _points(name: str, key: str, rows: list[dict[str, Any]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Model -> value of the constant, as text -> its records."""
    own = [record for record in rows if score_records.column(record) == name and set(_changed(record)) <= {key}]
    lines: dict[str, dict[str, list[dict[str, Any]]]] = {}
    settings = tables.settings(own)
    alone = len({record["id"] for record in own}) == len(set(settings))  # a model each: its file's name adds nothing
    for record, setting in zip(own, settings, strict=True):
        label = setting.label if alone else style.words(record.get("artefact"))
        lines.setdefault(label, {}).setdefault(_text(record, key), []).append(record)
    return lines


def _draw_line(axis: Any, lines: list[dict[str, Any]], points: dict[str, Any], look: dict[str, Any]) -> None:
    """One model's scores: numbers at their place, logarithmic where they span a decade, words evenly spaced."""
    texts = list(dict.fromkeys(text for line in lines for text in line))
    place = {text: value for text in texts if (value := _number(text)) is not None}
    plain = len(place) == len(texts)
    if not plain:
        place = {text: float(index) for index, text in enumerate(texts)}
    order = sorted(texts, key=lambda text: place[text])
    own = [text for text in order if text in points]
    values, low, high = [], [], []
    for text in own:
        scores = [score_records.value(record) for record in points[text]]
        average, interval = tables.mean(scores)
        interval = interval or tables.interval(points[text][0]) or (average, average)
        values.append(average)
        low.append(max(0.0, average - interval[0]))
        high.append(max(0.0, interval[1] - average))
    x = [place[text] for text in own]
    look = look if plain else look | {"linestyle": ""}  # between words there is nothing
    axis.errorbar(x, values, yerr=[low, high], elinewidth=0.7, capsize=1.5, capthick=0.7, markersize=3.2, **look)
    if not plain:
        axis.set_xticks(range(len(order)), [style.words(text.strip("'"), 16) for text in order])
        return
    numbers_at = np.array(sorted(place.values()))
    if (numbers_at > 0).all() and numbers_at[-1] >= 10 * numbers_at[0]:
        axis.set_xscale("log")
    axis.set_xticks(numbers_at, [style.short(value) for value in numbers_at])
    axis.minorticks_off()


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
