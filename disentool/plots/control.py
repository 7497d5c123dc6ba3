"""A property against t along a direction, with its spread: section 4 of Plumerault et al. (2020)."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io.schema import SCORE
from disentool.plots import controlled, style, tables
from disentool.plots.controlled import Controlled
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Setting, Table

READS = (SCORE.name,)
USES = frozenset()
_COLUMNS, _MOST = 3, 12  # panels side by side, panels

Curve = tuple[np.ndarray, np.ndarray, np.ndarray]  # t, mean and standard deviation of the property, float64 [n]


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each direction; in it each generator's property against t, and what was asked for.

    Several seeds of one generator are several lines of one ink.
    """
    panels: dict[tuple[str, str, str], list[tuple[Controlled, Curve]]] = {}
    for one in controlled.read(found):
        if (curve := _curve(one)) is not None:
            panels.setdefault((one.transform, one.measured, one.unit), []).append((one, curve))
    if not panels:
        raise DataMismatch(
            "no control record holds a curve of t; `disentool score dirs.h5 --metric control` prints one"
        )
    if len(panels) > _MOST:
        raise WrongUsage(f"{len(panels)} directions, and a figure holds {_MOST}; plot fewer records")
    columns = min(_COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    options = options.sized(style.COLUMN if columns == 1 else style.PAGE, 14 + 54 * lines)
    figure = style.blank(options)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    order = tables.in_order(one.setting for own in panels.values() for one, _ in own)
    looks = {setting: style.look(index) for index, setting in enumerate(order)}
    for axis, ((transform, measured, unit), own) in zip(axes, panels.items(), strict=False):
        for one, curve in own:
            _line(axis, curve, looks[one.setting])
        _asked(axis, [curve for _, curve in own], options)
        axis.set_title(style.words(transform, 30))
        axis.set_xlabel(style.words(f"asked: t ({own[0][0].details.get('t_unit', unit)})"))
        axis.set_ylabel(style.words(f"measured: {measured} ({unit})"))
        axis.margins(0.03)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    style.legend(figure, [*(_handle(s, look) for s, look in looks.items()), _dashed(options)])
    starts = {n for own in panels.values() for one, _ in own if isinstance(n := one.details.get("starts"), int)}
    of = f" of {tables.counted(starts, 'start')}" if starts else ""
    caption = (
        f"Lines: the property's mean{of} at each t, within the range that was fitted; bands: one standard deviation"
    )
    caption += " to either side. Dashed: as asked, from where the images are at t = 0."
    return Drawing(figure, caption)


def _curve(one: Controlled) -> Curve | None:
    """What the record holds of it, where t is known."""
    held = one.details.get("curve")
    parts = [controlled.numbers(held.get(name)) for name in ("t", "mean", "std")] if isinstance(held, dict) else [None]
    if any(part is None for part in parts) or len({len(part) for part in parts}) > 1:
        return None
    table = np.array(parts)
    table = table[:, np.isfinite(table).all(axis=0)]
    return tuple(table[:, np.argsort(table[0], kind="stable")]) if table.shape[1] > 1 else None


def _line(axis: Any, curve: Curve, look: dict[str, Any]) -> None:
    t, mean, deviation = curve
    axis.fill_between(t, mean - deviation, mean + deviation, color=look["color"], alpha=0.16, linewidth=0)
    axis.plot(t, mean, color=look["color"], marker=look["marker"], linestyle=look["linestyle"], markersize=2.6)


def _asked(axis: Any, curves: list[Curve], options: Options) -> None:
    """The line of slope 1 through the curves' mean at t = 0."""
    low, high = min(curve[0][0] for curve in curves), max(curve[0][-1] for curve in curves)
    middle = float(np.mean([np.interp(0.0, curve[0], curve[1]) for curve in curves]))
    axis.plot([low, high], [middle + low, middle + high], color=style.soft(options), linewidth=0.8, dashes=(3, 2))


def _handle(setting: Setting, look: dict[str, Any]) -> Any:
    from matplotlib.lines import Line2D

    drawn = {name: look[name] for name in ("color", "marker", "linestyle")}
    return Line2D([], [], label=setting.label, markersize=3, **drawn)


def _dashed(options: Options) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.soft(options), linewidth=0.8, dashes=(3, 2), label="as asked")
