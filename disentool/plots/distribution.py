"""Whether a property is distributed as t was asked to be: section 3 of Plumerault et al. (2020)."""

from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import control_records, style, tables
from disentool.plots.control_records import ControlRecord
from disentool.plots.panels import panels, refuse_more
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Table

READS = (SCORE.name,)
USES: frozenset[str] = frozenset()
_COLUMNS, _MOST = 3, 12  # panels side by side, panels


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each direction of each generator: samples whose t was drawn evenly from its valid range."""
    shown = [(one, held) for one in control_records.read(found) if (held := _histogram(one)) is not None]
    if not shown:
        raise DataMismatch(
            "no control record holds a histogram; `disentool score dirs.h5 --metric control` of this version does"
        )
    refuse_more(len(shown), _MOST, "directions", "plot fewer records")
    figure, axes = panels(options, len(shown), _COLUMNS, 14, 52)
    several = len({one.setting for one, _ in shown}) > 1
    seeds = len({(one.setting, one.transform) for one, _ in shown}) < len(shown)
    for axis, (one, held) in zip(axes, shown, strict=True):
        _panel(axis, held, options)
        of = [one.setting.label] if several else []
        axis.set_title(style.words(", ".join([one.transform, *of, *([f"seed {one.seed}"] if seeds else [])]), 44))
        axis.set_xlabel(style.words(f"{one.measured} ({one.unit})"))
        axis.set_ylabel("density")
        distance, of_moves = (control_records.number(one.details["law"].get(name)) for name in ("ks", "ks_moved"))
        axis.text(
            0.03,
            0.97,
            f"distance {distance:.2f}\nof moves {of_moves:.2f}",
            transform=axis.transAxes,
            va="top",
            fontsize=6,
            color=style.ink(options),
        )
    style.legend(figure, _handles(options))
    samples = tables.counted((int(held["measured"].sum()) for _, held in shown), "sample")
    caption = (
        f"{samples}: t was asked to be spread evenly over its valid range. Measured: the property, less its mean at"
    )
    caption += (
        " t = 0; moves: how far each image went from where it was at t = 0. Distances: Kolmogorov and Smirnov's, from"
    )
    caption += " what was asked."
    return Drawing(figure, caption)


def _histogram(one: ControlRecord) -> dict[str, np.ndarray] | None:
    """``asked`` [2], ``edges`` [n+1], and counts ``measured`` and ``moved`` [n], if the record holds them."""
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


def _panel(axis: Any, held: dict[str, np.ndarray], options: Options) -> None:
    widths = np.diff(held["edges"])
    measured, moved = (held[name] / held[name].sum() / widths for name in ("measured", "moved"))
    axis.stairs(measured, held["edges"], fill=True, color=style.COLOURS[0], alpha=0.35, linewidth=0)
    axis.stairs(moved, held["edges"], color=style.COLOURS[1], linewidth=1.0)
    low, high = held["asked"]
    level = 1 / (high - low)
    axis.plot([low, low, high, high], [0, level, level, 0], color=style.ink(options), linewidth=0.9, dashes=(3, 2))
    axis.set_ylim(0, 1.35 * max(measured.max(), moved.max(), level))


def _handles(options: Options) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=style.COLOURS[0], alpha=0.35, label="measured"),
        Line2D([], [], color=style.COLOURS[1], label="moves"),
        Line2D([], [], color=style.ink(options), linewidth=0.9, dashes=(3, 2), label="asked"),
    ]
