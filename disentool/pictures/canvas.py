"""Sheets of image cells with labels, drawn for print: crisp pixels, anti-aliased type, everything else white."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from disentool.models.label import Label

_WHITE, _INK, _SOFT, _FAINT = 255, 34, 110, 170  # grey levels; a sheet of grey images is grey throughout


@dataclass(frozen=True)
class Block:
    """One grid of cells with its labels, and images that stand to its left and above it.

    ``rows`` and ``columns`` count the cells; a label with empty text leaves its place blank, and ``heads`` false leaves
    out the column labels altogether. ``aside`` holds columns of (caption, image uint8 [H,W,C]), each from the top down.
    ``above`` holds an image for each column, under its label, and ``corner`` is the caption to the left of them. An
    image that is None leaves its place blank.
    """

    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    aside: tuple[tuple[tuple[str, np.ndarray | None], ...], ...] = ()
    heads: bool = True
    above: tuple[np.ndarray | None, ...] = ()
    corner: str = ""


def factor(height: int, width: int, size: int) -> int:
    """The whole number, at least 1, by which images are enlarged so that their longer side is about ``size`` pixels."""
    return max(1, round(size / max(height, width)))


class Sheet:
    """Blocks one under another, laid out once. What does not change is drawn once; :meth:`draw` fills in the cells.

    ``height``, ``width``: of an image, in pixels; each is enlarged ``factor`` times, every pixel a sharp square.
    ``scale``: where given, an axis from -scale to scale is drawn below the blocks, for a marker.
    """

    def __init__(self, blocks: Sequence[Block], height: int, width: int, factor: int, scale: float | None = None):
        self.blocks, self.factor, self.scale = tuple(blocks), factor, scale
        self.cell_height, self.cell_width = height * factor, width * factor
        side = min(self.cell_height, self.cell_width)
        self._font = min(24, max(12, round(side * 0.17)))
        self._small = min(19, max(10, round(side * 0.14)))
        self._gap = max(2, round(side / 40))  # between cells
        self._pad = round(self._font * 0.5)  # between a label and its cells
        self._wide = round(self._font * 1.5)  # between the parts of a sheet, and around it
        self._lay_out()
        self._background = self._draw_background()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the sheet in pixels."""
        return self._bottom, self._right

    def cell(self, block: int, row: int, column: int) -> tuple[int, int]:
        """Top and left pixel of a cell."""
        top = self._tops[block] + self._head(self.blocks[block]) + self._margin(self.blocks[block])
        return top + row * (self.cell_height + self._gap), self._left + column * (self.cell_width + self._gap)

    def above(self, block: int, column: int) -> tuple[int, int]:
        """Top and left pixel of an image above a block."""
        y, x = self.cell(block, 0, column)
        return y - self._margin(self.blocks[block]), x

    def aside(self, block: int, column: int, row: int) -> tuple[int, int]:
        """Top and left pixel of an image to the left of a block."""
        top = self.cell(block, 0, 0)[0]
        for index, (caption, _) in enumerate(self.blocks[block].aside[column][: row + 1]):
            if index:
                top += self.cell_height + (self._pad * 2 + self._font if caption else self._gap)
        return top, self._aside_lefts[column]

    def marker(self, value: float) -> tuple[float, float]:
        """Vertical and horizontal position of ``value`` on the axis below the blocks, in pixels."""
        left, right, y, extent = self._axis
        return y, left + (right - left) * (value / extent + 1) / 2

    def draw(self, cells: Sequence[np.ndarray], value: float | None = None) -> np.ndarray:
        """The sheet as uint8 [H,W,3], with the cells uint8 [rows,columns,H,W,C] of each block; marker at ``value``."""
        picture = self._background.copy()
        for index, images in enumerate(cells):
            for row, column in np.ndindex(images.shape[:2]):
                self.paste(picture, self.cell(index, row, column), images[row, column])
        if value is not None:
            y, x = self.marker(value)
            _dot(picture, y, x, self._font * 0.42)
        return picture

    def _lay_out(self) -> None:
        captions = [
            max((_width(caption, self._font) for block in self.blocks for caption, _ in _column(block, i)), default=0)
            for i in range(max(len(block.aside) for block in self.blocks))
        ]
        x, self._aside_lefts = self._wide, []
        for index, caption in enumerate(captions):
            room = max(self.cell_width, caption)
            self._aside_lefts.append(x + (room - self.cell_width) // 2)
            x += room + (self._wide if index == len(captions) - 1 else self._gap)
        labels = [label for block in self.blocks for label in block.rows]
        beside = max(max(_width(label.text, self._font), _width(label.detail, self._small)) for label in labels)
        self._left = x + (beside + self._pad if beside else 0)
        columns = max(len(block.columns) for block in self.blocks)
        self._right = self._left + columns * (self.cell_width + self._gap) - self._gap + self._wide
        y, self._tops = self._wide, []
        for index, block in enumerate(self.blocks):
            self._tops.append(y)
            bottoms = [self.cell(index, len(block.rows) - 1, 0)[0]]
            bottoms += [self.aside(index, i, len(column) - 1)[0] for i, column in enumerate(block.aside)]
            new_part = index + 1 == len(self.blocks) or self.blocks[index + 1].heads
            y = max(bottoms) + self.cell_height + (self._wide if new_part else self._gap)
        if self.scale is not None:
            span = self._right - self._wide - self._left
            length = min(span, max(span // 2, 16 * self._font))
            left = self._left + (span - length) // 2
            self._axis = (left, left + length, y + self._font // 2, self.scale)
            y += round(2.2 * self._font) + self._wide
        self._bottom = y

    def _head(self, block: Block) -> int:
        """Height of the labels above a block."""
        if not block.heads:
            return 0
        return self._font + self._pad + (self._small + self._pad // 2 if self._details(block) else 0)

    def _margin(self, block: Block) -> int:
        """Height of the images above a block, with the space below them."""
        return self.cell_height + self._wide if block.above else 0

    def _details(self, block: Block) -> bool:
        """Whether the columns' second lines are there and fit."""
        widths = [_width(label.detail, self._small) for label in block.columns]
        return 0 < max(widths) <= self.cell_width

    def _draw_background(self) -> np.ndarray:
        drawn = Image.new("L", (self._right, self._bottom), _WHITE)
        draw = ImageDraw.Draw(drawn)
        for index, block in enumerate(self.blocks):
            if block.heads:
                self._draw_heads(draw, index, block)
            if block.heads or block.above:
                self._draw_captions(draw, index, block)
            for row, label in enumerate(block.rows):
                self._draw_row_label(draw, self.cell(index, row, 0)[0] + self.cell_height / 2, label)
        if self.scale is not None:
            self._draw_axis(draw)
        picture = np.repeat(np.asarray(drawn)[:, :, None], 3, axis=2)
        for index, block in enumerate(self.blocks):
            places = [(self.above(index, column), image) for column, image in enumerate(block.above)]
            for i, column in enumerate(block.aside):
                places += [(self.aside(index, i, row), image) for row, (_, image) in enumerate(column)]
            for corner, image in places:
                if image is not None:
                    self.paste(picture, corner, image)
        return picture

    def _draw_heads(self, draw: ImageDraw.ImageDraw, index: int, block: Block) -> None:
        base = self.above(index, 0)[0] - self._pad
        details = self._details(block)
        texts = [label.text for label in block.columns]
        if block.above:  # names of what is below them, each of which counts
            texts = [_shortened(text, self._font, self.cell_width) for text in texts]
        widths = [_width(text, self._font) for text in texts]
        every = 1 if block.above else _every(widths, self.cell_width + self._gap, self._pad)
        for column, (label, text) in enumerate(zip(block.columns, texts, strict=True)):
            x = self.cell(index, 0, column)[1] + self.cell_width / 2
            y = base - (self._small + self._pad // 2 if details else 0)
            if column % every == 0:
                _text(draw, x, y, text, self._font, _FAINT if label.muted else _INK, "m")
            if details:
                _text(draw, x, base, label.detail, self._small, _FAINT if label.muted else _SOFT, "m")

    def _draw_captions(self, draw: ImageDraw.ImageDraw, index: int, block: Block) -> None:
        for i, column in enumerate(block.aside):
            for row, (caption, _) in enumerate(column):
                top, left = self.aside(index, i, row)
                _text(draw, left + self.cell_width / 2, top - self._pad, caption, self._font, _INK, "m")
        y = self.above(index, 0)[0] + self.cell_height / 2 + 0.35 * self._font
        _text(draw, self._left - self._wide, y, block.corner, self._font, _INK, "r")

    def _draw_row_label(self, draw: ImageDraw.ImageDraw, middle: float, label: Label) -> None:
        x = self._left - self._pad
        capital = 0.7 * self._font  # height of a digit above its baseline
        if not label.detail or self.cell_height < self._font + self._small + self._pad:
            _text(draw, x, middle + capital / 2, label.text, self._font, _FAINT if label.muted else _INK, "r")
            return
        below = self._small + self._pad // 2
        base = middle + (capital - below) / 2
        _text(draw, x, base, label.text, self._font, _FAINT if label.muted else _INK, "r")
        _text(draw, x, base + below, label.detail, self._small, _FAINT if label.muted else _SOFT, "r")

    def _draw_axis(self, draw: ImageDraw.ImageDraw) -> None:
        left, right, y, extent = self._axis
        tick = round(self._font * 0.3)
        draw.rectangle((left, y, right, y), fill=_FAINT)
        for value in (-extent, 0.0, extent):
            x = round(self.marker(value)[1])
            draw.rectangle((x, y - tick, x, y + tick), fill=_FAINT)
            _text(draw, x, y + 1.7 * self._font, f"{value:g}", self._small, _SOFT, "m")

    def paste(self, picture: np.ndarray, corner: tuple[int, int], image: np.ndarray) -> None:
        """Put an image uint8 [H,W,C], enlarged to a cell if it is not as large, into a picture, its corner there."""
        y, x = corner
        large = image  # one channel spreads over three
        if image.shape[:2] != (self.cell_height, self.cell_width):
            large = image.repeat(self.factor, axis=0).repeat(self.factor, axis=1)
        picture[y : y + self.cell_height, x : x + self.cell_width] = large


def number(value: float) -> str:
    """A short label for a number: at most two decimals, and never minus zero."""
    return f"{round(value, 2) + 0.0:g}"


def _column(block: Block, index: int) -> tuple[tuple[str, np.ndarray | None], ...]:
    return block.aside[index] if index < len(block.aside) else ()


def _every(widths: list[int], pitch: int, space: int) -> int:
    """1 if labels of these widths fit side by side, else the least n so that every n-th, the last included, does."""
    last = len(widths) - 1
    for n in range(1, last):
        if last % n == 0 and max(widths) + space <= n * pitch:
            return n
    return max(1, last)


@cache
def _face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _minus(size: int) -> tuple[int, int]:
    """Length of a minus sign, and the space it takes; the built-in typeface has a hyphen only."""
    return round(size * 0.45), round(size * 0.54)


def _width(text: str, size: int) -> int:
    """Width in pixels of a text of this size."""
    sign = _minus(size)[1] if text.startswith("-") else 0
    return sign + round(_face(size).getlength(text.removeprefix("-")))


def _shortened(text: str, size: int, room: int) -> str:
    """A text that is at most ``room`` pixels wide, cut short with two dots where it must be."""
    if _width(text, size) <= room:
        return text
    while text and _width(f"{text}..", size) > room:
        text = text[:-1]
    return f"{text}.." if text else ""


def _text(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, ink: int, align: str) -> None:
    """Write on baseline ``y``; ``x`` is the text's middle or right end as ``align`` is m or r."""
    x = round(x - _width(text, size) * (0.5 if align == "m" else 1))
    y = round(y)
    if text.startswith("-"):
        length, space = _minus(size)
        middle, half = y - round(size * 0.3), max(1, round(size * 0.08)) - 1
        draw.rectangle((x, middle - half // 2, x + length - 1, middle - half // 2 + half), fill=ink)
        x += space
    draw.text((x, y), text.removeprefix("-"), font=_face(size), fill=ink, anchor="ls")


def _dot(picture: np.ndarray, y: float, x: float, radius: float) -> None:
    """A filled circle, anti-aliased at any fraction of a pixel, so that it glides."""
    reach = int(radius) + 2
    top, left = int(y) - reach, int(x) - reach
    rows, columns = np.mgrid[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    cover = np.clip(radius + 0.5 - np.hypot(rows - y, columns - x), 0, 1)[:, :, None]
    part = picture[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    part[:] = np.round(part * (1 - cover) + _INK * cover)
