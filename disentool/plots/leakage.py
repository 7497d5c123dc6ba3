"""How well the class is read off content codes, of several methods: the lower the better."""

from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.metrics import METRICS
from disentool.plots import style, tables
from disentool.plots.control_records import number
from disentool.plots.panels import refuse_more
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Setting, Table

READS = (SCORE.name,)
USES: frozenset[str] = frozenset()
_PROBES = (("clean", "logistic"), ("clean", "mlp"), ("noisy", "logistic"), ("noisy", "mlp"))
_MOST = 24  # settings
_PARTS = {
    "training": "rows trained on",
    "held_out_rows": "rows held out",
    "held_out_classes": "classes held out",
    "all_rows": "all rows",
}


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each part of the data; in it for each setting a bar of every probe, and each seed.

    Codes of one model from its encoder and those it optimised are two settings.
    """
    rows = [record for record in tables.scores(found) if record["metric"] == "leakage"]
    if not rows:
        raise DataMismatch("the records hold no leakage; `disentool score --metric leakage` prints it")
    models = [_model(row) for row in rows]
    panels: dict[str, dict[Setting, list[dict[str, Any]]]] = {}
    for row, setting in zip(rows, tables.settings(models), strict=True):
        parts = row["details"].get("parts")
        for name, part in parts.items() if isinstance(parts, dict) else ():
            if name in _PARTS and isinstance(part, dict) and np.isfinite(_accuracies(part)).any():
                panels.setdefault(name, {}).setdefault(setting, []).append(part)
    if not panels:
        raise DataMismatch("no leakage record holds the accuracies of its probes")
    order = tables.in_order(setting for own in panels.values() for setting in own)
    refuse_more(len(order), _MOST, "settings", "plot fewer records")
    names = [name for name in _PARTS if name in panels]
    options = options.sized(style.COLUMN if len(names) == 1 else style.PAGE, 24 + 10 * len(order))
    figure = style.blank(options)
    axes = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    counts = []
    for axis, name in zip(axes, names, strict=True):
        for place, setting in enumerate(order):
            if own := panels[name].get(setting):
                counts.append(len(own))
                _bars(axis, place, np.array([_accuracies(part) for part in own]), options)
        _chance(axis, [part for own in panels[name].values() for part in own], options)
        axis.set_title(_PARTS[name])
        axis.set_xlim(*METRICS["leakage"].range)
        axis.set_xlabel("accuracy of class from content")
        axis.grid(False, axis="y")
    axes[0].set_yticks(range(len(order)), [setting.label for setting in order])
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    style.legend(figure, _handles(options))
    caption = (
        f"Bars: means of {tables.counted(counts, 'model')} a setting; dots: each of them. Noisy: codes with the noise"
    )
    caption += " of training. Dotted: chance. Less is better, at equal reconstruction."
    return Drawing(figure, caption)


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


def _bars(axis: Any, place: int, values: np.ndarray, options: Options) -> None:
    """The probes of one setting, float64 [models,4], from above downwards."""
    for which, each in enumerate(values.T):
        each, height = each[np.isfinite(each)], place + (which - 1.5) * 0.19
        if len(each):
            axis.barh(height, each.mean(), 0.17, **_fill(which, options))
            axis.plot(each, [height] * len(each), "o", color=style.ink(options), markersize=1.4, markeredgewidth=0)


def _fill(which: int, options: Options) -> dict[str, Any]:
    """Clean probes are filled, noisy ones outlined; a probe has one colour."""
    colour = style.COLOURS[which % 2]
    face = colour if which < 2 else style.paper(options)
    return {"facecolor": face, "edgecolor": colour, "linewidth": 0.8}


def _chance(axis: Any, parts: list[dict[str, Any]], options: Options) -> None:
    held = (part.get("class_from_content") for part in parts)
    levels = {number(each.get("chance")) for each in held if isinstance(each, dict)}
    for level in sorted(level for level in levels if np.isfinite(level)):
        axis.axvline(level, color=style.soft(options), linewidth=0.8, linestyle=(0, (1, 1.5)))


def _handles(options: Options) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [Patch(label=f"{probe}, {kind}", **_fill(n, options)) for n, (kind, probe) in enumerate(_PROBES)]
    return [*bars, Line2D([], [], color=style.soft(options), linewidth=0.8, linestyle=(0, (1, 1.5)), label="chance")]
