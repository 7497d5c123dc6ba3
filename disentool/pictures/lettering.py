"""Words and lines on a sheet: how wide they are, how they break, and how they are drawn with Pillow."""

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from disentool.io.figure_files import font_file

WHITE, INK, SOFT, FAINT = 255, 34, 110, 170  # grey levels; a sheet of grey images is grey throughout
_ABOVE, _BELOW = 0.76, 0.24  # of a letter's size, that it reaches above and below its baseline
_MOST_DECIMALS = 6

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Text:
    """A line of text on baseline ``y``; ``x`` is its middle or right end as ``align`` is m or r. All in pixels."""

    x: float
    y: float
    text: str
    size: int
    ink: int
    align: str

    @property
    def box(self) -> Rectangle:
        """What it covers."""
        left = self.x - width(self.text, self.size) * (0.5 if self.align == "m" else 1)
        return left, self.y - _ABOVE * self.size, left + width(self.text, self.size), self.y + _BELOW * self.size


@dataclass(frozen=True)
class Rule:
    """A filled rectangle, whose last row and column of pixels are in it."""

    box: Rectangle
    ink: int


def width(text: str, size: int) -> int:
    """Width in pixels of a text of this size."""
    return math.ceil(_face(size).getlength(signed(text)))


def broken(text: str, size: int, room: float) -> list[str]:
    """The lines of a text, each at most ``room`` pixels wide: broken between words, or else between letters."""
    lines: list[str] = []
    for word in re.findall(r"\s*[^\s_./+-]*[\s_./+-]?", text):
        if not word.strip():
            continue
        if lines and width((lines[-1] + word).strip(), size) <= room:
            lines[-1] += word
            continue
        parts = max(1, math.ceil(width(word.strip(), size) / room))
        while parts < len(word) and max(width(part, size) for part in _parts(word, parts)) > room:
            parts += 1
        lines += _parts(word, parts)
    return [line.strip() for line in lines]


def _parts(word: str, count: int) -> list[str]:
    """A word in so many parts of about the same number of letters."""
    ends = [round(n * len(word) / count) for n in range(count + 1)]
    return [word[start:end] for start, end in itertools.pairwise(ends)]


def numbers(values: Sequence[float] | np.ndarray, decimals: int | None = None) -> list[str]:
    """Labels of the numbers of one axis, all with as many ``decimals``.

    None: as few as show them exactly, else two, or more where neighbours would look alike otherwise.
    """
    found = np.asarray(values, np.float64)
    decimals = _decimals(found) if decimals is None else decimals
    return [f"{round(float(value), decimals) + 0.0:.{decimals}f}" for value in found]


def _decimals(values: np.ndarray) -> int:
    scale = max(1e-300, float(np.abs(values).max(initial=0.0)))
    for decimals in range(3):
        if np.abs(np.round(values, decimals) - values).max(initial=0.0) <= 1e-9 * scale:
            return decimals
    steps = np.diff(np.unique(values))
    steps = steps[steps > 1e-12 * scale]
    least = float(steps.min()) if len(steps) else scale
    return min(_MOST_DECIMALS, max(2, math.ceil(-math.log10(least))))


def painted(size: tuple[int, int], texts: Iterable[Text], rules: Iterable[Rule]) -> np.ndarray:
    """uint8 [H,W,3] of ``size`` (H, W), white but for these texts and rules."""
    drawn = Image.new("L", (size[1], size[0]), WHITE)
    draw = ImageDraw.Draw(drawn)
    for rule in rules:
        draw.rectangle(rule.box, fill=rule.ink)
    for text in texts:
        place = (round(text.box[0]), round(text.y))
        draw.text(place, signed(text.text), font=_face(text.size), fill=text.ink, anchor="ls")
    return np.repeat(np.asarray(drawn)[:, :, None], 3, axis=2)


def paint_dot(picture: np.ndarray, y: float, x: float, radius: float) -> None:
    """A filled circle, anti-aliased at any fraction of a pixel, so that it glides."""
    reach = int(radius) + 2
    top, left = int(y) - reach, int(x) - reach
    rows, columns = np.mgrid[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    cover = np.clip(radius + 0.5 - np.hypot(rows - y, columns - x), 0, 1)[:, :, None]
    part = picture[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    part[:] = np.round(part * (1 - cover) + INK * cover)


def signed(text: str) -> str:
    """The text with a minus sign for each hyphen that begins a number."""
    return re.sub(r"(?<![\w.)-])-(?=[\d.])", "−", text)


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file()), size, layout_engine=ImageFont.Layout.BASIC)
