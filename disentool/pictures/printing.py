"""The size of a still on paper: its cells shrink until it fits, its letters stay readable, its pixels stay whole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from disentool.errors import WrongUsage
from disentool.io.figure_files import INCH, LEAST, LONGEST, PAGE, PRINT
from disentool.pictures.layout import NAME, Block, Layout, factor
from disentool.pictures.limits import is_still
from disentool.pictures.writing import STILL
from disentool.reporting import Reporter

HEIGHT = 247.0  # mm: what margins of 25 mm leave of A4
LETTER = 5.0  # points, the least of any letter
_POINTS = (6.0, 5.5, LETTER)  # of labels, the first that leaves room
_NAMES = (NAME, 3, 2)  # letters' sizes that names of columns are wide, the first that leaves room
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


def least_letter(dpi: float) -> int:
    """The least size of a letter in pixels, of which ``dpi`` are an inch."""
    return math.ceil(LETTER * dpi / 72)


@dataclass(frozen=True)
class Print:
    """How a sheet is laid out: images enlarged ``factor`` times, labels of ``font`` pixels (None: as images are large).

    ``dpi``: how many of its pixels are an inch on paper. ``least``: of any letter, in pixels. ``names``: as
    :class:`disentool.pictures.layout.Layout` has it.
    """

    factor: int
    font: int | None = None
    dpi: float = PRINT
    least: int = least_letter(PRINT)
    names: int = NAME

    @property
    def letters(self) -> dict[str, Any]:
        """How a layout is lettered."""
        return {"font": self.font, "least": self.least, "names": self.names}

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
    dpi: float = PRINT,
) -> Print:
    """How blocks of images, ``height`` by ``width`` pixels, are printed.

    ``size``: about how many pixels an image's longer side gets, ``usual`` where it is None, at ``dpi`` to an inch,
    where no side of the paper was asked for and a page holds that. Else the still is as large as the paper allows, with
    ``size`` or as many more pixels as make 300 dots per inch (``dpi`` where no side was asked for). WrongUsage where
    labels do not fit into the size that was asked for; a note where no page holds it.
    """
    plain = Print(factor(height, width, size or usual), None, dpi, least_letter(dpi))
    room = (paper.width or PAGE, paper.height or HEIGHT)
    needed = plain.size(Layout(blocks, height, width, plain.factor, **plain.letters))
    if not paper.asked and needed[0] <= room[0] and needed[1] <= room[1]:
        return plain
    least = plain.factor if size or not paper.asked else 1
    sharp = PRINT if paper.asked else dpi
    for names, points in product(_NAMES, _POINTS):
        found = _largest(blocks, height, width, least, room, points, names)
        if found is not None and found.dpi < sharp:
            more = math.ceil(least * sharp / found.dpi)
            found = _largest(blocks, height, width, more, room, points, names)
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
    print_ = _print_of(factor, _POINTS[0], max(height, width) * factor * INCH / CLEAR)
    sides = print_.size(Layout(blocks, height, width, factor, **print_.letters))
    if sides[0] > PAGE or sides[1] > HEIGHT:
        return ""
    given = (("--width", sides[0], paper.width), ("--height", sides[1], paper.height))
    room = " ".join(f"{flag} {math.ceil(side)}" for flag, side, asked in given if asked and asked < side)
    return f"{room} makes them {CLEAR:g} mm, or " if room else ""


def _largest(
    blocks: Sequence[Block], height: int, width: int, factor: int, room: tuple[float, float], points: float, names: int
) -> Print | None:
    """The fewest dots per inch with which the sheet lies within ``room``; None where labels leave too little."""

    def over(dpi: float) -> float:
        """How many times the sheet is larger than its room."""
        print_ = _print_of(factor, points, dpi, names)
        layout = Layout(blocks, height, width, factor, **print_.letters)
        return max(side / most for side, most in zip(print_.size(layout), room, strict=True))

    low, high = 10.0, max(height, width) * factor * INCH / _SMALLEST_CELL
    if over(high) > 1:
        return None
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if over(middle) <= 1 else (middle, high)
    exact = high * over(high)  # so that it is as large as its room to a hair
    return replace(_print_of(factor, points, high, names), dpi=exact)


def _print_of(factor: int, points: float, dpi: float, names: int = NAME) -> Print:
    """With labels of so many points."""
    return Print(factor, max(1, round(points * dpi / 72)), dpi, least_letter(dpi), names)
