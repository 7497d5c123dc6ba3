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
from disentool.results.labels import count_range
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES: frozenset[str] = frozenset({"xlim"})
_PROBES = (("clean", "logistic"), ("clean", "mlp"), ("noisy", "logistic"), ("noisy", "mlp"))
_CALLED = {"logistic": "logistic regression", "mlp": "MLP"}
_DOTTED = (0, (1, 1.5))
_MOST = 24  # settings
_PROBE = 2.3  # mm, of a probe's line
_APART = 1.0  # lines, between settings
_PARTS = {
    "training": "rows trained on",
    "held_out_rows": "rows held out",
    "held_out_classes": "classes held out",
    "all_rows": "all rows",
}


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each part of the data; in it for each setting a line of every probe: the mean over seeds, and each.

    Codes of one model from its encoder and those it optimised are two settings.
    """
    rows = [record for record in tables.scores(found) if record["metric"] == "leakage"]
    if not rows:
        raise DataMismatch("the records hold no leakage; `disentool score --metric leakage` prints it")
    models = [_model(row) for row in rows]
    parts: dict[str, dict[Setting, list[dict[str, Any]]]] = {}
    for row, setting in zip(rows, settings(models), strict=True):
        held = row["details"].get("parts")
        for name, part in held.items() if isinstance(held, dict) else ():
            if name in _PARTS and isinstance(part, dict) and np.isfinite(_accuracies(part)).any():
                parts.setdefault(name, {}).setdefault(setting, []).append(part)
    if not parts:
        raise DataMismatch("no leakage record holds the accuracies of its probes")
    order = in_order(setting for own in parts.values() for setting in own)
    refuse_more(len(order), _MOST, "settings", "plot fewer records")
    names = [name for name in _PARTS if name in parts]
    width = options.width or (style.COLUMN if len(names) == 1 else style.PAGE)
    labels, beside = row_labels([setting.called(options.names) for setting in order], options, width)
    tall = _PROBE * (len(_PROBES) + _APART) * len(order) * options.points / style.TEXT
    figure, panes = panels(options, len(names), tall, least=32, most=4, beside=beside, sharey=True)
    counts = []
    for axis, name in zip(panes, names, strict=True):
        for place, setting in enumerate(order):
            if own := parts[name].get(setting):
                counts.append(len(own))
                _lines(axis, place, np.array([_accuracies(part) for part in own]), options)
        _chance(axis, [part for own in parts[name].values() for part in own], options)
        axis.set_title(_PARTS[name])
        axes.few(axis, "x", 5)
        axis.set_xlim(*(end if asked is None else asked for end, asked in zip((0.0, 1.0), options.xlim, strict=True)))
        axis.set_xlabel("accuracy of class from content (share)")
        axis.grid(False, axis="y")
    panes[0].set_yticks(range(len(order)), labels)
    panes[0].set_ylim(len(order) - 0.5, -0.5)
    return Drawing(figure, _caption(counts), (), tuple(_handles(options)), tall)


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


def _chance(axis: "Axes", parts: list[dict[str, Any]], options: Options) -> None:
    held = (part.get("class_from_content") for part in parts)
    levels = {number(each.get("chance")) for each in held if isinstance(each, dict)}
    for level in sorted(level for level in levels if np.isfinite(level)):
        axis.axvline(level, color=style.soft(options), linewidth=0.8, linestyle=_DOTTED)


def _handles(options: Options) -> list[Any]:
    made = [mark_handle(f"{_CALLED[probe]}, {kind}", _look(n, options)) for n, (kind, probe) in enumerate(_PROBES)]
    return [*made, handle("chance", {"color": style.soft(options)}, linewidth=0.8, linestyle=_DOTTED)]
