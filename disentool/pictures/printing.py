"""The size of a still on paper: its cells shrink until it fits, its letters stay readable, its pixels stay whole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disentool.errors import WrongUsage
from disentool.io.figure_files import INCH, LEAST, LONGEST, PAGE, PRINT
from disentool.pictures.layout import Block, Layout, factor
from disentool.pictures.limits import is_still
from disentool.pictures.writing import STILL
from disentool.reporting import Reporter

HEIGHT = 247.0  # mm: what margins of 25 mm leave of A4
_POINTS = (6.0, 5.5, 5.0, 4.5, 4.0, 3.5)  # of labels, the first that leaves room
SCREEN = 150.0  # dots per inch, with which labels for a screen are readable on paper
_SMALLEST_CELL = 1.0  # mm
CLEAR = 3.0  # mm, below which an image is hard to read on paper
_STEPS = 30  # of a bisection


@dataclass(frozen=True)
class Paper:
    """The room for a still in mm; None: what it needs, at most a page."""

    width: float | None = None
    height: float | None = None

    def check(self) -> None:
        """WrongUsage for a size that no figure has."""
        for flag, value in (("--width", self.width), ("--height", self.height)):
            if value is not None and not LEAST <= value <= LONGEST:
                raise WrongUsage(f"{flag} {value:g}: expected {LEAST:g} to {LONGEST:g} mm")

    @property
    def asked(self) -> bool:
        """Whether a side was asked for."""
        return self.width is not None or self.height is not None


def require_still(outputs: Sequence[Path], paper: Paper) -> None:
    """WrongUsage where a size on paper is asked for and nothing that is printed."""
    if paper.asked and not any(map(is_still, outputs)):
        raise WrongUsage(f"--width and --height: are mm of a picture; name an output ending in {', '.join(STILL)}")


def on_a_page(shape: tuple[int, int], least: float = PRINT) -> float:
    """The dots per inch, at least ``least``, with which a sheet (height, width in pixels) fits a page."""
    return max(least, shape[0] * INCH / HEIGHT, shape[1] * INCH / PAGE)


@dataclass(frozen=True)
class Print:
    """How a sheet is laid out: images enlarged ``factor`` times, labels of ``font`` pixels (None: as images are large).

    ``dpi``: how many of its pixels are an inch on paper.
    """

    factor: int
    font: int | None = None
    dpi: float = PRINT

    def size(self, layout: Layout) -> tuple[float, float]:
        """Width and height in mm."""
        height, width = layout.shape
        return width * INCH / self.dpi, height * INCH / self.dpi

    def side(self, height: int, width: int) -> float:
        """The longer side in mm of an image of so many pixels."""
        return max(height, width) * self.factor * INCH / self.dpi


def fit(
    output: Path,
    blocks: Sequence[Block],
    height: int,
    width: int,
    size: int | None,
    usual: int,
    *,
    paper: Paper,
    report: Reporter,
) -> Print:
    """How blocks of images, ``height`` by ``width`` pixels, are printed.

    ``size``: about how many pixels an image's longer side gets, ``usual`` where it is None, at 300 to an inch, where no
    side of the paper was asked for and a page holds that. Else the still is as large as the paper allows, with ``size``
    or as many more pixels as make 300 dots per inch. WrongUsage where labels do not fit into the size that was asked
    for; a note where no page holds it.
    """
    plain = Print(factor(height, width, size or usual))
    room = (paper.width or PAGE, paper.height or HEIGHT)
    needed = plain.size(Layout(blocks, height, width, plain.factor))
    if not paper.asked and needed[0] <= room[0] and needed[1] <= room[1]:
        return plain
    least = plain.factor if size or not paper.asked else 1
    for points in _POINTS:
        found = _largest(blocks, height, width, least, room, points)
        if found is not None and found.dpi < PRINT:
            more = math.ceil(least * PRINT / found.dpi)
            found = _largest(blocks, height, width, more, room, points)
        if found is not None:
            if paper.asked and (side := found.side(height, width)) < CLEAR:
                larger = _room_of_clear(blocks, height, width, found.factor, paper)
                report.note(f"{output}: its images are {side:.1f} mm; {larger}fewer images in the picture are larger")
            return found
    if paper.asked:
        asked = " and ".join(f"--{n} {v:g}" for n, v in (("width", paper.width), ("height", paper.height)) if v)
        raise WrongUsage(f"{output}: {asked}: the labels do not fit; ask for more mm, or name fewer images")
    report.note(f"{output}: is {needed[0]:.0f} x {needed[1]:.0f} mm, more than a page holds; name fewer images")
    return plain


def _room_of_clear(blocks: Sequence[Block], height: int, width: int, factor: int, paper: Paper) -> str:
    """The options that give images the least clear size, with "or" after them; empty where no page has room."""
    dpi = max(height, width) * factor * INCH / CLEAR
    print_ = Print(factor, max(1, round(_POINTS[0] * dpi / 72)), dpi)
    sides = print_.size(Layout(blocks, height, width, factor, font=print_.font))
    if sides[0] > PAGE or sides[1] > HEIGHT:
        return ""
    given = (("--width", sides[0], paper.width), ("--height", sides[1], paper.height))
    room = " ".join(f"{flag} {math.ceil(side)}" for flag, side, asked in given if asked and asked < side)
    return f"{room} makes them {CLEAR:g} mm, or " if room else ""


def _largest(
    blocks: Sequence[Block], height: int, width: int, factor: int, room: tuple[float, float], points: float
) -> Print | None:
    """The fewest dots per inch with which the sheet lies within ``room``; None where labels leave too little."""

    def laid_out(dpi: float) -> tuple[Print, Layout]:
        print_ = Print(factor, max(1, round(points * dpi / 72)), dpi)
        return print_, Layout(blocks, height, width, factor, font=print_.font)

    def over(dpi: float) -> float:
        """How many times the sheet is larger than its room."""
        print_, layout = laid_out(dpi)
        return max(side / most for side, most in zip(print_.size(layout), room, strict=True))

    low, high = 10.0, max(height, width) * factor * INCH / _SMALLEST_CELL
    if over(high) > 1:
        return None
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if over(middle) <= 1 else (middle, high)
    print_, layout = laid_out(high)
    if layout.crowded:
        return None
    exact = print_.dpi * over(high)  # so that it is as large as its room to a hair
    return Print(factor, print_.font, exact)
