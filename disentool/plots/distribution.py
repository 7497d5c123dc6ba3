"""Whether a property is distributed as t was asked to be: section 3 of Plumerault et al. (2020)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import axes, control_records, style
from disentool.plots.control_records import ControlRecord
from disentool.plots.panels import handle, panels, refuse_more
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.labels import count_range, words
from disentool.results.reading import Table
from disentool.results.settings import Setting, in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES: frozenset[str] = frozenset({"xlim", "ylim"})
_MOST = 12  # panels
_DASHED = (3, 2)
_ROOM = 1.42  # of the highest density, so that the distances stand above all

Held = dict[str, np.ndarray]  # asked [2], edges [n+1], counts measured and moved [n]


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each direction of each setting: samples whose t was drawn evenly from its valid range.

    Of several seeds the mean of their densities.
    """
    shown: dict[tuple[Setting, str, str, str], list[tuple[ControlRecord, Held]]] = {}
    left_out = 0
    records = control_records.read(found)
    order = in_order(one.setting for one in records)
    for one in sorted(records, key=lambda one: order.index(one.setting)):
        if (held := _histogram(one)) is not None:
            shown.setdefault((one.setting, one.transform, one.measured, one.unit), []).append((one, held))
        else:
            left_out += 1
    if not shown:
        raise DataMismatch(
            "no control record holds a histogram; `disentool score dirs.h5 --metric control` of this version does"
        )
    refuse_more(len(shown), _MOST, "directions", "plot fewer records")
    figure, panes = panels(options, len(shown), 36)
    several = len({setting for setting, *_ in shown}) > 1
    for axis, ((setting, transform, measured, unit), own) in zip(panes, shown.items(), strict=True):
        _panel(axis, [held for _, held in own], options)
        of = [setting.called(options.names)] if several else []
        axis.set_title(", ".join([words(transform, 30), *of]))
        axis.set_xlabel(f"{words(measured)} ({words(unit)})")
        axis.set_ylabel(f"density (per unit of {words(measured, 24)})")
        told = "\n".join(
            f"{label} {_distance(own, name)}" for label, name in (("distance", "ks"), ("of moves", "ks_moved"))
        )
        axis.text(0.03, 0.97, told, transform=axis.transAxes, va="top", fontsize=options.small, linespacing=1.1)
        axes.few(axis, "x", 4)
        axes.limit(axis, "x", axes.ANY, options.xlim)
        top = _ROOM * axis.dataLim.ymax
        axis.set_ylim(*(end if asked is None else asked for end, asked in zip((0.0, top), options.ylim, strict=True)))
    counts = [len(own) for own in shown.values()]
    samples = [int(held["measured"].sum()) for own in shown.values() for _, held in own]
    return Drawing(figure, _caption(counts, samples, left_out), (), tuple(_handles(options)), 36)


def _caption(counts: list[int], samples: list[int], left_out: int) -> str:
    of = f" of each of {count_range(counts, 'seed')}" if max(counts) > 1 else ""
    parts = [f"{count_range(samples, 'sample')}{of}: t was asked to be spread evenly over its valid range."]
    if max(counts) > 1:
        parts.append("Densities and distances: means over seeds (± standard deviation).")
    parts.append("Measured: the property, less its mean at t = 0; moves: how far each image went from there.")
    parts.append("Distances: Kolmogorov and Smirnov's, from what was asked.")
    if left_out:
        parts.append(f"Left out: {count_range([left_out], 'record')} without a histogram.")
    return " ".join(parts)


def _distance(own: list[tuple[ControlRecord, Held]], name: str) -> str:
    found = seeds.summary(control_records.number(one.details["law"].get(name)) for one, _ in own)
    if not found.values:
        return "undefined"
    return f"{found.mean:.2f}" + (f" ± {found.deviation:.2f}" if found.deviation is not None else "")


def _histogram(one: ControlRecord) -> Held | None:
    """What the record holds, if it is whole."""
    law = one.details.get("law")
    held = law.get("histogram") if isinstance(law, dict) else None
    if not isinstance(law, dict) or not isinstance(held, dict):
        return None
    given = {name: held.get(name) for name in ("edges", "measured", "moved")} | {"asked": law.get("asked")}
    parts = {name: numbers for name, value in given.items() if (numbers := control_records.numbers(value)) is not None}
    if len(parts) < len(given) or not all(np.isfinite(part).all() for part in parts.values()):
        return None
    asked, edges, counts = parts["asked"], parts["edges"], [parts["measured"], parts["moved"]]
    whole = all(len(each) == len(edges) - 1 and np.all(each >= 0) and each.sum() > 0 for each in counts)
    ordered = bool(np.all(np.diff(edges) > 0)) and len(asked) == 2 and asked[1] > asked[0]
    return parts if whole and ordered else None


def mean_density(edges: np.ndarray, histograms: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The mean of the densities of histograms (edges, counts), float64 [n], in bins of other ``edges`` [n+1].

    A histogram is taken as even inside its bins, so that its distribution function is known everywhere.
    """
    found = []
    for own, counts in histograms:
        below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
        found.append(np.diff(np.interp(edges, own, below)) / np.diff(edges))
    return np.array(found).mean(axis=0)


def _panel(axis: "Axes", own: list[Held], options: Options) -> None:
    """The densities in the bins of one seed, or in as many bins over what all seeds span."""
    edges = own[0]["edges"]
    if any(not np.array_equal(edges, held["edges"]) for held in own):
        low, high = min(held["edges"][0] for held in own), max(held["edges"][-1] for held in own)
        edges = np.linspace(low, high, max(len(held["edges"]) for held in own))
    measured, moved = (
        mean_density(edges, [(held["edges"], held[name]) for held in own]) for name in ("measured", "moved")
    )
    axis.stairs(measured, edges, fill=True, color=style.COLOURS[0], alpha=0.35, linewidth=0)
    axis.stairs(moved, edges, color=style.COLOURS[1], linewidth=1.0)
    ends = np.unique([held["asked"] for held in own])
    asked = mean_density(ends, [(held["asked"], np.ones(1)) for held in own])
    x = np.repeat(ends, 2)
    y = np.concatenate([[0.0], np.repeat(asked, 2), [0.0]])
    axis.plot(x, y, color=style.ink(options), linewidth=0.9, dashes=_DASHED)


def _handles(options: Options) -> list[Any]:
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=style.COLOURS[0], alpha=0.35, label="measured"),
        handle("moves", {"color": style.COLOURS[1]}),
        handle("asked", {"color": style.ink(options)}, linewidth=0.9, dashes=_DASHED),
    ]
