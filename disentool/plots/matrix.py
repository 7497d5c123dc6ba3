"""A matrix of numbers as cells whose lightness follows the number, which is written in each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from disentool.plots import style
from disentool.plots.style import Options

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DARK, _LIGHT = "#08306b", "#9ecbff"  # the far end of the scale on white, on black
_OPPOSITE = {"light": "#8c3a00", "dark": "#ffb37a"}


def cells(
    axis: "Axes",
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    options: Options,
    *,
    form: str = "{:.2f}",
    signed: bool = False,
    least: float = 0.0,
) -> None:
    """Draw float64 [R,C] in 0..1, or -1..1 if ``signed``; NaN stays empty. ``least``: smaller ones are not written."""
    from matplotlib.colors import LinearSegmentedColormap

    blank, end = style.paper(options), _DARK if options.theme == "light" else _LIGHT
    scale = [_OPPOSITE[options.theme], blank, end] if signed else [blank, end]
    colours = LinearSegmentedColormap.from_list("disentool", scale)
    axis.imshow(values, cmap=colours, vmin=-1 if signed else 0, vmax=1, aspect="auto", interpolation="nearest")
    axis.grid(False)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set(visible=True, color=style.soft(options), linewidth=0.25)
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    axis.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axis.grid(True, which="minor", color=style.soft(options), linewidth=0.25)
    axis.tick_params(which="minor", length=0)
    size = min(6.0, 130 / max(len(columns), 1))
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if np.isfinite(value) and abs(value) >= least and size >= 3:
            strong = abs(value) > 0.55
            ink = blank if strong else style.ink(options)
            axis.text(column, row, form.format(value), ha="center", va="center", fontsize=size, color=ink)
