"""Panels side by side, as many in a line as a page holds."""

import math
from typing import TYPE_CHECKING, Any

from disentool.errors import WrongUsage
from disentool.plots import style
from disentool.plots.style import Options

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def panels(
    options: Options,
    count: int,
    across: int,
    margin: float,
    height: float,
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple["Figure", list["Axes"]]:
    """A figure with ``count`` axes, at most ``across`` in a line, each line ``height`` mm and ``margin`` beside them.

    ``sharex``, ``sharey``: they have one x or y axis in common.
    """
    columns = min(across, count)
    lines = math.ceil(count / columns)
    figure = style.blank(options.sized(style.COLUMN if columns == 1 else style.PAGE, margin + lines * height))
    axes = list(figure.subplots(lines, columns, squeeze=False, sharex=sharex, sharey=sharey).ravel())
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def refuse_more(count: int, most: int, what: str, advice: str) -> None:
    """``WrongUsage`` for more of something than a figure holds."""
    if count > most:
        raise WrongUsage(f"{count} {what}, and a figure holds {most}; {advice}")


def line_handle(label: str, look: dict[str, Any], **more: Any) -> Any:
    """A line's entry in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look | more)
