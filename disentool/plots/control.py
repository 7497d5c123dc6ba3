"""A property against t along a direction, with its spread: section 4 of Plumerault et al. (2020)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import axes, control_records, style
from disentool.plots.control_records import ControlRecord
from disentool.plots.panels import handle, panels, refuse_more
from disentool.plots.style import Drawing, Options
from disentool.results.labels import count_range, words
from disentool.results.reading import Table
from disentool.results.seeds import LEAST, over_seeds
from disentool.results.settings import in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES: frozenset[str] = frozenset({"xlim", "ylim"})
_MOST = 12  # panels
_DASHED = (3, 2)

Curve = tuple[np.ndarray, np.ndarray, np.ndarray]  # t, mean and standard deviation of the property, float64 [n]


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each direction; in it the property against t of each setting of the generator, and what was asked."""
    shown: dict[tuple[str, str, str], list[tuple[ControlRecord, Curve]]] = {}
    left_out = 0
    for one in control_records.read(found):
        if (curve := _curve(one)) is not None:
            shown.setdefault((one.transform, one.measured, one.unit), []).append((one, curve))
        else:
            left_out += 1
    if not shown:
        raise DataMismatch(
            "no control record holds a curve of t; `disentool score dirs.h5 --metric control` prints one"
        )
    refuse_more(len(shown), _MOST, "directions", "plot fewer records")
    figure, panes = panels(options, len(shown), 40)
    order = in_order(one.setting for own in shown.values() for one, _ in own)
    looks = {setting: style.look(index, options) for index, setting in enumerate(order)}
    counts = []
    for axis, ((transform, measured, unit), own) in zip(panes, shown.items(), strict=True):
        for setting in order:
            curves = [curve for one, curve in own if one.setting == setting]
            if curves:
                counts.append(len(curves))
                _draw(axis, curves, looks[setting])
        _asked(axis, [curve for _, curve in own], options)
        axis.set_title(words(transform, 30))
        axis.set_xlabel(f"asked: t ({words(own[0][0].details.get('t_unit', unit))})")
        axis.set_ylabel(f"measured: {words(measured)} ({words(unit)})")
        axes.few(axis, "x")
        axes.limit(axis, "x", axes.ANY, options.xlim)
        axes.limit(axis, "y", axes.ANY, options.ylim)
    dashed = handle("as asked", {"color": style.soft(options)}, linewidth=0.8, dashes=_DASHED)
    handles = (*(handle(s.called(options.names), look, markersize=3) for s, look in looks.items()), dashed)
    return Drawing(figure, _caption(shown, counts, left_out), (), handles, 40)


def _caption(shown: dict[Any, list[tuple[ControlRecord, Curve]]], counts: list[int], left_out: int) -> str:
    starts = {n for own in shown.values() for one, _ in own if isinstance(n := one.details.get("starts"), int)}
    of = f" of {count_range(sorted(starts), 'start')}" if starts else ""
    parts = [f"Lines: the property's mean{of} at each t, within the range that was fitted."]
    parts.append("Bands: one standard deviation over starts to either side.")
    if max(counts) >= LEAST:
        many = count_range([count for count in counts if count >= LEAST], "seed")
        parts.append(f"Means over {many} of the generator, with 95 % intervals (Student's t).")
    parts.append("Dashed: as asked, from where the images are at t = 0.")
    if left_out:
        parts.append(f"Left out: {count_range([left_out], 'record')} without a curve of t.")
    return " ".join(parts)


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


def _draw(axis: "Axes", curves: list[Curve], look: dict[str, Any]) -> None:
    """One setting: the mean over its seeds where all were fitted, or each of fewer than three seeds."""
    low, high = max(t[0] for t, _, _ in curves), min(t[-1] for t, _, _ in curves)
    plain = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 0.9}
    if len(curves) < LEAST or not low < high:
        for t, mean, deviation in curves:
            _band(axis, t, mean, deviation, look)
            axis.plot(t, mean, marker=look["marker"], markersize=2.6, **plain)
        return
    t = np.linspace(low, high, min(len(t) for t, _, _ in curves))
    average, half = over_seeds(np.array([np.interp(t, at, mean) for at, mean, _ in curves]))
    deviation = np.sqrt(np.mean([np.interp(t, at, std) ** 2 for at, _, std in curves], axis=0))
    _band(axis, t, average, deviation, look)
    axis.errorbar(t, average, half, marker=look["marker"], markersize=2.6, elinewidth=0.7, **plain)


def _band(axis: "Axes", t: np.ndarray, mean: np.ndarray, deviation: np.ndarray, look: dict[str, Any]) -> None:
    axis.fill_between(t, mean - deviation, mean + deviation, color=look["color"], alpha=0.16, linewidth=0)


def _asked(axis: "Axes", curves: list[Curve], options: Options) -> None:
    """The line of slope 1 through the curves' mean at t = 0."""
    low, high = min(curve[0][0] for curve in curves), max(curve[0][-1] for curve in curves)
    middle = float(np.mean([np.interp(0.0, curve[0], curve[1]) for curve in curves]))
    axis.plot([low, high], [middle + low, middle + high], color=style.soft(options), linewidth=0.8, dashes=_DASHED)
