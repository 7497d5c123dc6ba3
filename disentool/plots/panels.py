"""Panels side by side, as many in a line as the width holds, and what stands in legends and beside rows."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from disentool.errors import WrongUsage
from disentool.plots import style, text
from disentool.plots.style import Options

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_LABELS = 0.34  # of a figure's width, at most, for the names of rows
_AROUND = 12.0  # mm above and below axes, to begin with


def panels(
    options: Options,
    count: int,
    height: float,
    *,
    least: float = 42.0,
    most: int = 3,
    beside: float = 0.0,
    sharex: bool = False,
    sharey: bool | Literal["row"] = False,
    usual: float | None = None,
) -> tuple["Figure", list["Axes"]]:
    """A figure with ``count`` axes, each about ``height`` mm high.

    At most ``most`` are in a line, each at least ``least`` mm wide, beside labels of rows that take ``beside`` mm; the
    lines are as equal as they can be. ``sharex``, ``sharey``: they have one x or y axis in common, or those of a
    line (``row``). ``usual``: the width where none is asked for (mm; default: a column for one panel, a page for
    several).
    """
    width = options.width or usual or (style.COLUMN if count == 1 else style.PAGE)
    columns = max(1, min(most, count, int((width - beside) / least)))
    lines = math.ceil(count / columns)
    columns = math.ceil(count / lines)
    figure = style.blank(options.sized(width, lines * (height + _AROUND)))
    axes = list(figure.subplots(lines, columns, squeeze=False, sharex=sharex, sharey=sharey).ravel())
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def row_labels(labels: Sequence[str], options: Options, width: float) -> tuple[list[str], float]:
    """The names of rows, broken to a third of the figure's width (mm), and how wide they are then (mm)."""
    room = _ROW_LABELS * width * text.MM
    broken = [text.cut(label, room, options, options.small) for label in labels]
    return broken, max(text.width(label, options, options.small) for label in broken) / text.MM + 3


def refuse_more(count: int, most: int, what: str, advice: str) -> None:
    """``WrongUsage`` for more of something than a figure holds."""
    if count > most:
        raise WrongUsage(f"{count} {what}, and a figure holds {most}; {advice}")


def handle(label: str, look: dict[str, Any], **more: Any) -> Any:
    """An entry of the legend: a line or a mark that looks so."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look | more)


def mark_handle(label: str, look: dict[str, Any], **more: Any) -> Any:
    """An entry of the legend: a mark without a line."""
    return handle(label, look | {"linestyle": ""}, **more)
