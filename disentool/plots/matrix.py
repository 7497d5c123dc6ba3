"""A matrix of numbers as cells whose lightness follows the number, which is written in each, and the key to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from disentool.plots import style
from disentool.plots.layout import CELL, KEY
from disentool.plots.style import Options

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_DARK, _LIGHT = "#08306b", "#9ecbff"  # the far end of the scale on white, on black
_OPPOSITE = {"light": "#8c3a00", "dark": "#ffb37a"}
_STRONG = 0.55  # from which the number is written in the background's colour


def cells(
    axis: "Axes",
    values: np.ndarray,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    options: Options,
    *,
    signed: bool = False,
) -> "AxesImage":
    """Draw float64 [R,C] in 0..1, or -1..1 if ``signed``, and in each cell its text; NaN is hatched if it has one.

    A NaN without a text stays empty.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    blank, end = style.paper(options), _DARK if options.theme == "light" else _LIGHT
    scale = [_OPPOSITE[options.theme], blank, end] if signed else [blank, end]
    colours = LinearSegmentedColormap.from_list("disentool", scale)
    shown = axis.imshow(values, cmap=colours, vmin=-1 if signed else 0, vmax=1, aspect="auto", interpolation="nearest")
    axis.grid(False)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set(visible=False)
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    soft = style.soft(options)
    for row, column in np.ndindex(values.shape):
        value, text = values[row, column], texts[row][column]
        known = bool(np.isfinite(value))
        if not known and not text:
            continue
        corner = (column - 0.5, row - 0.5)
        hatch = None if known else "////"
        frame = Rectangle(corner, 1, 1, fill=False, edgecolor=soft, linewidth=0.25, hatch=hatch, gid=CELL)
        axis.add_patch(frame)
        frame.set_clip_on(False)  # else the outer edges are half as wide
        ink = blank if known and abs(value) > _STRONG else style.ink(options)
        if text:
            axis.text(column, row, text, ha="center", va="center", fontsize=options.small, color=ink, gid=CELL)
    return shown


def key(figure: "Figure", axes: Sequence["Axes"], image: "AxesImage", label: str, options: Options) -> None:
    """The key to the colours of all these axes, to their right."""
    lines = len({spec.rowspan.start for axis in axes if (spec := axis.get_subplotspec()) is not None})
    part = min(1.0, 1.3 / lines)  # the key is about as high as one of them
    bar = figure.colorbar(
        image, ax=list(axes), fraction=0.05, pad=0.02, aspect=25 * part, shrink=part, anchor=(0.0, 1.0)
    )
    bar.ax.set_label(KEY)
    bar.ax.set_ylabel(label, fontsize=options.small)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2, width=0.4)
