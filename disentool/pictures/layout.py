"""Where the cells, images and labels of a sheet stand, in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.models.label import Label
from disentool.pictures import lettering
from disentool.pictures.lettering import broken, width

_SMALLER = 19 / 24  # a smaller letter, of a label's
NAME, _UNIT = 7, 10  # times a letter's size: names and units are not broken into shorter lines


@dataclass(frozen=True)
class Block:
    """One grid of cells with its labels, and images that stand to its left and above it.

    ``rows`` and ``columns`` count the cells; a label with empty text leaves its place blank, and ``heads`` false leaves
    out the column labels altogether. ``thinned``: the column labels are numbers of an axis, of which some are left out
    where they do not fit; names are broken into lines instead. ``axis``: what those numbers are, above them.

    ``aside`` holds columns of (caption, image uint8 [H,W,C]), each from the top down. ``above`` holds an image for each
    column, under its label, and ``corner`` is the caption to the left of them. An image that is None leaves its place
    blank. ``joined``: it goes with the block above it.
    """

    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    aside: tuple[tuple[tuple[str, np.ndarray | None], ...], ...] = ()
    heads: bool = True
    above: tuple[np.ndarray | None, ...] = ()
    corner: str = ""
    thinned: bool = True
    axis: str = ""
    joined: bool = False


@dataclass(frozen=True)
class _Heads:
    """The column labels of a block in lines, those of the axis above them, and how far columns are apart (pixels)."""

    texts: list[list[str]]
    details: list[list[str]]
    axis: list[str]
    pitch: int


def factor(height: int, width: int, size: int) -> int:
    """The whole number, at least 1, by which images are enlarged so that their longer side is about ``size`` pixels."""
    return max(1, round(size / max(height, width)))


class Layout:
    """Blocks one under another, laid out once.

    ``height``, ``width``: of an image, in pixels; each is enlarged ``factor`` times, every pixel a sharp square.
    ``scale``: where given, an axis from -scale to scale is drawn below the blocks, for a marker, and ``unit`` says what
    it is. ``amounts``: how wide a text under each column may be, such as the longest one. ``font``: the size of labels
    in pixels; None: as the images are large. ``least``: of any letter in pixels, so that it can be read on paper.
    ``names``: of how many letters' sizes a name of a column is not broken into shorter lines.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        height: int,
        width: int,
        factor: int,
        scale: float | None = None,
        *,
        unit: str = "",
        amounts: Sequence[str] = (),
        font: int | None = None,
        least: int = 0,
        names: int = NAME,
    ):
        self.blocks, self.factor, self.scale, self._names = tuple(blocks), factor, scale, names
        self.cell_height, self.cell_width = height * factor, width * factor
        side = min(self.cell_height, self.cell_width)
        self.font = max(least, font or min(24, max(12, round(side * 0.17))))
        self._small = max(least, round(font * _SMALLER) if font else min(19, max(10, round(side * 0.14))))
        self._gap = max(2, round(side / 40))  # between cells
        self._pad = round(self.font * 0.5)  # between a label and its cells
        self._wide = round(self.font * 1.5)  # between the parts of a sheet, and around it
        self._line = round(self.font * 1.15)  # from a line of a label to the next
        self._small_line = self._small + self._pad // 2
        self._amounts = tuple(amounts)
        labelled = any(label.text for block in self.blocks for label in block.rows)
        self._row = max(self.cell_height, self.font if labelled else 0) + self._gap  # from a row to the next
        self._one_line = self.cell_height < self.font + self._small + 2 * self._pad  # a label and its detail
        named = [caption for block in self.blocks for column in block.aside for caption, _ in column]
        wide = max((lettering.width(caption, self.font) for caption in named), default=0) > self.cell_width
        self._caption = self._small if wide else self.font
        self._heads = [self._heads_of(block) for block in self.blocks]
        self._span = max(
            len(block.columns) * heads.pitch - self._gap for block, heads in zip(self.blocks, self._heads, strict=True)
        )
        self._unit_lines = broken(unit, self._small, max(self._span, _UNIT * self._small))
        self._scale_numbers = [] if scale is None else lettering.numbers((-scale, 0.0, scale))
        number = max((lettering.width(text, self._small) for text in self._scale_numbers), default=0)
        usual = min(self._span, max(self._span // 2, 16 * self.font))
        self._axis_length = max(usual, 2 * (number + self._pad))
        self._axis_reach = self._axis_length + number if scale is not None else 0
        self._lay_out()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the sheet in pixels."""
        return self._bottom, self._right

    def cell(self, block: int, row: int, column: int) -> tuple[int, int]:
        """Top and left pixel of a cell."""
        top = self._tops[block] + self._head(block) + self._margin(self.blocks[block])
        pitch = self._heads[block].pitch
        left = self._left + column * pitch + (pitch - self._gap - self.cell_width) // 2
        return top + row * self._row, left

    def above(self, block: int, column: int) -> tuple[int, int]:
        """Top and left pixel of an image above a block."""
        y, x = self.cell(block, 0, column)
        return y - self._margin(self.blocks[block]), x

    def aside(self, block: int, column: int, row: int) -> tuple[int, int]:
        """Top and left pixel of an image to the left of a block."""
        top = self.cell(block, 0, 0)[0]
        for index, (caption, _) in enumerate(self.blocks[block].aside[column][: row + 1]):
            if index:
                top += self.cell_height + (self._pad * 2 + self.font if caption else self._gap)
        return top, self._aside_lefts[column]

    def marker(self, value: float) -> tuple[float, float]:
        """Vertical and horizontal position of ``value`` on the axis below the blocks, in pixels."""
        left, right, y, extent = self._axis
        return y, left + (right - left) * (value / extent + 1) / 2

    # ---- layout

    def _heads_of(self, block: Block) -> _Heads:
        cells = self.cell_width + self._gap
        if not block.heads:
            return _Heads([], [], [], cells)
        texts = [label.text for label in block.columns]
        if block.thinned:
            every = _every([width(text, self.font) for text in texts], cells, self._pad)
            shown = [[text] if column % every == 0 else [] for column, text in enumerate(texts)]
            return _Heads(shown, [[] for _ in texts], self._broken_axis(block, cells), cells)
        room = max(self.cell_width, self._names * self.font)
        lines = [broken(text, self.font, room) for text in texts]
        details = [broken(label.detail, self._small, room) for label in block.columns]
        widest = max([0, *(width(line, self.font) for each in lines for line in each)])
        widest = max([widest, *(width(line, self._small) for each in details for line in each)])
        widest = max([widest, *(width(text, self._small) for text in self._amounts)])
        pitch = self._gap + max(self.cell_width, widest + (self._pad if widest > self.cell_width - self._gap else 0))
        return _Heads(lines, details, self._broken_axis(block, pitch), pitch)

    def _broken_axis(self, block: Block, pitch: int) -> list[str]:
        room = max(pitch * len(block.columns) - self._gap, _UNIT * self._small)
        return broken(block.axis, self._small, room)

    def _lay_out(self) -> None:
        captions = [
            max((width(caption, self._caption) for block in self.blocks for caption, _ in _column(block, i)), default=0)
            for i in range(max(len(block.aside) for block in self.blocks))
        ]
        if captions:
            captions[-1] = max([captions[-1], *(width(block.corner, self._caption) for block in self.blocks)])
        between = self._wide // 2 if max(captions, default=0) > self.cell_width else self._gap
        x, self._aside_lefts = self._wide, []
        for index, caption in enumerate(captions):
            room = max(self.cell_width, caption)
            self._aside_lefts.append(x + (room - self.cell_width) // 2)
            x += room + (self._wide if index == len(captions) - 1 else between)
        labels = [label for block in self.blocks for label in block.rows]
        beside = max(map(self._beside, labels))
        over = self._overhang()
        self._left = max(x + (beside + self._pad if beside else 0), x - self._wide + over)
        self._right = self._left + self._span + max(self._wide, over + self._pad)
        y, self._tops = self._wide, []
        for index, block in enumerate(self.blocks):
            y += self._apart(block) if index else 0
            self._tops.append(y)
            bottoms = [self.cell(index, len(block.rows) - 1, 0)[0]]
            bottoms += [self.aside(index, i, len(column) - 1)[0] for i, column in enumerate(block.aside)]
            y = max(bottoms) + self.cell_height
        y += self._pad + self._small if self._amounts else 0
        y += self._wide
        if self.scale is not None:
            length = self._axis_length
            left = self._left + (self._span - length) // 2
            self._axis = (left, left + length, y + self.font // 2, self.scale)
            y += round(2.2 * self.font) + self._small_line * len(self._unit_lines) + self._wide
        self._bottom = y

    def _beside(self, label: Label) -> int:
        """The width of a row's label."""
        text, detail = width(label.text, self.font), width(label.detail, self._small)
        return text + self._pad + detail if self._one_line and text and detail else max(text, detail)

    def _overhang(self) -> int:
        """How far labels of columns reach beyond the first or the last cell."""
        reach = 0
        for heads in self._heads:
            ends = [*heads.texts[:1], *heads.texts[-1:]]
            widest = max((width(line, self.font) for lines in ends for line in lines), default=0)
            reach = max(reach, (widest - (heads.pitch - self._gap) + 1) // 2)
            span = max(1, len(heads.texts)) * heads.pitch - self._gap
            reach = max([reach, *((width(line, self._small) - span + 1) // 2 for line in heads.axis)])
        below = [self._axis_reach, *(width(line, self._small) for line in self._unit_lines)]
        reach = max(reach, (max(below) - self._span + 1) // 2)
        return reach

    def _apart(self, block: Block) -> int:
        """The space above a block that stands below another."""
        if block.joined or not block.heads:
            near = self._row - self.cell_height
            return self._pad if block.heads else near if len(block.rows) == 1 or block.joined else self._wide // 2
        return self._wide

    def _head(self, index: int) -> int:
        """Height of the labels above a block."""
        block, heads = self.blocks[index], self._heads[index]
        if not block.heads:
            return 0
        lines = max([1, *map(len, heads.texts)])
        small = max(map(len, heads.details), default=0) + len(heads.axis)
        above = self._pad // 2 if heads.axis else 0
        return above + self.font + (lines - 1) * self._line + self._pad + small * self._small_line

    def _margin(self, block: Block) -> int:
        """Height of the images above a block, with the space below them."""
        return self.cell_height + self._wide if block.above else 0


def _column(block: Block, index: int) -> tuple[tuple[str, np.ndarray | None], ...]:
    return block.aside[index] if index < len(block.aside) else ()


def _every(widths: list[int], pitch: int, space: int) -> int:
    """1 if labels of these widths fit side by side, else the least n so that every n-th, the last included, does."""
    last = len(widths) - 1
    for n in range(1, last):
        if last % n == 0 and max(widths) + space <= n * pitch:
            return n
    return max(1, last)
