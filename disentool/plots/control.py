"""A property against t along a direction, with its spread: section 4 of Plumerault et al. (2020)."""

from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import control_records, style, tables
from disentool.plots.control_records import ControlRecord
from disentool.plots.panels import line_handle, panels, refuse_more
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Setting, Table

READS = (SCORE.name,)
USES: frozenset[str] = frozenset()
_COLUMNS, _MOST = 3, 12  # panels side by side, panels

Curve = tuple[np.ndarray, np.ndarray, np.ndarray]  # t, mean and standard deviation of the property, float64 [n]


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each direction; in it each generator's property against t, and what was asked for.

    Several seeds of one generator are several lines of one ink.
    """
    shown: dict[tuple[str, str, str], list[tuple[ControlRecord, Curve]]] = {}
    for one in control_records.read(found):
        if (curve := _curve(one)) is not None:
            shown.setdefault((one.transform, one.measured, one.unit), []).append((one, curve))
    if not shown:
        raise DataMismatch(
            "no control record holds a curve of t; `disentool score dirs.h5 --metric control` prints one"
        )
    refuse_more(len(shown), _MOST, "directions", "plot fewer records")
    figure, axes = panels(options, len(shown), _COLUMNS, 14, 54)
    order = tables.in_order(one.setting for own in shown.values() for one, _ in own)
    looks = {setting: style.look(index) for index, setting in enumerate(order)}
    for axis, ((transform, measured, unit), own) in zip(axes, shown.items(), strict=True):
        for one, curve in own:
            _line(axis, curve, looks[one.setting])
        _asked(axis, [curve for _, curve in own], options)
        axis.set_title(style.words(transform, 30))
        axis.set_xlabel(style.words(f"asked: t ({own[0][0].details.get('t_unit', unit)})"))
        axis.set_ylabel(style.words(f"measured: {measured} ({unit})"))
        axis.margins(0.03)
    style.legend(figure, [*(_handle(s, look) for s, look in looks.items()), _dashed(options)])
    starts = {n for own in shown.values() for one, _ in own if isinstance(n := one.details.get("starts"), int)}
    of = f" of {tables.counted(starts, 'start')}" if starts else ""
    caption = (
        f"Lines: the property's mean{of} at each t, within the range that was fitted; bands: one standard deviation"
    )
    caption += " to either side. Dashed: as asked, from where the images are at t = 0."
    return Drawing(figure, caption)


def _curve(one: ControlRecord) -> Curve | None:
    """What the record holds of it, where t is known."""
    held = one.details.get("curve")
    if not isinstance(held, dict):
        return None
    parts = [p for name in ("t", "mean", "std") if (p := control_records.numbers(held.get(name))) is not None]
    if len(parts) < 3 or len({len(part) for part in parts}) > 1:
        return None
    table = np.array(parts)
    table = table[:, np.isfinite(table).all(axis=0)]
    t, mean, std = table[:, np.argsort(table[0], kind="stable")]
    return (t, mean, std) if table.shape[1] > 1 else None


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
    return line_handle(setting.label, look, markersize=3)


def _dashed(options: Options) -> Any:
    return line_handle("as asked", {"color": style.soft(options)}, linewidth=0.8, dashes=(3, 2))
