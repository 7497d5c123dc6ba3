"""How well the class is read off content codes, of several methods: the lower the better."""

from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import axes, marks, style, tables
from disentool.plots.control_records import number
from disentool.plots.panels import handle, mark_handle, panels, refuse_more, row_labels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.data_sets import data_names
from disentool.results.labels import count_range, words
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES: frozenset[str] = frozenset({"xlim"})
_PROBES = (("clean", "logistic"), ("clean", "mlp"), ("noisy", "logistic"), ("noisy", "mlp"))
_CALLED = {"logistic": "logistic regression", "mlp": "MLP"}
_DOTTED = (0, (1, 1.5))
_MOST, _MOST_PANELS = 24, 12  # settings of a data set, panels
_LEAST = 32.0  # mm, of a panel's width
_PROBE, _LINE = 2.3, 2.6  # mm, of a probe's line, and of a line of a setting's name
_APART = 1.0  # lines, between settings
_PARTS = {
    "training": "rows trained on",
    "held_out_rows": "rows held out",
    "held_out_classes": "classes held out",
    "all_rows": "all rows",
}


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each part of each data set; in it for each setting a line of every probe: their mean, and each seed.

    Codes of one model from its encoder and those it optimised are two settings.
    """
    rows = [record for record in tables.scores(found) if record["metric"] == "leakage"]
    if not rows:
        raise DataMismatch("the records hold no leakage; `disentool score --metric leakage` prints it")
    sets = _sets(rows)
    if not sets:
        raise DataMismatch("no leakage record holds the accuracies of its probes")
    order = {data: in_order(setting for own in parts.values() for setting in own) for data, parts in sets.items()}
    most = max(map(len, order.values()))
    refuse_more(most, _MOST, "settings", "plot fewer records")
    names = [name for name in _PARTS if any(name in parts for parts in sets.values())]
    shown = [(data, name) for data in sets for name in names]
    refuse_more(len(shown), _MOST_PANELS, "parts of data sets", "plot the records of fewer data sets")
    width = options.width or (style.COLUMN if len(shown) == 1 else style.PAGE)
    called = [setting.called(options.names) for own in order.values() for setting in own]
    broken, beside = row_labels(called, options, width)
    labels = dict(zip(called, broken, strict=True))
    lines = max(label.count("\n") + 1 for label in broken)
    tall = max(_PROBE * (len(_PROBES) + _APART), _LINE * (lines + 0.5)) * most * options.points / style.TEXT
    columns = len(names) if len(sets) == 1 or width - beside >= _LEAST * len(names) else 1  # a line has one data set
    figure, panes = panels(options, len(shown), tall, least=_LEAST, most=columns, beside=beside, sharey="row")
    counts = []
    for axis, (data, name) in zip(panes, shown, strict=True):
        parts = sets[data].get(name, {})
        for place, setting in enumerate(order[data]):
            if own := parts.get(setting):
                counts.append(len(own))
                _lines(axis, place, np.array([_accuracies(part) for part in own]), options)
                _chance(axis, place, own, options)
        axis.set_title(f"{words(data)}: {_PARTS[name]}" if len(sets) > 1 else _PARTS[name])
        axes.few(axis, "x", 5)
        axis.set_xlim(*(end if asked is None else asked for end, asked in zip((0.0, 1.0), options.xlim, strict=True)))
        axis.set_xlabel("accuracy of class from content (share)")
        axis.grid(False, axis="y")
        if (spec := axis.get_subplotspec()) is not None and spec.is_first_col():
            axis.set_yticks(range(len(order[data])), [labels[s.called(options.names)] for s in order[data]])
            axis.set_ylim(most - 0.5, -0.5)
        if not parts:
            axis.set_axis_off()
    return Drawing(figure, _caption(counts), (), tuple(_handles(options)), tall)


def _sets(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[Setting, list[dict[str, Any]]]]]:
    """Data set -> part of it -> setting -> what the records hold of the part; settings are those of one data set."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row, data in zip(rows, data_names(rows), strict=True):
        of.setdefault(data or "", []).append(row)
    found: dict[str, dict[str, dict[Setting, list[dict[str, Any]]]]] = {}
    for data, own in of.items():
        for row, setting in zip(own, settings([_model(row) for row in own]), strict=True):
            held = row["details"].get("parts")
            for name, part in held.items() if isinstance(held, dict) else ():
                if name in _PARTS and isinstance(part, dict) and np.isfinite(_accuracies(part)).any():
                    found.setdefault(data, {}).setdefault(name, {}).setdefault(setting, []).append(part)
    return found


def _caption(counts: list[int]) -> str:
    parts = [f"{count_range(counts, 'seed')} a setting."]
    if max(counts) >= seeds.LEAST:
        parts.append("Marks with bars: means with 95 % intervals (Student's t); ticks: each seed.")
    if min(counts) < seeds.LEAST:
        parts.append(f"Marks without bars: single seeds, where there are fewer than {seeds.LEAST}.")
    parts.append("Noisy: codes with the noise of training. Less is better, at equal reconstruction.")
    return " ".join(parts)


def _model(row: dict[str, Any]) -> dict[str, Any]:
    """A record's model, whose options are its own and where its codes are from."""
    config = row.get("config")
    of = {"codes": row["codes"]} if row.get("codes") else {}
    return {**row, "config": config | of if isinstance(config, dict) else of}


def _accuracies(part: dict[str, Any]) -> np.ndarray:
    """Of each probe, float64 [4]; NaN where the record has none."""
    found = []
    for kind, probe in _PROBES:
        held = part.get("class_from_content")
        held = held.get(kind) if isinstance(held, dict) else None
        held = held.get(probe) if isinstance(held, dict) else None
        found.append(number(held.get("mean")) if isinstance(held, dict) else np.nan)
    return np.array(found)


def _lines(axis: "Axes", place: int, values: np.ndarray, options: Options) -> None:
    """The probes of one setting, float64 [models,4], from above downwards."""
    step = 1 / (len(_PROBES) + _APART)
    for which, each in enumerate(values.T):
        found = seeds.summary(each)
        height = place + (which - (len(_PROBES) - 1) / 2) * step
        look = _look(which, options)
        if found.grouped:
            axis.plot(found.values, [height] * len(found.values), "|", color=look["color"], markersize=4, alpha=0.5)
            low, high = marks.interval(found, (0.0, 1.0)) or (found.mean, found.mean)
            axis.plot([low, high], [height] * 2, "-", color=look["color"], linewidth=0.9)
            axis.plot([found.mean], [height], markersize=4, zorder=5, **look | {"linestyle": ""})
        else:
            axis.plot(found.values, [height] * len(found.values), markersize=4, zorder=5, **look | {"linestyle": ""})


def _look(which: int, options: Options) -> dict[str, Any]:
    """A probe has one colour and mark; of clean codes it is filled, of noisy ones hollow."""
    look = style.look(which % 2, options)
    face = look["color"] if which < 2 else style.paper(options)
    return {"color": look["color"], "marker": look["marker"], "markerfacecolor": face, "markeredgewidth": 0.8}


def _chance(axis: "Axes", place: int, parts: list[dict[str, Any]], options: Options) -> None:
    """Beside the lines of a setting, as classes may differ between settings."""
    held = (part.get("class_from_content") for part in parts)
    levels = {number(each.get("chance")) for each in held if isinstance(each, dict)}
    for level in sorted(level for level in levels if np.isfinite(level)):
        ends = (place - 0.5, place + 0.5)
        axis.plot([level] * 2, ends, color=style.soft(options), linewidth=0.8, linestyle=_DOTTED, zorder=1)


def _handles(options: Options) -> list[Any]:
    made = [mark_handle(f"{_CALLED[probe]}, {kind}", _look(n, options)) for n, (kind, probe) in enumerate(_PROBES)]
    return [*made, handle("chance", {"color": style.soft(options)}, linewidth=0.8, linestyle=_DOTTED)]
