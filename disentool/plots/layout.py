"""A drawing becomes a figure of its size: title, legend and caption around the axes, and labels broken to fit.

Unless its height was asked for, a figure grows until its axes are as high as the plot wants them.
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from disentool.errors import WrongUsage
from disentool.plots import edges, fit, style, text
from disentool.plots.style import Drawing, Options
from disentool.results.labels import count_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.text import Text

CELL = "cell"  # marks the text of a matrix' cell, which shrinks to it
KEY = "key"  # the label of axes that hold a colour key

PAGE_HEIGHT = 247.0  # mm: what margins of 25 mm leave of A4
_PASSES = 3  # of layout: broken labels take more height, and higher axes other ticks
_EDGE = 3.0  # points, from the figure's edges to what stands outside the axes
_GAP = 4.0  # points, between those
_SMALLEST = 3.5  # points, of the text of a cell
_COLUMN_GAP = 12.0  # points, between the columns of a legend


def finish(drawing: Drawing, options: Options) -> Drawing:
    """Put title, legend and caption around the axes and break long labels.

    WrongUsage where the texts do not fit into the size that was asked for; a note where they do not fit otherwise.
    """
    figure = drawing.figure
    beyond = edges.keep_inside(figure)
    if beyond:
        told = f"Not shown: {count_range([beyond], 'mark')} beyond the limits of the axes."
        drawing = replace(drawing, caption=f"{drawing.caption} {told}".strip())
    for axis in figure.axes:
        for each in axis.texts:
            each.set_in_layout(False)  # what stands inside axes takes no room around them
    above, below = _around(drawing, options)
    if options.height is None:
        figure.set_figheight(figure.get_figheight() + (above + below) / 72)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    for _ in range(_PASSES):
        _place(drawing, options, above, below)
        _settle(figure, titles, options, fit.drawn(figure))
        if options.height is None:
            _grow(figure, drawing.tall)
    _place(drawing, options, above, below)
    fit.drawn(figure)
    _shrink_cells(figure, options)
    if drawing.after and (other := drawing.after()) is not None:
        return finish(other, options)
    wrong = fit.problems(figure)
    if not wrong:
        high = figure.get_figheight() * style.INCH
        if options.height is None and high > PAGE_HEIGHT:
            note = (
                f"is {high:.0f} mm high, more than the {PAGE_HEIGHT:.0f} mm of a page; a larger --width has more room"
            )
            return replace(drawing, notes=(*drawing.notes, note))
        return drawing
    if options.width is None and options.height is None:
        return replace(drawing, notes=(*drawing.notes, f"{wrong[0]}; a larger --width has room"))
    size = " and ".join(f"--{n} {v:g}" for n, v in (("width", options.width), ("height", options.height)) if v)
    raise WrongUsage(f"{size}: the texts do not fit ({wrong[0]}); ask for more mm, or a smaller --font :POINTS")


def _around(drawing: Drawing, options: Options) -> tuple[float, float]:
    """The room for what stands above and below the axes, in points; adds it to the figure."""
    figure = drawing.figure
    wide = figure.get_figwidth() * 72
    room = wide - 2 * _EDGE
    above = below = 0.0
    if options.title:
        title = text.cut(options.title, room, options, options.points + 1)
        figure.text(0, 0, title, fontsize=options.points + 1, va="top", linespacing=1.15, gid="title")
        above += text.height(title, options.points + 1) + _GAP
    if drawing.handles:
        above += _legend(figure, drawing.handles, room, options) + _GAP
    if options.captioned and drawing.caption:
        caption = text.wrapped(drawing.caption, room, options, options.small)
        soft = style.soft(options)
        figure.text(0, 0, caption, fontsize=options.small, color=soft, va="bottom", linespacing=1.15, gid="caption")
        below += text.height(caption, options.small) + _GAP
    return above, below


def _legend(figure: "Figure", handles: tuple[Any, ...], room: float, options: Options) -> float:
    """The legend, in as many columns as fit, and its height in points."""
    handle = 2.8 * options.small  # the line or mark, and the gap after it
    for each in handles:
        each.set_label(text.cut(each.get_label(), room - handle, options, options.small))
    wide = [text.width(each.get_label(), options, options.small) + handle for each in handles]
    columns = len(handles)
    while columns > 1 and sum(_columns(wide, columns)) + _COLUMN_GAP * (columns - 1) > room:
        columns -= 1
    # Matplotlib fills a legend by columns: the first ones get what is left over.
    legend = figure.legend(
        handles=list(handles),
        loc="upper left",
        ncols=columns,
        columnspacing=_COLUMN_GAP / options.small,
        handletextpad=0.6,
        labelspacing=0.35,
    )
    legend.set_in_layout(False)
    scale = 72 / figure.dpi
    return float(legend.get_window_extent(fit.drawn(figure)).height) * scale


def _columns(wide: list[float], columns: int) -> list[float]:
    """The width of each column of a legend whose entries are so wide."""
    rows, more = divmod(len(wide), columns)
    found, at = [], 0
    for column in range(columns):
        count = rows + (column < more)
        found.append(max(wide[at : at + count]))
        at += count
    return found


def _place(drawing: Drawing, options: Options, above: float, below: float) -> None:
    """Give the axes the room between what is above and below them."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = drawing.figure
    wide, high = figure.get_figwidth() * 72, figure.get_figheight() * 72
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        least = fit.LEAST / high
        layout.set(rect=(0, below / high, 1, max(least, 1 - (above + below) / high)))
    top = high - _EDGE
    for each in figure.texts:
        if each.get_gid() == "title":
            each.set_position((_EDGE / wide, top / high))
            top -= text.height(each.get_text(), options.points + 1) + _GAP
        elif each.get_gid() == "caption":
            each.set_position((_EDGE / wide, _EDGE / high))
    for legend in figure.legends:
        legend.set_bbox_to_anchor((_EDGE / wide, top / high), transform=figure.transFigure)


def _settle(figure: "Figure", titles: list[str], options: Options, renderer: "RendererBase") -> None:
    """Break the labels of axes to their length, and thin ticks whose labels collide."""
    wide, high = figure.get_figwidth() * 72, figure.get_figheight() * 72
    found: tuple[list[tuple[Text, float]], ...] = ([], [])  # labels of x axes and of y axes, with their room
    for axis, title in zip(figure.axes, titles, strict=True):
        if not axis.axison:
            continue
        place = axis.get_position()
        across, up = place.width * wide, place.height * high
        found[0].append((axis.xaxis.label, max(across, 20.0)))
        if axis.get_label() == KEY:
            axis.yaxis.label.set_text(text.wrapped(axis.yaxis.label.get_text(), max(up, 20.0), options))
        else:
            found[1].append((axis.yaxis.label, max(up, 20.0)))
        if title:
            axis.set_title(text.cut(title, max(across, 20.0), options), linespacing=1.1)
        _thin(axis, renderer)
    for labels in found:
        _break(labels, options)


def _break(labels: "list[tuple[Text, float]]", options: Options) -> None:
    """Break labels to their room, the units in all of them apart where one is too long."""
    too_long = any(text.width(label.get_text().replace("\n", " "), options) > room for label, room in labels)
    for label, room in labels:
        broken = text.unit_apart if too_long else text.wrapped
        label.set_text(broken(label.get_text(), room, options))
        label.set_linespacing(1.1)


def _thin(axis: "Axes", renderer: "RendererBase") -> None:
    """Leave out labels of the x axis where they collide: fewer ticks, or every second label of those that are fixed."""
    from matplotlib.ticker import FixedLocator

    labels = fit.tick_labels(axis, "x")
    boxes = [fit.box_of(label, renderer) for label in labels]
    if not any(fit.overlap(one, two) for one, two in pairwise(boxes)):
        return
    if isinstance(axis.xaxis.get_major_locator(), FixedLocator):
        kept = [text.get_text() if n % 2 == 0 else "" for n, text in enumerate(labels)]
        axis.set_xticks([tick.get_position()[0] for tick in labels], kept)
    else:
        axis.locator_params(axis="x", nbins=max(2, len(labels) - 2))


def _grow(figure: "Figure", tall: float) -> None:
    """Make the figure as high as its axes want."""
    shown = [axis for axis in figure.axes if axis.axison and axis.get_label() != KEY]
    lines = len({round(axis.get_position().y0, 3) for axis in shown})
    lowest = min(axis.get_position().height for axis in shown) * figure.get_figheight()
    figure.set_figheight(figure.get_figheight() + lines * (tall / style.INCH - lowest))


def _shrink_cells(figure: "Figure", options: Options) -> None:
    """Numbers of a matrix as large as its cells allow, all alike; none where they could not be read."""
    from matplotlib.text import Text

    wide, high = figure.get_figwidth() * 72, figure.get_figheight() * 72
    for axis in figure.axes:
        cells = [each for each in axis.get_children() if isinstance(each, Text) and each.get_gid() == CELL]
        if not cells:
            continue
        place, (left, right), (low, top) = axis.get_position(), sorted(axis.get_xlim()), sorted(axis.get_ylim())
        across, up = place.width * wide / (right - left), place.height * high / (top - low)
        size = min(options.small, 0.8 * up)
        size *= min(1.0, 0.88 * across / max(text.width(cell.get_text(), options, size) for cell in cells))
        for cell in cells:
            cell.set_fontsize(size)
            cell.set_visible(size >= _SMALLEST)
