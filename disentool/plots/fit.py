"""Whether the texts of a figure stay inside it and apart from each other."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_SLACK = 0.35  # points, by which boxes may touch: a box is larger than its ink
LEAST = 12.0  # points, of an axes' width and height


class Box(NamedTuple):
    """A text as a rectangle: its centre, half its width and height (points), and its turn (radians)."""

    text: str
    x: float
    y: float
    half_width: float
    half_height: float
    turn: float

    def corners(self) -> np.ndarray:
        """float64 [4,2]."""
        ends = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (self.half_width, self.half_height)
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return ends @ np.array([(cos, sin), (-sin, cos)]) + (self.x, self.y)


def problems(figure: "Figure") -> list[str]:
    """A line for each text that leaves the figure or lies on another, and for axes that are too small to read."""
    found = []
    boxes = text_boxes(figure)
    wide, high = figure.get_figwidth() * 72, figure.get_figheight() * 72
    for box in boxes:
        (left, low), (right, top) = box.corners().min(axis=0), box.corners().max(axis=0)
        if left < -_SLACK or low < -_SLACK or right > wide + _SLACK or top > high + _SLACK:
            found.append(f"{box.text!r} is cut off")
    for n, one in enumerate(boxes):
        found += [f"{one.text!r} and {other.text!r} collide" for other in boxes[n + 1 :] if overlap(one, other)]
    for axis in figure.axes:
        place = axis.get_position()
        if axis.axison and (place.width * wide < LEAST or place.height * high < LEAST) and axis.get_label() != "key":
            found.append("no room is left for the axes")
    return found


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes overlap: no side of either separates their corners."""
    first, second = one.corners(), other.corners()
    for turn in {one.turn, one.turn + math.pi / 2, other.turn, other.turn + math.pi / 2}:
        along = np.array([math.cos(turn), math.sin(turn)])
        a, b = first @ along, second @ along
        if a.max() <= b.min() + _SLACK or b.max() <= a.min() + _SLACK:
            return False
    return True


def text_boxes(figure: "Figure") -> list[Box]:
    """Every text that shows, laid out."""
    from matplotlib.text import Text

    renderer = drawn(figure)
    figure.draw_without_rendering()  # which puts legends in their place
    texts: list[Text] = [*figure.texts]
    for legend in figure.legends:
        texts += legend.get_texts()
    for axis in figure.axes:
        if axis.axison:
            texts += [child for child in axis.get_children() if isinstance(child, Text)]
            texts += [axis.xaxis.label, axis.yaxis.label, *tick_labels(axis, "x"), *tick_labels(axis, "y")]
    return [box_of(text, renderer) for text in texts if text.get_visible() and text.get_text().strip()]


def drawn(figure: "Figure") -> "RendererBase":
    """Lay a figure out; its renderer."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    return FigureCanvasAgg(figure).get_renderer()


def tick_labels(axis: "Axes", which: str) -> list["Text"]:
    """The labels of the ticks that lie on an axis."""
    chosen = axis.xaxis if which == "x" else axis.yaxis
    low, high = sorted(chosen.get_view_interval())
    room = 1e-6 * (high - low)
    return [
        tick.label1
        for tick in [*chosen.get_major_ticks(), *chosen.get_minor_ticks()]
        if low - room <= tick.get_loc() <= high + room and tick.label1.get_visible() and tick.label1.get_text()
    ]


def box_of(text: "Text", renderer: "RendererBase") -> Box:
    """A text's rectangle. The box around a turned rectangle has the same centre."""
    from matplotlib.text import Text

    scale = 72 / text.get_figure().dpi  # type: ignore[union-attr]
    around = Text.get_window_extent(text, renderer)  # of an annotation without its line
    centre = ((around.x0 + around.x1) / 2 * scale, (around.y0 + around.y1) / 2 * scale)
    turn = math.radians(text.get_rotation())
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    wide, high = around.width * scale, around.height * scale
    if min(cos, sin) < 1e-6 or abs(cos - sin) < 1e-6:  # of a right angle the box is the rectangle itself
        return Box(text.get_text(), *centre, wide / 2, high / 2, 0.0)
    across = cos * cos - sin * sin  # as wide = w cos + h sin and high = w sin + h cos
    size = (wide * cos - high * sin) / across, (high * cos - wide * sin) / across
    return Box(text.get_text(), *centre, size[0] / 2, size[1] / 2, turn)
